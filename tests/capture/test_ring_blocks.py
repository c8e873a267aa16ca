"""Blocks laid out by hand: every frame is found where it is, and a wrong length leads nowhere."""

from __future__ import annotations

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kwel.capture import ring_blocks as rb
from kwel.model.records.columns import RECORD

SIZE = 1 << 12


def packed(*frames: tuple[bytes, int, int], tag: int = 0) -> bytes:
    """Return a block of frames, each with its status and its time in nanoseconds."""
    block = bytearray(struct.pack("=IIIIIIQ", 1, 48, 1, len(frames), 48, 0, 1).ljust(48, b"\0"))
    for number, (data, status, when) in enumerate(frames):
        step = (96 + len(data) + 15) & ~15
        last = number == len(frames) - 1
        seconds, nanoseconds = divmod(when, 10**9)
        head = struct.pack("=IIIIIIHH", 0 if last else step, seconds, nanoseconds, len(data), len(data), status, 82, 96)
        head += struct.pack("=IIHH", 0, tag, 0x88A8, 0)
        block += (head.ljust(82, b"\0") + data).ljust(step, b"\0")
    return bytes(block).ljust(SIZE, b"\0")


def indexed(
    ring: bytes, ready: int, rows: int = 100, link: int = 1
) -> tuple[list[tuple[int, bytes]], np.ndarray, np.ndarray]:
    """Return (time, bytes) of the frames of a call, the state, and the buffer."""
    buffer = np.frombuffer(bytearray(ring), np.uint8)
    state, records = np.zeros(rb.STATE, np.int64), np.zeros(rows, RECORD)
    found = []
    while True:
        count = rb.index_frames(buffer, buffer.view(np.uint32), SIZE, len(ring) // SIZE, ready, link, state, records)
        ready -= int(state[rb.DONE]) + (1 if state[rb.LEFT] else 0)
        ready = max(ready, 0)
        for row in records[:count]:
            start = int(row["start"])
            found.append((int(row["time"]), buffer[start : start + int(row["captured"])].tobytes()))
        if count < rows:
            return found, state, buffer


def test_frames_of_several_blocks_follow_one_another() -> None:
    frames = [(bytes([i]) * (14 + i), 0, 10**18 + i) for i in range(12)]
    ring = packed(*frames[:5]) + packed() + packed(*frames[5:])
    found, state, _ = indexed(ring, 3)
    assert found == [(when, data) for data, _, when in frames]
    assert (state[rb.BLOCK], state[rb.LEFT], state[rb.DONE]) == (0, 0, 3)
    assert state[rb.BYTES] == sum(len(data) for data, _, _ in frames)


def test_a_full_table_goes_on_where_it_ended() -> None:
    frames = [(bytes([i]) * 20, 0, i) for i in range(10)]
    found, state, _ = indexed(packed(*frames), 1, rows=3)
    assert [data for _, data in found] == [data for data, _, _ in frames]
    assert state[rb.LEFT] == 0


def test_a_tag_is_put_back_behind_the_addresses() -> None:
    data = bytes(range(60))
    ring = packed((data, rb.HAS_TAG | rb.HAS_TAG_TYPE, 1), tag=0x2064)
    ((_, whole),), state, _ = indexed(ring, 1)
    assert whole == data[:12] + b"\x88\xa8\x20\x64" + data[12:]
    assert state[rb.TAGGED] == 1
    ((_, usual),), _, _ = indexed(packed((data, rb.HAS_TAG, 1), tag=7), 1)
    assert usual == data[:12] + b"\x81\x00\x00\x07" + data[12:]
    ((_, other),), _, _ = indexed(ring, 1, link=101)
    assert other == data


def test_times_of_the_card_are_counted() -> None:
    _, state, _ = indexed(packed((bytes(60), rb.OF_THE_CARD, 5), (bytes(60), 0, 6)), 1)
    assert state[rb.STAMPED] == 1


@given(
    st.lists(st.tuples(st.integers(0, SIZE // 4 - 1), st.integers(0, 0xFFFF_FFFF)), max_size=8),
    st.lists(st.binary(min_size=14, max_size=200), min_size=1, max_size=8),
)
def test_wrong_lengths_lead_nowhere(damage: list[tuple[int, int]], frames: list[bytes]) -> None:
    block = bytearray(packed(*((data, 0, 1) for data in frames)))
    for word, value in damage:
        struct.pack_into("=I", block, 4 * word, value)
    struct.pack_into("=I", block, rb.BLOCK_FRAMES, min(struct.unpack_from("=I", block, rb.BLOCK_FRAMES)[0], 200))
    buffer = np.frombuffer(bytearray(bytes(block) + packed((bytes(60), 0, 9))), np.uint8)
    state, records = np.zeros(rb.STATE, np.int64), np.zeros(300, RECORD)
    count = rb.index_frames(buffer, buffer.view(np.uint32), SIZE, 2, 2, 1, state, records)
    assert state[rb.DONE] == 2
    assert count + state[rb.UNREAD] >= 1
    ends = records["start"][:count].astype(np.int64) + records["captured"][:count]
    assert (ends <= 2 * SIZE).all()
    assert (records["start"][:count] >= 48).all()
    assert records["time"][count - 1] == 9
