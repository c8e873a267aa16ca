"""Sixteen words in memory in, the processor's own instructions for their SHA-1 out: LLVM assembly, for kernels.

Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: SHA1RNDS4, SHA1NEXTE, SHA1MSG1, SHA1MSG2. Used
where the processor that kwel is compiled on has them; ``sha1`` says what is computed, and computes the same without
them. The instructions want the first of four words in the highest lane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir

from kwel.export.sha1 import STATE
from kwel.kernel.build.intrinsics import call, leave_wide_registers

if TYPE_CHECKING:
    from kwel.kernel.build.intrinsics import Cells

LANES, GROUPS = 4, 20
WORD, LONG, BYTE = ir.IntType(32), ir.IntType(64), ir.IntType(8)
VECTOR = ir.VectorType(WORD, LANES)
MESSAGE = 4
"""Groups of four words that the block holds; the others follow from them."""
ROUNDS_OF_A_CONSTANT = 5


def _place(builder: Any, words: Any, group: int) -> Any:
    at = builder.gep(words, [ir.Constant(LONG, LANES * group)])
    return builder.bitcast(at, VECTOR.as_pointer())


def _turned(builder: Any, vector: Any) -> Any:
    return builder.shuffle_vector(vector, vector, ir.Constant(VECTOR, [3, 2, 1, 0]))


def _lanes(*words: int) -> Any:
    return ir.Constant(VECTOR, list(words))


def sha1_block(builder: Any, block: Cells) -> None:
    """Write the digest of the block in words 0 to 15 into words 0 to 4."""
    words = block.at(ir.Constant(LONG, 0), LANES * MESSAGE)
    leave_wide_registers(builder)
    message = [_turned(builder, builder.load(_place(builder, words, group), align=4)) for group in range(MESSAGE)]
    first, last = _lanes(*STATE[3::-1]), _lanes(0, 0, 0, STATE[4])
    state, before = first, last
    for group in range(GROUPS):
        if group >= MESSAGE:
            oldest, older, old, newest = message
            mixed = builder.xor(call(builder, "llvm.x86.sha1msg1", VECTOR, oldest, older), old)
            message = [older, old, newest, call(builder, "llvm.x86.sha1msg2", VECTOR, mixed, newest)]
        added = message[min(group, MESSAGE - 1)]
        added = call(builder, "llvm.x86.sha1nexte", VECTOR, before, added) if group else builder.add(last, added)
        turn = ir.Constant(BYTE, group // ROUNDS_OF_A_CONSTANT)
        state, before = call(builder, "llvm.x86.sha1rnds4", VECTOR, state, added, turn), state
    last = call(builder, "llvm.x86.sha1nexte", VECTOR, before, last)
    builder.store(_turned(builder, builder.add(state, first)), _place(builder, words, 0), align=4)
    fifth = builder.gep(words, [ir.Constant(LONG, LANES)])
    builder.store(builder.extract_element(last, ir.Constant(WORD, LANES - 1)), fifth)
