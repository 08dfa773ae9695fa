#!/usr/bin/env python3
"""The rate of a square matrix product, C = A B of --width, in NumPy and in PyTorch, into memory that is there."""

from common import main, note, options, record, require, roundoff, timed, torch_with


def script():
    given = options(__doc__, runs=10)
    import numpy as np

    n = given.width
    kind = np.float32 if given.precision == "fp32" else np.float64
    random = np.random.default_rng(given.seed)
    a, b = (random.standard_normal((n, n)).astype(kind) for _ in range(2))
    probe = random.standard_normal(n)
    expected = a.astype(np.float64) @ (b.astype(np.float64) @ probe)
    out = np.empty((n, n), kind)
    torch = torch_with(given.threads)
    tensors = [torch.from_numpy(m) for m in (a, b)]
    result = torch.empty((n, n), dtype=tensors[0].dtype)
    jobs = {
        "numpy": lambda: np.matmul(a, b, out=out),
        "torch": lambda: torch.mm(*tensors, out=result).numpy(),
    }
    # C z against A (B z): n terms of random signs in each entry of C.
    tolerance = n**0.5 * roundoff(given.precision)
    variants = []
    for name, job in jobs.items():
        seconds, c = timed(job, given.runs, given.warmups)
        gap = np.linalg.norm(c.astype(np.float64) @ probe - expected) / np.linalg.norm(expected)
        found = require(f"the product of {name}", float(gap), tolerance)
        rate = 2.0 * n**3 / seconds["seconds"] * 1e-9
        variants.append(
            {"name": name, **seconds, "gigaflops": rate, "difference": found, "tolerance": tolerance}
        )
        note(f"{name}: {rate:.4g} GFLOP/s")
    return record("gemm", given, variants=variants)


if __name__ == "__main__":
    main(script)
