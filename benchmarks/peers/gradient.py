#!/usr/bin/env python3
"""Forward and backward of a neural ODE over L steps: torchdiffeq's adjoint, torchdiffeq's backpropagation,
and a plain loop of classical RK4 under PyTorch's automatic differentiation.

The job of `tangentflow bench gradient`: f and the gradient of Σ rᵢ f(xᵢ) by U, W and v. A sample is a row,
as PyTorch has them, and the scales σ/√n are inside the leaves, so that no pass over a state is spent on them;
each gradient is scaled once, inside the clock.
"""

import sys

from common import Refused, main, note, options, record, require, roundoff, timed, torch_with
from network import Network, against_evaluate, check

VARIANTS = ("adjoint", "backprop", "loop")


def torchdiffeq_from(directory):
    """The package, from a directory that holds it or from where Python finds it; None if it is nowhere."""
    if directory is not None:
        sys.path.insert(0, directory)
    try:
        import torchdiffeq

        return torchdiffeq
    except ImportError as e:
        if directory is not None and getattr(e, "name", None) != "torchdiffeq":
            raise Refused(f"--torchdiffeq: {directory} cannot be imported: {e}") from None
        return None


class Job:
    """Leaves, inputs and the three ways of a gradient."""

    def __init__(self, torch, network, precision, depth):
        self.torch = torch
        self.depth = depth
        kind = torch.float32 if precision == "fp32" else torch.float64
        tensor = lambda values: torch.tensor(values, dtype=kind)
        self.scales = (network.scale_u, network.scale, network.scale)
        self.x = tensor(network.x)
        self.r = tensor(network.r)
        u, w, v = (tensor(m * s) for m, s in zip((network.u, network.w, network.v), self.scales))
        job = self

        class Field(torch.nn.Module):
            """dh/dt, and how often it was asked for."""

            def __init__(self):
                super().__init__()
                self.w = torch.nn.Parameter(w)
                self.evaluations = 0

            def forward(self, t, h):
                self.evaluations += 1
                return torch.nn.functional.linear(torch.nn.functional.softplus(h), self.w)

        self.field = Field()
        self.leaves = (u.requires_grad_(), self.field.w, v.requires_grad_())

    def gradient(self, solve):
        """f, and the gradient by the matrices without their scales."""
        torch = self.torch
        u, _, v = self.leaves
        self.field.evaluations = 0
        h = solve(self.field, torch.nn.functional.linear(self.x, u))
        f = torch.mv(torch.nn.functional.softplus(h), v)
        gradients = torch.autograd.grad(torch.dot(self.r, f), self.leaves)
        for gradient, scale in zip(gradients, self.scales):
            gradient.mul_(scale)
        return f.detach(), gradients

    def forward(self, solve):
        with self.torch.no_grad():
            return solve(self.field, self.torch.nn.functional.linear(self.x, self.leaves[0]))

    def by_torchdiffeq(self, odeint):
        span = self.torch.tensor([0.0, 1.0], dtype=self.x.dtype)
        step = {"step_size": 1.0 / self.depth}
        return lambda field, h: odeint(field, h, span, method="rk4", options=step)[-1]

    def loop(self, field, h):
        dt = 1.0 / self.depth
        for step in range(self.depth):
            t = step * dt
            k1 = field(t, h)
            k2 = field(t + dt / 2, h + dt / 2 * k1)
            k3 = field(t + dt / 2, h + dt / 2 * k2)
            k4 = field(t + dt, h + dt * k3)
            h = h + dt / 6 * (k1 + 2 * (k2 + k3) + k4)
        return h


def script():
    given = options(
        __doc__, width=1024, weights=None, tangentflow=None, torchdiffeq=None, variants=",".join(VARIANTS)
    )
    asked = given.variants.split(",")
    if set(asked) - set(VARIANTS):
        raise Refused(f"--variants: expected some of {', '.join(VARIANTS)}, not {given.variants}")
    network = Network.of(given)
    torch = torch_with(given.threads)
    job = Job(torch, network, given.precision, given.depth)
    package = torchdiffeq_from(given.torchdiffeq)
    # The references: of the discrete solutions by 3/8 and classical RK4, and of the augmented system.
    solves = {"loop": (job.loop, lambda: network.discrete("rk4", given.depth), 4)}
    if package is not None:
        solves["backprop"] = (
            job.by_torchdiffeq(package.odeint), lambda: network.discrete("three-eighths", given.depth), 4,
        )  # fmt: skip
        solves["adjoint"] = (
            job.by_torchdiffeq(package.odeint_adjoint), lambda: network.augmented("three-eighths", given.depth), 8,
        )  # fmt: skip
    # Each evaluation, forward and back, adds √n u relatively, as roundings of a sum of n terms have random signs.
    tolerance = 8 * given.depth * given.width**0.5 * roundoff(given.precision)
    variants = []
    for name in asked:
        if name not in solves:
            note(f"{name} is skipped: torchdiffeq is not on Python's path; name its directory with --torchdiffeq")
            continue
        solve, reference, per_step = solves[name]
        forward, _ = timed(lambda: job.forward(solve), given.runs, given.warmups)
        result, (f, gradients) = timed(lambda: job.gradient(solve), given.runs, given.warmups)
        require(f"the number of evaluations of {name} per step", abs(job.field.evaluations / given.depth - per_step), 0)
        actual = {"outputs": f.numpy(), **dict(zip("UWV", (g.numpy() for g in gradients)))}
        differences = check(name, actual, reference(), tolerance)
        variants.append(
            {
                "name": name,
                **result,
                "forwardSeconds": forward["seconds"],
                "evaluations": job.field.evaluations,
                "differences": differences,
                "tolerance": tolerance,
            }
        )
        note(f"{name}: {result['seconds']:.4g} s, forward {forward['seconds']:.4g} s")
    results = {"variants": variants}
    if given.tangentflow is not None:
        results["tangentflow"] = {
            solver: against_evaluate(network, solver, given.depth, given.tangentflow)
            for solver in ("rk4", "three-eighths")
        }
    return record("gradient", given, **results)


if __name__ == "__main__":
    main(script)
