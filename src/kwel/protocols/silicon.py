"""Words in memory in, the processor's own instructions for AES and SHA-256 out: LLVM assembly, for kernels.

Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: AESENC, AESENCLAST, AESKEYGENASSIST,
SHA256RNDS2, SHA256MSG1, SHA256MSG2. Used where the processor that kwel is compiled on has them; ``aes`` and ``sha256``
say what is computed, and compute the same without them. Words of 32 bits lie in one array element each, as ``sha256``
lays them out. Places are asked of ``instructions.Cells``, which checks them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
from llvmlite import ir

from kwel.kernel.build.intrinsics import call, leave_wide_registers
from kwel.protocols import aes, sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.kernel.build.intrinsics import Cells

LANES = 4
BYTE, WORD, LONG = ir.IntType(8), ir.IntType(32), ir.IntType(64)
WORDS, LONGS, PAIR = ir.VectorType(WORD, LANES), ir.VectorType(LONG, LANES), ir.VectorType(LONG, 2)
AES_ROUNDS, SHA_GROUPS = 10, 16
IN_FLIGHT = (8, 2)
"""Registers of blocks under way at a time: a round takes some cycles, and another register can start in each."""


def _place(builder: Any, words: Any, more: int) -> Any:
    return builder.gep(words, [ir.Constant(LONG, more)])


def _load(builder: Any, words: Any, more: int = 0) -> Any:
    """Return four words as a vector."""
    wide = builder.load(builder.bitcast(_place(builder, words, more), LONGS.as_pointer()), align=8)
    return builder.trunc(wide, WORDS)


def _store(builder: Any, words: Any, value: Any, more: int = 0) -> None:
    place = builder.bitcast(_place(builder, words, more), LONGS.as_pointer())
    builder.store(builder.zext(value, LONGS), place, align=8)


def _load_singly(builder: Any, words: Any, more: int = 0) -> Any:
    """Return four words as a vector, without wide registers: LLVM does not join atomic loads."""
    vector = ir.Constant(WORDS, ir.Undefined)
    for lane in range(LANES):
        word = builder.load_atomic(_place(builder, words, more + lane), "monotonic", 8)
        vector = builder.insert_element(vector, builder.trunc(word, WORD), ir.Constant(WORD, lane))
    return vector


def _store_singly(builder: Any, words: Any, more: int, value: Any) -> None:
    for lane in range(LANES):
        word = builder.zext(builder.extract_element(value, ir.Constant(WORD, lane)), LONG)
        builder.store_atomic(word, _place(builder, words, more + lane), "monotonic", 8)


def _mix(builder: Any, one: Any, two: Any, lanes: Sequence[int]) -> Any:
    return builder.shuffle_vector(one, two, ir.Constant(WORDS, list(lanes)))


def _swap(builder: Any, words: Any) -> Any:
    """Turn words into the bytes that they stand for, or back."""
    return call(builder, f"llvm.bswap.v{words.type.count}i32", words.type, words)


def _repeat(builder: Any, vector: Any, times: int) -> Any:
    lanes = ir.Constant(ir.VectorType(WORD, times * vector.type.count), [*range(vector.type.count)] * times)
    return builder.shuffle_vector(vector, vector, lanes)


def blocks_in_register() -> int:
    """Return how many blocks the processor encrypts with one instruction."""
    features = llvm.get_host_cpu_features()
    return 2 if features.get("vaes") and features.get("avx2") else 1


def expand_key(builder: Any, work: Cells, key: Any, out: Any) -> None:
    """Write the making of eleven round keys from one key."""
    words, keys, none = work.at(key, aes.KEY_WORDS), work.at(out, aes.ROUND_WORDS), ir.Constant(WORDS, [0] * LANES)
    state, constant = _swap(builder, _load(builder, words)), 1
    for turn in range(AES_ROUNDS + 1):
        if turn:
            helped = builder.bitcast(state, PAIR)
            helped = call(builder, "llvm.x86.aesni.aeskeygenassist", PAIR, helped, ir.Constant(BYTE, constant))
            helped = builder.bitcast(helped, WORDS)
            for lanes in ((4, 0, 1, 2), (4, 4, 0, 1)):  # each word takes in all that are before it
                state = builder.xor(state, _mix(builder, state, none, lanes))
            state = builder.xor(state, _mix(builder, helped, helped, (3, 3, 3, 3)))
            constant = constant << 1 ^ (aes.POLYNOMIAL if constant & 0x80 else 0)
        _store(builder, keys, _swap(builder, state), LANES * turn)


def _round_keys(builder: Any, words: Any) -> list[Any]:
    loaded = [_load(builder, words, LANES * turn) for turn in range(AES_ROUNDS + 1)]
    return [builder.bitcast(_swap(builder, each), PAIR) for each in loaded]


def _encrypted(builder: Any, blocks: Sequence[Any], keys: Sequence[Any]) -> list[Any]:
    """Return blocks, given as words, encrypted, as bytes: round by round, so that none waits for another.

    Each of *blocks* is one register, of one block or two; so is each of *keys*.
    """
    kind = keys[0].type
    states = [builder.xor(builder.bitcast(_swap(builder, block), kind), keys[0]) for block in blocks]
    for turn in range(1, AES_ROUNDS + 1):
        name = "llvm.x86.aesni.aesenc" + ("last" if turn == AES_ROUNDS else "") + (".256" if kind.count > 2 else "")
        states = [call(builder, name, kind, state, keys[turn]) for state in states]
    return states


def encrypt(builder: Any, work: Cells, keys: Any, block: Any, out: Any) -> None:
    """Write one block's encryption under eleven round keys."""
    words = _load(builder, work.at(block, LANES))
    (state,) = _encrypted(builder, [words], _round_keys(builder, work.at(keys, aes.ROUND_WORDS)))
    _store(builder, work.at(out, LANES), _swap(builder, builder.bitcast(state, WORDS)))


def _numbers(builder: Any, number: Any, more: int, width: int) -> Any:
    """Return what is added to the first counter, for block *number* + *more* and the one behind it in the register."""
    added = ir.Constant(ir.VectorType(WORD, LANES * width), [0] * LANES * width)
    for block in range(width):
        lane = ir.Constant(WORD, LANES * block + LANES - 1)
        added = builder.insert_element(added, builder.add(number, ir.Constant(WORD, more + block)), lane)
    return added


def count_and_mix(
    builder: Any, data: Cells, at: Any, size: Any, plain: Cells, to: Any, work: Cells, keys: Any, counter: Any
) -> None:
    """Write a run of counter mode: many blocks in flight, then fewer, then what is left one at a time."""
    from numba.core.cgutils import for_range_slice

    source, target = data.at(at, size), plain.at(to, size)
    round_keys, words = _round_keys(builder, work.at(keys, aes.ROUND_WORDS)), work.at(counter, LANES)
    first, done, wide = _load(builder, words), ir.Constant(LONG, 0), blocks_in_register()
    for registers, width in [*((count, wide) for count in IN_FLIGHT), (1, 1)]:
        size_of_register = width * aes.BLOCK_SIZE
        step, keys_wide = registers * size_of_register, [_repeat(builder, key, width) for key in round_keys]
        counter_wide, place = _repeat(builder, first, width), keys_wide[0].type.as_pointer()
        stop = builder.and_(size, ir.Constant(LONG, -step))
        with for_range_slice(builder, done, stop, ir.Constant(LONG, step)) as (offset, _):
            number = builder.trunc(builder.udiv(offset, ir.Constant(LONG, aes.BLOCK_SIZE)), WORD)
            blocks = [
                builder.add(counter_wide, _numbers(builder, number, more, width))
                for more in range(0, registers * width, width)
            ]
            for more, mask in enumerate(_encrypted(builder, blocks, keys_wide)):
                here = [builder.add(offset, ir.Constant(LONG, more * size_of_register))]
                sealed = builder.load(builder.bitcast(builder.gep(source, here), place), align=1)
                builder.store(builder.xor(sealed, mask), builder.bitcast(builder.gep(target, here), place), align=1)
        done = stop
    last = _place(builder, words, LANES - 1)
    builder.store(builder.add(builder.load(last), builder.udiv(done, ir.Constant(LONG, aes.BLOCK_SIZE))), last)


def compress(builder: Any, work: Cells, block: Any, state: Any, out: Any) -> None:
    """Write SHA-256's compression of a block into a state."""
    words, constants = work.at(block, sha256.BLOCK_WORDS), sha256.CONSTANTS.tolist()
    before, after = work.at(state, sha256.STATE_WORDS), work.at(out, sha256.STATE_WORDS)
    leave_wide_registers(builder)
    low, high = _load_singly(builder, before), _load_singly(builder, before, LANES)
    abef, cdgh = _mix(builder, low, high, (5, 4, 1, 0)), _mix(builder, low, high, (7, 6, 3, 2))
    message = [_load_singly(builder, words, LANES * i) for i in range(4)]
    for group in range(SHA_GROUPS):
        if group >= LANES:
            oldest, older, old, newest = message
            partial = call(builder, "llvm.x86.sha256msg1", WORDS, oldest, older)
            partial = builder.add(partial, _mix(builder, old, newest, (1, 2, 3, 4)))
            message = [older, old, newest, call(builder, "llvm.x86.sha256msg2", WORDS, partial, newest)]
        current = message[min(group, LANES - 1)]
        added = builder.add(current, ir.Constant(WORDS, list(constants[LANES * group : LANES * group + LANES])))
        cdgh = call(builder, "llvm.x86.sha256rnds2", WORDS, cdgh, abef, added)
        abef = call(builder, "llvm.x86.sha256rnds2", WORDS, abef, cdgh, _mix(builder, added, added, (2, 3, 2, 3)))
    low = builder.add(low, _mix(builder, abef, cdgh, (3, 2, 7, 6)))
    high = builder.add(high, _mix(builder, abef, cdgh, (1, 0, 5, 4)))
    _store_singly(builder, after, 0, low)
    _store_singly(builder, after, LANES, high)
