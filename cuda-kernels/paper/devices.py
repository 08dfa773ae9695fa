"""What NVIDIA publishes of its architectures and devices. Nothing here was measured by this project."""
from dataclasses import dataclass

from sass import ALU, FP16, FP32, FP64, IMAD, MEMORY, XU

FMA = "FMA"  # The pipe that multiply-adds of FP32 and of integers share.


@dataclass(frozen=True)
class Architecture:
    """Of a multiprocessor: limits of residency, and results per clock of each class of instructions.

    Limits: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability". Granularities: the
    guide's and Nsight Compute's occupancy calculator. Rates: the guide's "Throughput of Native Arithmetic
    Instructions"; MEMORY: 32 accesses of 4 bytes a clock, as its 32 load/store units of the white papers.
    What shares the FMA pipe: NVIDIA's forum, "Separate CUDA core pipeline for FP16 and FP32"; 10.0 is taken as 9.0.
    HFMA2, which the compiler makes constants with, has a pipe of its own on 8.0, as fast as they can be issued.
    """
    capability: int
    registers: int
    warps: int
    blocks: int
    shared: int
    rates: dict
    fma: tuple
    registers_per_warp_unit: int = 256
    warp_unit: int = 4
    shared_unit: int = 128
    shared_reserved: int = 1024
    issued: int = 4 * 32


def _rates(fma, fp64):
    return {FMA: fma, FP64: fp64, IMAD: 64, ALU: 64, XU: 16, MEMORY: 32}


ARCHITECTURES = {
    80: Architecture(80, 65536, 64, 32, 164 << 10, _rates(64, 32), (FP32, IMAD)),
    90: Architecture(90, 65536, 64, 32, 228 << 10, _rates(128, 64), (FP32, FP16, IMAD)),
    100: Architecture(100, 65536, 64, 32, 228 << 10, _rates(128, 64), (FP32, FP16, IMAD)),
}


@dataclass(frozen=True)
class Device:
    """Peaks in FLOP/s and bytes/s, dense; products in FP64 and TF32 are by tensor cores.

    Memory and L2 in bytes. What data sheets call GB of memory is GiB: an H200 of 141 shows 139.8 GiB.
    """
    name: str
    capability: int
    multiprocessors: int
    bandwidth: float
    memory: float
    l2: float
    fp32: float
    fp64: float
    fp64_products: float
    tf32_products: float
    source: str

    @property
    def architecture(self):
        return ARCHITECTURES[self.capability]

    @property
    def clock(self):
        """That at which the published FP32 peak is reached: two FLOPs of every lane."""
        return self.fp32 / (2 * self.multiprocessors * self.architecture.rates[FMA])

    def products(self, precision):
        return {"FP32": self.fp32, "FP64": self.fp64_products, "TF32": self.tf32_products}[precision]

    def rate(self, pipe):
        """Results a second of one class of instructions."""
        return self.architecture.rates[pipe] * self.multiprocessors * self.clock

    @property
    def issue_rate(self):
        """Instructions of threads a second: each of four schedulers issues one of a warp every clock."""
        return self.architecture.issued * self.multiprocessors * self.clock


MIB, GIB = 1 << 20, 1 << 30
DEVICES = (
    Device("A100 80 GB SXM", 80, 108, 2.039e12, 80 * GIB, 40 * MIB, 19.5e12, 9.7e12, 19.5e12, 156e12,
           "NVIDIA A100 Tensor Core GPU data sheet (2021); white paper: 108 multiprocessors, L2 40 MB"),
    Device("H100 SXM", 90, 132, 3.35e12, 80 * GIB, 50 * MIB, 67e12, 34e12, 67e12, 494.5e12,
           "NVIDIA H100 Tensor Core GPU data sheet (TF32 989 with sparsity); white paper: 132, L2 50 MB"),
    Device("H200 SXM", 90, 132, 4.8e12, 141 * GIB, 50 * MIB, 67e12, 34e12, 67e12, 494.5e12,
           "NVIDIA H200 Tensor Core GPU data sheet (TF32 989 with sparsity); as H100 otherwise"),
    Device("B200", 100, 148, 7.7e12, 180 * GIB, 126 * MIB, 75e12, 37e12, 37e12, 1100e12,
           "NVIDIA Blackwell data sheet (2025), column HGX B200, of one GPU (TF32 2200 with sparsity); its 148 "
           "multiprocessors and L2 of 126 MB are not in it, but what devices report"),
)
DEVICE = {d.name: d for d in DEVICES}
