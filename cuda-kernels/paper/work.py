"""What one entry costs: bytes as the emulator counts them, instructions as the machine code has them."""
import json
import pathlib
import re
from dataclasses import dataclass

import sass

COUNTS = json.loads((pathlib.Path(__file__).parent / "counts.json").read_text())
BLOCK = 256
VECTOR_BYTES = 16


def counts_of(kernel):
    """{case: counts} of a kernel; an error if the emulator has none, so that no kernel is left out."""
    found = {key: value for key, value in COUNTS.items() if key.split(" ")[0] == kernel}
    if not found:
        raise SystemExit("counts.json has no bytes of %s: see KernelCountsTest" % kernel)
    return found


def family(kernel):
    """The operation: the name without activation and precision."""
    return re.sub(r"(_(softplus|relu|gelu|quadratic|tanh|erf|silu|sine|identity))?(_f(32|64))+$", "", kernel)


def scalar_bytes(kernel):
    return 4 if kernel.endswith("f32") else 8


@dataclass(frozen=True)
class Work:
    """Of one unit of a kernel: an entry, a number, a term of an entry, a row of a product."""
    unit: str
    read: float
    written: float
    mix: sass.Mix

    @property
    def bytes(self):
        return self.read + self.written


def _narrow(block):
    return any(0 < i.bytes < VECTOR_BYTES for i in block if i.name in ("LDG", "STG"))


def _slow(block):
    """Out-of-line paths for rare arguments: subroutines, and reductions that need local memory."""
    return any(i.name in ("CALL", "LDL", "STL", "RET", "EXIT") for i in block)


def _mix(graph, blocks):
    mix = sass.Mix()
    for b in blocks:
        for i in graph.blocks[b]:
            mix.add(i)
    return mix


def vector_loop(code):
    """The loop over vectors of an elementwise kernel, both sides of every branch: a warp's lanes take both.

    Of the loops whose accesses of global memory are all of 16 bytes, the one with the fewest instructions for
    a byte.
    """
    graph = sass.Graph(code)
    best = None
    for head, body in graph.loops().items():
        mix = _mix(graph, graph.paths(head, body, lambda block: _slow(block) or _narrow(block)))
        moved = mix.loaded + mix.stored
        if moved and (best is None or mix.total() / moved < best.total() / (best.loaded + best.stored)):
            best = mix
    return best


def inner_loops(code):
    """Loops that hold no other one, as their mixes."""
    graph = sass.Graph(code)
    loops = graph.loops()
    return [_mix(graph, body) for head, body in loops.items() if not any(h != head and h in body for h in loops)]


def _only(mixes, what):
    if len(mixes) != 1:
        raise SystemExit("%d loops are like that of %s: work.py no longer recognises it" % (len(mixes), what))
    return mixes[0]


def _fused(mix):
    return mix.names["FFMA"] + mix.names["DFMA"]


def _elementwise(kernel, case):
    """By the bytes that a loop stores (loads, if it stores none), of which the emulator counted so many for an entry."""
    counted = COUNTS[case]
    read, written = counted["read"] / counted["entries"], counted["written"] / counted["entries"]
    mix = vector_loop(kernel.code)
    if mix is None:
        raise SystemExit("no loop of %s has vector accesses alone" % kernel.name)
    entries = mix.stored / written if mix.stored else mix.loaded / read
    if family(kernel.name) not in WITH_TERMS and round(mix.loaded / entries) != round(read):
        raise SystemExit("the loop of %s loads %g bytes for an entry, where the emulator counted %g"
                         % (kernel.name, mix.loaded / entries, read))
    return Work("entry", read, written, mix.scaled(1 / entries))


def _gaussian(kernel, case):
    """Four numbers a turn. The tail's stores are counted with those of the vectors: at most 30 instructions."""
    counted = COUNTS[case]
    graph = sass.Graph(kernel.code)
    loops = graph.loops()
    head = max(loops, key=lambda h: _mix(graph, loops[h]).names["DFMA"])
    mix = _mix(graph, graph.paths(head, loops[head], _slow))
    return Work("number", 0, counted["written"] / counted["entries"], mix.scaled(1 / 4))


def _dot_product(kernel, case):
    """A term of an entry, rank 1: four terms of a vector of entries a turn, two multiply-adds each."""
    counted = COUNTS[case]
    width = VECTOR_BYTES // scalar_bytes(kernel.name)
    terms = int(re.search(r"K=(\d+)", case).group(1))
    loop = _only([m for m in inner_loops(kernel.code)
                  if m.names["LDG"] == 8 and _fused(m) == 8 * width and m.loaded == 8 * scalar_bytes(kernel.name)],
                 kernel.name)
    loop.words = loop.pipes[sass.MEMORY]  # All lanes read the same coefficient.
    x = scalar_bytes(kernel.name)
    assert counted["written"] == x * counted["entries"]
    return Work("entry and term", x / terms, x / terms, loop.scaled(1 / (4 * width)))


def _contract(kernel, case):
    """A block of an entry of K: four blocks of a vector of entries a turn; K itself there and back is apart."""
    counted = COUNTS[case]
    width = VECTOR_BYTES // scalar_bytes(kernel.name)
    blocks = int(re.search(r"B=(\d+)", case).group(1))
    loop = _only([m for m in inner_loops(kernel.code)
                  if m.names["DFMA"] == 4 * width and m.loaded == 8 * VECTOR_BYTES], kernel.name)
    read, written = counted["read"] / counted["entries"] / blocks, counted["written"] / counted["entries"] / blocks
    return Work("entry and block", read, written, loop.scaled(1 / (4 * width)))


def _ensemble(kernel, case):
    """A product of one entry of W for one sample: eight a turn. Its bytes are those of W, from wherever they come.

    Where V φ is unrolled alike, its loop is the longer one: its addresses go by another stride.
    """
    alike = [m for m in inner_loops(kernel.code)
             if m.names["LDG"] == 8 and m.names["LDS"] == 8 and _fused(m) == 8]
    loop = _only(sorted(alike, key=sass.Mix.total)[:1], kernel.name)
    return Work("entry of W and evaluation", scalar_bytes(kernel.name), 0, loop.scaled(1 / 8))


ELEMENTWISE = ("activate", "stage", "step", "adjoint_stage", "adjoint_step", "adam", "add_scaled", "copy", "dot")
SPECIAL = {"gaussian": _gaussian, "dot_product_kernel": _dot_product, "contract": _contract, "ensemble": _ensemble}
# Their time is not predicted: a few entries once in a while, or iterations until convergence.
NOT_TIMED = ("first_non_finite", "softmax_cross_entropy", "sum", "symmetrise", "two_time")
# Their loop has all eight terms' instructions, executed or not: only its stores are the emulator's.
WITH_TERMS = ("stage", "step", "adjoint_stage", "adjoint_step")


def work(kernel, case=None):
    """Of a kernel; case: the emulator's, for kernels that it counted in several."""
    case = case or sorted(counts_of(kernel.name))[-1]
    of = family(kernel.name)
    if of in NOT_TIMED:
        return None
    if of in SPECIAL:
        return SPECIAL[of](kernel, case)
    if of in ELEMENTWISE:
        return _elementwise(kernel, case)
    raise SystemExit("work.py does not know the kernel " + kernel.name)


def launch(kernel, width=128, times=10):
    """Threads of a block and its dynamic shared memory, as the backend launches it."""
    of, s = family(kernel), scalar_bytes(kernel)
    if of == "ensemble":
        return -(-width // 32) * 32, 8 * width * s
    if of == "two_time":
        return 128, 4 * times * times * s
    return BLOCK, 0
