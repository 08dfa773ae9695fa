#!/usr/bin/env python3
"""The tangent kernel's Gram matrix of a residual network (Euler), as PyTorch programs compute it: the gradient
of each sample as a row, by a backward pass per sample or by functorch's vmap(grad), and then J Jᵀ.

The job of `tangentflow bench ntk`, without the making of the weights.
"""

from common import Refused, difference, main, note, options, record, require, roundoff, timed, torch_with
from network import Network, against_evaluate

VARIANTS = ("backward", "functorch")

# J is N × (nd + n² + n) numbers, and functorch holds intermediate gradients beside it.
GRADIENT_BYTES = 4 << 30


class Job:
    """Leaves with the scales inside; the kernel takes each block times its scale squared."""

    def __init__(self, torch, network, precision, depth):
        self.torch, self.depth = torch, depth
        kind = torch.float32 if precision == "fp32" else torch.float64
        tensor = lambda values: torch.tensor(values, dtype=kind)
        self.scales = (network.scale_u, network.scale, network.scale)
        self.leaves = tuple(
            tensor(m * s).requires_grad_() for m, s in zip((network.u, network.w, network.v), self.scales)
        )
        self.x = tensor(network.x)

    def output(self, u, w, v, x):
        """f of one sample."""
        torch = self.torch
        softplus = torch.nn.functional.softplus
        h = torch.mv(u, x)
        for _ in range(self.depth):
            h = h + 1.0 / self.depth * torch.mv(w, softplus(h))
        return torch.dot(v, softplus(h))

    def gram(self, blocks):
        """Σ σ² J Jᵀ over the blocks, each N × parameters."""
        return sum(s * s * (j.flatten(1) @ j.flatten(1).T) for s, j in zip(self.scales, blocks))

    def backward(self):
        torch = self.torch
        n = len(self.x)
        blocks = [torch.empty((n, *leaf.shape), dtype=leaf.dtype) for leaf in self.leaves]
        for i in range(n):
            for block, g in zip(blocks, torch.autograd.grad(self.output(*self.leaves, self.x[i]), self.leaves)):
                block[i] = g
        return self.gram(blocks)

    def functorch(self, chunk):
        """vmap over so many samples at once: over all, the gradients of every step would not fit."""
        from functorch import grad, vmap

        torch = self.torch
        n = len(self.x)
        leaves = tuple(leaf.detach() for leaf in self.leaves)
        per_sample = vmap(grad(self.output, argnums=(0, 1, 2)), in_dims=(None, None, None, 0))
        blocks = [torch.empty((n, *leaf.shape), dtype=leaf.dtype) for leaf in leaves]
        for first in range(0, n, chunk):
            for block, g in zip(blocks, per_sample(*leaves, self.x[first : first + chunk])):
                block[first : first + chunk] = g
        return self.gram(blocks)


def script():
    given = options(
        __doc__, samples=64, runs=2, warmups=1, weights=None, tangentflow=None, chunk=8, variants=",".join(VARIANTS)
    )
    asked = given.variants.split(",")
    if set(asked) - set(VARIANTS):
        raise Refused(f"--variants: expected some of {', '.join(VARIANTS)}, not {given.variants}")
    network = Network.of(given)
    bytes_each = 4 if given.precision == "fp32" else 8
    needed = given.samples * given.width * (given.width + given.input_dim + 1) * bytes_each
    if needed > GRADIENT_BYTES:
        raise Refused(f"--samples: the gradients of {given.samples} samples take {needed / 2**30:.1f} GiB of 4")
    job = Job(torch_with(given.threads), network, given.precision, given.depth)
    jobs = {"backward": job.backward}
    try:
        import functorch  # noqa: F401

        jobs["functorch"] = lambda: job.functorch(given.chunk)
    except ImportError:
        pass
    reference = network.ntk("euler", given.depth)
    # As of a gradient, 2L products, and each entry is a product of two.
    tolerance = 4 * given.depth * given.width**0.5 * roundoff(given.precision)
    variants = []
    for name in asked:
        if name == "functorch" and given.chunk == 0:
            raise Refused("--chunk must be at least 1")
        if name not in jobs:
            note(f"{name} is skipped: this PyTorch comes without it")
            continue
        result, kernel = timed(jobs[name], given.runs, given.warmups)
        found = require(f"the kernel of {name}", difference(kernel.detach().numpy(), reference), tolerance)
        variants.append({"name": name, **result, "difference": found, "tolerance": tolerance})
        note(f"{name}: {result['seconds']:.4g} s")
    results = {"variants": variants}
    if given.tangentflow is not None:
        results["tangentflow"] = against_evaluate(network, "euler", given.depth, given.tangentflow)
    return record("ntk", given, **results)


if __name__ == "__main__":
    main(script)
