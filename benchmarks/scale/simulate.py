#!/usr/bin/env python3
"""Simulates sweeps and Gram matrices on clusters of 1 to 512 GPUs, and writes the tables and plots of docs/scale.md.

simulate.py                  prints the tables
simulate.py --only sweep     prints some of them
simulate.py --write          puts the tables into the page, and writes the plots
simulate.py --check          says whether page and plots are what is generated now; if not, the exit code is 1

A discrete-event simulation (cluster.py) of units whose cost follows from counts of FLOPs and constants that were fitted
to measurements (costs.py, measured/), for the jobs and clusters of scenarios.py. Seeds are fixed: the same tables
come out every time. Needs Python's standard library alone, and some two minutes.
"""
import argparse
import difflib
import functools
import math
import sys
from dataclasses import replace

sys.dont_write_bytecode = True

import costs
import plots
import scenarios
from cluster import Cluster, FileSystem, Speculation, Step, Unit, simulate
from scenarios import GB, GPUS, HOUR, SYSTEMS, Gram

PAGE = costs.ROOT / "docs/scale.md"
PLOTS = costs.ROOT / "docs/scale"

MTBF_HOURS = (math.inf, 10_000, 1000, 100, 10, 1)
KNEE_GPUS = (8, 16, 32, 64, 128, 256, 512)
KNEE_SLOWER = 1.1
SWEEP_RUNS = 10
GRAM_RUNS = 3
LONG_UNITS = {"10 s": 10.0, "1 min": 60.0, "10 min": 600.0, "1 h": 3600.0}
LONG_RUNS = 5


# --- Words ----------------------------------------------------------------------------------------------------------

def short(value, digits=3):
    if value == 0:
        return "0"
    rounded = float("%.*g" % (digits, value))
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return "{:,.{}f}".format(rounded, decimals)


def duration(seconds):
    for unit, name in ((HOUR, "h"), (60.0, "min"), (1.0, "s")):
        if seconds >= 2 * unit or unit == 1.0:
            return "%s %s" % (short(seconds / unit), name) if seconds >= 1 else "%s ms" % short(1e3 * seconds)
    raise AssertionError(seconds)


def percent(fraction):
    if 0 < fraction < 1e-4:
        return "< 0.01 %"
    return "%s %%" % (short(100 * fraction, 2) if abs(fraction) < 0.095 else "%.0f" % (100 * fraction))


def signed(fraction, decimals=0):
    """A change, in percent; one that is rounded away has no sign."""
    words = "%.*f" % (decimals, abs(100 * fraction))
    sign = "" if float(words) == 0 else "+" if fraction > 0 else "−"
    return "%s%s %%" % (sign, words)


def size(count):
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return "%s %s" % (short(count / unit), name)
    return "%d B" % count


def count(value):
    return "{:,}".format(value)


def scientific(value):
    exponent = math.floor(math.log10(value))
    return "%s·10%s" % (short(value / 10**exponent, 2), str(exponent).translate(
        str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")))


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def mean(values):
    values = list(values)
    return sum(values) / len(values)


# --- How well the model fits ----------------------------------------------------------------------------------------

def cells_table():
    model = costs.cpu_cells()
    rows = []
    for run in ("fitted", "fitted-wide", "held-out"):
        found = costs.groups([row for row in costs.table("cells.csv") if row["run"] == run])
        for cell, seconds in sorted(found.items(), key=lambda item: (item[0].checked, item[0].problem.width,
                                                                     item[0].problem.evaluations)):
            if cell.checked and run != "held-out":
                continue
            measured, predicted = costs.median(seconds), model.seconds(cell)
            p = cell.problem
            rows.append((
                "held out" if run == "held-out" else "fitted", count(p.width), str(p.evaluations // costs.RK4_STAGES),
                p.strategy() + (", checked" if cell.checked else ""), str(len(seconds)),
                "%s (%s … %s)" % (duration(measured), duration(min(seconds)), duration(max(seconds))),
                duration(predicted), signed(predicted / measured - 1)))
    return markdown(("", "n", "L", "Gram", "networks", "measured: median (least … greatest)", "predicted", "error"), rows)


def totals_table():
    """Each sweep of calibrate.py on one executor: the process that really ran it."""
    model = costs.cpu_cells()
    rows = []
    for run in costs.table("runs.csv"):
        cells = [row for row in costs.table("cells.csv") if row["run"] == run["run"]]
        limits = [Unit((Step(float(row["seconds"])),)) for row in costs.table("limits.csv") if row["run"] == run["run"]]
        work = [Unit((Step(model.seconds(costs.cell_of(row))),)) for row in cells]
        simulated = simulate(Cluster(1), FileSystem(), limits, work).makespan
        measured = float(run["units"])
        widths = sorted({int(row["width"]) for row in cells})
        rows.append(("held out" if run["run"] == "held-out" else "fitted", run["cells"],
                     "%s … %s" % (count(widths[0]), count(widths[-1])), duration(measured), duration(simulated),
                     signed(simulated / measured - 1),
                     duration(float(run["before"])), duration(float(run["after"]))))
    return markdown(("", "networks", "widths", "measured", "simulated", "error", "before them", "after them"), rows)


def tiles_table():
    model = costs.cpu_tiles()
    found = {}
    for row in costs.table("tiles.csv"):
        found.setdefault((row["run"], costs.tile_of(row)), []).append(float(row["seconds"]))
    rows = []
    for (run, tile), seconds in found.items():
        measured, predicted = costs.median(seconds), model.seconds(tile)
        kind = "on the diagonal" if tile.diagonal else ("first of its row" if tile.blocks == 2 else "others")
        rows.append(("held out" if run == "held-out" else "fitted", count(tile.width), str(tile.evaluations),
                     str(tile.size), kind, str(tile.blocks), str(len(seconds)), duration(measured), duration(predicted),
                     signed(predicted / measured - 1)))
    return markdown(("", "n", "L", "tile", "", "blocks of features", "tiles", "measured: median", "predicted", "error"), rows)


def errors(pairs):
    found = [abs(predicted / measured - 1) for predicted, measured in pairs]
    return "%s; %s" % (percent(costs.median(found)), percent(max(found)))


def constants_table():
    cells, tiles = costs.cpu_cells(), costs.cpu_tiles()
    grams, explicit = scenarios.gpu_models()
    rate = lambda model, name: "–" if not model.rate(name) else "%s TFLOP/s" % short(model.rate(name) / 1e12)
    time = lambda model, name: "0" if not model.constant(name) else (
        duration(model.constant(name)) if model.constant(name) >= 1e-3 else
        "%s µs" % short(1e6 * model.constant(name)) if model.constant(name) >= 1e-6 else
        "%s ns" % short(1e9 * model.constant(name)))
    found = costs.groups([row for row in costs.table("cells.csv") if row["run"].startswith("fitted")])
    by_tile = {}
    for row in costs.table("tiles.csv"):
        if row["run"] == "fitted":
            by_tile.setdefault(costs.tile_of(row), []).append(float(row["seconds"]))
    table = costs.h200_table()
    rows = [
        ("networks, two cores", str(len(found)),
         errors((cells.seconds(c), costs.median(s)) for c, s in found.items() if costs.median(s) > costs.CELL_FLOOR),
         "a network %s" % time(cells, "cell"),
         "solve %s, structured %s, explicit %s" % tuple(
             rate(cells, "FLOP of " + w) for w in ("a solve", "a structured Gram", "an explicit Gram"))),
        ("tiles, two cores", str(len(by_tile)), errors((tiles.seconds(t), costs.median(s)) for t, s in by_tile.items()),
         "an evaluation %s, an entry %s" % (time(tiles, "evaluation"), time(tiles, "entry")),
         "solve %s, Gram %s" % (rate(tiles, "FLOP of a solve"), rate(tiles, "FLOP of the Gram"))),
        ("Grams, structured and at four nodes, H200", str(len(costs.h200_grams())),
         errors((grams.seconds(p), s) for p, s in costs.h200_grams()),
         "a Gram %s, an evaluation %s, a slot %s, an entry %s" % tuple(
             time(grams, w) for w in ("Gram", "evaluation", "slot", "entry")),
         "solve %s, Gram %s" % (rate(grams, "FLOP of a solve"), rate(grams, "FLOP of the Gram"))),
        ("Grams, explicit, H200", str(len(table)), errors((explicit.seconds(p), s) for p, _, s, _ in table),
         "an evaluation %s, an entry %s, a number of W %s" % tuple(
             time(explicit, w) for w in ("evaluation", "entry", "number of W")),
         "gradients %s" % rate(explicit, "FLOP of gradients")),
    ]
    return markdown(("model", "points", "error: median; greatest", "fixed", "rates"), rows)


# --- The sweep ------------------------------------------------------------------------------------------------------

MANY_SEEDS = 300


@functools.lru_cache(maxsize=None)
def sweep_units(seeds):
    return scenarios.sweep(seeds)


@functools.lru_cache(maxsize=None)
def swept(gpus, system="parallel, 10 GB/s", seeds=MANY_SEEDS, seed=0, **more):
    limits, cells = sweep_units(seeds)
    return simulate(scenarios.sweep_cluster(gpus, **more), SYSTEMS[system], limits, cells, seed=seed)


def widths_table():
    rows = []
    grams, _ = scenarios.gpu_models()
    for width in scenarios.WIDTHS:
        problem = costs.Problem(width, costs.RK4_STAGES * scenarios.STEPS_OF_RK4, costs.SWEEP_SAMPLES)
        plain, checked = (scenarios.gpu_cell_seconds(width, c) for c in (False, True))
        flops = problem.solve_flops() + (
            problem.structured_flops() if problem.strategy() == "structured" else problem.explicit_flops())
        structured = grams.seconds(problem) + width**2 / costs.NORMAL_NUMBERS_PER_SECOND
        rows.append((count(width), problem.strategy(), scientific(flops), duration(plain),
                     "%s TFLOP/s" % short(flops / plain / 1e12), duration(checked), duration(structured)))
    return markdown(("n", "Gram", "FLOPs", "a network", "rate", "with its check in FP64", "were it structured"), rows)


def sweep_table():
    rows = []
    for seeds in (scenarios.SEEDS, MANY_SEEDS):
        one = swept(1, seeds=seeds).makespan
        for gpus in GPUS:
            result = swept(gpus, seeds=seeds)
            slow_files = swept(gpus, "NFS, 1 GB/s", seeds=seeds).makespan
            rows.append((
                count(len(sweep_units(seeds)[1])), str(gpus), duration(result.makespan), "%s×" % short(one / result.makespan),
                percent(one / gpus / result.makespan), duration(slow_files), size(result.read), size(result.written)))
    return markdown(("networks", "GPUs", "makespan", "faster", "efficiency", "makespan on NFS", "read", "written"), rows)


# --- The Gram -------------------------------------------------------------------------------------------------------

@functools.lru_cache(maxsize=None)
def gram_units(gram, kind="runs", number=scenarios.RUN_TILES):
    return getattr(gram, kind)(number)


def computing(work):
    """Seconds of all units on one GPU, files not counted."""
    return sum(unit.seconds for unit in work)


@functools.lru_cache(maxsize=None)
def assembled(gpus, system, gram=Gram(), kind="runs", number=scenarios.RUN_TILES, seed=0, **more):
    return simulate(gram.cluster(gpus, **more), system, gram_units(gram, kind, number), seed=seed)


def gram_table():
    rows = []
    one = assembled(1, SYSTEMS["parallel, 100 GB/s"]).makespan
    for name, system in SYSTEMS.items():
        for gpus in GPUS:
            result = assembled(gpus, system)
            total = gpus * result.makespan
            rows.append((
                name, str(gpus), duration(result.makespan), "%s×" % short(one / result.makespan),
                percent(one / total), percent(result.waited / total), size(result.read), size(result.written),
                "%s GB/s" % short((result.written + result.read) / result.makespan / 1e9)))
    return markdown(("file system", "GPUs", "makespan", "faster", "efficiency", "of GPU time waiting for files", "read",
                     "written", "mean traffic"), rows)


def knee_table():
    rows = []
    for width in (1024, 4096, 16384):
        for host in (True, False):
            gram = replace(Gram(), width=width, host=host)
            rate = gram.stored / computing(gram_units(gram))
            rows.append((count(width), "as measured" if host else "hidden", duration(computing(gram_units(gram))),
                         "%s MB/s" % short(rate / 1e6)) + tuple(
                             short(b * GB / rate, 2) for b in (1, 10, 100)))
    return markdown(("n", "the host's time for each entry", "one GPU computes", "and makes",
                     "GPUs for 1 GB/s", "for 10 GB/s", "for 100 GB/s"), rows)


def unlimited(gpus):
    return assembled(gpus, FileSystem(link=2 * GB, latency=5e-4))


def knee_simulated_table():
    rows = []
    for bandwidth in (1, 10, 100):
        system = FileSystem(bandwidth * GB, min(bandwidth, 2) * GB, 5e-4)
        ratios = [assembled(gpus, system).makespan / unlimited(gpus).makespan for gpus in KNEE_GPUS]
        beyond = [gpus for gpus, ratio in zip(KNEE_GPUS, ratios) if ratio > KNEE_SLOWER]
        rows.append(("%d GB/s" % bandwidth,) + tuple(short(r) for r in ratios) + (
            str(beyond[0]) if beyond else "beyond %d" % KNEE_GPUS[-1],))
    return markdown(("bandwidth",) + tuple("%d GPUs" % g for g in KNEE_GPUS) + ("10 % slower from",), rows)


def units_table():
    system = SYSTEMS["parallel, 100 GB/s"]
    gram = Gram()
    contraction = sum(gram.contraction(r, c) for r in range(gram.blocks) for c in range(r + 1))
    kinds = [("a tile", "runs", 1), ("a run of 4 tiles", "runs", 4), ("a run of 16", "runs", 16), ("a run of 64", "runs", 64),
             ("a row of tiles", "runs", gram.blocks), ("4×4 tiles*", "squares", 4), ("8×8 tiles*", "squares", 8),
             ("16×16 tiles*", "squares", 16)]
    rows = []
    for name, kind, number in kinds:
        work = gram_units(gram, kind, number)
        alone = computing(work)
        hidden = replace(gram, host=False)
        rows.append((name, count(len(work)), duration(alone), percent((alone - contraction) / alone),
                     duration(computing(gram_units(hidden, kind, number))),
                     duration(max(unit.seconds for unit in work)),
                     duration(assembled(64, system, gram, kind, number).makespan),
                     duration(assembled(512, system, gram, kind, number).makespan)))
    return markdown(("unit", "units", "one GPU computes", "of it features", "if the host's part were hidden", "longest unit",
                     "64 GPUs", "512 GPUs"), rows)


def tile_sizes_table():
    rows = []
    for tile in (1024, 2048, 4096, 8192):
        gram = replace(Gram(), tile=tile)
        single, runs = gram_units(gram, "runs", 1), gram_units(gram)
        rows.append((count(tile), count(gram.tiles), size(gram.bytes(0, 0)), size(gram.stored),
                     duration(computing(single)), duration(computing(runs)),
                     duration(len(single) * scenarios.DISPATCH), duration(len(runs) * scenarios.DISPATCH),
                     "%s million" % short(gram.tiles * scenarios.FILE_OPERATIONS / 1e6)))
    return markdown(("tile", "tiles", "bytes of one", "of all", "one GPU: units of a tile", "runs of 16",
                     "driver alone: units of a tile", "runs of 16", "operations on names"), rows)


# --- Failures, slow attempts ----------------------------------------------------------------------------------------

@functools.lru_cache(maxsize=None)
def failing(job, gpus, hours):
    """Results over seeds of a job on GPUs of which each fails once in so many hours."""
    if job == "sweep":
        return [swept(gpus, seed=s, mtbf=hours * HOUR) for s in range(SWEEP_RUNS)]
    system = SYSTEMS["parallel, 10 GB/s"]
    return [assembled(gpus, system, seed=s, mtbf=hours * HOUR) for s in range(GRAM_RUNS)]


FAILING = (("sweep", 8), ("sweep", 64), ("Gram", 8), ("Gram", 64), ("Gram", 512))


def failures_table():
    rows = []
    for job, gpus in FAILING:
        safe = mean(r.makespan for r in failing(job, gpus, math.inf))
        cells = []
        for hours in MTBF_HOURS[1:]:
            results = failing(job, gpus, hours)
            if any(r.aborted for r in results):
                raise SystemExit("a %s was given up: the table has no word for that" % job)
            cells.append("%s, %s" % (signed(mean(r.makespan for r in results) / safe - 1, 1),
                                     short(mean(r.failures for r in results), 2)))
        rows.append((job, str(gpus), duration(safe), *cells))
    return markdown(("job", "GPUs", "without failures") + tuple("%s h" % count(h) for h in MTBF_HOURS[1:]), rows)


@functools.lru_cache(maxsize=None)
def long_units(seconds, hours):
    """Results over seeds: eight units of so many seconds for each of 512 GPUs."""
    work = [Unit((Step(seconds),))] * (8 * GPUS[-1])
    return [simulate(scenarios.cluster(GPUS[-1], mtbf=hours * HOUR), FileSystem(), work, seed=s) for s in range(LONG_RUNS)]


def stretched(seconds, hours):
    """The mean makespan over that without failures; None if no run came to its end."""
    ended = [r.makespan for r in long_units(seconds, hours) if not r.aborted]
    return mean(ended) / mean(r.makespan for r in long_units(seconds, math.inf)) if ended else None


def long_units_table():
    rows = []
    for name, seconds in LONG_UNITS.items():
        cells = []
        for hours in MTBF_HOURS[1:]:
            aborted = sum(r.aborted for r in long_units(seconds, hours))
            ratio = stretched(seconds, hours)
            cells.append("given up" if ratio is None else signed(ratio - 1, 1) + (
                ", %d of %d given up" % (aborted, LONG_RUNS) if aborted else ""))
        rows.append((name, *cells))
    return markdown(("unit",) + tuple("%s h" % count(h) for h in MTBF_HOURS[1:]), rows)


def slow_table():
    system = SYSTEMS["parallel, 10 GB/s"]
    rows = []
    jobs = (
        ("sweep", 8, lambda s, **more: swept(8, seed=s, **more)),
        ("sweep", 64, lambda s, **more: swept(64, seed=s, **more)),
        ("Gram", 64, lambda s, **more: assembled(64, system, seed=s, **more)),
    )
    for job, gpus, run in jobs:
        for name, more in (("none is slow", {}), ("slow, no second attempts", scenarios.slow()),
                           ("slow, second attempts", scenarios.slow(speculation=Speculation())),
                           ("none is slow, second attempts", dict(speculation=Speculation()))):
            results = [run(s, **more) for s in range(GRAM_RUNS if job == "Gram" else SWEEP_RUNS)]
            rows.append((job, str(gpus), name, duration(mean(r.makespan for r in results)),
                         short(mean(r.duplicates for r in results), 2),
                         percent(mean(r.lost / (gpus * r.makespan) for r in results))))
    return markdown(("job", "GPUs", "attempts", "makespan", "second attempts", "GPU time lost"), rows)


def systems_table():
    rows = []
    for name, s in SYSTEMS.items():
        rows.append((name, "%s GB/s" % short(s.bandwidth / GB), "%s GB/s" % short(s.link / GB), duration(s.latency),
                     count(s.operations)))
    return markdown(("file system", "bandwidth", "of one process", "latency of an operation", "operations a second"), rows)


TABLES = {
    "networks": cells_table, "totals": totals_table, "tiles": tiles_table, "constants": constants_table,
    "file systems": systems_table, "widths": widths_table, "sweep": sweep_table, "gram": gram_table, "knee": knee_table,
    "knee simulated": knee_simulated_table, "units": units_table, "tile sizes": tile_sizes_table,
    "failures": failures_table, "long units": long_units_table, "slow": slow_table,
}


# --- Plots ----------------------------------------------------------------------------------------------------------

ALL_GPUS = (1, 2, 4) + KNEE_GPUS


def makespan_plot():
    lines = [
        plots.Line("sweep, 1,980 networks", [(g, swept(g, seeds=scenarios.SEEDS).makespan) for g in ALL_GPUS]),
        plots.Line("sweep, 19,800 networks", [(g, swept(g).makespan) for g in ALL_GPUS])]
    for name, system in SYSTEMS.items():
        lines.append(plots.Line("Gram, " + name, [(g, assembled(g, system).makespan) for g in ALL_GPUS]))
    one = assembled(1, SYSTEMS["parallel, 100 GB/s"]).makespan
    lines.append(plots.Line("Gram, if nothing limited", [(g, one / g) for g in ALL_GPUS], marked=False, dashed=True))
    return plots.svg("Makespan against GPUs", "simulated; H100, FP32; Gram of 10⁶ samples, n = 4096", "GPUs",
                     "makespan [s]", lines, x_ticks=ALL_GPUS)


def traffic_plot():
    lines = []
    for bandwidth in (1, 10, 100):
        system = FileSystem(bandwidth * GB, min(bandwidth, 2) * GB, 5e-4)
        lines.append(plots.Line("%d GB/s" % bandwidth, [
            (g, assembled(g, system).written / assembled(g, system).makespan / GB) for g in KNEE_GPUS]))
    lines.append(plots.Line("no limit", [(g, unlimited(g).written / unlimited(g).makespan / GB) for g in KNEE_GPUS], dashed=True))
    return plots.svg("Tiles written, by the file system's bandwidth", "simulated; Gram of 10⁶ samples, n = 4096, FP64 store",
                     "GPUs", "tiles written [GB/s]", lines, x_ticks=KNEE_GPUS)


def failures_plot():
    lines = []
    for name, seconds in LONG_UNITS.items():
        found = [(hours, stretched(seconds, hours)) for hours in MTBF_HOURS[1:]]
        lines.append(plots.Line("units of " + name, [p for p in found if p[1] is not None]))
    return plots.svg("What failures cost, by the length of units", "simulated; 4,096 equal units on 512 GPUs",
                     "mean time between failures of one GPU [h]", "makespan, relative", lines,
                     y_ticks=(1, 1.05, 1.1, 1.15, 1.2, 1.25))


def calibration_plot():
    model = costs.cpu_cells()
    lines = []
    for name, runs in (("networks, fitted", ("fitted", "fitted-wide")), ("networks, held out", ("held-out",))):
        found = costs.groups([row for row in costs.table("cells.csv") if row["run"] in runs])
        lines.append(plots.Line(name, [(costs.median(s), model.seconds(c)) for c, s in found.items()], joined=False))
    grams = scenarios.gpu_models()[0]
    lines.append(plots.Line("Grams on an H200, fitted", [(s, grams.seconds(p)) for p, s in costs.h200_grams()], joined=False))
    ends = [min(p[0] for line in lines for p in line.points), max(p[0] for line in lines for p in line.points)]
    lines.append(plots.Line("equal", [(e, e) for e in ends], marked=False, dashed=True))
    return plots.svg("Cost model against measurements", "networks on two cores; Grams on one H200", "measured [s]", "model [s]", lines)


DRAWN = {"makespan.svg": makespan_plot, "traffic.svg": traffic_plot, "failures.svg": failures_plot,
         "calibration.svg": calibration_plot}


# --- The page -------------------------------------------------------------------------------------------------------

def marks(name):
    return "<!-- %s: printed by benchmarks/scale/simulate.py -->" % name, "<!-- end of %s -->" % name


def with_tables(text, generated):
    for name, table in generated.items():
        begin, end = marks(name)
        if begin not in text or end not in text:
            raise SystemExit("%s has no place for the table %s" % (PAGE.name, name))
        before, rest = text.split(begin, 1)
        text = before + begin + "\n" + table + "\n" + end + rest.split(end, 1)[1]
    return text


def differences(text, generated, drawn, read):
    """Lines that differ between the page and what is generated, and names of plots that do."""
    found = list(difflib.unified_diff(
        text.splitlines(True), with_tables(text, generated).splitlines(True), "the page", "generated"))
    return found + [name for name, plot in drawn.items() if read(name) != plot]


def read_plot(name):
    path = PLOTS / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="put the tables into docs/scale.md and the plots into docs/scale")
    what.add_argument("--check", action="store_true", help="fail if they are not what is generated now")
    what.add_argument("--only", nargs="+", choices=list(TABLES), metavar="TABLE", help="of " + ", ".join(TABLES))
    options = parser.parse_args()
    if not (options.write or options.check):
        for name in options.only or TABLES:
            print("%s\n\n%s\n" % (name, TABLES[name]()), flush=True)
        return
    text = PAGE.read_text(encoding="utf-8")
    with_tables(text, dict.fromkeys(TABLES, ""))  # Before the work that would be lost.
    generated = {name: table() for name, table in TABLES.items()}
    drawn = {name: plot() for name, plot in DRAWN.items()}
    if options.write:
        PAGE.write_text(with_tables(text, generated), encoding="utf-8")
        PLOTS.mkdir(exist_ok=True)
        for name, plot in drawn.items():
            (PLOTS / name).write_text(plot, encoding="utf-8")
        return
    found = differences(text, generated, drawn, read_plot)
    if found:
        sys.stdout.writelines(line if line.endswith("\n") else line + "\n" for line in found)
        raise SystemExit("docs/scale.md and its plots are not what is generated now; run simulate.py --write")
    print("docs/scale.md and its plots are what is generated now")


if __name__ == "__main__":
    main()
