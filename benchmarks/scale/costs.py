"""What units of work take: FLOPs as the engine counts them, seconds from constants that are fitted to measurements.

The counts are those of GramPlan, and the choice between ways to a Gram is its choice; `test_simulate.py` holds both
against what the engine chose. Seconds are a sum of counts times constants, none of them negative, such that
the relative errors' squares are least.
"""
import csv
import itertools
import pathlib
import re
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MEASURED = HERE / "measured"

# GramPlan: what a number of a gradient panel costs to write, in FLOPs.
FLOPS_PER_WRITTEN_NUMBER = 80
# PrecisionCheck: samples of the Gram that is computed again in FP64.
CHECKED_SAMPLES = 8


@dataclass(frozen=True)
class Problem:
    """A Gram of so many samples: width n, Q evaluations of the solver, one output; nodes in time, or 0 for all."""
    width: int
    evaluations: int
    samples: int
    nodes: int = 0

    @property
    def pairs(self):
        return self.nodes or self.evaluations

    def solve_flops(self):
        """GramPlan.solveFlops with one block: forward and adjoint."""
        return 4.0 * self.width**2 * self.evaluations * self.samples

    def structured_flops(self):
        """GramPlan.structuredFlops."""
        return 2.0 * self.width * self.pairs**2 * self.samples**2

    def node_flops(self):
        """GramPlan.compressedFlops: features to nodes, and back for their rest."""
        return 8.0 * self.width * self.samples * self.evaluations * self.nodes

    def explicit_flops(self):
        """GramPlan.flops of the explicit way, without its solve."""
        return self.width**2 * (float(self.samples)**2 + 2.0 * self.evaluations * self.samples)

    def written_numbers(self):
        return float(self.samples) * self.width**2

    def strategy(self):
        """GramPlan.choose, where memory is no limit."""
        explicit = self.explicit_flops() + FLOPS_PER_WRITTEN_NUMBER * self.written_numbers()
        return "structured" if self.structured_flops() <= explicit else "explicit"


def solved(matrix, right):
    """Gaussian elimination with pivots; None where there is no unique solution."""
    n = len(right)
    rows = [list(row) + [value] for row, value in zip(matrix, right)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        if abs(rows[pivot][k]) < 1e-13:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            for j in range(k, n + 1):
                rows[i][j] -= factor * rows[k][j]
    x = [0.0] * n
    for k in reversed(range(n)):
        x[k] = (rows[k][n] - sum(rows[k][j] * x[j] for j in range(k + 1, n))) / rows[k][k]
    return x


def non_negative_fit(counts, seconds, floor=0.0):
    """Constants c ≥ 0 with Σ_i ((Σ_j c_j counts_ij − t_i)/(t_i + floor))² least: the best of all sets of positive ones."""
    terms = len(counts[0])
    rows = [[value / (t + floor) for value in row] for row, t in zip(counts, seconds)]
    wanted = [t / (t + floor) for t in seconds]
    scale = [max(row[j] for row in rows) or 1.0 for j in range(terms)]
    rows = [[value / s for value, s in zip(row, scale)] for row in rows]
    gram = [[sum(row[i] * row[j] for row in rows) for j in range(terms)] for i in range(terms)]
    right = [sum(row[i] * w for row, w in zip(rows, wanted)) for i in range(terms)]
    best = (sum(w * w for w in wanted), [0.0] * terms)
    for size in range(1, terms + 1):
        for chosen in itertools.combinations(range(terms), size):
            x = solved([[gram[i][j] for j in chosen] for i in chosen], [right[i] for i in chosen])
            if x is None or min(x) < 0:
                continue
            c = [0.0] * terms
            for i, value in zip(chosen, x):
                c[i] = value
            error = sum((sum(a * b for a, b in zip(row, c)) - w) ** 2 for row, w in zip(rows, wanted))
            if error < best[0]:
                best = (error, c)
    return [value / s for value, s in zip(best[1], scale)]


class Model:
    """Seconds of a problem: Σ constant · count."""

    def __init__(self, names, counts, problems, seconds, floor=0.0):
        """names: of the terms. counts: a problem's terms. The model is fitted to these problems' seconds."""
        self.names, self.counts = names, counts
        self.constants = non_negative_fit([counts(p) for p in problems], seconds, floor)

    def seconds(self, problem):
        return sum(c * count for c, count in zip(self.constants, self.counts(problem)))

    def constant(self, name):
        return self.constants[self.names.index(name)]

    def rate(self, name):
        """What a second does; None if the term has no part."""
        c = self.constant(name)
        return 1 / c if c else None


def table(name):
    with open(MEASURED / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


# The CPU: cells of sweeps, and tiles, measured by calibrate.py.

RK4_STAGES = 4
SWEEP_SAMPLES = 100


@dataclass(frozen=True)
class SweepCell:
    """A network of a sweep; checked: whether part of its Gram is computed in FP64 too."""
    problem: Problem
    checked: bool


def cell_of(row):
    problem = Problem(int(row["width"]), RK4_STAGES * int(row["depth"]), SWEEP_SAMPLES)
    return SweepCell(problem, row["checked"] == "1")


CELL_TERMS = ("cell", "entry of a pass", "FLOP of a solve", "FLOP of a structured Gram", "FLOP of an explicit Gram",
              "check", "FLOP of a check", "weight of a check")

# Cells below this many seconds hardly count in the fit: what makes them long is a JVM that has just begun.
CELL_FLOOR = 0.05


def cell_counts(cell):
    p = cell.problem
    structured = p.strategy() == "structured"
    check = Problem(p.width, p.evaluations, CHECKED_SAMPLES)
    return (1.0, float(p.width) * p.samples * p.evaluations, p.solve_flops(),
            p.structured_flops() if structured else 0.0,
            0.0 if structured else p.explicit_flops() + FLOPS_PER_WRITTEN_NUMBER * p.written_numbers(),
            1.0 if cell.checked else 0.0,
            check.solve_flops() + check.structured_flops() if cell.checked else 0.0,
            float(p.width)**2 if cell.checked else 0.0)


def groups(rows):
    """{cell: seconds of all networks that have the same counts}."""
    found = {}
    for row in rows:
        found.setdefault(cell_of(row), []).append(float(row["seconds"]))
    return found


def cpu_cells():
    """Fitted to the median of each kind of network: the first of a kind are slower, until their code is compiled."""
    found = groups([row for row in table("cells.csv") if row["run"].startswith("fitted")])
    return Model(CELL_TERMS, cell_counts, list(found), [median(seconds) for seconds in found.values()], CELL_FLOOR)


@dataclass(frozen=True)
class Tile:
    """A tile of a store: blocks of samples whose features are made for it (0, 1 or 2), on the diagonal or not."""
    width: int
    evaluations: int
    nodes: int
    size: int
    blocks: int
    diagonal: bool


TILE_TERMS = ("tile", "evaluation", "entry of a pass", "FLOP of a solve", "FLOP of nodes", "FLOP of the Gram", "entry")


def tile_counts(tile):
    block = Problem(tile.width, tile.evaluations, tile.size, tile.nodes)
    return (1.0, float(tile.blocks * tile.evaluations), float(tile.blocks) * tile.width * tile.size * tile.evaluations,
            tile.blocks * block.solve_flops(), tile.blocks * block.node_flops(),
            (1 if tile.diagonal else 2) * block.structured_flops(), float(tile.size)**2)


def tile_of(row):
    r, c, size = int(row["row"]), int(row["column"]), int(row["tile"])
    # Row r's features are made before its first tile; on the diagonal the column's are the row's.
    blocks = (1 if c == 0 else 0) + (1 if c < r else 0)
    return Tile(int(row["width"]), int(row["depth"]), int(row["nodes"]), size, blocks, r == c)


def cpu_tiles():
    found = {}
    for row in table("tiles.csv"):
        if row["run"] == "fitted":
            found.setdefault(tile_of(row), []).append(float(row["seconds"]))
    return Model(TILE_TERMS, tile_counts, list(found), [median(seconds) for seconds in found.values()])


# The GPU: Grams on an H200, as docs/ntk.md and docs/gpu-predictions.md have them.

# Weights, per second: docs/gpu.md. It is not fitted, since no job of the tables has much of it.
NORMAL_NUMBERS_PER_SECOND = 198e9
# Of an H100, published (cuda-kernels/paper/devices.py); FP64 Grams of eight samples read W for each product.
H100_BANDWIDTH = 3.35e12

GRAM_TERMS = ("Gram", "evaluation", "slot", "entry", "FLOP of a solve", "FLOP of the Gram", "number to nodes")
EXPLICIT_TERMS = ("Gram", "evaluation", "entry", "FLOP of a solve", "FLOP of gradients", "number of W")


def gram_counts(problem):
    features = 2.0 * problem.width * problem.samples * problem.evaluations
    return (1.0, problem.evaluations, problem.pairs, float(problem.samples)**2, problem.solve_flops(),
            problem.structured_flops(), features if problem.nodes else 0.0)


def explicit_counts(problem):
    return (1.0, problem.evaluations, float(problem.samples)**2, problem.solve_flops(), problem.explicit_flops(),
            float(problem.width)**2)


def h200_table():
    """[(problem at all nodes, seconds structured, explicit, compressed at four nodes)] of docs/ntk.md."""
    text = (ROOT / "docs/ntk.md").read_text(encoding="utf-8")
    found = []
    for line in text.splitlines():
        cells = [cell.strip().replace("*", "") for cell in line.strip("|").split("|")]
        head = re.fullmatch(r"(\d+), (\d+), (\d+)", cells[0])
        if head and len(cells) == 11:
            n, samples, q = (int(v) for v in head.groups())
            found.append((Problem(n, q, samples), *(float(v) for v in cells[6:9])))
    if len(found) != 12:
        raise SystemExit("docs/ntk.md has %d rows of times on an H200, not 12" % len(found))
    return found


# docs/gpu-predictions.md, "Whole jobs": structured Grams by Euler's method.
H200_JOBS = ((Problem(2048, 20, 64), 7.4e-3), (Problem(2048, 10, 256), 8.9e-3), (Problem(16384, 10, 1000), 410e-3))


def h200_grams():
    """[(problem, seconds)]: at all nodes, and at four."""
    found = list(H200_JOBS)
    for problem, structured, _, compressed in h200_table():
        found.append((problem, structured))
        found.append((Problem(problem.width, problem.evaluations, problem.samples, 4), compressed))
    return found


def gpu_grams():
    return Model(GRAM_TERMS, gram_counts, *zip(*h200_grams()))


def gpu_explicit():
    rows = h200_table()
    return Model(EXPLICIT_TERMS, explicit_counts, [p for p, *_ in rows], [seconds for _, _, seconds, _ in rows])
