"""A ClientHello in, an encrypted QUIC version 1 Initial packet out.

RFC 9000 section 17.2.2, RFC 9001 section 5.
"""

from __future__ import annotations

import hmac
import struct
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from random import Random

VERSION_1 = 1
INITIAL_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
"""RFC 9001 section 5.2."""
DATAGRAM = 1250
CRYPTO_FRAME = 6
PACKET_NUMBER = 1
FIRST_BYTE = 0xC1
"""Long header, Initial, a packet number of two bytes."""
SAMPLE = slice(2, 18)
"""Ciphertext that masks the header: four bytes after the packet number began (RFC 9001 section 5.4.2)."""
TAG = 16


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 section 7.1), of at most one SHA-256 block."""
    label = b"tls13 " + label
    info = struct.pack(">HB", length, len(label)) + label + b"\0"
    return hmac.digest(secret, info + b"\1", "sha256")[:length]


def _varint(number: int) -> bytes:
    return struct.pack(">H", 0x4000 | number)


def _header(destination: bytes, payload: int) -> bytes:
    length = 2 + payload + TAG
    lengths = bytes([len(destination)]) + destination + b"\0" + b"\0"  # no source id, no token
    return bytes([FIRST_BYTE]) + struct.pack(">I", VERSION_1) + lengths + _varint(length)


def initial(hello: bytes, random: Random) -> bytes:
    """Return a client's first datagram, which carries *hello* in one CRYPTO frame."""
    destination = random.randbytes(8)
    secret = _expand(hmac.digest(INITIAL_SALT, destination, "sha256"), b"client in", 32)
    key, iv, mask_key = (
        _expand(secret, label, size) for label, size in ((b"quic key", 16), (b"quic iv", 12), (b"quic hp", 16))
    )
    frame = bytes([CRYPTO_FRAME, 0]) + _varint(len(hello)) + hello
    overhead = len(_header(destination, 0)) + 2 + TAG
    plain = frame.ljust(DATAGRAM - overhead, b"\0")
    number = struct.pack(">H", PACKET_NUMBER)
    header = _header(destination, len(plain)) + number
    nonce = (int.from_bytes(iv, "big") ^ PACKET_NUMBER).to_bytes(12, "big")
    cipher = AESGCM(key).encrypt(nonce, plain, header)
    # Header protection is one AES block, which is what ECB of one block is.
    mask = Cipher(algorithms.AES(mask_key), modes.ECB()).encryptor().update(cipher[SAMPLE])
    first = header[0] ^ mask[0] & 0x0F
    return bytes([first]) + header[1:-2] + bytes(a ^ b for a, b in zip(number, mask[1:3], strict=True)) + cipher


def short_packet(random: Random, size: int) -> bytes:
    """Return a 1-RTT packet: a short header, and bytes that nobody can read."""
    return bytes([0x40 | random.randrange(32)]) + random.randbytes(size - 1)
