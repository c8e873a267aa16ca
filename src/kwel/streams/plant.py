"""Tracked packets in, flows that speak a protocol of the plant out: a kernel behind ``listen``, over the same batch.

What tells what a device is, is marked for a Python dissector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.dissect.plant import plant_of_datagram, plant_of_stream
from kwel.dissect.shapes import HINT
from kwel.kernel.loads import u16
from kwel.kernel.network import IP_TCP, IP_UDP
from kwel.kernel.rows import HALF, MARK, PACKET, RUN, Mark
from kwel.kinds import Application
from kwel.native import helper, kernel

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows

A_UNKNOWN = int(Application.UNKNOWN)
A_ENIP, A_BACNET = int(Application.ENIP), int(Application.BACNET)
M_ENIP, M_BACNET = int(Mark.ENIP), int(Mark.BACNET)
MAX_MARKS = 16
"""Payloads of one direction that go to a Python dissector."""
LIST_IDENTITY = 0x6300
"""As the first two bytes, little-endian, stand."""
ADDRESS = np.uint64(0xFFFFFFFF)


@helper
def tells_identity(data: NDArray[np.uint8], packet: Any, application: int) -> bool:
    """Return whether a Python dissector may read from a payload what its sender is."""
    if application == A_ENIP:
        return packet.end - packet.payload > 30 and u16(data, packet.payload) == LIST_IDENTITY
    return application == A_BACNET and packet.transport == IP_UDP


@helper
def ask_for_a_look(data: NDArray[np.uint8], packet: Any, application: int, half: Any, marks: Rows, used: int) -> int:
    """Mark a payload that may tell what its sender is, a few of each direction; return how many are marked then."""
    if used >= len(marks) or half.marked >= MAX_MARKS or not tells_identity(data, packet, application):
        return used
    half.marked += 1
    mark = marks[used]
    mark.kind = M_ENIP if application == A_ENIP else M_BACNET
    mark.start, mark.end, mark.packet, mark.frame = packet.payload, packet.end, packet.index, packet.frame
    mark.time, mark.flow, mark.side = packet.time, packet.flow, packet.side
    return used + 1


@kernel(np.uint8, PACKET, np.int64, int, RUN, HALF, MARK)
def mark_plant(
    data: NDArray[np.uint8], packets: Rows, early: NDArray[np.int64], count: int, runs: Rows, halves: Rows, marks: Rows
) -> int:
    """Mark the flows among *count* early packets that nobody has recognised and a protocol of the plant fits.

    What fits with a hint only counts once another payload has said the same. Returns how many payloads are marked for a
    Python dissector.
    """
    marked = 0
    for i in range(count):
        packet = packets[early[i]]
        known = np.int64(runs[packet.flow].application)
        if known != A_UNKNOWN:
            marked = ask_for_a_look(data, packet, known, halves[2 * packet.flow + packet.side], marks, marked)
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
        marked = ask_for_a_look(data, packet, application, half, marks, marked)
    return marked
