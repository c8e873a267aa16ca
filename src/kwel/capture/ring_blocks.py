"""Blocks of a packet ring in, a table of their frames out.

The layout is that of TPACKET_V3 (Linux, include/uapi/linux/if_packet.h: tpacket_block_desc, tpacket3_hdr), whose fields
are in the order of the processor. Frames stay where the system put them. The tag that a card took out of a frame is put
back where it was on the wire (IEEE 802.1Q), four bytes before the frame: the ring keeps room there.

The system writes blocks, so their lengths are sound; they are checked all the same, for a wrong one must not become a
read elsewhere. What the kernel knows is kept in one array, *state*, between calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.model.records.columns import RECORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

# Indices into ``state``.
BLOCK = 0
"""The block that is read now, or next."""
POSITION = 1
"""Where its next frame's header lies in the buffer."""
LEFT = 2
"""Frames of it that were not read yet; 0: it has not been begun."""
DONE = 3
"""Blocks that the last call came to the end of: they may go back to the system once their frames are of no more use."""
CUT = 4
"""Frames so far that are longer than what the ring holds of them."""
TAGGED = 5
"""Frames so far whose tag was put back."""
STAMPED = 6
"""Frames so far that carry a time of the card's own clock."""
UNREAD = 7
"""Frames so far that a header with impossible lengths made unreadable."""
BYTES = 8
"""Bytes so far that the frames had on the wire."""
STATE = 9

# Byte offsets in the head of a block (tpacket_block_desc).
BLOCK_STATUS = 8
BLOCK_FRAMES = 12
BLOCK_FIRST = 16

# Byte offsets in the header before a frame (tpacket3_hdr).
NEXT = 0
SECONDS = 4
NANOSECONDS = 8
CAPTURED = 12
WIRE = 16
STATUS = 20
MAC = 24
"""Low half: where the frame begins, from the header on."""
TAG = 32
TAG_TYPE = 36
HEADER = 48

# Bits of a frame's status.
HAS_TAG = 1 << 4
HAS_TAG_TYPE = 1 << 6
OF_THE_CARD = 1 << 31
"""Its time is of the card's clock, unchanged (TP_STATUS_TS_RAW_HARDWARE)."""

ETHERNET = 1
"""LINKTYPE_ETHERNET: the only one with tags."""
ADDRESSES = 12
"""Bytes of a frame before its tag: the two MAC addresses."""
TAG_SIZE = 4
USUAL_TAG = 0x8100
"""Tag protocol identifier of IEEE 802.1Q."""


@helper
def field(words: NDArray[np.uint32], at: int) -> int:
    """Return the 32-bit field at byte *at*, a multiple of four."""
    return np.int64(words[np.uint64(at >> 2)])


@helper
def put_tag_back(buffer: NDArray[np.uint8], at: int, kind: int, tag: int) -> int:
    """Move the addresses of the frame at *at* forward and write its tag behind them; return where it begins now."""
    begin = at - TAG_SIZE
    for i in range(ADDRESSES):
        buffer[np.uint64(begin + i)] = buffer[np.uint64(at + i)]
    behind = begin + ADDRESSES
    buffer[np.uint64(behind)], buffer[np.uint64(behind + 1)] = kind >> 8, kind & 0xFF
    buffer[np.uint64(behind + 2)], buffer[np.uint64(behind + 3)] = tag >> 8 & 0xFF, tag & 0xFF
    return begin


@kernel(np.uint8, np.uint32, int, int, int, int, np.int64, RECORD)
def index_frames(
    buffer: NDArray[np.uint8],
    words: NDArray[np.uint32],
    block_size: int,
    blocks: int,
    ready: int,
    link: int,
    state: NDArray[np.int64],
    records: Rows,
) -> int:
    """Fill *records* with the frames that follow one another in the ring; return how many there are.

    Args:
        buffer: the ring, *blocks* of *block_size* bytes.
        words: the same memory, as 32-bit words.
        block_size: bytes.
        blocks: how many.
        ready: blocks that the system has given and that were not begun.
        link: LINKTYPE_ number of the frames.
        state: see the indices above.
        records: full afterwards, unless the blocks hold no more.
    """
    block, position, left = state[BLOCK], state[POSITION], state[LEFT]
    rows, done, octets = 0, 0, state[BYTES]
    while rows < records.shape[0]:
        if left == 0:
            if ready == 0:
                break
            ready -= 1
            base = block * block_size
            left = field(words, base + BLOCK_FRAMES)
            position = base + field(words, base + BLOCK_FIRST)
            if left == 0:
                block, done = (block + 1) % blocks, done + 1
                continue
        edge = (block + 1) * block_size
        sound = position & 3 == 0 and position + HEADER <= edge
        if sound:
            start = position + (field(words, position + MAC) & 0xFFFF)
            captured = field(words, position + CAPTURED)
            step = field(words, position + NEXT)
            sound = start >= position + HEADER + TAG_SIZE and start + captured <= edge and (step > 0 or left == 1)
        if not sound:
            state[UNREAD] += left
            block, done, left = (block + 1) % blocks, done + 1, 0
            continue
        wire, status = field(words, position + WIRE), field(words, position + STATUS)
        if status & HAS_TAG and link == ETHERNET and captured >= ADDRESSES:
            kind = field(words, position + TAG_TYPE) & 0xFFFF if status & HAS_TAG_TYPE else USUAL_TAG
            start = put_tag_back(buffer, start, kind, field(words, position + TAG))
            captured, wire = captured + TAG_SIZE, wire + TAG_SIZE
            state[TAGGED] += 1
        if status & OF_THE_CARD:
            state[STAMPED] += 1
        if captured < wire:
            state[CUT] += 1
        octets += wire
        row = records[rows]
        row["time"] = field(words, position + SECONDS) * 1_000_000_000 + field(words, position + NANOSECONDS)
        row["start"] = start
        row["captured"] = captured
        row["wire"] = wire
        row["link"] = link
        row["interface"] = 0
        rows += 1
        position, left = position + step, left - 1
        if left == 0:
            block, done = (block + 1) % blocks, done + 1
    state[BLOCK], state[POSITION], state[LEFT], state[DONE] = block, position, left, done
    state[BYTES] = octets
    return rows
