"""The network h' = (σw/√n) W φ(h), h(0) = (σu/√d) U x, f = (σv/√n) vᵀ φ(h(T)), in NumPy and FP64.

All scales and the horizon are 1 and φ is softplus, as by default in `tangentflow`. A sample is a row.
These are the references that the timed programs are held against: the exact gradient of the discrete
solution, written out by hand, and the continuous adjoint integrated backwards with the state.
"""

import json
import os
import subprocess
import tempfile

from common import Differs, Refused, difference, require

# Explicit Runge-Kutta methods as (a, b). torchdiffeq calls the 3/8 rule "rk4".
TABLEAUX = {
    "euler": ([[]], [1.0]),
    "rk4": ([[], [1 / 2], [0, 1 / 2], [0, 0, 1]], [1 / 6, 1 / 3, 1 / 3, 1 / 6]),
    "three-eighths": ([[], [1 / 3], [-1 / 3, 1], [1, -1, 1]], [1 / 8, 3 / 8, 3 / 8, 1 / 8]),
}

BLOCKS = ("U", "W", "V")

# evaluate's own tolerance in FP64, relative to the largest entry.
EVALUATE_TOLERANCE = 1e-11

# evaluate takes and prints every number as text.
EVALUATE_NUMBERS = 10_000_000


def softplus(x):
    import numpy as np

    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    import numpy as np

    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1 + e)


class Network:
    """Parameters and inputs in FP64: U n×d, W n×n, v n, x N×d, and the weights r of the objective Σ rᵢ f(xᵢ)."""

    def __init__(self, u, w, v, x, r):
        self.u, self.w, self.v, self.x, self.r = u, w, v, x, r
        self.width, self.input_dim = u.shape
        self.samples = len(x)
        self.scale_u = self.input_dim**-0.5
        self.scale = self.width**-0.5

    @staticmethod
    def of(given):
        """Standard normal; or, with --weights, the parameters that `tangentflow init` wrote."""
        import numpy as np

        random = np.random.default_rng(given.seed)
        if given.weights is None:
            u = random.standard_normal((given.width, given.input_dim))
            w = random.standard_normal((given.width, given.width))
            v = random.standard_normal(given.width)
        else:
            u, w, v = (matrix(given.weights, name) for name in BLOCKS)
            if len(v) != 1 or w.shape != (len(u), len(u)) or v.shape[1] != len(u):
                raise Refused(
                    f"--weights: {given.weights} holds U {u.shape}, W {w.shape}, V {v.shape};"
                    " expected n×d, n×n and 1×n"
                )
            v = v[0]
            given.width, given.input_dim = u.shape
        x = random.standard_normal((given.samples, given.input_dim))
        return Network(u, w, v, x, random.standard_normal(given.samples))

    def first(self, samples):
        return Network(self.u, self.w, self.v, self.x[:samples], self.r[:samples])

    def field(self, h):
        return self.scale * softplus(h) @ self.w.T

    def outputs(self, h):
        return self.scale * softplus(h) @ self.v

    def solve(self, solver, steps):
        """h(T) and the stages of each step, all N×n, over 0 ≤ t ≤ 1."""
        a, b = TABLEAUX[solver]
        h = self.scale_u * self.x @ self.u.T
        path = []
        for _ in range(steps):
            stages, slopes = [], []
            for row in a:
                stages.append(h + sum(c / steps * k for c, k in zip(row, slopes)))
                slopes.append(self.field(stages[-1]))
            h = h + sum(c / steps * k for c, k in zip(b, slopes))
            path.append(stages)
        return h, path

    def adjoint(self, h, path, solver, seed):
        """The discrete adjoint: λ(0), and the pairs (μ, φ(Y)) whose outer products sum to ∂/∂W without its scale."""
        a, b = TABLEAUX[solver]
        steps = len(path)
        adjoint = seed[:, None] * (self.scale * self.v) * sigmoid(h)
        pairs = []
        for stages in reversed(path):
            nu = [None] * len(b)
            for s in reversed(range(len(b))):
                mu = b[s] / steps * adjoint
                for later in range(s + 1, len(b)):
                    if a[later][s] != 0:
                        mu = mu + a[later][s] / steps * nu[later]
                nu[s] = sigmoid(stages[s]) * (self.scale * mu @ self.w)
                pairs.append((mu, softplus(stages[s])))
            adjoint = adjoint + sum(nu)
        return adjoint, pairs

    def discrete(self, solver, steps):
        """f, and the exact gradient of Σ rᵢ f(xᵢ) through the solver."""
        h, path = self.solve(solver, steps)
        adjoint, pairs = self.adjoint(h, path, solver, self.r)
        w = self.scale * sum(mu.T @ phi for mu, phi in pairs)
        return self.result(h, adjoint, w)

    def augmented(self, solver, steps):
        """f, and the gradient by the continuous adjoint, (h, λ, ∂/∂W) integrated back by the same method."""
        import numpy as np

        h_end, _ = self.solve(solver, steps)
        a, b = TABLEAUX[solver]
        h = h_end
        adjoint = self.r[:, None] * (self.scale * self.v) * sigmoid(h)
        w = np.zeros_like(self.w)
        for _ in range(steps):
            slopes = []
            for row in a:
                y = h - sum(c / steps * k for c, (k, _) in zip(row, slopes))
                z = adjoint + sum(c / steps * k for c, (_, k) in zip(row, slopes))
                slopes.append((self.field(y), sigmoid(y) * (self.scale * z @ self.w)))
                w += b[len(slopes) - 1] / steps * self.scale * (z.T @ softplus(y))
            h = h - sum(c / steps * k for c, (k, _) in zip(b, slopes))
            adjoint = adjoint + sum(c / steps * k for c, (_, k) in zip(b, slopes))
        return self.result(h_end, adjoint, w)

    def result(self, h, adjoint, w):
        return {
            "outputs": self.outputs(h),
            "U": self.scale_u * adjoint.T @ self.x,
            "W": w,
            "V": self.scale * self.r @ softplus(h),
        }

    def ntk(self, solver, steps):
        """The tangent kernel from inner products of the pairs: no gradient is formed."""
        import numpy as np

        h, path = self.solve(solver, steps)
        adjoint, pairs = self.adjoint(h, path, solver, np.ones(self.samples))
        kernel = self.scale_u**2 * (adjoint @ adjoint.T) * (self.x @ self.x.T)
        kernel += self.scale**2 * softplus(h) @ softplus(h).T
        left = np.concatenate([mu for mu, _ in pairs])
        right = np.concatenate([phi for _, phi in pairs])
        terms = (left @ left.T) * (right @ right.T)
        pair_count = len(pairs)
        blocks = terms.reshape(pair_count, self.samples, pair_count, self.samples)
        return kernel + self.scale**2 * blocks.sum(axis=(0, 2))


def matrix(directory, name):
    import numpy as np

    path = os.path.join(directory, name + ".npy")
    try:
        return np.asarray(np.load(path), dtype=np.float64)
    except (OSError, ValueError) as e:
        raise Refused(f"--weights: {path} cannot be read: {e}") from None


def against_evaluate(network, solver, steps, launcher):
    """Largest differences of this module's own numbers from those of `tangentflow evaluate`, in FP64.

    On the first samples only: their gradients are printed as text.
    """
    import numpy as np

    samples = min(network.samples, EVALUATE_NUMBERS // network.width**2)
    if samples < 1:
        raise Refused(f"--tangentflow: a gradient of width {network.width} is too long for 'evaluate'")
    few = network.first(samples)
    given = {
        "activation": "softplus", "method": solver, "n": few.width, "d": few.input_dim, "N": samples,
        "L": steps, "T": 1.0, "sigmaU": 1.0, "sigmaW": 1.0, "sigmaV": 1.0,
        "U": few.u.tolist(), "W": few.w.tolist(), "v": few.v.tolist(), "X": few.x.tolist(),
    }  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([given], file)
        file.flush()
        command = [launcher, "evaluate", file.name, "--precision", "fp64", "--json"]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as e:
            raise Refused(f"--tangentflow: {launcher} cannot be run: {e}") from None
    if done.returncode != 0:
        raise Refused("--tangentflow: 'evaluate' failed: " + done.stderr.strip())
    theirs = json.loads(done.stdout)["networks"][0]
    ours = few.discrete(solver, steps)
    summed = {
        "outputs": np.array(theirs["outputs"]),
        **{b: np.tensordot(few.r, np.array(theirs["grad" + b]), axes=1) for b in BLOCKS},
        "ntk": np.array(theirs["ntk"]),
    }
    ours["ntk"] = few.ntk(solver, steps)
    found = {}
    for name, value in summed.items():
        found[name] = require(
            f"{name} of {solver} from 'tangentflow evaluate'", difference(ours[name], value), EVALUATE_TOLERANCE
        )
    return {"samples": samples, "tolerance": EVALUATE_TOLERANCE, "differences": found}


def check(label, actual, expected, tolerance):
    """The difference of each block of a gradient; Differs where rounding does not explain it."""
    if set(actual) != set(expected):
        raise Differs(f"{label} has {sorted(actual)} instead of {sorted(expected)}")
    return {
        name: require(f"{name} of {label}", difference(actual[name], expected[name]), tolerance)
        for name in expected
    }
