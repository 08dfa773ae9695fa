"""Holds the arithmetic of predictions against known values and second computations."""
import math

import roofline
import sass
import steps
import work
from devices import ARCHITECTURES, DEVICES, FMA
from occupancy import occupancy


def expect(what, got, wanted, tolerance=0.0):
    if abs(got - wanted) > tolerance * abs(wanted):
        raise SystemExit("selftest: %s is %s, not %s" % (what, got, wanted))


def occupancies():
    """Values of NVIDIA's occupancy calculator for capability 8.0 and 9.0 (64 warps, 65,536 registers)."""
    a, h = ARCHITECTURES[80], ARCHITECTURES[90]
    for architecture, registers, threads, shared, warps, limit in (
            (a, 32, 256, 0, 64, "warps"), (a, 33, 256, 0, 48, "registers"), (a, 40, 256, 0, 48, "registers"),
            (a, 64, 256, 0, 32, "registers"), (a, 128, 256, 0, 16, "registers"), (a, 255, 256, 0, 8, "registers"),
            (a, 32, 32, 0, 32, "blocks"), (a, 32, 256, 48 << 10, 24, "shared memory"),
            (h, 32, 256, 48 << 10, 32, "shared memory"), (h, 32, 1024, 0, 64, "warps"),
            (h, 168, 128, 0, 12, "registers"), (h, 32, 1024, 227 << 10, 32, "shared memory")):
        got = occupancy(architecture, registers, threads, shared)
        expect("warps of %d threads with %d registers and %d bytes" % (threads, registers, shared), got.warps, warps)
        if got.limit != limit:
            raise SystemExit("selftest: limited by %s, not by %s" % (got.limit, limit))


def peaks():
    """Clocks that follow from FP32 peaks are the boost clocks that are published, of B200 none; FP64 peaks follow."""
    for device, clock in zip(DEVICES, (1.41e9, 1.98e9, 1.98e9)):
        expect("clock of " + device.name, device.clock, clock, 0.01)
    for device in DEVICES:
        expect("FP64 of " + device.name, 2 * device.rate(sass.FP64), device.fp64, 0.02)
        expect("issue rate of " + device.name, device.issue_rate,
               device.fp32 / 2 * 128 / device.architecture.rates[FMA], 1e-12)


def rooflines():
    """A copy of 8 bytes by two instructions takes the time of its bytes; a thousand instructions that of issuing."""
    device = DEVICES[2]
    mix = sass.Mix()
    mix.pipes[sass.MEMORY] = mix.words = 2
    t, what = roofline.least(work.Work("entry", 4, 4, mix), device)
    assert what == "memory"
    expect("a copy", t, 8 / 4.8e12, 1e-12)
    mix.pipes[sass.ALU] = 1000
    t, what = roofline.least(work.Work("entry", 4, 4, mix), device)
    assert what == sass.ALU
    expect("a thousand integer operations", t, 1000 / (64 * 132 * 67e12 / (2 * 132 * 128)), 1e-12)
    # Multiply-adds of integers go to half of the FMA pipe's lanes on 9.0, and to all of its 64 on 8.0.
    for device, clocks in ((DEVICES[0], 150 / 64), (DEVICES[2], 150 / 128)):
        mix = sass.Mix()
        mix.pipes[sass.FP32], mix.pipes[sass.IMAD] = 100, 50
        expect("FP32 and integers", roofline.bounds(work.Work("entry", 0, 0, mix), device)[FMA],
               clocks / (device.multiprocessors * device.clock), 1e-12)
    # The ridge: below 67e12/4.8e12 FLOPs for a byte of W a product is bound by memory: N < 2 s 67/4.8 / 4 = 28.
    n = 65536
    for samples in (1, 8, 64):
        expect("W φ of %d samples" % samples, roofline.gemm(n, samples, n, "FP32", device),
               max(2 * n * n * samples / 67e12, 4 * (n * n + 3 * n * samples) / 4.8e12), 1e-12)
    assert roofline.gemm(n, 27, n, "FP32", device) * 67e12 > 2.0 * n * n * 27 * 1.001
    assert roofline.gemm(n, 29, n, "FP32", device) * 67e12 < 2.0 * n * n * 29 * 1.001


def branches():
    """A loop of four instructions, encoded by hand: FFMA, LDG of 16 bytes, a branch back to it, EXIT."""
    for architecture in (80, 90):
        word = lambda operation, at=sass.ALWAYS, more=0: operation | at << 12 | more
        back = -48 // 4
        target = ((back >> 8 if architecture >= 90 else back) & (1 << 48) - 1) << 34 | (
            (back & 0xFF) << 16 if architecture >= 90 else 0)
        code = [sass.Instruction(16 * i, w, architecture) for i, w in enumerate((
            word(0x223), word(0x181, more=6 << 73), word(0x947, 0, target | sass.ALWAYS << 87), word(0x94D)))]
        expect("the branch's target", code[2].target, 0)
        graph = sass.Graph(code)
        (head, body), = graph.loops().items()
        expect("the loop's head", head, 0)
        mix = work._mix(graph, body)
        expect("its instructions", mix.total(), 3)
        expect("its bytes", mix.loaded, 16)
        expect("its accesses of 4 bytes", mix.words, 4)
        expect("its FLOPs", sum(mix.flops.values()), 2)


def counts():
    """The emulator's bytes against the formulas of cuda-kernels/README.md."""
    for name, s in (("f32", 4), ("f64", 8)):
        for case, bytes_of_entry in (
                ("activate_softplus_%s", 3 * s), ("stage_softplus_%s t=1", 4 * s), ("step_softplus_%s t=4", 8 * s),
                ("adjoint_stage_%s t=0", 5 * s), ("adjoint_step_%s t=3", 8 * s), ("contract_%s B=4", 8 * s + 16),
                ("gaussian_%s", s), ("adam_%s", 7 * s)):
            c = work.COUNTS[case % name]
            expect(case % name, (c["read"] + c["written"]) / c["entries"], bytes_of_entry)


def launches():
    """A graph saves most where a step is short, and nothing is lost by it."""
    short, long = [("pass", 1e-6, 8)], [("pass", 1e-3, 8)]
    assert steps.from_stream(short) == 8 * steps.HOST_LAUNCH
    assert math.isclose(steps.from_stream(long) - steps.from_graph(long),
                        8 * (steps.BETWEEN_LAUNCHES - steps.BETWEEN_NODES), rel_tol=1e-9)


def grams():
    """Launches: steps 4Q, products of slots 3(Q - 1) + 5Q, others 14; FLOPs: 2 n (NQ)^2, and 2 n NQ for diagonals."""
    passes = {case: work.Work("entry", 0, 0, sass.Mix())
              for case in ("activate", "adjoint_step t=0", "stage t=1", "step t=4", "adjoint_stage t=0", "adjoint_step t=3")}
    model = steps.Model(DEVICES[2], "FP32", passes)
    expect("launches of a Gram", steps.launches(model.gram(33, 3, 4, 1)), 12 * 4 + 11)
    expect("launches of a Gram by RK4", steps.launches(model.gram(33, 3, 3, 4)), 12 * 12 + 11)
    n, samples, q = 16384, 1000, 10
    products = sum(s for what, s, _ in model.gram(n, samples, q, 1) if what == "Gram's products")
    expect("products of a Gram", products, (2.0 * n * (samples * q) ** 2 + 2 * n * samples * q) / 67e12, 1e-12)


def run():
    for check in (occupancies, peaks, rooflines, branches, counts, launches, grams):
        check()
    print("selftest: occupancy, peaks, rooflines, branches, bytes, launches and Grams are as they have to be")
