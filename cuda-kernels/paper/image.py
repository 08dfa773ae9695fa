"""The kernels as the compiler makes them: registers and memory by ptxas, machine code by our own reading."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
from dataclasses import dataclass

import sass

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "src/main/resources/io/tangentflow/backend/cuda/kernels/manifest.json"
CACHE = ROOT / "target/cuda-paper"


@dataclass(frozen=True)
class Kernel:
    """One entry point for one architecture."""
    name: str
    registers: int
    shared: int
    stack: int
    spills: int
    code: list


def images(architectures):
    """{architecture: {kernel: Kernel}} of the sources, compiled with the flags of the image that is shipped."""
    return {a: _parse(*_compile(a), a) for a in architectures}


def release():
    nvcc = os.environ.get("NVCC", "nvcc")
    text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"release .*, V(\S+)", text).group(1)


def _compile(architecture):
    manifest = json.loads(MANIFEST.read_text())
    files = sorted((ROOT / "cuda-kernels").glob("*.cu*"))
    version = release()
    digest = hashlib.sha256()
    for part in [version, manifest["flags"], str(architecture)] + [f.name + f.read_text() for f in files]:
        digest.update(part.encode())
    CACHE.mkdir(parents=True, exist_ok=True)
    cubin = CACHE / ("sm_%d-%s.cubin" % (architecture, digest.hexdigest()[:16]))
    log = cubin.with_suffix(".log")
    if not (cubin.exists() and log.exists()):
        with tempfile.TemporaryDirectory() as work:
            unit = pathlib.Path(work) / "kernels.cu"
            unit.write_text("".join(
                '#include "cuda-kernels/%s"\n' % f.name for f in files if f.suffix == ".cu"))
            command = [os.environ.get("NVCC", "nvcc"), *manifest["flags"].split(), "-cubin", "-Xptxas", "-v",
                       "-arch=sm_%d" % architecture, "-I.", "-o", str(pathlib.Path(work) / "out"), str(unit)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit("nvcc failed:\n" + done.stderr)
            log.write_text(done.stderr)
            cubin.write_bytes((pathlib.Path(work) / "out").read_bytes())
    return cubin.read_bytes(), log.read_text()


def _parse(cubin, log, architecture):
    code = sass.kernels(cubin, architecture)
    found = {}
    for part in re.split(r"Compiling entry function ", log)[1:]:
        name = re.match(r"'(\w+)'", part).group(1)
        stack, stores, loads = map(int, re.search(
            r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", part).groups())
        registers = int(re.search(r"Used (\d+) registers", part).group(1))
        shared = re.search(r"(\d+) bytes smem", part)
        found[name] = Kernel(
            name, registers, int(shared.group(1)) if shared else 0, stack, stores + loads, code[name])
    if not found or set(found) != set(code):
        raise SystemExit("ptxas and the image do not name the same kernels")
    return found
