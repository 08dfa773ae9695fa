"""The jobs that are simulated, and the clusters and file systems that they are simulated on."""
import functools
from dataclasses import dataclass

import costs
from cluster import Cluster, FileSystem, Step, Unit

# --- What a cluster takes -----------------------------------------------------------------------------------------

# Spark standalone on one machine, measured: the driver's context 4 to 6 s, executors 4 to 9 s after it.
START = (8.0, 15.0)
# The same: an executor that was killed is replaced in 3 to 7 s.
REPLACEMENT = (3.0, 7.0)
# spark.task.maxFailures.
MOST_FAILURES = 4
# Assumed: Spark's scheduler was said to reach 1,500 tasks/s by its authors (Ousterhout et al., Sparrow, 2013).
DISPATCH = 1 / 1500
# Assumed: a line of results.jsonl, appended and synced on a shared file system.
COMMIT = 2e-3
# Assumed: a device is opened, kernels are loaded, weights are made, the JVM compiles what it runs.
WARMUP = 3.0
# Counted by strace in a process that writes tiles: calls on names, and syncs, for each file but the first of a row.
FILE_OPERATIONS = 12
RESULT_BYTES = 1000

# All assumed; a link is what one process gets.
GB = 1e9
SYSTEMS = {
    "NFS, 1 GB/s": FileSystem(1 * GB, 1 * GB, 1e-3, 2_000),
    "parallel, 10 GB/s": FileSystem(10 * GB, 2 * GB, 5e-4, 20_000),
    "parallel, 100 GB/s": FileSystem(100 * GB, 2 * GB, 5e-4, 50_000),
}
GPUS = (1, 8, 64, 512)
HOUR = 3600.0


def cluster(executors, **more):
    given = dict(start=START, warmup=WARMUP, dispatch=DISPATCH, replacement=REPLACEMENT, most_failures=MOST_FAILURES)
    given.update(more)
    return Cluster(executors, **given)


# --- The sweep ------------------------------------------------------------------------------------------------------

WIDTHS = tuple(64 << k for k in range(11))
ACTIVATIONS = 6
SEEDS = 30
STEPS_OF_RK4 = 20
SWEEP_DIMENSION = 784


@functools.lru_cache(maxsize=None)
def gpu_models():
    return costs.gpu_grams(), costs.gpu_explicit()


@functools.lru_cache(maxsize=None)
def gpu_cell_seconds(width, checked):
    """A network on one GPU. Weights and checks are predicted, the rest is of the models that are fitted to an H200."""
    grams, explicit = gpu_models()
    problem = costs.Problem(width, costs.RK4_STAGES * STEPS_OF_RK4, costs.SWEEP_SAMPLES)
    seconds = (grams if problem.strategy() == "structured" else explicit).seconds(problem)
    seconds += width**2 / costs.NORMAL_NUMBERS_PER_SECOND
    if checked:
        # W in FP64, made once and read for each product.
        seconds += width**2 / costs.NORMAL_NUMBERS_PER_SECOND
        seconds += 2 * problem.evaluations * 8.0 * width**2 / costs.H100_BANDWIDTH
    return seconds


def limit_seconds():
    """Of each limiting kernel, on the host, as measured: the medians over runs."""
    found = {}
    for row in costs.table("limits.csv"):
        found.setdefault(row["limit"], []).append(float(row["seconds"]))
    return [costs.median(seconds) for seconds in found.values()]


def sweep(seeds=SEEDS):
    """The limiting kernels, two files and a summary each, then the networks: two stages."""
    limits = [
        Unit((Step(s, 2 * 8.0 * costs.SWEEP_SAMPLES**2, 3 * FILE_OPERATIONS),)) for s in limit_seconds()]
    kinds = [
        Unit((Step(gpu_cell_seconds(width, seed == 0), RESULT_BYTES, FILE_OPERATIONS),))
        for width in WIDTHS for seed in range(seeds)]
    return limits, kinds * ACTIVATIONS


def sweep_cluster(executors, **more):
    """Each process reads the samples, and the limiting kernels."""
    bytes_read = 8.0 * costs.SWEEP_SAMPLES * (SWEEP_DIMENSION + ACTIVATIONS * costs.SWEEP_SAMPLES)
    return cluster(executors, commit=COMMIT, input_bytes=bytes_read, **more)


# --- The Gram -------------------------------------------------------------------------------------------------------

TILE_HEADER_BYTES = 60
GRAM_DIMENSION = 784

@dataclass(frozen=True)
class Gram:
    """A Gram of a million samples, tile by tile: Euler's method, features at nodes in time, one output.

    entry_bytes: of the store. host: whether the seconds for each entry, which are the host's, are counted.
    """
    samples: int = 1_000_000
    width: int = 4096
    evaluations: int = 10
    nodes: int = 4
    tile: int = 4096
    entry_bytes: int = 8
    host: bool = True

    @property
    def blocks(self):
        return -(-self.samples // self.tile)

    @property
    def tiles(self):
        return self.blocks * (self.blocks + 1) // 2

    def extent(self, block):
        return min(self.tile, self.samples - block * self.tile)

    @property
    def stored(self):
        return sum(self.bytes(r, c) for r in range(self.blocks) for c in range(r + 1))

    @property
    def input_bytes(self):
        """All samples, in FP32."""
        return 4.0 * self.samples * GRAM_DIMENSION

    def bytes(self, row, column):
        return TILE_HEADER_BYTES + float(self.entry_bytes) * self.extent(row) * self.extent(column)

    def features(self, block):
        """Seconds to make a block's features."""
        model = gpu_models()[0]
        problem = costs.Problem(self.width, self.evaluations, self.extent(block), self.nodes)
        return (model.constant("evaluation") * self.evaluations
                + model.constant("FLOP of a solve") * problem.solve_flops()
                + model.constant("number to nodes") * 2.0 * self.width * problem.samples * self.evaluations)

    def contraction(self, row, column):
        """Seconds to make a tile of features that are there: on the device, and the host's for each entry."""
        model = gpu_models()[0]
        entries = float(self.extent(row)) * self.extent(column)
        flops = 4.0 * self.width * self.nodes**2 * entries * (0.5 if row == column else 1.0)
        seconds = (model.constant("Gram") + model.constant("slot") * self.nodes
                   + model.constant("FLOP of the Gram") * flops)
        return seconds + (model.constant("entry") * entries if self.host else 0.0)

    def _step(self, row, column, seconds):
        return Step(seconds, self.bytes(row, column), FILE_OPERATIONS)

    def runs(self, most):
        """Units of up to so many tiles of one row: its features once, those of the columns for each tile."""
        units = []
        for row in range(self.blocks):
            for first in range(0, row + 1, most):
                steps = tuple(
                    self._step(row, c, self.contraction(row, c) + (self.features(c) if c < row else 0.0))
                    for c in range(first, min(row + 1, first + most)))
                units.append(Unit(steps, self.features(row)))
        return units

    def squares(self, side):
        """Units of side × side tiles, on the diagonal of those below it: features of side rows are kept, and of one
        column at a time."""
        units = []
        for top in range(0, self.blocks, side):
            rows = range(top, min(self.blocks, top + side))
            for left in range(0, top + 1, side):
                steps = []
                for c in range(left, min(left + side, rows[-1] + 1)):
                    below = [r for r in rows if r >= c]
                    # On the diagonal the column's features are among the rows'.
                    making = 0.0 if left == top else self.features(c)
                    for r in below:
                        steps.append(self._step(r, c, self.contraction(r, c) + making))
                        making = 0.0
                units.append(Unit(tuple(steps), sum(self.features(r) for r in rows)))
        return units

    def cluster(self, executors, **more):
        """Tiles are files of the store, and nothing is appended by the driver."""
        return cluster(executors, input_bytes=self.input_bytes, **more)


RUN_TILES = 16


def slow(**more):
    """One attempt in a hundred takes five times as long. Assumed."""
    return dict(slow_chance=0.01, slow_factor=5.0, **more)
