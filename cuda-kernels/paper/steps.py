"""The time of whole steps, gradients and Grams, from products at their roofline and fused passes at theirs."""
from dataclasses import dataclass

import roofline

# NVIDIA, "Getting Started with CUDA Graphs" (technical blog, 2019): kernels of 2.9 us took 3.8 us each from a
# stream and 3.4 us each in a graph, so that 0.9 and 0.5 us lie between them. What a launch costs the host is an
# assumption, in the range that is usually measured: 2 to 3 us.
BETWEEN_LAUNCHES = 0.9e-6
BETWEEN_NODES = 0.5e-6
HOST_LAUNCH = 2.5e-6

# GramPlan.PANEL_BYTES.
PANEL_BYTES = 64 << 20


@dataclass(frozen=True)
class Model:
    """The passes of one device and precision: {(kernel, case): Work}, with softplus for the activation.

    in_tiles: whether each tile of 64 x 64 entries of a product is taken to be made on one multiprocessor alone.
    """
    device: object
    precision: str
    passes: dict
    in_tiles: bool = False

    @property
    def bytes(self):
        return 8 if self.precision == "FP64" else 4

    def seconds_of(self, case, entries):
        return entries * roofline.least(self.passes[case], self.device)[0]

    def multiply(self, m, n, k, accumulates=False):
        least = roofline.gemm(m, n, k, self.precision, self.device, accumulates)
        return max(least, self._tiled(roofline.tiles(m) * roofline.tiles(n), k, self.precision))

    def syrk(self, n, k):
        t = roofline.tiles(n)
        least = roofline.syrk(n, k, self.precision, self.device)
        return max(least, self._tiled(t * (t + 1) // 2, k, roofline.whole(self.precision)))

    def _tiled(self, count, k, precision):
        return roofline.tiled(count, k, precision, self.device) if self.in_tiles else 0

    def forward(self, n, samples, stages):
        """A step of Euler or RK4: [(what, seconds, launches)]."""
        e = n * samples
        product = self.multiply(n, samples, n, accumulates=stages == 1)
        if stages == 1:
            return [("product", product, 1), ("pass", self.seconds_of("activate", e), 1)]
        return [("product", 4 * product, 4),
                ("pass", 3 * self.seconds_of("stage t=1", e) + self.seconds_of("step t=4", e), 4)]

    def adjoint(self, n, samples, stages):
        e = n * samples
        product = self.multiply(n, samples, n)
        if stages == 1:
            return [("product", product, 1), ("pass", self.seconds_of("adjoint_step t=0", e), 1)]
        return [("product", 4 * product, 4),
                ("pass", 3 * self.seconds_of("adjoint_stage t=0", e) + self.seconds_of("adjoint_step t=3", e), 4)]

    def gradient(self, n, samples, depth, stages):
        """Forward, adjoint, and the gradient of W as one product over all samples and evaluations."""
        parts = depth * (self.forward(n, samples, stages) + self.adjoint(n, samples, stages))
        q = depth * stages
        return parts + [("gradient of W", self.multiply(n, n, samples * q), 1)]

    def gram(self, n, samples, depth, stages):
        """Forward, adjoint, and what EmpiricalNtk.structured does with their Q slots, of one output.

        Each slot with those after it, a panel of them at a time: two products and a contraction. Then each with
        itself: two symmetric products, which are two launches each, and a contraction. The ends of solves, checks,
        and the terms of U and V are counted as launches, and taken to last no time: 8, 2 for adding halves, 3 and 1.
        """
        parts = depth * (self.forward(n, samples, stages) + self.adjoint(n, samples, stages)) + [("ends", 0, 14)]
        q, square = depth * stages, samples * samples
        panel = min(q, max(1, PANEL_BYTES // (square * self.bytes)))
        for slot in range(q):
            for at in range(slot + 1, q, panel):
                count = min(panel, q - at)
                parts.append(("Gram's products", 2 * self.multiply(samples, samples * count, n), 2))
                parts.append(("contraction", self.contraction(square, count), 1))
        return parts + q * [
            ("Gram's products", 2 * self.syrk(samples, n), 2),
            ("symmetrise", 2 * square * self.bytes / self.device.bandwidth, 2),
            ("contraction", self.contraction(square, 1), 1)]

    def contraction(self, entries, blocks):
        """By memory, which bounds it: both factors once, and the sums in FP64 there and back."""
        return entries * (2 * self.bytes * blocks + 16) / self.device.bandwidth


def busy(parts):
    return sum(seconds for _, seconds, _ in parts)


def launches(parts):
    return sum(count for _, _, count in parts)


def from_stream(parts):
    """The device's time with its gaps, or the host's if it cannot launch as fast."""
    return max(busy(parts) + launches(parts) * BETWEEN_LAUNCHES, launches(parts) * HOST_LAUNCH)


def from_graph(parts):
    return busy(parts) + launches(parts) * BETWEEN_NODES


def launches_dominate_below(model, samples, stages):
    """The least width, a multiple of 64, at which the device is busy for longer than the host launches."""
    n = 64
    while busy(model.forward(n, samples, stages)) < launches(model.forward(n, samples, stages)) * HOST_LAUNCH:
        n += 64
    return n
