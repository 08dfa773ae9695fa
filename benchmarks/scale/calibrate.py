#!/usr/bin/env python3
"""Measures what units of work take on this machine: the figures that simulate.py fits its cost model to.

It runs sweeps and stores of tiles by `tangentflow`, one after another, on all threads, and writes four tables:

  cells.csv    the networks of the sweeps, with the seconds that results.jsonl has of each
  limits.csv   the limiting kernels, with the seconds until their file was there
  tiles.csv    the tiles of the stores, with the seconds since the tile before it (the first of a store has none)
  runs.csv     of each sweep: seconds until its directory was there, then until its last line, then until it ended

Needs the built distribution, an idle machine, some ten minutes, and Python's standard library alone.
"""
import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.005
BUSY = 0.5
SAMPLES = 100
ACTIVATIONS = ("softplus", "relu", "gelu", "tanh", "erf", "silu")

# Name, activations, widths, depths, seeds. The model is fitted to all but the last, whose widths and depths are others.
SWEEPS = (
    ("fitted", ACTIVATIONS, (64, 128, 256, 512, 1024, 2048), (5, 20), 4),
    ("fitted-wide", ACTIVATIONS, (4096, 8192), (10,), 2),
    ("held-out", ("softplus", "gelu"), (3072, 6144, 12288), (8, 16), 2),
)

# Name, width, depth, samples, tile. Likewise.
STORES = (
    ("fitted", 512, 10, 1500, 250),
    ("fitted", 1024, 5, 1500, 250),
    ("fitted", 1024, 20, 1500, 250),
    ("fitted", 2048, 10, 1200, 300),
    ("held-out", 4096, 10, 1600, 400),
)
NODES = 4


def note(line):
    print(line, file=sys.stderr, flush=True)


def run(launcher, words, watch=lambda: None):
    """Runs a command, calls `watch` every few milliseconds, and returns its seconds."""
    note("  tangentflow " + " ".join(words))
    with tempfile.TemporaryFile("w+") as errors:
        start = time.time()
        process = subprocess.Popen([launcher, *words, "--quiet", "--json"], stdout=subprocess.DEVNULL, stderr=errors)
        while process.poll() is None:
            watch()
            time.sleep(POLL_SECONDS)
        seconds = time.time() - start
        if process.returncode != 0:
            errors.seek(0)
            raise SystemExit("exit code %d: %s" % (process.returncode, errors.read().strip()))
    return start, seconds


def commas(values):
    return ",".join(str(v) for v in values)


def sweep(launcher, directory, name, activations, widths, depths, seeds):
    """A run's cells, limiting kernels and parts."""
    out = pathlib.Path(directory) / ("sweep-" + name)
    lines, seen = out / "results.jsonl", {}

    def watch():
        """When each file, and each line of results.jsonl, was first seen."""
        if not out.is_dir():
            return
        for entry in os.scandir(out):
            if entry.name.endswith(".json"):
                seen.setdefault(entry.name, time.time())
        if lines.exists():
            seen.setdefault(lines.stat().st_size, time.time())

    start, seconds = run(launcher, [
        "sweep", "--data", "digits", "--samples", str(SAMPLES), "--activation", commas(activations), "--solver", "rk4",
        "--width", commas(widths), "--depth", commas(depths), "--seeds", str(seeds), "--backend", "cpu-vector",
        "--out", str(out)], watch)
    watch()
    cells = []
    for line in lines.read_text().splitlines():
        result = json.loads(line)
        cell = result["cell"]
        cells.append({
            "run": name, "activation": cell["activation"], "depth": cell["depth"], "width": cell["width"],
            "seed": cell["seed"], "gram": result["gram"],
            "checked": int(result["precisionError"] is not None), "seconds": "%.6f" % result["seconds"]})
    times = sorted(seen.items(), key=lambda item: item[1])
    limits = []
    for (_, before), (what, at) in zip(times, times[1:]):
        if str(what).startswith("limit-"):
            limits.append({"run": name, "limit": what[len("limit-"):-len(".json")], "seconds": "%.3f" % (at - before)})
    begun = seen["run.json"]
    last = max(at for what, at in times if isinstance(what, int))
    parts = {"run": name, "cells": len(cells), "before": "%.3f" % (begun - start),
             "units": "%.3f" % (last - begun), "after": "%.3f" % (start + seconds - last)}
    return cells, limits, parts


def store(launcher, directory, name, width, depth, samples, tile):
    """The tiles of a store in the order in which they were finished; a file's time is that of its last write."""
    out = pathlib.Path(directory) / ("store-%d-%d" % (width, depth))
    run(launcher, [
        "ntk", "--data", "digits", "--samples", str(samples), "--width", str(width), "--solver", "euler", "--depth",
        str(depth), "--time-nodes", str(NODES), "--tile", str(tile), "--backend", "cpu-vector", "--store", str(out)])
    found = sorted((path.stat().st_mtime_ns, path) for path in out.glob("tiles/*/*.tile"))
    tiles = []
    for (before, _), (at, path) in zip(found, found[1:]):
        tiles.append({
            "run": name, "width": width, "depth": depth, "nodes": NODES, "tile": tile, "row": int(path.parent.name),
            "column": int(path.stem), "seconds": "%.6f" % ((at - before) * 1e-9)})
    return tiles


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def machine(launcher):
    answer = json.loads(subprocess.run([launcher, "info", "--json"], capture_output=True, text=True, check=True).stdout)
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    return {"processor": models[0], "threads": len(os.sched_getaffinity(0)), "info": answer}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tangentflow", default=str(ROOT / "target/tangentflow/bin/tangentflow"),
                        help="the launcher (default: target/tangentflow/bin/tangentflow)")
    parser.add_argument("--out", required=True, metavar="DIR", help="a directory for the tables")
    parser.add_argument("--busy", action="store_true", help="measure though other programs run")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    if load > BUSY and not options.busy:
        raise SystemExit("the machine is busy, its load average is %.2f; wait until it is idle, or give --busy" % load)
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        sweeps = [sweep(options.tangentflow, directory, *each) for each in SWEEPS]
        tiles = [store(options.tangentflow, directory, *each) for each in STORES]
    write(out / "cells.csv", [row for cells, _, _ in sweeps for row in cells])
    write(out / "limits.csv", [row for _, limits, _ in sweeps for row in limits])
    write(out / "runs.csv", [parts for _, _, parts in sweeps])
    write(out / "tiles.csv", [row for each in tiles for row in each])
    info = machine(options.tangentflow)
    (out / "machine.json").write_text(json.dumps(
        {key: info[key] for key in ("processor", "threads")}, indent=1) + "\n")


if __name__ == "__main__":
    main()
