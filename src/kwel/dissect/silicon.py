"""Words in memory in, the processor's own instructions for AES and SHA-256 out: LLVM assembly, for kernels.

Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: AESENC, AESENCLAST, SHA256RNDS2, SHA256MSG1,
SHA256MSG2. Used where the processor that kwel is compiled on has them; ``aes`` and ``sha256`` say what is computed,
and compute the same without them. Each function writes for an array of 64-bit words that hold 32 bits each, as
``sha256`` lays them out; nothing checks its bounds here, so offsets must be those of that layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
from llvmlite import ir

from kwel.dissect import sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

LANES = 4
WORD, LONG = ir.IntType(32), ir.IntType(64)
WORDS, LONGS, PAIR = ir.VectorType(WORD, LANES), ir.VectorType(LONG, LANES), ir.VectorType(LONG, 2)
AES_ROUNDS, SHA_GROUPS = 10, 16


def _call(builder: Any, name: str, kind: Any, *args: Any) -> Any:
    """Call an intrinsic function of LLVM whose arguments and result have one type."""
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(kind, [kind] * len(args)), name)
    return builder.call(function, args)


def _place(builder: Any, words: Any, at: Any, more: int) -> Any:
    return builder.gep(words, [builder.add(at, ir.Constant(LONG, more))])


def _load(builder: Any, words: Any, at: Any, more: int = 0) -> Any:
    """Return four words as a vector."""
    wide = builder.load(builder.bitcast(_place(builder, words, at, more), LONGS.as_pointer()), align=8)
    return builder.trunc(wide, WORDS)


def _store(builder: Any, words: Any, at: Any, value: Any) -> None:
    place = builder.bitcast(_place(builder, words, at, 0), LONGS.as_pointer())
    builder.store(builder.zext(value, LONGS), place, align=8)


def _load_singly(builder: Any, words: Any, at: Any, more: int = 0) -> Any:
    """Return four words as a vector, without wide registers: LLVM does not join atomic loads."""
    vector = ir.Constant(WORDS, ir.Undefined)
    for lane in range(LANES):
        word = builder.load_atomic(_place(builder, words, at, more + lane), "monotonic", 8)
        vector = builder.insert_element(vector, builder.trunc(word, WORD), ir.Constant(WORD, lane))
    return vector


def _store_singly(builder: Any, words: Any, at: Any, more: int, value: Any) -> None:
    for lane in range(LANES):
        word = builder.zext(builder.extract_element(value, ir.Constant(WORD, lane)), LONG)
        builder.store_atomic(word, _place(builder, words, at, more + lane), "monotonic", 8)


def _mix(builder: Any, one: Any, two: Any, lanes: Sequence[int]) -> Any:
    return builder.shuffle_vector(one, two, ir.Constant(WORDS, list(lanes)))


def _leave_wide_registers(builder: Any) -> None:
    """Clear the upper halves of registers: with them in use, each of SHA's older instructions waits a hundred cycles.

    Intel 64 and IA-32 Architectures Optimization Reference Manual, "Mixing AVX Code with SSE Code".
    """
    if llvm.get_host_cpu_features().get("avx"):
        name = "llvm.x86.avx.vzeroupper"
        function = builder.module.globals.get(name)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), []), name)
        builder.call(function, [])


def encrypt(builder: Any, words: Any, keys: Any, block: Any, out: Any) -> None:
    """Write one block's encryption under eleven round keys."""

    def bytes_at(at: Any, more: int = 0) -> Any:
        swapped = _call(builder, "llvm.bswap.v4i32", WORDS, _load(builder, words, at, more))
        return builder.bitcast(swapped, PAIR)

    state = builder.xor(bytes_at(block), bytes_at(keys))
    for turn in range(1, AES_ROUNDS + 1):
        name = "llvm.x86.aesni.aesenc" + ("last" if turn == AES_ROUNDS else "")
        state = _call(builder, name, PAIR, state, bytes_at(keys, LANES * turn))
    swapped = _call(builder, "llvm.bswap.v4i32", WORDS, builder.bitcast(state, WORDS))
    _store(builder, words, out, swapped)


def compress(builder: Any, words: Any, state: Any, out: Any) -> None:
    """Write SHA-256's compression of the block into a state."""
    block, constants = ir.Constant(LONG, sha256.BLOCK), sha256.CONSTANTS.tolist()
    _leave_wide_registers(builder)
    low, high = _load_singly(builder, words, state), _load_singly(builder, words, state, LANES)
    abef, cdgh = _mix(builder, low, high, (5, 4, 1, 0)), _mix(builder, low, high, (7, 6, 3, 2))
    message = [_load_singly(builder, words, block, LANES * i) for i in range(4)]
    for group in range(SHA_GROUPS):
        if group >= LANES:
            oldest, older, old, newest = message
            partial = _call(builder, "llvm.x86.sha256msg1", WORDS, oldest, older)
            partial = builder.add(partial, _mix(builder, old, newest, (1, 2, 3, 4)))
            message = [older, old, newest, _call(builder, "llvm.x86.sha256msg2", WORDS, partial, newest)]
        current = message[min(group, LANES - 1)]
        added = builder.add(current, ir.Constant(WORDS, list(constants[LANES * group : LANES * group + LANES])))
        cdgh = _call(builder, "llvm.x86.sha256rnds2", WORDS, cdgh, abef, added)
        abef = _call(builder, "llvm.x86.sha256rnds2", WORDS, abef, cdgh, _mix(builder, added, added, (2, 3, 2, 3)))
    low = builder.add(low, _mix(builder, abef, cdgh, (3, 2, 7, 6)))
    high = builder.add(high, _mix(builder, abef, cdgh, (1, 0, 5, 4)))
    _store_singly(builder, words, out, 0, low)
    _store_singly(builder, words, out, LANES, high)
