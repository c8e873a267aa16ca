"""IEEE 802.11 frames in, the LLC header that a data frame carries out.

IEEE 802.11-2020 section 9.2.4 (frame control, addresses, QoS and HT control) and 9.3.2.2 (A-MSDU). Of an A-MSDU the
first subframe is read. A check sequence at the end is never taken for payload: the lengths of LLC and IP bound it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.links import NEXT_DONE, NEXT_LLC
from kwel.kernel.loads import u8, u16
from kwel.kernel.rows import Stop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TYPE_DATA, SUBTYPE_QOS, SUBTYPE_EMPTY = 0x08, 0x80, 0x40
TO_AND_FROM, PROTECTED, ORDER = 0x03, 0x40, 0x80
AMSDU = 0x80

S_CUT_LINK, S_FRAGMENT, S_WIRELESS_ENCRYPTED = int(Stop.CUT_LINK), int(Stop.FRAGMENT), int(Stop.WIRELESS_ENCRYPTED)


@helper
def wlan_layer(data: NDArray[np.uint8], at: int, end: int, padded: bool) -> tuple[int, int, int]:
    """Return (next layer, offset, 0) of an 802.11 frame, or (-stop, …). *padded*: the header, to four bytes."""
    control, flags, sequence = u8(data, at), u8(data, at + 1), at + 22
    if control & 3 and flags & 0x0F == TYPE_DATA:  # no such version: controllers of Cisco swap bytes
        control, flags, sequence = flags, control, at + 23
    if control & 0x0F != TYPE_DATA or control & SUBTYPE_EMPTY:
        return NEXT_DONE, at, 0  # management and control, and data frames that carry none
    header = 30 if flags & TO_AND_FROM == TO_AND_FROM else 24
    quality = 0
    if at + header + 2 > end:
        return -S_CUT_LINK, at, 0
    if control & SUBTYPE_QOS:
        quality = u8(data, at + header)
        header += 6 if flags & ORDER else 2
    if flags & PROTECTED:
        return -S_WIRELESS_ENCRYPTED, at, 0
    if u8(data, sequence) & 0x0F:  # fragment number
        return -S_FRAGMENT, at, 0
    if padded:
        header = (header + 3) & ~3
    if quality & AMSDU and at + header + 14 <= end and u16(data, at + header) != 0xAAAA:
        header += 14
    return NEXT_LLC, at + header, 0
