"""Keys of QUIC Initials, against the examples of the RFCs and against other implementations of the same algorithms."""

from __future__ import annotations

import hmac
import importlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.traffic.quic import Keys
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.kernel.build import jit
from kwel.protocols import aes, gquic, quic, sha256

if TYPE_CHECKING:
    from collections.abc import Callable

RFC_ID = bytes.fromhex("8394c8f03e515708")
"""The client's connection id in RFC 9001 appendix A.1 and RFC 9369 appendix A.1."""
RFC_9001_HELLO = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
    "75300901100f088394c8f03e51570806048000ffff"
)
"""RFC 9001 appendix A.2: the CRYPTO frame, before protection."""


def as_array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


def hexadecimal(words: np.ndarray) -> str:
    return "".join(f"{int(word):08x}" for word in words)


def keys_of(destination: bytes, salt: int) -> tuple[str, str, str]:
    work = quic.new_work()
    quic.derive_keys(as_array(destination), 0, len(destination), salt, work)
    key, iv, mask = (hexadecimal(work[sha256.KEYS + i : sha256.KEYS + i + 4]) for i in (0, 8, 16))
    return key, iv[:24], mask


def test_the_keys_of_version_1_are_those_of_rfc_9001() -> None:
    assert keys_of(RFC_ID, quic.S_1) == (
        "1f369613dd76d5467730efcbe3b1a22d",
        "fa044b2f42a3fd3b46fb255c",
        "9f50449e04a0e810283a1e9933adedd2",
    )


def test_the_keys_of_version_2_are_those_of_rfc_9369() -> None:
    assert keys_of(RFC_ID, quic.S_2) == (
        "8b1a0bc121284290a29e0971b5cd045d",
        "91f73e2351d8fa91660e909f",
        "45b95e15235d6f45a6b19cbcb0294ba9",
    )


def test_the_packet_of_rfc_9001_is_opened() -> None:
    head = bytes.fromhex("c300000001088394c8f03e5157080000449e")
    sealed = Keys.derived(RFC_ID).protect(head, bytes(3) + b"\2", RFC_9001_HELLO.ljust(1162, b"\0"))
    assert sealed.hex().startswith("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b")
    assert sealed.hex().endswith("e221af44860018ab0856972e194cd934")
    data, work, plain = as_array(sealed), quic.new_work(), np.zeros(2048, np.uint8)

    kind, version, identity, size, number, end = quic.read_header(data, 0, len(data))
    assert (kind, version, sealed[identity : identity + size], end) == (quic.K_INITIAL, 1, RFC_ID, len(data))
    quic.derive_keys(data, identity, size, quic.S_1, work)
    assert quic.open_packet(data, 0, number, end, len(data), work)
    assert quic.read_frames(data, plain, False, False, work) == 1

    at, length = work[quic.FRAMES + 1], work[quic.FRAMES + 2]
    assert plain[at : at + length].tobytes() == RFC_9001_HELLO[4:]


@settings(max_examples=10)
@given(st.binary(max_size=20), st.integers(0, len(quic.SALTS) - 1))
def test_keys_are_those_that_hmac_gives(destination: bytes, salt: int) -> None:
    expected = Keys.derived(destination, quic.SALTS[salt], "quicv2" if salt == quic.S_2 else "quic")
    assert keys_of(destination, salt) == (expected.key.hex(), expected.iv.hex(), expected.mask.hex())


@settings(max_examples=20)
@given(st.binary(max_size=55), st.binary(max_size=64))
def test_an_hmac_is_that_of_the_standard_library(message: bytes, key: bytes) -> None:
    work = quic.new_work()
    work[sha256.INNER : sha256.INNER + 16] = sha256.salt_states(key)
    sha256.put_message(as_array(message), 0, len(message), work)
    sha256.hmac(work, sha256.BLOCK, sha256.INNER)
    assert hexadecimal(work[sha256.DIGEST : sha256.DIGEST + 8]) == hmac.digest(key, message, "sha256").hex()


@settings(max_examples=50)
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_a_block_is_encrypted_as_others_do(key: bytes, block: bytes) -> None:
    work = quic.new_work()
    work[0:4], work[4:8] = sha256.words_of(key), sha256.words_of(block)
    aes.expand_key(work, 0, quic.PACKET_KEYS)
    aes.encrypt(work, quic.PACKET_KEYS, 4, 8)
    assert hexadecimal(work[8:12]) == Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block).hex()


@pytest.mark.parametrize(
    ("version", "salt"),
    [
        (1, quic.S_1),
        (0xFF000022, quic.S_1),
        (0xFF000021, quic.S_1),
        (0xFF000020, quic.S_29),
        (0xFF00001D, quic.S_29),
        (0xFF00001C, quic.S_23),
        (0xFF000017, quic.S_23),
        (0xFF000016, quic.S_22),
        (0xFF000014, quic.UNKNOWN),
        (0xFF000023, quic.UNKNOWN),
        (0x6B3343CF, quic.S_2),
        (0xFACEB001, quic.S_22),
        (0xFACEB002, quic.S_23),
        (int.from_bytes(b"Q050", "big"), quic.S_Q050),
        (int.from_bytes(b"T050", "big"), quic.S_T050),
        (int.from_bytes(b"T051", "big"), quic.S_T051),
        (0x1A2A3A4A, quic.UNKNOWN),
        (0, quic.UNKNOWN),
    ],
)
def test_a_version_tells_its_salt(version: int, salt: int) -> None:
    assert quic.salt_of(version) == salt


@given(st.binary(max_size=80), st.integers(0, 80))
def test_a_header_is_read_within_its_bounds(data: bytes, at: int) -> None:
    padded = bytes([0xC0, 0, 0, 0, 1]) + data
    kind, _, identity, size, number, end = quic.read_header(as_array(padded), min(at, len(padded)), len(padded))
    if kind != quic.BAD:
        assert identity + size <= number <= len(padded)
        assert end >= number


@given(st.binary(max_size=80))
def test_a_list_of_tags_is_read_within_its_bounds(data: bytes) -> None:
    hello = b"CHLO" + data
    outcome, start, stop = gquic.find_google_name(as_array(hello), 0, len(hello))
    assert outcome in (gquic.NONE, gquic.FOUND)
    assert outcome == gquic.NONE or 0 < start < stop <= len(hello)


@given(st.binary(max_size=60), st.booleans())
def test_frames_are_read_within_their_bounds(text: bytes, google: bool) -> None:
    work, plain, data = quic.new_work(), np.zeros(256, np.uint8), np.zeros(64, np.uint8)
    work[quic.SIZE] = work[quic.HAVE] = len(text)  # as if decrypted
    plain[: len(text)] = as_array(text)
    count = quic.read_frames(data, plain, google, False, work)
    for i in range(max(count, 0)):
        offset, at, length = work[quic.FRAMES + 3 * i : quic.FRAMES + 3 * i + 3]
        assert offset + length <= quic.MAX_HELLO
        assert 0 <= at <= at + length <= len(text)


@pytest.mark.parametrize("function", [aes.encrypt, sha256.compress])
def test_the_processors_own_instructions_are_asked_for_by_name(function: Callable[..., int]) -> None:
    """What they compute is held against names in ``tests/streams/test_initials.py``, which runs compiled code."""
    _, emitter = jit.instructions[function]
    module, name = emitter.rsplit(".", 1)
    assert callable(getattr(importlib.import_module(module), name))


def _fraction(number: int, power: int) -> int:
    """Return the first 32 bits of the fraction of a root."""
    wanted, low, high = number << 32 * power, 0, 1 << 40
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**power <= wanted else (low, middle)
    return low & 0xFFFFFFFF


def test_numbers_that_are_written_down_are_those_of_the_standards() -> None:
    primes = [n for n in range(2, 312) if all(n % divisor for divisor in range(2, n))]

    assert sha256.CONSTANTS.tolist() == [_fraction(prime, 3) for prime in primes]
    assert sha256.START_STATE.tolist() == [_fraction(prime, 2) for prime in primes[:8]]
    states = [state for salt in quic.SALTS for state in sha256.salt_states(bytes.fromhex(salt))]
    assert quic.SALT_STATES.tolist() == states
