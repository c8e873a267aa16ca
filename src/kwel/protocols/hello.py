"""A ClientHello message in, what it says out: server name, protocols, versions, whether more of it is encrypted.

RFC 8446 section 4.1.2 (ClientHello), RFC 6347 section 4.2.1 (the cookie of DTLS), RFC 6066 section 3 (server_name),
RFC 7301 section 3.1 (ALPN), RFC 8446 section 4.2.1 (supported_versions), RFC 9849 section 5 (ECH), RFC 8701 (GREASE).
Compiled: called by ``streams`` for TLS over TCP, DTLS and QUIC alike, on bytes that may stop short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16, u24
from kwel.model.records.columns import Ech

if TYPE_CHECKING:
    from numpy.typing import NDArray

HANDSHAKE_CLIENT_HELLO = 1
HANDSHAKE_HEADER, DTLS_HEADER = 4, 12
RANDOM_END = 2 + 32  # legacy version, random
MAX_HELLO = 16384
MAX_NAME = 255

NONE, MORE, FOUND = 0, 1, 2
"""Outcomes: no such message here; more bytes needed; the whole message."""

SERVER_NAME, SIGNATURE_ALGORITHMS, ALPN, SUPPORTED_VERSIONS = 0, 13, 16, 43
ENCRYPTED_HELLO, ENCRYPTED_NAME = 0xFE0D, 0xFFCE
FIRST_ECH_DRAFT, OLD_ECH_DRAFTS = 0xFE08, (0xFF02, 0xFF03)
"""Drafts 8 to 12 of ECH counted up to the final number; 5 to 7 used others; ESNI before them hid the name alone."""
ECH_INNER_TYPE = 1
DTLS_MAJOR = 0xFE00
E_NONE, E_OFFERED, E_INNER = int(Ech.NONE), int(Ech.OFFERED), int(Ech.INNER)


class Hello(NamedTuple):
    """What a ClientHello says; places are offsets, start and end, both 0 where there is nothing."""

    outcome: int
    missing: int
    """Bytes of the message that are not here."""
    is_sound: bool
    """Whether its lists end where they say they do."""
    version: int
    """Highest version offered; 0 is not known, for the message stops short of telling."""
    ech: int
    has_name: bool
    """Whether the extension server_name is there, whatever stands in it."""
    name: int
    name_end: int
    alpn: int
    alpn_end: int
    """Of the list of protocols, each with its length in front."""
    ciphers: int
    ciphers_end: int
    extensions: int
    extensions_end: int
    signatures: int
    signatures_end: int


@helper
def is_grease(value: int) -> bool:
    """Return whether a number of 16 bits was reserved to mean nothing (RFC 8701 section 2)."""
    return (value & 0x0F0F) == 0x0A0A and value >> 8 == value & 0xFF


@helper
def behind(data: NDArray[np.uint8], at: int, width: int, stop: int) -> int:
    """Return the offset behind a vector whose length has *width* bytes, beyond *stop* where that is not there."""
    if at + width > stop:
        return stop + 1
    return at + width + (u8(data, at) if width == 1 else u16(data, at))


@helper
def highest_version(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the newest of a list of versions; DTLS counts downwards."""
    best = 0
    while at + 2 <= end:
        version = u16(data, at)
        is_newer = version < best if min(version, best) >= DTLS_MAJOR else version > best
        if is_newer and not is_grease(version):
            best = version
        at += 2
    return best


@helper
def ech_of(data: NDArray[np.uint8], kind: int, at: int, end: int) -> int:
    """Return what an extension tells of Encrypted Client Hello."""
    if kind == ENCRYPTED_HELLO and at < end and u8(data, at) == ECH_INNER_TYPE:
        return E_INNER
    if FIRST_ECH_DRAFT <= kind <= ENCRYPTED_HELLO or kind == ENCRYPTED_NAME or kind in OLD_ECH_DRAFTS:
        return E_OFFERED
    return E_NONE


@helper
def read_client_hello(data: NDArray[np.uint8], at: int, end: int, is_dtls: bool) -> Hello:
    """Return what the ClientHello says that starts at *at*, of which the bytes before *end* are there.

    One of DTLS has more in its header, which is that of a message in one piece, and a cookie before the ciphers.
    The outcome is MORE where it stops short; what was read by then stands.
    """
    header = DTLS_HEADER if is_dtls else HANDSHAKE_HEADER
    if at + header > end:
        return Hello(MORE, header, False, 0, E_NONE, False, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    whole = at + header + u24(data, at + 1)
    stop = min(end, whole)
    at += header
    legacy = u16(data, at) if at + 2 <= stop else 0
    cookie = behind(data, at + RANDOM_END, 1, stop)
    ciphers = behind(data, cookie, 1, stop) if is_dtls else cookie
    compressions = behind(data, ciphers, 2, stop)
    extensions = behind(data, compressions, 1, stop)
    promised = behind(data, extensions, 2, stop)
    last = min(promised, stop)
    version, ech, has_name = 0, E_NONE, False
    name = name_end = alpn = alpn_end = signatures = signatures_end = 0
    at = extensions + 2
    while at + 4 <= last:
        kind, size = u16(data, at), u16(data, at + 2)
        at += 4
        part = min(at + size, last)
        if kind == SERVER_NAME:
            has_name = True
            if at + 5 <= last and u8(data, at + 2) == 0:
                length = u16(data, at + 3)
                if 0 < length <= MAX_NAME and at + 5 + length <= last:
                    name, name_end = at + 5, at + 5 + length
        elif kind == ALPN and at + 2 <= part:
            alpn, alpn_end = at + 2, part
        elif kind == SIGNATURE_ALGORITHMS and at + 2 <= part:
            signatures, signatures_end = at + 2, min(part, at + 2 + u16(data, at))
        elif kind == SUPPORTED_VERSIONS and at < part:
            version = highest_version(data, at + 1, min(part, at + 1 + u8(data, at)))
        elif kind >= FIRST_ECH_DRAFT:
            ech = max(ech, ech_of(data, kind, at, part))
        at += size
    is_whole = whole <= end
    if version == 0 and is_whole:
        version = legacy
    has_no_extensions = extensions == whole
    return Hello(
        FOUND if is_whole else MORE, max(0, whole - end), has_no_extensions or (is_whole and at == last == promised),
        version, ech, has_name, name, name_end, alpn, alpn_end,
        min(ciphers + 2, compressions), compressions, min(extensions + 2, last), last, signatures, signatures_end,
    )  # fmt: skip


@helper
def join_protocols(data: NDArray[np.uint8], at: int, end: int, text: NDArray[np.uint8]) -> int:
    """Write the protocols of an ALPN list to *text* with commas between, as far as a name may go; return how long.

    Values that mean nothing (RFC 8701 section 2) are left out.
    """
    size = 0
    while at < end:
        part = u8(data, at)
        at += 1
        if at + part > end or size + 1 + part > MAX_NAME:
            break
        if part != 2 or not is_grease(u16(data, at)):
            if size:
                text[size] = 44
                size += 1
            for i in range(part):
                text[np.uint64(size + i)] = data[np.uint64(at + i)]
            size += part
        at += part
    return size
