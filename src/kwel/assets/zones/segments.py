"""Addresses in, the segments that they usually share with their neighbours out: /24 of IPv4, /64 of IPv6."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.records.columns import MAPPED, address_halves, is_ipv4

if TYPE_CHECKING:
    from numpy.typing import NDArray

Segment = tuple[int, int]
"""High half, and of IPv4 the low half without its last octet; of IPv6 0."""

OCTET: Final = 8
LINK_LOCAL: Final = (0xFE80 << 48, 0)
LINK_LOCAL_4: Final = (MAPPED | 0xA9FE0000) >> 16
"""RFC 3927."""


def segment_of(address: str) -> Segment:
    """Return the segment of an address.

    >>> prefix_of(segment_of("10.20.3.32")), prefix_of(segment_of("2001:db8::7"))
    ('10.20.3.0/24', '2001:db8::/64')
    """
    hi, lo = address_halves(address)
    return (hi, lo >> OCTET << OCTET) if is_ipv4(hi, lo) else (hi, 0)


def is_link_local(segment: Segment) -> bool:
    """Return whether addresses in it mean something on one link only."""
    return segment == LINK_LOCAL or segment[1] >> 16 == LINK_LOCAL_4


def is_four(segment: Segment) -> bool:
    """Return whether it is one of IPv4."""
    return segment[1] > 0


def prefix_of(segment: Segment) -> str:
    """Return its prefix in CIDR notation."""
    if is_four(segment):
        return f"{ipaddress.IPv4Address(segment[1] & 0xFFFF_FFFF)}/24"
    return f"{ipaddress.IPv6Address(segment[0] << 64)}/64"


def segments_of(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the low half of the segment of each of many addresses."""
    is_v4 = (hi == 0) & ((lo >> np.uint64(32)) == np.uint64(0xFFFF))
    low: NDArray[np.uint64] = np.where(is_v4, lo & ~np.uint64(0xFF), np.uint64(0))
    return low
