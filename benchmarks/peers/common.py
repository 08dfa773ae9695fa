"""What the peer scripts share: options, threads, the clock, and the JSON object that each prints.

NumPy and PyTorch read their thread counts when they are first imported, so `options` sets them, and
the scripts import both afterwards.
"""

import argparse
import ctypes
import json
import os
import platform
import re
import statistics
import sys
import time

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
ZERO_ALLOWED = ("seed", "warmups", "chunk")
CHOICES = {"precision": ("fp32", "fp64"), "wait": ("passive", "default")}


class Refused(Exception):
    """An option or a machine that a script cannot work with, in one sentence."""


class Differs(Exception):
    """A timed computation that is not the one it should be."""


def options(description, argv=None, **defaults):
    """Parses the options that all peers share, and those in `defaults` that only some have.

    A default of None makes an option without one. Sets the threads of all BLAS and OpenMP
    libraries that are loaded from here on.
    """
    shared = {
        "width": 2048,
        "samples": 100,
        "depth": 20,
        "input_dim": 784,
        "threads": len(os.sched_getaffinity(0)),
        "runs": 5,
        "warmups": 2,
        "seed": 0,
        "precision": "fp32",
        "wait": "passive",
    }
    shared.update(defaults)
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    for name, value in shared.items():
        kind = type(value) if value is not None else str
        parser.add_argument(
            "--" + name.replace("_", "-"), type=kind, default=value, choices=CHOICES.get(name)
        )
    result = parser.parse_args(argv)
    for name, value in shared.items():
        if isinstance(value, int) and getattr(result, name) < (0 if name in ZERO_ALLOWED else 1):
            parser.error(f"--{name.replace('_', '-')} is too small: {getattr(result, name)}")
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(result.threads)
    if result.wait == "passive":
        # Automatic differentiation goes back on a thread with a pool of its own, and pools that spin
        # while they wait take the processors from each other and from the BLAS.
        os.environ["OMP_WAIT_POLICY"] = "passive"
    else:
        os.environ.pop("OMP_WAIT_POLICY", None)
    return result


def torch_with(threads):
    """PyTorch, computing with so many threads."""
    try:
        import torch
    except ImportError:
        raise Refused("PyTorch is not installed for " + sys.executable + ": Debian has python3-torch") from None
    torch.set_num_threads(threads)
    return torch


def timed(job, runs, warmups):
    """Calls `job()` until it is warm, then `runs` times; the times, and the last call's result.

    The result of the call before is dropped inside the clock, as a program's loop would drop it.
    """
    result = None
    for _ in range(warmups):
        result = job()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        result = job()
        seconds.append(time.perf_counter() - start)
    return times(seconds), result


def times(seconds):
    return {"seconds": min(seconds), "medianSeconds": statistics.median(seconds), "runs": seconds}


def roundoff(precision):
    """The unit roundoff u."""
    return 2.0**-24 if precision == "fp32" else 2.0**-53


def difference(actual, expected):
    """‖actual − expected‖/‖expected‖ in Frobenius norms, in FP64."""
    import numpy as np

    expected = np.asarray(expected, dtype=np.float64)
    norm = np.linalg.norm(expected)
    if not norm > 0:
        raise Differs("the reference is zero, so that a comparison with it says nothing")
    return float(np.linalg.norm(np.asarray(actual, dtype=np.float64) - expected) / norm)


def require(what, actual, tolerance):
    """The difference, or Differs where it exceeds the tolerance or is no number."""
    if not actual <= tolerance:
        raise Differs(f"{what} differs by {actual:.2e}, and rounding explains {tolerance:.2e}")
    return actual


def libraries():
    """The BLAS and threading libraries that this process has loaded, with OpenBLAS's own words."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        files = set(re.findall(r"/\S+\.so\S*", maps.read()))
    result = []
    for file in sorted(files):
        if not re.search(r"(blas|mkl|blis|dnnl|omp)[^/]*$", file):
            continue
        entry = os.path.basename(file)
        if "openblas" in entry:
            library = ctypes.CDLL(file)
            for name in ("openblas_get_config", "openblas_get_config64_"):
                if hasattr(library, name):
                    config = getattr(library, name)
                    config.restype = ctypes.c_char_p
                    entry += " (" + config().decode() + ")"
        result.append(entry)
    return result


def versions():
    found = {"python": platform.python_version()}
    for name in ("numpy", "torch", "functorch", "torchdiffeq"):
        if name in sys.modules:
            found[name] = getattr(sys.modules[name], "__version__", "unknown")
    return found


def record(job, given, **results):
    """The JSON object of a script."""
    return {
        "job": job,
        "options": {k: v for k, v in vars(given).items() if v is not None},
        **results,
        "threads": given.threads,
        "precision": given.precision,
        "versions": versions(),
        "blas": libraries(),
        "machine": platform.machine(),
    }


def note(line):
    """A line of status."""
    print(line, file=sys.stderr, flush=True)


def main(script):
    """Runs `script()`, which answers with an object; exit codes as of a shell command."""
    try:
        print(json.dumps(script(), indent=2, ensure_ascii=False))
    except Refused as e:
        note(str(e))
        sys.exit(2)
    except Differs as e:
        note("DIFFERS: " + str(e))
        sys.exit(1)
