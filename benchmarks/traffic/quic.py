"""ClientHellos in, encrypted QUIC Initial packets out.

RFC 9000 section 17.2.2, RFC 9001 section 5.
"""

from __future__ import annotations

import hmac
import itertools
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

VERSION_1 = 1
INITIAL_SALT = "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"
"""RFC 9001 section 5.2."""
DATAGRAM = 1250
CRYPTO_FRAME, PING = 6, b"\1"
INITIAL, ZERO_RTT = 0xC0, 0xD0
"""Long header; the two lowest bits are the size of the packet number less one."""
SAMPLE_AT = 4
TAG = 16
SPLITS = 9
"""Pieces that a modern browser cuts its hello into."""


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 section 7.1), of at most one SHA-256 block."""
    label = b"tls13 " + label
    info = struct.pack(">HB", length, len(label)) + label + b"\0"
    return hmac.digest(secret, info + b"\1", "sha256")[:length]


def varint(number: int) -> bytes:
    """Return a variable-length integer in two bytes (RFC 9000 section 16)."""
    return struct.pack(">H", 0x4000 | number)


def crypto(offset: int, data: bytes, kind: int = CRYPTO_FRAME) -> bytes:
    """Return a CRYPTO frame."""
    return bytes([kind]) + (varint(offset) if offset else b"\0") + varint(len(data)) + data


@dataclass(frozen=True)
class Keys:
    """What protects the Initials of one client."""

    key: bytes
    iv: bytes
    mask: bytes

    @classmethod
    def derived(cls, destination: bytes, salt: str = INITIAL_SALT, prefix: str = "quic") -> Keys:
        """Return the keys for a client's first connection id."""
        secret = _expand(hmac.digest(bytes.fromhex(salt), destination, "sha256"), b"client in", 32)
        sizes = {"key": 16, "iv": 12, "hp": 16}
        return cls(*(_expand(secret, f"{prefix} {label}".encode(), size) for label, size in sizes.items()))

    def protect(self, head: bytes, number: bytes, plain: bytes) -> bytes:
        """Return a packet: its header as far as the packet number, that, and the text, protected."""
        nonce = (int.from_bytes(self.iv, "big") ^ int.from_bytes(number, "big")).to_bytes(12, "big")
        cipher = AESGCM(self.key).encrypt(nonce, plain, head + number)
        sample = (number + cipher)[SAMPLE_AT : SAMPLE_AT + 16]
        # Header protection is one AES block, which is what ECB of one block is.
        mask = Cipher(algorithms.AES(self.mask), modes.ECB()).encryptor().update(sample)
        first = bytes([head[0] ^ mask[0] & 0x0F])
        return first + head[1:] + bytes(a ^ b for a, b in zip(number, mask[1:], strict=False)) + cipher


def packet(
    keys: Keys,
    destination: bytes,
    frames: bytes,
    *,
    number: int = 1,
    size: int = DATAGRAM,
    version: int = VERSION_1,
    kind: int = INITIAL,
    source: bytes = b"",
    token: bytes = b"",
) -> bytes:
    """Return a long-header packet that carries *frames*, padded to *size* bytes."""
    tokens = varint(len(token)) + token if token else b"\0"
    ids = bytes([len(destination)]) + destination + bytes([len(source)]) + source
    head = bytes([kind | 1]) + struct.pack(">I", version) + ids + (tokens if kind != ZERO_RTT else b"")
    plain = frames.ljust(size - len(head) - 4 - TAG, b"\0")
    return keys.protect(head + varint(2 + len(plain) + TAG), struct.pack(">H", number), plain)


def initial(hello: bytes, random: Random) -> bytes:
    """Return a client's first datagram, which carries *hello* in one CRYPTO frame."""
    destination = random.randbytes(8)
    return packet(Keys.derived(destination), destination, crypto(0, hello))


def scattered(hello: bytes, random: Random) -> Sequence[bytes]:
    """Return a client's first two datagrams as Chromium sends them: the hello in pieces, out of order, with PINGs."""
    destination = random.randbytes(8)
    keys = Keys.derived(destination)
    cuts = [0, *sorted(random.sample(range(1, len(hello)), SPLITS - 1)), len(hello)]
    pieces = [crypto(start, hello[start:stop]) for start, stop in itertools.pairwise(cuts)]
    random.shuffle(pieces)
    halves: list[bytes] = [b"", b""]
    for piece in sorted(pieces, key=len, reverse=True):
        fuller = len(halves[0]) > len(halves[1])
        halves[fuller] += PING * random.randrange(3) + piece + bytes(random.randrange(4))
    return [packet(keys, destination, half, number=number) for number, half in enumerate(halves, 1)]


def short_packet(random: Random, size: int) -> bytes:
    """Return a 1-RTT packet: a short header, and bytes that nobody can read."""
    return bytes([0x40 | random.randrange(32)]) + random.randbytes(size - 1)
