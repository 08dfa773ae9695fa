#!/usr/bin/env python3
"""An ensemble of small networks by Euler at one sample: their normal weights, and batched products.

The job of `tangentflow bench ensemble`, which makes each W in place. PyTorch makes the matrices of a chunk of
networks and multiplies them with torch.baddbmm; --chunk 0 tries several sizes and reports the fastest.
"""

from common import Refused, difference, main, note, options, record, require, roundoff, timed, torch_with

CHUNKS = (10, 50, 250, 1000)


class Ensemble:
    def __init__(self, torch, given):
        self.torch, self.given = torch, given
        self.kind = torch.float32 if given.precision == "fp32" else torch.float64
        self.x = torch.randn(
            given.input_dim, dtype=self.kind, generator=torch.Generator().manual_seed(given.seed + 1)
        )

    def outputs(self, chunk, keep=0):
        """f of all networks, and the parameters of the first `keep`. Weights are new in each call."""
        torch, given = self.torch, self.given
        n, d, networks = given.width, given.input_dim, given.networks
        generator = torch.Generator().manual_seed(given.seed)
        u = torch.empty((chunk, n, d), dtype=self.kind)
        w = torch.empty((chunk, n, n), dtype=self.kind)
        v = torch.empty((chunk, n), dtype=self.kind)
        f = torch.empty(networks, dtype=self.kind)
        softplus = torch.nn.functional.softplus
        kept = None
        for first in range(0, networks, chunk):
            count = min(chunk, networks - first)
            for m in (u, w, v):
                m.normal_(generator=generator)
            h = torch.matmul(u[:count], self.x).mul_(d**-0.5)[:, :, None]
            for _ in range(given.depth):
                h = torch.baddbmm(h, w[:count], softplus(h), alpha=n**-0.5 / given.depth)
            f[first : first + count] = (v[:count] * softplus(h[:, :, 0])).sum(1).mul_(n**-0.5)
            if first == 0 and keep:
                kept = [m[:keep].clone() for m in (u, w, v)]
        return f, kept

    def weights(self, chunk):
        """As many normal numbers as the matrices W have, over and over into the same memory."""
        generator = self.torch.Generator().manual_seed(self.given.seed)
        w = self.torch.empty((chunk, self.given.width, self.given.width), dtype=self.kind)
        for _ in range(0, self.given.networks, chunk):
            w.normal_(generator=generator)
        return w


def reference(np, parameters, x, depth):
    """f of a few networks, one by one in FP64."""
    f = []
    for u, w, v in zip(*(m.double().numpy() for m in parameters)):
        h = u @ x * len(x) ** -0.5
        for _ in range(depth):
            h = h + w @ np.logaddexp(0, h) * len(h) ** -0.5 / depth
        f.append(v @ np.logaddexp(0, h) * len(h) ** -0.5)
    return np.array(f)


def script():
    given = options(__doc__, width=100, depth=10, input_dim=64, networks=10_000, chunk=0, runs=3, warmups=1, samples=1)
    if given.samples != 1:
        raise Refused("--samples: this job has one sample")
    import numpy as np

    torch = torch_with(given.threads)
    ensemble = Ensemble(torch, given)
    variants = []
    for chunk in CHUNKS if given.chunk == 0 else (given.chunk,):
        chunk = min(chunk, given.networks)
        keep = min(8, chunk)
        result, (f, kept) = timed(lambda: ensemble.outputs(chunk, keep), given.runs, given.warmups)
        normals, w = timed(lambda: ensemble.weights(chunk), given.runs, given.warmups)
        expected = reference(np, kept, ensemble.x.double().numpy(), given.depth)
        tolerance = 4 * given.depth * given.width**0.5 * roundoff(given.precision)
        gap = require(f"outputs by chunks of {chunk}", difference(f[:keep].numpy(), expected), tolerance)
        # Five standard errors of the variance of so many normal numbers.
        spread = abs(float(w.double().var()) - 1)
        require("the variance of the weights", spread, 5 * (2 / w.numel()) ** 0.5)
        variants.append(
            {
                "name": f"chunks of {chunk}",
                **result,
                "weightsSeconds": normals["seconds"],
                "gaussiansPerSecond": -(-given.networks // chunk) * w.numel() / normals["seconds"],
                "networksPerSecond": given.networks / result["seconds"],
                "difference": gap,
                "tolerance": tolerance,
            }
        )
        note(f"chunks of {chunk}: {result['seconds']:.4g} s, of which W {normals['seconds']:.4g} s")
    best = min(variants, key=lambda v: v["seconds"])
    return record("ensemble", given, fastest=best["name"], variants=variants)


if __name__ == "__main__":
    main(script)
