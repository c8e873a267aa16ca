"""Advertisements of virtual routers in, those that say something new marked out: a router repeats itself every second.

VRRP (RFC 9568 section 5) and CARP, which has the same protocol number; HSRP (RFC 2281 section 5, and version 2); GLBP,
as Wireshark reads it. The master of a group says the same again and again; it is read when what it says changes, and
when it had been silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.network import sum_of_first
from kwel.kernel.rows import Mark
from kwel.streams.room import note_mark

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.streams.room import Tables

M_VRRP, M_HSRP, M_GLBP = int(Mark.VRRP), int(Mark.HSRP), int(Mark.GLBP)
PORT_HSRP, PORT_HSRP_IPV6, PORT_GLBP = 1985, 2029, 3222  # IANA; RFC 2281 section 5
VRRP_STEADY, HSRP_STEADY, GLBP_STEADY = 8, 40, 60
"""Bytes from the start that stay as they are: behind them CARP has a counter."""
SPELL = 33
"""A silence of 2 ** 33 nanoseconds, eight seconds, or of the next one in which the sender says something."""


@helper
def is_news(data: NDArray[np.uint8], steady: int, packet: Any, t: Tables) -> bool:
    """Return whether a sender says otherwise than before, or was silent for a spell.

    A direction that is no TCP has no sequence number: its base and what was taken hold what it said, and when.
    """
    half = t.halves[2 * packet.flow + packet.side]
    said = sum_of_first(data, packet.payload, min(packet.end, packet.payload + steady))
    spell = (packet.time >> SPELL) & 0xFFFFFFFF
    is_new = np.int64(half.base) != said or spell > np.int64(half.taken) + 1
    half.base, half.taken = said, spell
    return is_new


@helper
def note_virtual_router(data: NDArray[np.uint8], packet: Any, t: Tables) -> int:
    """Mark an advertisement of VRRP or CARP that says something new."""
    if is_news(data, VRRP_STEADY, packet, t):
        note_mark(M_VRRP, packet.payload, packet.end, packet, t)
    return 0


@helper
def is_hot_standby(packet: Any) -> bool:
    """Return whether a datagram has the ports of HSRP or of GLBP."""
    port = packet.destination_port
    return packet.source_port == port and port in (PORT_HSRP, PORT_HSRP_IPV6, PORT_GLBP)


@helper
def note_hot_standby(data: NDArray[np.uint8], packet: Any, t: Tables) -> int:
    """Mark a message of HSRP or of GLBP that says something new."""
    is_glbp = packet.destination_port == PORT_GLBP
    if is_news(data, GLBP_STEADY if is_glbp else HSRP_STEADY, packet, t):
        note_mark(M_GLBP if is_glbp else M_HSRP, packet.payload, packet.end, packet, t)
    return 0
