"""The first records of a pcap file in, how long the header of each record is out.

Patches of 1999 to Linux's libpcap and an appliance of Nokia wrote longer record headers, some of them under the usual
magic number. As Wireshark does (wiretap/libpcap.c), the first records are read by each layout in turn: by the wrong
one the second record begins in the middle of a frame and makes no sense.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PCAP = 0xA1B2C3D4
MODIFIED = 0xA1B2CD34

PEEK = 0x4000
"""Bytes of a file that are looked at before it is read: three records of Ethernet, and more."""

RECORDS = 3
"""Records that are tried."""

LONGEST_ON_THE_WIRE = 0x800_0000
"""A packet that claims to have been longer is no packet: 128 MiB, what D-Bus allows."""

LINUX_PROTOCOLS = {*range(0x18), 0x60, 0x200, 0x400}
"""Values below 0x600, where Ethernet types begin, that Linux of 1999 had for a frame's protocol (linux/if_ether.h)."""


def _plain(_: bytes, __: str) -> bool:
    return True


def _kuznetzov(extra: bytes, order: str) -> bool:
    """Return whether *extra* is an interface number, a protocol and a packet type of Linux."""
    interface, protocol, kind = struct.unpack_from(order + "IHB", extra)
    return interface <= 10_000 and (protocol >= 0x600 or protocol in LINUX_PROTOCOLS) and kind <= 4


def _nokia(extra: bytes, order: str) -> bool:
    """Return whether *extra* has the bits set that Wireshark's authors saw set; Wireshark itself writes zeros."""
    number = struct.unpack_from(order + "I", extra)[0]
    return number == 0 or bool(number & 0x0FFF_00F0 == 0x0FBF_0000)


HEADERS: dict[int, tuple[tuple[int, Callable[[bytes, str], bool]], ...]] = {
    PCAP: ((16, _plain), (24, _kuznetzov), (20, _nokia)),
    MODIFIED: ((24, _kuznetzov), (28, _kuznetzov)),
}
"""By magic number: bytes of a record's header, and whether those beyond the 16 of every pcap file make sense."""


def record_header(head: bytes, start: int, magic: int, order: str, snap: int, longest: int) -> int:
    """Return how many bytes the header of each record has.

    Args:
        head: the first bytes of the file.
        start: where the first record begins.
        magic: a key of ``HEADERS``.
        order: of the bytes of a number, as ``struct`` spells it.
        snap: the most of a packet that was captured, as the file header says; 0 where it does not.
        longest: what no sound frame of this link type exceeds.
    """
    usual, *others = HEADERS[magic]
    if sensible(head, start, order, *usual, snap, longest):
        return usual[0]
    return next((size for size, extra in others if sensible(head, start, order, size, extra, snap, longest)), usual[0])


def sensible(
    head: bytes, start: int, order: str, size: int, extra: Callable[[bytes, str], bool], snap: int, longest: int
) -> bool:
    """Return whether the first records make sense when their headers have *size* bytes."""
    at = start
    for _ in range(RECORDS):
        if at + size > len(head):
            return at >= len(head) or len(head) >= PEEK
        _, fraction, captured, wire = struct.unpack_from(order + "IIII", head, at)
        if fraction >= 1_000_000 or captured > wire or wire > LONGEST_ON_THE_WIRE:
            return False
        if captured > longest or (snap and captured > snap) or not extra(head[at + 16 : at + size], order):
            return False
        at += size + captured
        if at > len(head):
            return len(head) >= PEEK
    return True
