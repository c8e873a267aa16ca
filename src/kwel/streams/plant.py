"""Tracked packets in, flows that speak a protocol of the plant marked out: a kernel behind ``listen``, same batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.dissect.plant import plant_of_datagram, plant_of_stream
from kwel.dissect.shapes import HINT
from kwel.kernel.network import IP_TCP, IP_UDP
from kwel.kernel.rows import HALF, PACKET, RUN
from kwel.kinds import Application
from kwel.native import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.columns import Rows

A_UNKNOWN = int(Application.UNKNOWN)
ADDRESS = np.uint64(0xFFFFFFFF)


@kernel(np.uint8, PACKET, np.int64, int, RUN, HALF)
def mark_plant(
    data: NDArray[np.uint8], packets: Rows, early: NDArray[np.int64], count: int, runs: Rows, halves: Rows
) -> int:
    """Mark the flows among *count* early packets that nobody has recognised and a protocol of the plant fits.

    What fits with a hint only counts once another payload has said the same. Returns how many flows were marked.
    """
    marked = 0
    for i in range(count):
        packet = packets[early[i]]
        if runs[packet.flow].application != A_UNKNOWN:
            continue
        if packet.transport == IP_UDP:
            found = plant_of_datagram(data, packet.payload, packet.end, np.int64(packet.source_lo & ADDRESS))
        elif packet.transport == IP_TCP:
            found = plant_of_stream(data, packet.payload, packet.end)
        else:
            continue
        if found == A_UNKNOWN:
            continue
        half, other = halves[2 * packet.flow + packet.side], halves[2 * packet.flow + 1 - packet.side]
        application = found & ~HINT
        is_sure = found & HINT == 0 or application in (half.shape, other.shape)
        half.shape = application
        if not is_sure:
            continue
        runs[packet.flow].application = application
        marked += 1
    return marked
