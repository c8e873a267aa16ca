"""A UDP payload in, its QUIC packets, their keys and the frames of a client's Initial out.

RFC 8999 (what all versions share), RFC 9000 section 17.2 (long headers), RFC 9001 section 5 (protection), RFC 9369
(version 2), the Internet-Drafts draft-ietf-quic-transport-22 to -34, and Google's versions with the same header (Q050,
T050, T051). Compiled. Anybody who sees a client's first packets can decrypt them: the keys come from a connection
id that stands in them. The tag is not checked; a wrong guess shows in frames that make no sense.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import copy, u8, u16, u32, u64
from kwel.protocols.aes import BLOCK_SIZE, ROUND_WORDS, count_and_mix, encrypt, expand_key
from kwel.protocols.sha256 import (
    BLOCK,
    BLOCK_WORDS,
    INNER,
    KEYS,
    SHA_WORDS,
    STATE_WORDS,
    expand,
    hmac,
    key_hmac,
    label_block,
    lay_out,
    numbers_of,
    put_message,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_ID, MAX_ID = 8, 20  # RFC 9000 sections 7.2 (of a client's first packet) and 17.2
MAX_HELLO = 16384
LEAST_DATAGRAM = 1200
"""Bytes of a datagram that carries a client's Initial (RFC 9000 section 14.1)."""
LONG, FIXED = 0x80, 0x40
TAG, SAMPLE_AT, SAMPLE = 16, 4, 16
VERSION_1, VERSION_2, DRAFT = 1, 0x6B3343CF, 0xFF000000
RESERVED_MASK, RESERVED = 0x0F0F0F0F, 0x0A0A0A0A
MVFST, MVFST_DRAFT_22, MVFST_LAST = 0xFACEB000, 0xFACEB001, 0xFACEB00E
"""Facebook's versions (mvfst, quic/QuicConstants.h): the first follows draft 22, the next ones draft 27."""
Q050, T050, T051 = 0x51303530, 0x54303530, 0x54303531

SALTS = (
    "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",  # RFC 9001 section 5.2; drafts 33 and 34
    "afbfec289993d24c9e9786f19c6111e04390a899",  # drafts 29 to 32
    "c3eef712c72ebb5a11a7d2432bb46365bef9f502",  # drafts 23 to 28
    "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a",  # drafts 21 and 22
    "0dede3def700a6db819381be6e269dcbf9bd2ed9",  # RFC 9369 section 3.3.1
    "504574efd066fe2f9d945cfcdbd3a7f0d3b56b45",  # Q050
    "7ff579e5acd072915580304c43a2367c60488310",  # T050
    "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d",  # T051
)
S_1, S_29, S_23, S_22, S_2, S_Q050, S_T050, S_T051 = range(len(SALTS))
GUESSES = 3
"""The first salts are tried, in this order, where a version does not tell."""
UNKNOWN = -1

SALT_STATES = numbers_of(
    "2d5eed9770d71abf4c9b8799c4eb86b0e9b16e41d04322f6f73a0cb29e23a2030d3d813dcffa6f1f7dbcb03e923042dcd15a45f655ab0325"
    "f3c23aab374269395a14242c451b66238bda6c0c56a97e94a7e1ce39201b10d1424f7ac482ada9c58556232355aa31524f4297765f4cbb4a"
    "1f3a146572c5b0e00e00e75623be8427c6f3891978b648b14d6df0c2a6136e04a5ec29acc58e02678a836edc3bbfb57c4fe93735bb79fa70"
    "ae1fc5ef0e65e811332ef4d8c0caa80656e4a62230febb0e6af0afa5323a04fd19b7309de5a443f6569860630e1967254a0d91bf0779975e"
    "fdfe1026789fe62504d4d23460f2c922241f7232050555445f36f07da0d39d5d9f2019827e771bd0601a87955d7ab60d2ff30d4b72201a09"
    "6eaa0d12ca4e4d6bbb153200003bcf3af99876d1f698c9aa804d4d497a379cfec1eb346eadaf299fb138867ec07086cd79ecab3c2977b404"
    "76c3689334f7be492a4b78963fa8f9988081b7fa34d6a3014a2d8719c5137bc9e2a93d6ed5ef6a317037431da9fea9405bd05cf98df30516"
    "04ccfca0de954b0a36b84e61d1a25c91cdaf8a9c692b5344d53700df3172d48b11a565ac3bca87fdc35a737e46f97feac92d62e120e8f480"
    "5e4577879e624aaab19525992b0da8c7052982796a0799353c0711b244b814376e0691934a6c0147f165a4a5e60682e7c79f5817eda51540"
    "b516ce7ba9da726d"
)
"""Two states of SHA-256 each, as ``sha256.salt_states`` computes them: written down, since that takes milliseconds."""
LABELS = np.array(
    [
        label_block(label, size)
        for prefix in ("quic", "quicv2")
        for label, size in (("client in", 32), (f"{prefix} key", 16), (f"{prefix} iv", 12), (f"{prefix} hp", 16))
    ],
    np.int64,
).ravel()
"""The messages that HKDF expands (RFC 9001 section 5.1, RFC 9369 section 3.3.2)."""
LABEL_SET = 4 * BLOCK_WORDS
IV, MASK_KEY = KEYS + STATE_WORDS, KEYS + 2 * STATE_WORDS

# offsets in the scratch array, behind those of SHA-256
SALTS_AT = SHA_WORDS
LABELS_AT = SALTS_AT + len(SALT_STATES)
PACKET_KEYS = LABELS_AT + len(LABELS)
MASK_KEYS = PACKET_KEYS + ROUND_WORDS
COUNTER = MASK_KEYS + ROUND_WORDS
STREAM = COUNTER + 4
SEALED, SIZE, HAVE = STREAM + 4, STREAM + 5, STREAM + 6
"""Where the ciphertext begins and how long it is, and how many bytes of it were decrypted."""
FRAMES = STREAM + 7
"""Of each CRYPTO frame: offset in the stream, offset in the plain text, length."""
MAX_FRAMES = 100
STRIDE, LEAST_AHEAD = 512, 48
"""Bytes that are decrypted at a time, and those that have to be, for any frame's first numbers."""
NO_BITS = np.uint64(0)
WORK = FRAMES + 3 * MAX_FRAMES

K_INITIAL, K_OTHER, K_RETRY = 0, 1, 2
F_PADDING, F_PING, F_ACK, F_ACK_ECN, F_CRYPTO, F_CLOSE = 0, 1, 2, 3, 6, 0x1C
G_PING, G_CRYPTO = 7, 8  # Google's frames up to T051
BAD, TOO_MANY = -1, -2


def new_work() -> NDArray[np.int64]:
    """Return a scratch array."""
    work = np.zeros(WORK, np.int64)
    lay_out(work)
    work[SALTS_AT:LABELS_AT], work[LABELS_AT:PACKET_KEYS] = SALT_STATES, LABELS
    return work


@helper
def is_google(salt: int) -> bool:
    """Return whether Initials under this salt hold Google's frames."""
    return salt >= S_Q050


@helper
def is_reserved(version: int) -> bool:
    """Return whether a version only forces negotiation (RFC 9000 section 15)."""
    return version & RESERVED_MASK == RESERVED


@helper
def salt_of(version: int) -> int:
    """Return which salt a version uses, or UNKNOWN."""
    if version == VERSION_1:
        return S_1
    if version == VERSION_2:
        return S_2
    draft = version - DRAFT
    if 21 <= draft <= 34:
        return S_22 if draft <= 22 else S_23 if draft <= 28 else S_29 if draft <= 32 else S_1
    if MVFST < version <= MVFST_LAST:
        return S_22 if version == MVFST_DRAFT_22 else S_23
    if version == Q050:
        return S_Q050
    if version == T050:
        return S_T050
    return S_T051 if version == T051 else UNKNOWN


@helper
def varint(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return (value, offset behind it) of a variable-length integer (RFC 9000 section 16), or (-1, end)."""
    if at >= end:
        return -1, end
    first = u8(data, at)
    size = 1 << (first >> 6)
    if at + size > end:
        return -1, end
    value = first & 0x3F
    for i in range(1, size):
        value = (value << 8) | u8(data, at + i)
    return value, at + size


@helper
def read_header(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int, int, int, int]:
    """Return (kind, version, connection id, its size, packet number, end of packet) of a long header, or kind BAD.

    For an Initial the two last bound its protected part; a packet that the capture cut ends behind *end*.
    """
    if at + 7 > end or u8(data, at) & LONG == 0:
        return BAD, 0, 0, 0, 0, 0
    version, destination, size = u32(data, at + 1), at + 6, u8(data, at + 5)
    place = destination + size
    if size > MAX_ID or place >= end:
        return BAD, version, 0, 0, 0, 0
    place += 1 + u8(data, place)
    if place > end or place - destination - size - 1 > MAX_ID:
        return BAD, version, 0, 0, 0, 0
    if version == 0:
        return K_OTHER, version, destination, size, place, end
    kind = (u8(data, at) >> 4) & 3
    if version == VERSION_2:
        kind = (kind - 1) & 3  # RFC 9369 section 3.2
    if kind == 3:
        return K_RETRY, version, destination, size, place, end
    if kind == 0:
        token, place = varint(data, place, end)
        if token < 0 or token > end - place:
            return BAD, version, 0, 0, 0, 0
        place += token
    length, place = varint(data, place, end)
    if length < SAMPLE_AT + SAMPLE:
        return BAD, version, 0, 0, 0, 0
    return (K_OTHER if kind else K_INITIAL), version, destination, size, place, place + length


@helper
def lists_versions(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the bytes behind a version negotiation's ids are versions, one of them known (RFC 8999 §6)."""
    if (end - at) & 3 or at == end or end - at > LEAST_DATAGRAM:
        return False
    while at < end:
        if salt_of(u32(data, at)) != UNKNOWN:
            return True
        at += 4
    return False


@helper
def derive_keys(data: NDArray[np.uint8], at: int, size: int, salt: int, work: NDArray[np.int64]) -> int:
    """Put the client's Initial keys for the connection id ``data[at:at + size]`` at KEYS (RFC 9001 section 5.2)."""
    labels = LABELS_AT + (LABEL_SET if salt == S_2 else 0)
    put_message(data, at, size, work)
    hmac(work, BLOCK, SALTS_AT + 2 * STATE_WORDS * salt)
    key_hmac(work)
    hmac(work, labels, INNER)
    key_hmac(work)
    return expand(work, labels + BLOCK_WORDS)


@helper
def open_packet(data: NDArray[np.uint8], first: int, number: int, end: int, stop: int, work: NDArray[np.int64]) -> bool:
    """Take off header protection, and make ready to decrypt (RFC 9001 sections 5.3 and 5.4), by the keys at KEYS.

    *first* and *number* are where the packet and its packet number begin, *end* where it ends by its header, *stop*
    where the captured bytes do. Returns whether the reserved bits are zero, as they must be.
    """
    expand_key(work, MASK_KEY, MASK_KEYS)
    for i in range(4):
        work[COUNTER + i] = u32(data, number + SAMPLE_AT + 4 * i)
    encrypt(work, MASK_KEYS, COUNTER, STREAM)
    mask = work[STREAM]
    head = u8(data, first) ^ ((mask >> 24) & 0x0F)
    size = (head & 3) + 1
    packet_number = (u32(data, number) ^ (((mask << 8) | (work[STREAM + 1] >> 24)) & 0xFFFFFFFF)) >> (32 - 8 * size)
    expand_key(work, KEYS, PACKET_KEYS)
    work[COUNTER], work[COUNTER + 1], work[COUNTER + 2] = work[IV], work[IV + 1], work[IV + 2] ^ packet_number
    work[COUNTER + 3] = 2  # block 1 seals the tag (NIST SP 800-38D section 7.1)
    work[SEALED], work[SIZE], work[HAVE] = number + size, min(end - TAG, stop) - number - size, 0
    return head & 0x0C == 0 and work[SIZE] > 0


@helper
def decrypt(data: NDArray[np.uint8], want: int, plain: NDArray[np.uint8], work: NDArray[np.int64]) -> int:
    """Make sure that the first *want* bytes of the packet, or all, stand in *plain*; return how many do."""
    size, have = work[SIZE], work[HAVE]
    if have < min(want, size):
        at, whole = work[SEALED] + have, min((want - have + STRIDE - 1) & -STRIDE, (size - have) & -BLOCK_SIZE)
        count_and_mix(data, at, whole, plain, have, work, PACKET_KEYS, COUNTER)
        have += whole
        if have < min(want, size):  # less than a block is left, and nothing need lie behind it
            copy(data, at + whole, size - have, plain, have)
            count_and_mix(plain, have, BLOCK_SIZE, plain, have, work, PACKET_KEYS, COUNTER)
            have = size
        work[HAVE] = have
    return have


@helper
def skip_ack(plain: NDArray[np.uint8], at: int, end: int, kind: int) -> int:
    """Return the offset behind an ACK frame whose type is read (RFC 9000 section 19.3), or BAD."""
    ranges = 1
    _, at = varint(plain, at, end)
    _, at = varint(plain, at, end)
    ranges, at = varint(plain, at, end)
    if ranges < 0 or ranges > end - at:
        return BAD
    value = 0
    for _ in range(2 * ranges + (4 if kind == F_ACK_ECN else 1)):
        value, at = varint(plain, at, end)
    return BAD if value < 0 else at


@helper
def skip_close(plain: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the offset behind a CONNECTION_CLOSE frame whose type is read (RFC 9000 section 19.19), or BAD."""
    _, at = varint(plain, at, end)
    _, at = varint(plain, at, end)
    reason, at = varint(plain, at, end)
    return BAD if reason < 0 or reason > end - at else at + reason


@helper
def read_frames(
    data: NDArray[np.uint8], plain: NDArray[np.uint8], google: bool, is_cut: bool, work: NDArray[np.int64]
) -> int:
    """List the CRYPTO frames of an opened packet at FRAMES; return how many, BAD or TOO_MANY.

    A packet whose first CRYPTO frame holds a whole ClientHello is decrypted no further.
    """
    at, end, count, size, crypto = 0, 0, 0, work[SIZE], (G_CRYPTO if google else F_CRYPTO)
    while at < size:
        if at + LEAST_AHEAD > end:
            end = decrypt(data, at + LEAST_AHEAD, plain, work)
        kind = u8(plain, at)
        at += 1
        if kind == F_PADDING or kind == (G_PING if google else F_PING):
            while at + 8 <= end and u64(plain, at) == NO_BITS:
                at += 8
            while at < end and u8(plain, at) == F_PADDING:
                at += 1
            continue
        if kind == crypto:
            offset, at = varint(plain, at, end)
            length, at = varint(plain, at, end)
            if length < 0 or offset < 0 or offset + length > MAX_HELLO or (at + length > size and not is_cut):
                return BAD
            if count == MAX_FRAMES:
                return TOO_MANY
            end = decrypt(data, at + length, plain, work)
            length = min(length, end - at)
            frame = FRAMES + 3 * count
            work[frame], work[frame + 1], work[frame + 2] = offset, at, length
            count += 1
            at += length
            if count == 1 and offset == 0 and holds_hello(plain, frame, work):
                return count
        elif google and count:
            return count
        elif kind in (F_ACK, F_ACK_ECN):
            at = skip_ack(plain, at, decrypt(data, size, plain, work), kind)
        elif kind == F_CLOSE:
            at = skip_close(plain, at, decrypt(data, size, plain, work))
        else:
            return BAD
        if at < 0:
            return count if is_cut and count else BAD
    return count


@helper
def holds_hello(plain: NDArray[np.uint8], frame: int, work: NDArray[np.int64]) -> bool:
    """Return whether a CRYPTO frame holds a whole ClientHello."""
    at, length = work[frame + 1], work[frame + 2]
    return length >= 4 and u16(plain, at) == 0x0100 and 4 + u16(plain, at + 2) <= length
