"""Tracked packets in, flows that are encrypted tunnels marked out: a kernel beside ``listen``, over the same batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import kernel
from kwel.kernel.network import IP_TCP, IP_UDP
from kwel.kernel.rows import HALF, PACKET, RUN
from kwel.model.kinds import Application
from kwel.protocols.blind import tunnel_of_datagram, tunnel_of_stream
from kwel.streams.crypto import DONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

MAX_LOOKS = 4
"""Datagrams of each direction that are looked at."""
A_UNKNOWN = int(Application.UNKNOWN)


@kernel(np.uint8, PACKET, np.int64, int, RUN, HALF)
def mark_tunnels(
    data: NDArray[np.uint8], packets: Rows, early: NDArray[np.int64], count: int, runs: Rows, halves: Rows
) -> int:
    """Mark the flows among *count* early packets that begin as an encrypted tunnel does; return how many did so.

    Of a TCP direction the segment is looked at before which nothing was read, of UDP what is not known to be QUIC.
    """
    marked = 0
    for i in range(count):
        packet = packets[early[i]]
        if packet.transport != IP_UDP and packet.transport != IP_TCP:
            continue
        half = halves[2 * packet.flow + packet.side]
        if packet.transport == IP_UDP:
            if half.looks >= MAX_LOOKS or half.initials == DONE:
                continue
            half.looks += 1
            ports = packet.source_port, packet.destination_port
            found = tunnel_of_datagram(data, packet.payload, packet.end, ports[0], ports[1])
        elif half.looks == 0 and half.taken == 0:
            found = tunnel_of_stream(data, packet.payload, packet.end)
        else:
            continue
        if found != A_UNKNOWN and runs[packet.flow].application == A_UNKNOWN:
            runs[packet.flow].application = found
            marked += 1
    return marked
