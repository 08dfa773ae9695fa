"""Least times: the longest of memory, of the schedulers, and of each unit of execution."""
from devices import FMA
from occupancy import up
from sass import ALU, FP64, IMAD, MEMORY, XU

TILE = 64


def bounds(work, device):
    """{what: seconds of one unit}."""
    found = {"memory": work.bytes / device.bandwidth, "issue": work.mix.total() / device.issue_rate}
    pipes = work.mix.pipes
    used = {FMA: sum(pipes[p] for p in device.architecture.fma), MEMORY: work.mix.words}
    for pipe in (FMA, FP64, IMAD, ALU, XU, MEMORY):
        found[pipe] = used.get(pipe, pipes[pipe]) / device.rate(pipe)
    return found


def least(work, device):
    """(seconds of one unit, what takes them)."""
    found = bounds(work, device)
    what = max(found, key=found.get)
    return found[what], what


def gemm(m, n, k, precision, device, accumulates=True):
    """Seconds of C = A B, or C += A B: arithmetic, or A, B and C once from or to memory, and C back."""
    moved = (m * k + k * n + (2 if accumulates else 1) * m * n) * (8 if precision == "FP64" else 4)
    return max(2.0 * m * n * k / device.products(precision), moved / device.bandwidth)


def syrk(n, k, precision, device):
    """Seconds of the upper half of C = A^T A, A of k x n; cuBLAS has none in TF32."""
    moved = (k * n + n * (n + 1) / 2) * (8 if precision == "FP64" else 4)
    return max(1.0 * n * (n + 1) * k / device.products(whole(precision)), moved / device.bandwidth)


def whole(precision):
    return "FP32" if precision == "TF32" else precision


def tiles(n):
    return up(n, TILE) // TILE


def tiled(count, k, precision, device):
    """Seconds of so many tiles of C, where each is made on one multiprocessor from its first product to its last."""
    return up(count, device.multiprocessors) * 2.0 * TILE * TILE * k / device.products(precision)
