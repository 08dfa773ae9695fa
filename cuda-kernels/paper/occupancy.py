"""How many warps of a kernel are resident on a multiprocessor, and what limits them."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Occupancy:
    blocks: int
    warps: int
    most: int
    limit: str

    def __str__(self):
        return "%d/%d %s" % (self.warps, self.most, self.limit)


def up(value, unit):
    return -(-value // unit) * unit


def occupancy(architecture, registers, threads, shared):
    """Of blocks of so many threads with so many registers each and bytes of shared memory in all.

    Registers are given to warps in units; each of the four schedulers has a quarter of them.
    """
    a = architecture
    warps = up(threads, 32) // 32
    per_warp = up(32 * registers, a.registers_per_warp_unit)
    resident = a.registers // a.warp_unit // per_warp * a.warp_unit
    limits = {
        "warps": a.warps // warps,
        "blocks": a.blocks,
        "registers": resident // warps,
        "shared memory": a.shared // up(shared + a.shared_reserved, a.shared_unit),
    }
    blocks = min(limits.values())
    limit = next(name for name, n in limits.items() if n == blocks)
    return Occupancy(blocks, blocks * warps, a.warps, limit)
