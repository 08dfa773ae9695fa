"""The tables of docs/gpu-predictions.md, as text."""
import dataclasses

import roofline
import sass
import steps
import work
from devices import ARCHITECTURES, DEVICE, DEVICES, GIB
from occupancy import occupancy

WIDTHS = (4096, 16384, 65536)
SAMPLES = 64
PASS = 16384 * SAMPLES


def rows(head, lines):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
                     + ["| " + " | ".join(line) + " |" for line in lines])


def span(values, form="%d"):
    low, high = form % min(values), form % max(values)
    return low if low == high else "%s … %s" % (low, high)


def seconds(t):
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)):
        if t * factor >= 1:
            return "%.3g %s" % (t * factor, unit)
    return "%.3g ps" % (t * 1e12)


def occupied(kernel, architecture):
    threads, dynamic = work.launch(kernel.name)
    return occupancy(ARCHITECTURES[architecture], kernel.registers, threads, kernel.shared + dynamic)


def groups(images):
    """Kernels of one operation and precision together: {label: names}."""
    found = {}
    for name in sorted(images[90]):
        label = work.family(name) + name[-4:]
        found.setdefault(label, []).append(name)
    return found


def resources(images):
    lines = []
    for label, names in groups(images).items():
        line = ["`%s`%s" % (label, "" if len(names) == 1 else " (%d)" % len(names))]
        first = images[90][names[0]]
        threads, dynamic = work.launch(first.name)
        line.append("%d" % threads)
        line.append("%d + %d" % (first.shared, dynamic))
        line.append(span([images[a][n].stack for a in images for n in names]))
        for a in images:
            kernels = [images[a][n] for n in names]
            least = min((occupied(k, a) for k in kernels), key=lambda o: o.warps)
            most = max((occupied(k, a) for k in kernels), key=lambda o: o.warps)
            warps = span([least.warps, most.warps])
            line.append("%s: %s of %d, %s" % (span([k.registers for k in kernels]), warps, least.most, least.limit))
        lines.append(line)
    spills = sum(k.spills for a in images for k in images[a].values())
    count = sum(len(images[a]) for a in images)
    return rows(
        ["kernel (so many)", "threads", "shared, static + dynamic", "stack",
         "8.0: registers: warps, limit", "9.0", "10.0"], lines) + (
             "\n\nBytes of spills, of all %d kernels of three architectures: %d." % (count, spills))


def every_kernel(images):
    lines = []
    for name in sorted(images[90]):
        for a in images:
            k = images[a][name]
            lines.append([name, "sm_%d" % a, "%d" % k.registers, "%d" % k.shared, "%d" % k.stack, "%d" % k.spills,
                          str(occupied(k, a))])
    return rows(["kernel", "code", "registers", "static shared", "stack", "spills", "warps"], lines)


# What stands for an operation in the tables: a kernel, and its case where it was counted in several.
SHOWN = (
    ("activate_relu", None), ("activate_softplus", None), ("activate_gelu", None), ("activate_tanh", None),
    ("activate_erf", None), ("activate_silu", None), ("activate_sine", None),
    ("stage_softplus", "t=1"), ("step_softplus", "t=4"), ("adjoint_stage", "t=0"), ("adjoint_step", "t=3"),
    ("contract", "B=4"), ("dot", None), ("add_scaled", None), ("adam", None),
    ("gaussian", None), ("dot_product_kernel", "K=40"), ("ensemble_softplus", "d=4 n=16 S=3"),
)

UNITS = (sass.FP32, sass.FP16, sass.FP64, sass.IMAD, sass.ALU, sass.XU, sass.MEMORY, sass.UNIFORM)


def shown(images, architecture):
    for name, case in SHOWN:
        for suffix in ("_f32", "_f64"):
            kernel = name + suffix + (suffix if name == "add_scaled" else "")
            full = kernel if case is None else kernel + " " + case
            yield kernel, case, work.work(images[architecture][kernel], full)


def cost(images):
    lines = []
    for kernel, case, w in shown(images, 90):
        m = w.mix
        lines.append(
            ["`%s`%s" % (kernel, "" if case is None or kernel.startswith(("dot", "ens")) else ", " + case), w.unit,
             "%.3g + %.3g" % (w.read, w.written), "%.3g" % sum(m.flops.values())]
            + ["%.3g" % m.total()] + ["%.3g" % m.pipes[p] for p in UNITS])
    return rows(["kernel", "unit", "bytes read + written", "FLOPs", "instructions", *UNITS],
                lines)


def times(images):
    lines = []
    for at, (kernel, case, w) in enumerate(shown(images, 90)):
        line = ["`%s`%s" % (kernel, "" if case is None or kernel.startswith(("dot", "ens")) else ", " + case)]
        for device in DEVICES:
            own = list(shown(images, device.capability))[at][2]
            t, what = roofline.least(own, device)
            line.append("%.3g ps, %s; %s" % (t * 1e12, what, seconds(t * PASS)))
        lines.append(line)
    return rows(["kernel"] + [d.name for d in DEVICES], lines)


def models(images):
    for device in DEVICES:
        kernels = images[device.capability]
        for precision in ("FP32", "TF32", "FP64"):
            suffix = "_f64" if precision == "FP64" else "_f32"
            passes = {}
            for of, cases in (("activate_softplus", [None]), ("stage_softplus", ["t=1"]), ("step_softplus", ["t=4"]),
                              ("adjoint_stage", ["t=0"]), ("adjoint_step", ["t=0", "t=3"])):
                for case in cases:
                    name = of + suffix
                    label = of.replace("_softplus", "")
                    key = label if case is None else label + " " + case
                    passes[key] = work.work(kernels[name], name if case is None else name + " " + case)
            yield steps.Model(device, precision, passes)


def step_times(images):
    lines = []
    for m in models(images):
        for n in WIDTHS:
            line = ["%s, %s" % (m.device.name, m.precision), "{:,}".format(n)]
            for stages in (1, 4):
                parts = m.forward(n, SAMPLES, stages)
                share = sum(s for what, s, _ in parts if what == "product") / steps.busy(parts)
                line.append("%s (%.0f %%)" % (seconds(steps.busy(parts)), 100 * share))
                line.append(seconds(steps.busy(m.adjoint(n, SAMPLES, stages))))
            gradient = m.gradient(n, SAMPLES, 10, 1)
            line.append(seconds(steps.from_stream(gradient)))
            gram = m.gram(n, 1000, 10, 1)
            line.append(seconds(steps.from_stream(gram)))
            w = n * n * m.bytes
            line.append("%.4g GiB, %.0f %%" % (w / GIB, 100 * w / m.device.memory))
            lines.append(line)
    return rows(["device, precision", "n", "Euler step (of which product)", "its adjoint", "RK4 step (product)",
                 "its adjoint", "gradient, N = 64", "Gram, N = 1000", "W"], lines)


def launch_times(images):
    lines = []
    for m in models(images):
        if m.precision == "TF32":
            continue
        line = ["%s, %s" % (m.device.name, m.precision)]
        for samples in (1, 64, 1000):
            line.append("%d; %d" % (steps.launches_dominate_below(m, samples, 1),
                                    steps.launches_dominate_below(m, samples, 4)))
        for n in (256, 1024, 4096):
            parts = m.forward(n, SAMPLES, 4)
            line.append("%s, %s" % (seconds(steps.from_stream(parts)), seconds(steps.from_graph(parts))))
        lines.append(line)
    return rows(["device, precision", "N = 1: Euler; RK4", "N = 64", "N = 1000", "RK4 step, N = 64, n = 256: stream, graph",
                 "n = 1024", "n = 4096"], lines)


# docs/gpu.md, "On an H200": what selftest measured there once, and docs/ntk.md.
TB = 1e12

# Where a range was measured over several kernels, theirs is set beside it. contract_f32's 4.68 TB/s are left out: its
# operands of 42 MB were in the L2.
ACTIVATIONS = ("softplus", "relu", "gelu", "quadratic", "tanh", "erf", "silu", "sine", "identity")
MEASURED_PASSES = (
    # what, kernels, case, TB/s from … to
    ("activations, FP32", ["activate_%s_f32" % phi for phi in ACTIVATIONS], None, 3.3, 3.6),
    ("activations, FP64", ["activate_%s_f64" % phi for phi in ACTIVATIONS], None, 2.5, 3.7),
    ("`adjoint_stage_f32`, t=1", ["adjoint_stage_f32"], "t=1", 3.9, 4.0),
    ("`adjoint_stage_f64`, t=1", ["adjoint_stage_f64"], "t=1", 3.9, 4.2),
    ("`contract_f64`, B=4", ["contract_f64"], "B=4", 3.65, 3.65),
)


def compared(images):
    h200 = DEVICE["H200 SXM"]
    lines = []

    def line(what, works, fast, slow):
        """A ratio for one kernel alone: of several it was not noted which time was whose."""
        leasts = sorted(roofline.least(w, h200) for w in works)
        bounds = roofline.bounds(works[0] if len(works) == 1 else max(works, key=lambda w: w.mix.total()), h200)
        second = sorted(bounds, key=bounds.get)[-2]
        lines.append([what, " … ".join("%s, %s" % (seconds(t), by) for t, by in dict.fromkeys((leasts[0], leasts[-1]))),
                      "%s, %s" % (seconds(bounds[second]), second),
                      seconds(fast) if fast == slow else "%s … %s" % (seconds(fast), seconds(slow)),
                      span([leasts[0][0] / fast, leasts[0][0] / slow], "%.2f") if len(works) == 1 else "–"])

    for what, kernels, case, low, high in MEASURED_PASSES:
        works = [work.work(images[90][k], k if case is None else k + " " + case) for k in kernels]
        line(what, works, works[0].bytes / (high * TB), works[0].bytes / (low * TB))
    for kernel in ("gaussian_f32", "gaussian_f64"):
        line("`%s`" % kernel, [work.work(images[90][kernel])], 1 / 198e9, 1 / 198e9)
    table = rows(["kernel, of a unit", "least time and what bounds it", "next bound (of the longest)", "measured",
                  "least : measured"], lines)
    return table + "\n\n" + ensembles(images, h200)


def ensembles(images, device):
    """1024 networks of width 128, d = 64, RK4 with 10 steps, one sample: as selftest has it."""
    lines = []
    d, n, networks, evaluations = 64, 128, 1024, 40
    for suffix, teraflops in (("_f32", 2.0), ("_f64", 0.9)):
        s = work.scalar_bytes(suffix)
        name = "ensemble_softplus" + suffix
        kernel = images[device.capability][name]
        resident = min(networks, occupied(kernel, device.capability).blocks * device.multiprocessors)
        scratch = n * (d + n + 1) * s
        numbers = networks * n * (d + n + 1)
        made = numbers * roofline.least(work.work(images[90]["gaussian" + suffix]), device)[0]
        products = networks * n * (d + evaluations * n + 1)
        w = work.work(kernel)
        cached = {k: v for k, v in roofline.bounds(w, device).items() if k != "memory"}
        inside = max(cached, key=cached.get)
        from_memory = products * s / device.bandwidth
        from_cache = products * cached[inside]
        measured = 2 * products / (teraflops * TB)
        lines.append([
            "`%s`" % name, "%d × %.0f kB = %.0f MB" % (resident, scratch * 1e-3, resident * scratch * 1e-6),
            "%s + %s = %s" % (seconds(made), seconds(from_memory), seconds(made + from_memory)),
            "%s + %s (%s) = %s" % (seconds(made), seconds(from_cache), inside, seconds(made + from_cache)),
            seconds(measured), "%.2f" % ((made + from_memory) / measured)])
    return rows(["1024 networks of width 128", "resident W, U, V (L2: %.0f MB)" % (device.l2 * 1e-6),
                 "numbers + W from memory each time", "numbers + W from L1", "measured", "from memory : measured"], lines)


def compared_jobs(images):
    lines = []
    h200 = [m for m in models(images) if m.device.name == "H200 SXM"]
    fp32 = next(m for m in h200 if m.precision == "FP32")
    for n, samples, depth, measured in ((2048, 64, 20, 7.4e-3), (2048, 256, 10, 8.9e-3), (16384, 1000, 10, 0.41)):
        parts = fp32.gram(n, samples, depth, 1)
        tiled = dataclasses.replace(fp32, in_tiles=True).gram(n, samples, depth, 1)
        lines.append(["Gram, n = {:,}, N = {:,}, Euler with {}, FP32".format(n, samples, depth),
                      seconds(steps.busy(parts)), "%d, %s" % (steps.launches(parts), seconds(steps.from_stream(parts))),
                      seconds(steps.from_stream(tiled)), seconds(measured), "%.2f" % (steps.from_stream(parts) / measured)])
    for m, k, rates in ((4096, 4096, (51.1, 60.0, 397)), (4096, 128, (44.8, 48.3, 138))):
        for model, rate in zip(sorted(h200, key=lambda x: ("FP32", "FP64", "TF32").index(x.precision)), rates):
            t = model.multiply(m, k, m, accumulates=True)
            tiled = dataclasses.replace(model, in_tiles=True).multiply(m, k, m, accumulates=True)
            measured = 2.0 * m * m * k / (rate * TB)
            lines.append(["product 4096×4096×%d, %s" % (k, model.precision), seconds(t), "1, –", seconds(tiled), seconds(measured),
                          "%.2f" % (t / measured)])
    return rows(["job", "device busy at least", "launches, with them", "with products in tiles", "measured", "predicted : measured"], lines)


def ridge(device, precision):
    """Samples from which on W φ is bound by arithmetic and not by reading W: 2 n² N / peak = n² s / bandwidth."""
    return device.products(precision) * (8 if precision == "FP64" else 4) / (2 * device.bandwidth)


def peaks():
    return rows(
        ["device", "memory", "FP32, FP64", "FP64, TF32 products", "clock from it",
         "samples from which W φ is arithmetic: FP32, FP64, TF32", "source"],
        [[d.name, "%.3g TB/s, %.0f GiB" % (d.bandwidth * 1e-12, d.memory / GIB),
          "%.3g, %.3g TFLOP/s" % (d.fp32 * 1e-12, d.fp64 * 1e-12),
          "%.3g, %.4g" % (d.fp64_products * 1e-12, d.tf32_products * 1e-12),
          "%.2f GHz" % (d.clock * 1e-9), ", ".join("%.0f" % ridge(d, p) for p in ("FP32", "FP64", "TF32")),
          d.source] for d in DEVICES])


def everything(images):
    return {"peaks": peaks(), "resources": resources(images), "cost of an entry": cost(images),
            "least times": times(images), "kernels compared": compared(images), "steps": step_times(images),
            "launches": launch_times(images), "jobs compared": compared_jobs(images)}
