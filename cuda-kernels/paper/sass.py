"""Machine code of Volta and later, as far as counting needs it: opcodes, branch targets, widths of accesses.

Every instruction has 128 bits; bits 0 to 8 are the operation, 12 to 15 the predicate, 73 to 75 the width of an access.
The encodings are those that Mesa's compiler NAK emits (sm70_encode.rs). An operation that is not in the table is an
error, never a guess.
"""
import struct
from collections import Counter

# Where an instruction is executed. XU: transcendental functions and conversions. UNIFORM: once for a warp.
# The classes and their rates: throughput of native arithmetic instructions, CUDA C++ Programming Guide.
FP32, FP16, FP64, IMAD, ALU, XU, MEMORY, UNIFORM, CONTROL = (
    "FP32", "FP16", "FP64", "IMAD", "ALU", "XU", "LSU", "uniform", "control")

OPERATIONS = {
    0x020: ("FMUL", FP32), 0x021: ("FADD", FP32), 0x023: ("FFMA", FP32), 0x031: ("HFMA2", FP16),
    0x035: ("HFMA2.MMA", FP16),
    0x028: ("DMUL", FP64), 0x029: ("DADD", FP64), 0x02a: ("DSETP", FP64), 0x02b: ("DFMA", FP64),
    0x024: ("IMAD", IMAD), 0x025: ("IMAD.WIDE", IMAD), 0x027: ("IMAD.HI", IMAD),
    0x002: ("MOV", ALU), 0x003: ("P2R", ALU), 0x004: ("R2P", ALU), 0x005: ("CS2R", ALU), 0x007: ("SEL", ALU),
    0x008: ("FSEL", ALU), 0x009: ("FMNMX", ALU), 0x00b: ("FSETP", ALU), 0x00c: ("ISETP", ALU),
    0x010: ("IADD3", ALU), 0x011: ("LEA", ALU), 0x012: ("LOP3", ALU), 0x013: ("IABS", ALU), 0x016: ("PRMT", ALU),
    0x017: ("IMNMX", ALU), 0x019: ("SHF", ALU), 0x01c: ("PLOP3", ALU), 0x036: ("VIADD", ALU),
    0x045: ("I2FP", ALU), 0x046: ("VIADDMNMX", ALU), 0x048: ("VIMNMX", ALU),
    0x100: ("FLO", XU), 0x102: ("FCHK", XU), 0x105: ("F2I", XU), 0x106: ("I2F", XU), 0x107: ("FRND", XU),
    0x108: ("MUFU", XU), 0x110: ("F2F.64", XU), 0x111: ("F2I.64", XU), 0x112: ("I2F.64", XU),
    0x181: ("LDG", MEMORY), 0x182: ("LDC", MEMORY), 0x183: ("LDL", MEMORY), 0x184: ("LDS", MEMORY),
    0x186: ("STG", MEMORY), 0x187: ("STL", MEMORY), 0x188: ("STS", MEMORY), 0x189: ("SHFL", MEMORY),
    0x18e: ("RED", MEMORY),
    0x082: ("UMOV", UNIFORM), 0x087: ("USEL", UNIFORM), 0x08c: ("UISETP", UNIFORM), 0x090: ("UIADD3", UNIFORM),
    0x091: ("ULEA", UNIFORM), 0x092: ("ULOP3", UNIFORM), 0x099: ("USHF", UNIFORM), 0x09c: ("UPLOP3", UNIFORM),
    0x0a4: ("UIMAD", UNIFORM), 0x0a5: ("UIMAD.WIDE", UNIFORM), 0x0b9: ("ULDC", UNIFORM), 0x0ca: ("R2UR", UNIFORM),
    0x1ac: ("LDCU", UNIFORM), 0x1c3: ("S2UR", UNIFORM),
    0x118: ("NOP", CONTROL), 0x119: ("S2R", CONTROL), 0x11b: ("ENDCOLLECTIVE", CONTROL), 0x11d: ("BAR", CONTROL),
    0x141: ("BSYNC", CONTROL), 0x142: ("BREAK", CONTROL), 0x144: ("CALL", CONTROL), 0x145: ("BSSY", CONTROL),
    0x147: ("BRA", CONTROL), 0x148: ("WARPSYNC", CONTROL), 0x14d: ("EXIT", CONTROL), 0x150: ("RET", CONTROL),
}
FLOPS = {"FMUL": 1, "FADD": 1, "FFMA": 2, "DMUL": 1, "DADD": 1, "DFMA": 2}
ACCESS_BYTES = (1, 1, 2, 2, 4, 8, 16)
ALWAYS = 7


class Instruction:
    """One instruction: its operation, class, whether it is predicated, the target of a branch, the bytes of an access."""

    def __init__(self, at, word, architecture):
        if word & 0x1FF not in OPERATIONS:
            raise ValueError("unknown operation %03x at %05x: sass.py does not know it" % (word & 0x1FF, at))
        self.at = at
        self.name, self.pipe = OPERATIONS[word & 0x1FF]
        self.predicated = word >> 12 & 15 != ALWAYS or self.name == "BRA" and has_condition(word)
        self.target = at + 16 + offset(word, architecture) if self.name in ("BRA", "CALL") else None
        access = self.pipe == MEMORY and self.name != "SHFL"
        self.bytes = ACCESS_BYTES[word >> 73 & 7] if access else 0


def has_condition(word):
    """A branch's own condition, beside its predicate: one in bits 87 to 90, or, in this form, a uniform one."""
    return word & 0xFFF == 0x547 or word >> 87 & 15 != ALWAYS


def offset(word, architecture):
    """Bytes from the next instruction to a branch's target; from 9.0 on its lowest bits are in the first half."""
    value = word >> 34 & (1 << 48) - 1
    value -= value >> 47 << 48
    return 4 * (value << 8 | word >> 16 & 0xFF) if architecture >= 90 else 4 * value


def kernels(cubin, architecture):
    """{kernel: its instructions} of an ELF image."""
    start, = struct.unpack_from("<Q", cubin, 0x28)
    count, names = struct.unpack_from("<HH", cubin, 0x3C)
    headers = [struct.unpack_from("<IIQQQQIIQQ", cubin, start + 64 * i) for i in range(count)]
    found = {}
    for header in headers:
        at = headers[names][4] + header[0]
        name = cubin[at:cubin.index(b"\0", at)].decode()
        if name.startswith(".text."):
            code = cubin[header[4]:header[4] + header[5]]
            found[name[6:]] = name_jumps([
                Instruction(i, int.from_bytes(code[i:i + 16], "little"), architecture)
                for i in range(0, len(code), 16)])
    return found


def name_jumps(code):
    """The assembler writes far jumps as calls; what is called is a subroutine only if it comes to a return."""
    graph = Graph(code)
    for i in code:
        if i.name == "CALL" and not any(graph.blocks[b][-1].name == "RET" for b in graph.reachable(i.target)):
            i.name = "JUMP"
    return code


class Graph:
    """Basic blocks of a kernel by their first address; subroutines behind calls are not followed."""

    def __init__(self, code):
        end = code[-1].at + 16
        leaving = ("BRA", "JUMP", "EXIT", "RET")
        starts = {0} | {i.target for i in code if i.target is not None}
        starts |= {i.at + 16 for i in code if i.name in (*leaving, "CALL") and i.at + 16 < end}
        self.blocks, self.next = {}, {}
        for i in code:
            if i.target is not None and not (0 <= i.target < end and i.target % 16 == 0):
                raise ValueError("the branch at %05x leaves its kernel: sass.py misreads it" % i.at)
            if i.at in starts:
                first = i.at
                self.blocks[first] = []
            self.blocks[first].append(i)
        for first, block in self.blocks.items():
            last = block[-1]
            following = [last.target] if last.name in ("BRA", "JUMP") else []
            if last.predicated or last.name not in leaving:
                following += [last.at + 16] if last.at + 16 < end else []
            self.next[first] = following

    def reachable(self, start=0):
        seen, todo = set(), [start]
        while todo:
            b = todo.pop()
            if b not in seen:
                seen.add(b)
                todo += self.next[b]
        return seen

    def loops(self):
        """Natural loops, {head: blocks}: of each edge back to a block that dominates it."""
        order = sorted(self.reachable())
        before = {b: [a for a in order if b in self.next[a]] for b in order}
        dominators = {b: set(order) for b in order}
        dominators[0] = {0}
        changed = True
        while changed:
            changed = False
            for b in order[1:]:
                new = {b} | set.intersection(*(dominators[a] for a in before[b]))
                changed |= new != dominators[b]
                dominators[b] = new
        found = {}
        for a in order:
            for head in self.next[a]:
                if head in dominators[a]:
                    body, todo = {head}, [a]
                    while todo:
                        b = todo.pop()
                        if b not in body:
                            body.add(b)
                            todo += before[b]
                    found.setdefault(head, set()).update(body)
        return found

    def paths(self, head, body, leave_out):
        """Blocks of a loop that lie on some way from its head round to it, past none that is left out."""
        allowed = {b for b in body if not leave_out(self.blocks[b])}
        forward, todo = set(), [head]
        while todo:
            b = todo.pop()
            if b in allowed and b not in forward:
                forward.add(b)
                todo += [c for c in self.next[b] if c != head]
        backward = set()
        todo = [b for b in forward if head in self.next[b]]
        while todo:
            b = todo.pop()
            if b not in backward:
                backward.add(b)
                todo += [a for a in forward if b in self.next[a] and b != head]
        return sorted(forward & backward)


class Mix:
    """How many instructions of each kind, weighted."""

    def __init__(self):
        self.pipes, self.names, self.loaded, self.stored, self.flops = Counter(), Counter(), 0, 0, Counter()
        self.words = 0  # Accesses as the load/store units see them: a lane's 16 bytes of global memory are four.

    def add(self, instruction, weight=1):
        i = instruction
        self.pipes[i.pipe] += weight
        self.names[i.name] += weight
        self.words += weight * (i.pipe == MEMORY) * (max(1, i.bytes / 4) if i.name in ("LDG", "STG") else 1)
        self.loaded += weight * i.bytes * (i.name == "LDG")
        self.stored += weight * i.bytes * (i.name == "STG")
        self.flops[i.pipe] += weight * FLOPS.get(i.name, 0)
        return self

    def total(self):
        return sum(self.pipes.values())

    def scaled(self, factor):
        mix = Mix()
        for mine, theirs in ((self.pipes, mix.pipes), (self.names, mix.names), (self.flops, mix.flops)):
            for key, n in mine.items():
                theirs[key] = n * factor
        mix.loaded, mix.stored, mix.words = self.loaded * factor, self.stored * factor, self.words * factor
        return mix
