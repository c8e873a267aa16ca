"""Nothing in, the rows of how TCP connections were opened out: as the kernel fills them."""

from __future__ import annotations

import enum

import numpy as np

OPENING = np.dtype(
    [
        ("source_hi", np.uint64),
        ("source_lo", np.uint64),
        ("peer_hi", np.uint64),
        ("peer_lo", np.uint64),
        ("time", np.int64),
        ("options", np.uint64),  # kinds of TCP options in their order, four bits each, the first lowest; see ``Option``
        ("stamp", np.uint32),  # TSval (RFC 7323 section 3); 0 is none
        ("frame", np.uint32),
        ("vlan", np.uint32),
        ("source_port", np.uint16),
        ("peer_port", np.uint16),
        ("window", np.uint16),  # of a SYN never scaled (RFC 7323 section 2.2)
        ("segment", np.uint16),  # MSS; 0 is none
        ("capture", np.uint16),
        ("scale", np.uint8),  # 255 is none
        ("hops", np.uint8),  # TTL or hop limit
        ("notes", np.uint8),  # Shape
        ("version", np.uint8),
    ],
    align=True,
)
"""A SYN, or the SYN-ACK that answers one."""


class Option(enum.IntEnum):
    """A TCP option, as it is kept: IANA's number where that is below 14."""

    END = 1
    """Of the list; IANA's number is 0, which here says that the list is over."""
    NOP = 15
    MSS = 2
    SCALE = 3
    SACK = 4
    STAMP = 8
    OTHER = 14

    @property
    def label(self) -> str:
        """The spelling of rules, ``mss``."""
        return self.name.lower()


class Shape(enum.IntFlag):
    """What else a SYN shows."""

    ANSWER = 1
    """It is a SYN-ACK."""
    DF = 2
    """Not to be fragmented (RFC 791 section 3.1); of IPv6 never set."""
    NUMBERED = 4
    """It bears an IP identification."""
    ECN = 8
    """It asks for explicit congestion notification (RFC 3168 section 6.1.1)."""
    DAMAGED = 16
    """Its options cannot be read to their end."""
