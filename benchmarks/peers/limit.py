#!/usr/bin/env python3
"""The limiting NNGP and NTK of pairs of inputs at depth L by the two-time recursion, as a NumPy program computes
them: every expectation by Gauss-Hermite quadrature in two variables. In FP64.

The job of `tangentflow limit --norms A,B --dot C --depth L`, with softplus and all scales 1. Each value is held
against the same recursion with expectations by Hermite expansion, and against 'tangentflow limit' where given.
"""

import json
import subprocess

from common import Refused, main, note, options, record, require, timed

# (‖x‖²/d, ‖x̄‖²/d, x·x̄/d)
PAIRS = ((1.0, 1.0, 0.3), (1.5, 0.7, 0.4), (1.0, 1.0, -0.8))

TERMS = 120


class Quadrature:
    """E[φ(u)φ(ū)] and E[φ'(u)φ'(ū)] by a product rule."""

    def __init__(self, np, nodes):
        self.np = np
        self.nodes, weights = np.polynomial.hermite_e.hermegauss(nodes)
        self.weights = weights / np.sqrt(2 * np.pi)

    def pair(self, a, b, c):
        """Of centred normal (u, ū) with variances a, b and covariance c; three arrays of one length."""
        from network import sigmoid, softplus

        np = self.np
        u = np.sqrt(a)[:, None] * self.nodes
        slope = c / np.sqrt(a)
        rest = np.sqrt(np.maximum(b - slope**2, 0))
        v = (slope[:, None] * self.nodes)[:, :, None] + rest[:, None, None] * self.nodes
        return tuple((f(u) * (f(v) @ self.weights)) @ self.weights for f in (softplus, sigmoid))


class Expansion:
    """The same as Σ αₖ(√a) αₖ(√b) ρᵏ, α the normalised Hermite coefficients of z ↦ φ(τz)."""

    def __init__(self, np):
        self.np = np
        z, weights = np.polynomial.hermite_e.hermegauss(2 * TERMS)
        self.nodes = z
        table = [np.ones_like(z), z]
        for k in range(1, TERMS - 1):
            table.append((z * table[k] - k**0.5 * table[k - 1]) / (k + 1) ** 0.5)
        self.basis = np.array(table) * (weights / np.sqrt(2 * np.pi))

    def pair(self, a, b, c):
        from network import sigmoid, softplus

        np = self.np
        powers = (c / np.sqrt(a * b))[:, None] ** np.arange(TERMS)
        coefficients = lambda f, variance: f(np.sqrt(variance)[:, None] * self.nodes) @ self.basis.T
        return tuple((coefficients(f, a) * coefficients(f, b) * powers).sum(1) for f in (softplus, sigmoid))


def tables(np, rule, depth, start, row_variances=None, column_variances=None):
    """S, E[φφ] and E[φ'φ'] at all pairs of times; without variances, of an input with itself.

    S at times ℓ, k is its start and Δ² times the sum of E[φφ] over all earlier pairs. So times are added one
    by one, to the rows and to the columns at once.
    """
    size = depth + 1
    s, e, d = (np.zeros((size, size)) for _ in range(3))
    own = row_variances is None
    for m in range(size):
        if m > 0:
            sums = e[:m, :m] / depth**2
            s[m, : m + 1] = start + np.concatenate([[0], np.cumsum(sums.sum(0))])
            s[: m + 1, m] = start + np.concatenate([[0], np.cumsum(sums.sum(1))])
        else:
            s[0, 0] = start
        rows = np.diagonal(s) if own else row_variances
        columns = np.diagonal(s) if own else column_variances
        i = np.concatenate([np.full(m + 1, m), np.arange(m)])
        j = np.concatenate([np.arange(m + 1), np.full(m, m)])
        e[i, j], d[i, j] = rule.pair(rows[i], columns[j], s[i, j])
    return s, e, d


def limit(np, rule, depth, pair):
    """(NNGP, NTK)."""
    a, b, c = pair
    rows = np.diagonal(tables(np, rule, depth, a)[0])
    columns = np.diagonal(tables(np, rule, depth, b)[0])
    _, e, d = tables(np, rule, depth, c, rows, columns)
    theta = np.full((depth + 1, depth + 1), d[depth, depth])
    for i in reversed(range(depth)):
        for j in reversed(range(depth)):
            after = theta[i + 1, j + 1]
            theta[i, j] = theta[i + 1, j] + theta[i, j + 1] - after + d[i, j] * after / depth**2
    nngp = e[depth, depth]
    flow = (e[:depth, :depth] * theta[1:, 1:]).sum() / depth**2
    return float(nngp), float(nngp + flow + c * theta[0, 0])


def by_tangentflow(launcher, depth, pair):
    a, b, c = pair
    command = [launcher, "limit", "--activation", "softplus", "--norms", f"{a},{b}", f"--dot={c}"]
    try:
        done = subprocess.run(command + ["--depth", str(depth), "--json"], capture_output=True, text=True)
    except OSError as e:
        raise Refused(f"--tangentflow: {launcher} cannot be run: {e}") from None
    if done.returncode != 0:
        raise Refused("--tangentflow: 'limit' failed: " + done.stderr.strip())
    answer = json.loads(done.stdout)
    return (answer["nngp"], answer["ntk"]), max(answer["nngpError"], answer["ntkError"])


def script():
    given = options(__doc__, nodes=40, runs=3, warmups=1, precision="fp64", tangentflow=None)
    if given.precision != "fp64":
        raise Refused("--precision: limits are computed in fp64")
    import numpy as np

    rule, expansion = Quadrature(np, given.nodes), Expansion(np)
    variants = []
    for pair in PAIRS:
        result, value = timed(lambda: limit(np, rule, given.depth, pair), given.runs, given.warmups)
        # What twice the nodes change is the quadrature's error; rounding adds up over the pairs of times.
        finer = limit(np, Quadrature(np, 2 * given.nodes), given.depth, pair)
        error = max(abs(p - q) for p, q in zip(value, finer)) + 2.0**-53 * given.depth**2
        expected = limit(np, expansion, given.depth, pair)
        gap = max(abs(p - q) for p, q in zip(value, expected))
        require(f"the limit of {pair} from that by Hermite expansion", gap, 4 * error)
        entry = {"pair": pair, **result, "nngp": value[0], "ntk": value[1], "error": error, "difference": gap}
        if given.tangentflow is not None:
            theirs, their_error = by_tangentflow(given.tangentflow, given.depth, pair)
            gap = max(abs(p - q) for p, q in zip(value, theirs))
            require(f"the limit of {pair} from 'tangentflow limit'", gap, 4 * (error + their_error))
            entry["differenceFromTangentflow"] = gap
        variants.append(entry)
        note(f"{pair}: {result['seconds']:.3g} s, NTK {value[1]:.9g}, error {error:.1e}, difference {gap:.1e}")
    return record("limit", given, variants=variants)


if __name__ == "__main__":
    main(script)
