#!/usr/bin/env python3
"""Measures the goals of docs/performance.md on this machine, and writes its table of them.

Every figure is a ratio of times taken here: `tangentflow bench` beside its own measured rates, and beside the
same job in PyTorch (benchmarks/peers) where --python names an interpreter that has it: both warm, as many runs of
each unless the row says otherwise, the peer with the setting of its waiting threads that is faster for it. Needs the
standard library only. All raw JSON goes to --out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "peers")
BEGIN, END = "<!-- goals: begin -->", "<!-- goals: end -->"
BUSY = 0.5

JMH = os.path.join(HERE, "target", "benchmarks.jar")

# Bytes.
SMALLEST_OBJECT = 16

# What threads of PyTorch do while they wait: peers/README.md.
WAITS = ("passive", "default")

RUNS = ["--runs", "3"]
WARM = ["--warmups", "1"]

# The options of the job of the gradient, both here and in peers/gradient.py.
GRADIENT = ["--samples", "100", "--depth", "20", "--input-dim", "784", "--precision", "fp32"]


class Unmeasured(Exception):
    """Why a row has no figure."""


def note(line):
    print(line, file=sys.stderr, flush=True)


class Bench:
    """Runs programs, one at a time, each command once, and keeps what they print."""

    def __init__(self, given):
        self.given = given
        self.threads = ["--threads", str(given.threads)]
        self.answers = {}
        # Those that a long job of automatic differentiation is given; fewer once the faster is known.
        self.waits = WAITS

    def tangentflow(self, name, *words):
        return self.answer(name, [self.given.tangentflow, "bench", *words, *self.threads, "--json"])

    def peer(self, name, script, *words):
        if self.given.python is None:
            raise Unmeasured("needs --python")
        command = [self.given.python, os.path.join(PEERS, script), *words, *self.threads]
        if script == "gradient.py" and self.given.torchdiffeq is not None:
            command += ["--torchdiffeq", self.given.torchdiffeq]
        return self.answer(name, command)

    def answer(self, name, command):
        """The JSON object of a command; the raw text is kept as NAME.json."""
        key = tuple(command)
        if key not in self.answers:
            note("  " + " ".join(os.path.basename(word) if "/" in word else word for word in command))
            done = self.run(command)
            if done.returncode != 0:
                raise Unmeasured(f"exit code {done.returncode}: {last_line(done.stderr)}")
            with open(os.path.join(self.given.out, name + ".json"), "w", encoding="utf-8") as file:
                file.write(done.stdout)
            self.answers[key] = json.loads(done.stdout)
        return self.answers[key]

    def run(self, command, **more):
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        try:
            return subprocess.run(command, capture_output=True, text=True, env=environment, **more)
        except OSError as e:
            raise Unmeasured(f"{command[0]} cannot be run: {e.strerror}") from None

    def wall(self, name, runs, *words):
        """Seconds of a whole process: the median, and all."""
        seconds = []
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as directory:
                start = time.perf_counter()
                done = self.run([self.given.tangentflow, *words], cwd=directory)
                seconds.append(time.perf_counter() - start)
            if done.returncode != 0:
                raise Unmeasured(f"'{' '.join(words)}' failed: {last_line(done.stderr)}")
        with open(os.path.join(self.given.out, name + ".json"), "w", encoding="utf-8") as file:
            json.dump({"words": words, "seconds": seconds}, file)
        return statistics.median(seconds)


def last_line(text):
    """What a program ended with; the usage hint after a wrong option says less than the line before it."""
    lines = [line for line in text.strip().splitlines() if line and not line.startswith("See ")]
    return (lines or ["no word of why"])[-1]


def short(value):
    return f"{value:.3g}"


def percent(fraction):
    return f"{100 * fraction:.1f} %"


def best_peer(bench, name, script, *words, waits=WAITS, key=lambda found: found["name"]):
    """The variants of a peer by their keys, each as the fastest of the settings has it, which is its `wait`."""
    best = {}
    for wait in waits:
        for found in bench.peer(f"{name}-{wait}", script, *words, "--wait", wait)["variants"]:
            if key(found) not in best or found["seconds"] < best[key(found)]["seconds"]:
                best[key(found)] = dict(found, wait=wait)
    return best


# Each row: a generator of (goal, measured, whether it is met; None where there is no goal).


def gradient_time(bench, width):
    runs = RUNS if width >= 1024 else ["--runs", "10"]
    return bench.tangentflow(f"gradient-{width}", "gradient", "--width", str(width), *GRADIENT, *runs)


def gradient_of_gemm(bench):
    for width in (1024, 2048, 4096):
        found = gradient_time(bench, width)
        fraction = found["fractionOfGemm"]
        measured = f"{percent(fraction)} of the {short(found['sgemmGflops'])} GFLOP/s of a large product"
        if found.get("fractionOfOwnProducts") is not None:
            measured += f", {percent(found['fractionOfOwnProducts'])} of the rate of its own products"
        yield f"gradient, n = {width}: ≥ 92 % of SGEMM", measured, fraction >= 0.92


def gradient_of_peers(width, adjoint, backprop):
    def rows(bench):
        ours = gradient_time(bench, width)["seconds"]
        runs = [*RUNS, *WARM] if width >= 1024 else ["--runs", "10"]
        peers = best_peer(bench, f"peer-gradient-{width}", "gradient.py", "--width", str(width), *GRADIENT, *runs)
        if width >= 1024 and "loop" in peers:
            bench.waits = (peers["loop"]["wait"],)
        for name, title, goal in (
            ("adjoint", "torchdiffeq `odeint_adjoint`", adjoint),
            ("backprop", "torchdiffeq backprop", backprop),
            ("loop", "plain PyTorch loop", None),
        ):
            label = f"gradient, n = {width}, over {title}" + ("" if goal is None else f": ≥ {goal}×")
            if name not in peers:
                yield label, "not measured: needs --torchdiffeq", None
                continue
            theirs = peers[name]["seconds"]
            yield (
                label,
                f"{theirs / ours:.1f}× ({short(ours)} s against {short(theirs)} s)",
                None if goal is None else theirs / ours >= goal,
            )

    return rows


def activation(bench):
    found = bench.tangentflow("activation", "activation", "--precision", "fp32", *RUNS)
    by_name = {entry["activation"]: entry for entry in found["activations"]}
    softplus = by_name["softplus"]["small"]["nanosecondsPerEntryAndCore"]
    yield "φ and φ', softplus: ≤ 1.3 ns per element and core", f"{softplus:.2f} ns in cache", softplus <= 1.3
    others = {n: e["small"]["nanosecondsPerEntryAndCore"] / softplus for n, e in by_name.items() if n != "softplus"}
    over = sorted((n for n in others if others[n] > 1.5), key=others.get, reverse=True)
    yield (
        "φ and φ', others: ≤ 1.5× of softplus",
        ", ".join(f"{n} {others[n]:.1f}×" for n in over) if over else f"at most {max(others.values()):.1f}×",
        not over,
    )
    # Memory is the limit where a copy of as many bytes takes longer than the arithmetic in cache.
    limited = {
        n: e["large"]["fractionOfCopy"]
        for n, e in by_name.items()
        if e["large"]["nanosecondsPerEntryAndCore"] * e["large"]["fractionOfCopy"]
        > e["small"]["nanosecondsPerEntryAndCore"]
    }
    yield (
        "φ and φ', large arrays where memory is the limit: ≥ 70 % of copy bandwidth",
        ", ".join(f"{n} {percent(f)}" for n, f in limited.items()) or "memory limits none",
        all(f >= 0.7 for f in limited.values()) if limited else None,
    )
    # `bench` repeats a short pass a dozen times at least, until it is no faster.
    large, small = found["largeEntries"], found["smallEntries"]
    words = ["--precision", "fp32", "--elements", str(large), "--small", str(small), "--runs", "12"]
    peers = best_peer(bench, "peer-activation", "activation.py", *words, key=lambda v: (v["name"], v["elements"]))
    for label, size, kind in (("large arrays", large, "large"), ("in cache", small, "small")):
        ratios = [
            f"{name} {peers[name, size]['nanosecondsPerElementAndCore'] / e[kind]['nanosecondsPerEntryAndCore']:.1f}×"
            for name, e in by_name.items()
            if (name, size) in peers
        ]
        yield f"φ and φ' over PyTorch's two passes, {label}", ", ".join(ratios), None


def contraction(bench):
    found = bench.tangentflow("rates", "--precision", "fp32", "--width", "2048")
    entry = next((o for o in found["operations"] if o["operation"].startswith("contract,")), None)
    if entry is None:
        raise Unmeasured("bench has no contraction among its operations")
    # It contracts four blocks of n/4 columns; its two products have inner dimension n.
    n = found["width"]
    block = n // 4
    products = 2 * (2.0 * block * 4 * block * n) / (found["sgemmGflops"] * 1e9)
    share = entry["seconds"] / products
    yield "Gram contraction: ≤ 25 % of its two products", f"{percent(share)}, n = {n}", share <= 0.25


def ensemble(bench):
    words = ["--networks", "10000", "--width", "100", "--depth", "10", "--samples", "1", "--input-dim", "64"]
    words += ["--precision", "fp32", *RUNS]
    found = bench.tangentflow("ensemble", "ensemble", *words, "--solver", "euler")
    fraction = found["fractionOfBound"]
    yield (
        "ensemble of 10,000, n = 100: ≥ 60 % of memory or Philox",
        f"{percent(fraction)}, {short(found['seconds'])} s",
        fraction >= 0.6,
    )
    rate = found["gaussiansPerSecond"] / 1e6
    yield "Philox Gaussians: ≥ 150 M/s", f"{rate:.0f} M/s", rate >= 150
    peers = best_peer(bench, "peer-ensemble", "ensemble.py", *words, *WARM)
    theirs = min(peer["seconds"] for peer in peers.values())
    yield "ensemble over PyTorch's batched products", f"{theirs / found['seconds']:.1f}× ({short(theirs)} s)", None


def ntk_over(bench, name):
    words = ["--width", "2048", "--samples", "64", "--depth", "20", "--input-dim", "784", "--precision", "fp32"]
    # The median: the best of three beside a single run would be in our favour.
    ours = bench.tangentflow("ntk", "ntk", *words, "--solver", "euler", *RUNS)["medianSeconds"]
    once = ["--runs", "1", *WARM, "--variants", name]
    peers = best_peer(bench, f"peer-ntk-{name}", "ntk.py", *words, *once, waits=bench.waits)
    if name not in peers:
        raise Unmeasured(f"this PyTorch comes without {name}")
    theirs = peers[name]["seconds"]
    yield (
        f"tangent kernel, n = 2048, N = 64, over PyTorch by {name}",
        f"{theirs / ours:.0f}× (median of 3 runs, {short(ours)} s, against 1 run after a warm-up, {short(theirs)} s)",
        None,
    )


def ntk(bench):
    yield from ntk_over(bench, "backward")
    yield "the same by functorch", "left out, as it takes minutes: `measure.py --only ntk-functorch`", None


def functorch(bench):
    yield from ntk_over(bench, "functorch")


def limits(bench):
    found = bench.tangentflow("limit", "limit", "--samples", "1000", *RUNS)
    yield "limiting kernels of 1000 samples, continuum", f"{short(found['seconds'])} s", None
    peer = bench.peer("peer-limit", "limit.py")["variants"]
    yield (
        "one pair at L = 20 by NumPy's quadrature",
        f"{short(min(v['seconds'] for v in peer))} s",
        None,
    )


def gemm(bench):
    ours = bench.tangentflow("rates", "--precision", "fp32", "--width", "2048")["sgemmGflops"]
    theirs = best_peer(bench, "peer-gemm", "gemm.py", "--width", "2048", "--precision", "fp32")["torch"]["gigaflops"]
    yield "SGEMM beside PyTorch's", f"{short(ours)} against {short(theirs)} GFLOP/s", None


def startup(bench):
    info = bench.wall("info", 7, "info")
    yield "`tangentflow info`: ≤ 0.6 s", f"{info:.2f} s, median of 7", info <= 0.6
    quickstart = bench.wall("quickstart", 1, "quickstart")
    yield "`tangentflow quickstart`: ≤ 30 s", f"{quickstart:.1f} s, one run", quickstart <= 30


def allocation(bench):
    if not os.path.exists(JMH):
        raise Unmeasured("needs benchmarks/target/benchmarks.jar (README.md says how to build it)")
    file = os.path.join(bench.given.out, "allocation.json")
    # A long iteration of short steps: JMH itself leaves tens of kilobytes, which are counted with the steps'.
    words = "-foe true -f 1 -wi 3 -w 3 -i 1 -r 20 -p width=256,1024 -prof gc -rf json -rff".split() + [file]
    done = bench.run(["java", "-jar", JMH, *words, "-p", f"threads={bench.given.threads}", "SolverStepBenchmark"])
    if done.returncode != 0:
        raise Unmeasured(f"exit code {done.returncode}: {last_line(done.stdout + done.stderr)}")
    with open(file, encoding="utf-8") as results:
        found = json.load(results)
    most = max(bytes_per_call(result) for result in found)
    sizes = ", ".join(sorted({result["params"]["width"] for result in found}, key=int))
    solvers = ", ".join(sorted({result["params"]["solver"] for result in found}))
    yield (
        f"a solver step allocates nothing: < {SMALLEST_OBJECT} bytes, what the smallest object has",
        f"at most {most:.1f} bytes, {solvers}, n = {sizes}, JMH's own with them",
        most < SMALLEST_OBJECT,
    )


def bytes_per_call(result):
    return next(m["score"] for name, m in result["secondaryMetrics"].items() if name.endswith("gc.alloc.rate.norm"))


ROWS = {
    "gemm": gemm,
    "gradient": gradient_of_gemm,
    "gradient-2048": gradient_of_peers(2048, 4, 2.5),
    "gradient-256": gradient_of_peers(256, 8, 3),
    "activation": activation,
    "contraction": contraction,
    "ensemble": ensemble,
    "ntk": ntk,
    "ntk-functorch": functorch,
    "limit": limits,
    "startup": startup,
    "allocation": allocation,
}

# Rows that are measured only when asked for.
LONG = ("ntk-functorch",)


def measured(bench, names):
    """(goal, measured, verdict) of all rows, each printed as soon as it is known."""
    table = []
    for name in names:
        note(name)
        try:
            for goal, value, met in ROWS[name](bench):
                table.append((goal, value, {True: "met", False: "missed", None: "–"}[met]))
                note("  " + " | ".join(table[-1]))
        except Unmeasured as e:
            table.append((f"the rest of `{name}`", f"not measured: {e}", "–"))
            note("  " + " | ".join(table[-1]))
    return table


def markdown(table, lines):
    rows = ["| goal | measured | |", "|---|---|---|"]
    rows += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table]
    return "\n".join([BEGIN, "", *lines, "", *rows, "", END])


def replaced(text, block):
    """The text with the block between the markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"has no lines {BEGIN} and {END} to write between")
    return before + block + after


def machine(given, bench):
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    line = f"{models[0] if models else 'unknown processor'}, {given.threads} threads"
    peers = next((a for a in bench.answers.values() if "torch" in a.get("versions", {})), None)
    if peers is not None:
        line += f"; PyTorch {peers['versions']['torch']}, " + "; ".join(b for b in peers["blas"] if "OpenBLAS" in b)
    return line + "."


def options(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tangentflow",
        default=os.path.join(os.path.dirname(HERE), "target", "tangentflow", "bin", "tangentflow"),
        help="the launcher (default: target/tangentflow/bin/tangentflow)",
    )
    parser.add_argument("--python", help="a Python with PyTorch and NumPy; without it rows of peers are not measured")
    parser.add_argument("--torchdiffeq", metavar="DIR", help="the directory that holds the package torchdiffeq")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of all programs")
    parser.add_argument("--only", nargs="+", choices=list(ROWS), metavar="ROW", help="of " + ", ".join(ROWS))
    parser.add_argument("--out", required=True, metavar="DIR", help="a directory for the raw JSON")
    parser.add_argument("--write", metavar="FILE", help=f"put the table between {BEGIN} and {END}")
    parser.add_argument("--busy", action="store_true", help="measure though other programs run; the table says so")
    given = parser.parse_args(argv)
    if given.threads < 1:
        parser.error("--threads must be at least 1")
    if given.write and given.only:
        parser.error("--write takes the whole table; leave out --only")
    given.tangentflow = os.path.abspath(given.tangentflow)
    if not os.access(given.tangentflow, os.X_OK):
        parser.error(f"--tangentflow: {given.tangentflow} is no program; build it by 'mvn package'")
    return given


def main():
    given = options()
    load = os.getloadavg()[0]
    if load > BUSY:
        note(f"warning: the machine is busy, its load average is {load:.2f}, and times would be those of a share of it")
        if not given.busy:
            note("wait until it is idle, or give --busy")
            return 2
    text = None
    if given.write:
        # Before the hours of work that would be lost.
        with open(given.write, encoding="utf-8") as file:
            text = file.read()
        try:
            replaced(text, "")
        except ValueError as e:
            note(f"--write: {given.write} {e}")
            return 2
    os.makedirs(given.out, exist_ok=True)
    bench = Bench(given)
    start = time.monotonic()
    table = measured(bench, given.only or [name for name in ROWS if name not in LONG])
    note(f"measured in {time.monotonic() - start:.0f} s")
    lines = [machine(given, bench)]
    if load > BUSY:
        lines.append(f"Measured on a machine that was busy (load average {load:.2f}).")
    block = markdown(table, lines)
    print(block)
    if given.write:
        with open(given.write, "w", encoding="utf-8") as file:
            file.write(replaced(text, block))
    return 0


if __name__ == "__main__":
    sys.exit(main())
