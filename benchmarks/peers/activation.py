#!/usr/bin/env python3
"""φ and φ' of an array, as PyTorch has them: a pass for the value and one for the derivative, each into memory
that is there. On an array far beyond the caches and on one of --small entries.

The job of `tangentflow bench activation`, which does both in one pass. Derivatives are PyTorch's own kernels of
its backward pass, with gradients of ones, where there is no single function for them.
"""

import math

from common import Refused, main, note, options, record, require, roundoff, timed, torch_with


def passes(torch, x, y, dy):
    """What writes φ(x) into y and φ'(x) into dy, and both in FP64 by formulas of their own."""
    ones = torch.ones_like(x)
    aten = torch.ops.aten
    pi = math.pi

    def relu():
        torch.clamp(x, min=0, out=y)
        aten.threshold_backward.grad_input(ones, x, 0, grad_input=dy)

    def softplus():
        aten.softplus.out(x, 1, 20, out=y)
        torch.sigmoid(x, out=dy)

    def tanh():
        torch.tanh(x, out=y)
        aten.tanh_backward.grad_input(ones, y, grad_input=dy)

    def sine():
        torch.sin(x, out=y)
        torch.cos(x, out=dy)

    def gelu():
        aten.gelu.out(x, out=y)
        aten.gelu_backward.grad_input(ones, x, grad_input=dy)

    def silu():
        aten.silu.out(x, out=y)
        aten.silu_backward.grad_input(ones, x, grad_input=dy)

    def erf():
        torch.erf(x, out=y)
        torch.mul(x, x, out=dy).neg_().exp_().mul_(2 / pi**0.5)

    logistic = lambda z: 1 / (1 + torch.exp(-z))
    normal = lambda z: (1 + torch.erf(z / 2**0.5)) / 2
    density = lambda z: torch.exp(-z * z / 2) / (2 * pi) ** 0.5
    return {
        "softplus": (softplus, lambda z: (torch.log(1 + torch.exp(z)), logistic(z))),
        "relu": (relu, lambda z: (z * (z > 0), (z > 0).to(z.dtype))),
        "tanh": (tanh, lambda z: ((1 - torch.exp(-2 * z)) / (1 + torch.exp(-2 * z)), 1 / torch.cosh(z) ** 2)),
        "sine": (sine, lambda z: (torch.cos(z - pi / 2), torch.sin(z + pi / 2))),
        "gelu": (gelu, lambda z: (z * normal(z), normal(z) + z * density(z))),
        "silu": (silu, lambda z: (z * logistic(z), logistic(z) * (1 + z * (1 - logistic(z))))),
        "erf": (erf, lambda z: (torch.erf(z), 2 / pi**0.5 * torch.exp(-z * z))),
    }


def measure(torch, given, size, name, reference_size):
    kind = torch.float32 if given.precision == "fp32" else torch.float64
    x = torch.randn(size, dtype=kind, generator=torch.Generator().manual_seed(given.seed))
    y, dy = torch.empty_like(x), torch.empty_like(x)
    job, reference = passes(torch, x, y, dy)[name]
    # So many calls in one timing that the clock and the call weigh nothing.
    calls = max(1, (1 << 22) // size)

    def repeated():
        for _ in range(calls):
            job()

    result, _ = timed(repeated, given.runs, given.warmups)
    head = slice(0, min(size, reference_size))
    # A few operations, each right to an ulp or two; differences relative to the largest |value|.
    tolerance = 16 * roundoff(given.precision)
    differences = []
    for what, actual, expected in zip(("φ", "φ'"), (y, dy), reference(x[head].double())):
        gap = (actual[head].double() - expected).abs().max() / expected.abs().max()
        differences.append(require(f"{what} of {name}", float(gap), tolerance))
    seconds = result["seconds"] / calls
    item = x.element_size()
    return {
        "name": name,
        "elements": size,
        "seconds": seconds,
        "medianSeconds": result["medianSeconds"] / calls,
        "nanosecondsPerElementAndCore": seconds / size * given.threads * 1e9,
        # What a single pass would move: one array read, two written.
        "gigabytesPerSecond": 3.0 * size * item / seconds * 1e-9,
        "differences": differences,
        "tolerance": tolerance,
    }


def script():
    given = options(__doc__, elements=1 << 25, small=1 << 16, activation="all")
    torch = torch_with(given.threads)
    names = list(passes(torch, torch.zeros(1), torch.zeros(1), torch.zeros(1)))
    if given.activation != "all":
        if given.activation not in names:
            raise Refused(f"--activation: expected one of {', '.join(names)} or all, not {given.activation}")
        names = [given.activation]
    variants = []
    for size in (given.elements, given.small):
        for name in names:
            found = measure(torch, given, size, name, 1 << 20)
            variants.append(found)
            note(f"{name}, {size} elements: {found['nanosecondsPerElementAndCore']:.3g} ns per element and core")
    return record("activation", given, variants=variants)


if __name__ == "__main__":
    main(script)
