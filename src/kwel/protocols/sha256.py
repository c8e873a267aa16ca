"""A connection id and a salt in, the keys that protect a client's QUIC Initial packets out.

SHA-256 (FIPS 180-4), HMAC (RFC 2104), HKDF (RFC 5869), HKDF-Expand-Label (RFC 8446 section 7.1), for messages of one
block only, which all of these are. Compiled. Words of 32 bits lie in the scratch array *work*, one in each element,
at the offsets below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import hardware, helper
from kwel.kernel.loads import u8, u32

if TYPE_CHECKING:
    from numpy.typing import NDArray

# offsets in the scratch array
SCHEDULE, BLOCK, INNER, OUTER, DIGEST, START = 0, 64, 80, 88, 96, 104
PADDED_KEY, OUTER_BLOCKS = 112, 144
"""A key as two blocks, under the inner pad and under the outer; digests as blocks, for three HMACs under way."""
KEYS = 192
"""Digests that begin with key, IV, header protection key."""
SHA_WORDS = 216

M = 0xFFFFFFFF
ROUNDS = 64
BLOCK_WORDS, STATE_WORDS, KEY_COUNT = 16, 8, 3
INNER_PAD, OUTER_PAD = 0x36363636, 0x5C5C5C5C
END_BIT = 0x80000000
BLOCK_BYTES = 64
DIGEST_BITS = 8 * (BLOCK_BYTES + 32)
"""Length of the outer message: a padded key, a digest."""


def numbers_of(text: str) -> NDArray[np.int64]:
    """Return words of 32 bits that are written in hexadecimal, one after another."""
    return np.frombuffer(bytes.fromhex(text), ">u4").astype(np.int64)


CONSTANTS = numbers_of(
    "428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5d807aa9812835b01243185be550c7dc372be5d7480deb1fe"
    "9bdc06a7c19bf174e49b69c1efbe47860fc19dc6240ca1cc2de92c6f4a7484aa5cb0a9dc76f988da983e5152a831c66db00327c8bf597fc7"
    "c6e00bf3d5a7914706ca63511429296727b70a852e1b21384d2c6dfc53380d13650a7354766a0abb81c2c92e92722c85a2bfe8a1a81a664b"
    "c24b8b70c76c51a3d192e819d6990624f40e3585106aa07019a4c1161e376c082748774c34b0bcb5391c0cb34ed8aa4a5b9cca4f682e6ff3"
    "748f82ee78a5636f84c878148cc7020890befffaa4506cebbef9a3f7c67178f2"
)
"""FIPS 180-4 section 4.2.2."""
START_STATE = numbers_of("6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19")
"""FIPS 180-4 section 5.3.3."""


@hardware("sha", "kwel.protocols.silicon.compress")
def compress(work: NDArray[np.int64], block: int, state: int, out: int) -> int:
    """Take the block at *block* into the state at *state*, and put the new state at *out*.

    A word is doubled into both halves of an element, so that a shift rotates it.
    """
    for i in range(BLOCK_WORDS):
        work[i] = work[block + i]
    for i in range(BLOCK_WORDS, ROUNDS):
        early, late = work[i - 15], work[i - 2]
        x, y = early | (early << 32), late | (late << 32)
        mixed = ((x >> 7) ^ (x >> 18) ^ (early >> 3)) & M
        mixed += ((y >> 17) ^ (y >> 19) ^ (late >> 10)) & M
        work[i] = (work[i - 16] + work[i - 7] + mixed) & M
    a, b, c, d = work[state], work[state + 1], work[state + 2], work[state + 3]
    e, f, g, h = work[state + 4], work[state + 5], work[state + 6], work[state + 7]
    for i in range(ROUNDS):
        x, y = e | (e << 32), a | (a << 32)
        one = h + (((x >> 6) ^ (x >> 11) ^ (x >> 25)) & M) + (g ^ (e & (f ^ g))) + CONSTANTS[i] + work[i]
        two = (((y >> 2) ^ (y >> 13) ^ (y >> 22)) & M) + ((a & b) | (c & (a | b)))
        h, g, f, e, d, c, b, a = g, f, e, (d + one) & M, c, b, a, (one + two) & M
    first = (a, b, c, d, e, f, g, h)
    for i in range(STATE_WORDS):
        work[out + i] = (work[state + i] + first[i]) & M
    return 0


@helper
def hmac(work: NDArray[np.int64], block: int, key: int) -> int:
    """Put the HMAC of a block at DIGEST, under a key that is given as its two states at *key*."""
    compress(work, block, key, OUTER_BLOCKS)
    return compress(work, OUTER_BLOCKS, key + STATE_WORDS, DIGEST)


@helper
def key_hmac(work: NDArray[np.int64]) -> int:
    """Make the digest the key of the HMACs that follow: its states at INNER and OUTER."""
    for i in range(STATE_WORDS):
        work[PADDED_KEY + i] = work[DIGEST + i] ^ INNER_PAD
        work[PADDED_KEY + BLOCK_WORDS + i] = work[DIGEST + i] ^ OUTER_PAD
    compress(work, PADDED_KEY, START, INNER)
    return compress(work, PADDED_KEY + BLOCK_WORDS, START, OUTER)


@helper
def expand(work: NDArray[np.int64], labels: int) -> int:
    """Put three HMACs, of the blocks from *labels* on, at KEYS. They are apart: none waits for another."""
    for i in range(KEY_COUNT):
        compress(work, labels + BLOCK_WORDS * i, INNER, OUTER_BLOCKS + BLOCK_WORDS * i)
    for i in range(KEY_COUNT):
        compress(work, OUTER_BLOCKS + BLOCK_WORDS * i, OUTER, KEYS + STATE_WORDS * i)
    return 0


@helper
def put_message(data: NDArray[np.uint8], at: int, size: int, work: NDArray[np.int64]) -> int:
    """Make ``data[at:at + size]``, at most 55 bytes, the block of an HMAC."""
    whole = size >> 2
    for i in range(whole):
        work[BLOCK + i] = u32(data, at + 4 * i)
    for i in range(whole, BLOCK_WORDS):
        work[BLOCK + i] = 0
    for i in range(4 * whole, size):
        work[BLOCK + whole] |= u8(data, at + i) << (24 - 8 * (i & 3))
    work[BLOCK + whole] |= 0x80 << (24 - 8 * (size & 3))
    work[BLOCK + BLOCK_WORDS - 1] = 8 * (BLOCK_BYTES + size)
    return 0


def words_of(message: bytes) -> list[int]:
    """Return a byte string as words of 32 bits."""
    return [int.from_bytes(message[i : i + 4], "big") for i in range(0, len(message), 4)]


def label_block(label: str, size: int) -> list[int]:
    """Return the block of an HMAC whose message is HKDF-Expand's for *size* bytes under *label*."""
    whole = b"tls13 " + label.encode()
    message = size.to_bytes(2, "big") + bytes([len(whole)]) + whole + b"\0\1"
    padded = message + b"\x80" + bytes(BLOCK_BYTES - 9 - len(message))
    return words_of(padded + (8 * (BLOCK_BYTES + len(message))).to_bytes(8, "big"))


def lay_out(work: NDArray[np.int64]) -> None:
    """Write into a scratch array what does not change."""
    half = STATE_WORDS
    work[START : START + STATE_WORDS] = START_STATE
    work[PADDED_KEY + half : PADDED_KEY + BLOCK_WORDS] = INNER_PAD
    work[PADDED_KEY + BLOCK_WORDS + half : PADDED_KEY + 2 * BLOCK_WORDS] = OUTER_PAD
    for block in range(OUTER_BLOCKS, OUTER_BLOCKS + KEY_COUNT * BLOCK_WORDS, BLOCK_WORDS):
        work[block + half], work[block + BLOCK_WORDS - 1] = END_BIT, DIGEST_BITS


def salt_states(salt: bytes) -> list[int]:
    """Return the two states that HMAC starts from under *salt*, of at most a block."""
    assert len(salt) <= BLOCK_BYTES
    work = np.zeros(SHA_WORDS, np.int64)
    lay_out(work)
    key = words_of(salt.ljust(BLOCK_BYTES, b"\0"))
    for pad, out in ((INNER_PAD, INNER), (OUTER_PAD, OUTER)):
        work[BLOCK : BLOCK + BLOCK_WORDS] = [word ^ pad for word in key]
        compress(work, BLOCK, START, out)
    return [int(word) for word in work[INNER : INNER + 2 * STATE_WORDS]]
