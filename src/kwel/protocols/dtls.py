"""The bytes of a datagram in, whether DTLS records stand in it out.

RFC 6347 section 4.1 (records), RFC 9147 section 4 (DTLS 1.3), RFC 7983 (what shares a port with it in WebRTC), RFC 8656
section 12.4 (a TURN channel that carries it), RFC 5415 section 4.2 (CAPWAP, which puts four bytes before it). What
DTLS 1.3 encrypts has a header that tells too little to know it by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RECORD_HEADER = 13
RECORD_FIRST, RECORD_HANDSHAKE, RECORD_LAST = 20, 22, 26
VERSIONS = (0xFEFF, 0xFEFD, 0xFEFC)
MAJOR = 0xFE
CHANNEL_FIRST, CHANNEL_LAST, CHANNEL_HEADER = 0x40, 0x4F, 4
CAPWAP_DTLS = 1


@helper
def carrier_size(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return how many bytes a TURN channel or CAPWAP puts before DTLS; 0 where neither is there."""
    if at + CHANNEL_HEADER + 2 > end:
        return 0
    first = u8(data, at)
    if not CHANNEL_FIRST <= first <= CHANNEL_LAST and not (first == CAPWAP_DTLS and u16(data, at + 2) == 0):
        return 0
    return CHANNEL_HEADER if u16(data, at + 4) == RECORD_HANDSHAKE << 8 | MAJOR else 0


@helper
def looks_like_dtls(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a DTLS record in the clear, or its header at least, starts at *at*."""
    return at + RECORD_HEADER < end and RECORD_FIRST <= u8(data, at) <= RECORD_LAST and u16(data, at + 1) in VERSIONS
