"""A key and blocks in, the blocks under AES-128 out (FIPS 197): compiled, by tables that are made here.

They hold, for each byte, the column that it turns into in a round: 2s, s, s, 3s, where s is its substitute, and the
same rotated, for the other rows. This reads what anybody can read; timing gives nothing away that is secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import hardware, helper
from kwel.kernel.loads import u8

if TYPE_CHECKING:
    from numpy.typing import NDArray

M, BYTE = 0xFFFFFFFF, 0xFF
KEY_WORDS, ROUND_WORDS, LAST_ROUND = 4, 44, 40
MIDDLE_ROUNDS = 9
BLOCK_SIZE = 16
POLYNOMIAL = 0x11B


def _double(byte: int) -> int:
    return byte << 1 ^ (POLYNOMIAL if byte & 0x80 else 0)


def _substitutes() -> list[int]:
    """Return the S-box (FIPS 197 section 5.1.1): inverses in GF(2^8), by powers of 3, then an affine map."""
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value ^= _double(value)
    box = [0x63] * 256
    for i, byte in enumerate(powers):
        inverse = powers[-i % 255]
        spread = inverse ^ inverse << 1 ^ inverse << 2 ^ inverse << 3 ^ inverse << 4
        box[byte] = (spread ^ spread >> 8) & BYTE ^ 0x63
    return box


def _columns() -> list[int]:
    columns = [_double(s) << 24 | s << 16 | s << 8 | _double(s) ^ s for s in _substitutes()]
    return [(column >> turn | column << 32 - turn) & M for turn in (0, 8, 16, 24) for column in columns]


TABLE = np.array(_columns(), np.int64)
SECOND, THIRD, FOURTH = 256, 512, 768


@helper
def substitute(byte: int) -> int:
    """Return the substitute of a byte."""
    return (TABLE[byte & BYTE] >> 8) & BYTE


@hardware("aes", "kwel.protocols.silicon.expand_key")
def expand_key(work: NDArray[np.int64], key: int, out: int) -> int:
    """Put the round keys of the four words at *key* at *out* (FIPS 197 section 5.2)."""
    for i in range(KEY_WORDS):
        work[out + i] = work[key + i]
    constant = 1
    for i in range(KEY_WORDS, ROUND_WORDS):
        word = work[out + i - 1]
        if i & 3 == 0:
            word = (
                ((substitute(word >> 16) ^ constant) << 24)
                | (substitute(word >> 8) << 16)
                | (substitute(word) << 8)
                | substitute(word >> 24)
            )
            constant = (constant << 1) ^ (POLYNOMIAL if constant & 0x80 else 0)
        work[out + i] = work[out + i - KEY_WORDS] ^ word
    return 0


@helper
def mix_column(a: int, b: int, c: int, d: int) -> int:
    """Return one column after a round, from the four that ShiftRows takes it from."""
    return (
        TABLE[(a >> 24) & BYTE] ^ TABLE[SECOND + ((b >> 16) & BYTE)] ^ TABLE[THIRD + ((c >> 8) & BYTE)]
        ^ TABLE[FOURTH + (d & BYTE)]
    )  # fmt: skip


@helper
def last_column(a: int, b: int, c: int, d: int) -> int:
    """Return one column after the last round, which does not mix."""
    return (
        (substitute(a >> 24) << 24) | (substitute(b >> 16) << 16) | (substitute(c >> 8) << 8) | substitute(d)
    )  # fmt: skip


@hardware("aes", "kwel.protocols.silicon.encrypt")
def encrypt(work: NDArray[np.int64], keys: int, block: int, out: int) -> int:
    """Put the four words at *block*, encrypted under the round keys at *keys*, at *out* (FIPS 197 section 5.1)."""
    a, b = work[block] ^ work[keys], work[block + 1] ^ work[keys + 1]
    c, d = work[block + 2] ^ work[keys + 2], work[block + 3] ^ work[keys + 3]
    for _ in range(MIDDLE_ROUNDS):
        keys += KEY_WORDS
        a, b, c, d = (
            mix_column(a, b, c, d) ^ work[keys],
            mix_column(b, c, d, a) ^ work[keys + 1],
            mix_column(c, d, a, b) ^ work[keys + 2],
            mix_column(d, a, b, c) ^ work[keys + 3],
        )
    keys += KEY_WORDS
    work[out] = last_column(a, b, c, d) ^ work[keys]
    work[out + 1] = last_column(b, c, d, a) ^ work[keys + 1]
    work[out + 2] = last_column(c, d, a, b) ^ work[keys + 2]
    work[out + 3] = last_column(d, a, b, c) ^ work[keys + 3]
    return 0


@hardware("aes", "kwel.protocols.silicon.count_and_mix")
def count_and_mix(
    data: NDArray[np.uint8], at: int, size: int, plain: NDArray[np.uint8], to: int,
    work: NDArray[np.int64], keys: int, counter: int,
) -> int:  # fmt: skip
    """Decrypt *size* bytes, whole blocks, in counter mode (NIST SP 800-38A section 6.5), from *data* into *plain*.

    The block at *counter* is the first to be encrypted, and counts on. The four words behind it are for passing use.
    """
    for done in range(0, size, BLOCK_SIZE):
        encrypt(work, keys, counter, counter + KEY_WORDS)
        work[counter + 3] += 1
        for i in range(BLOCK_SIZE):
            mask = (work[counter + KEY_WORDS + (i >> 2)] >> (24 - 8 * (i & 3))) & BYTE
            plain[np.uint64(to + done + i)] = u8(data, at + done + i) ^ mask
    return 0
