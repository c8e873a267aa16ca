"""A capture in, the same frames in several captures out: cut in time, or dealt as a network card deals them."""

from __future__ import annotations

import itertools
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from kwel.analysis.stages import Options, read_traffic
from kwel.capture.file import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kwel.model.traffic import Traffic


class Frame(NamedTuple):
    """One frame, as a capture file has it."""

    time: int
    wire: int
    link: int
    data: bytes


def frames_of(path: Path) -> list[Frame]:
    """Return all frames of a capture."""
    frames = []
    for batch in Reading(path).batches():
        raw = batch.buffer.tobytes()
        for row in batch.records:
            start, captured = int(row["start"]), int(row["captured"])
            frames.append(Frame(int(row["time"]), int(row["wire"]), int(row["link"]), raw[start : start + captured]))
    return frames


def write(path: Path, frames: Sequence[Frame]) -> Path:
    """Write frames as a pcapng file with times in nanoseconds."""
    links = sorted({frame.link for frame in frames})
    out = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    option = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)  # if_tsresol: nanoseconds
    out += [_block(1, struct.pack("<HHI", link, 0, 0) + option) for link in links]
    for frame in frames:
        head = struct.pack(
            "<IIIII", links.index(frame.link), frame.time >> 32, frame.time & 0xFFFFFFFF, len(frame.data), frame.wire
        )
        out.append(_block(6, head + frame.data + bytes(-len(frame.data) % 4)))
    path.write_bytes(b"".join(out))
    return path


def _block(kind: int, body: bytes) -> bytes:
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def read(folder: Path, parts: Sequence[Sequence[Frame]]) -> list[Traffic]:
    """Return the traffic of each part, heard by itself."""
    return [
        read_traffic([str(write(folder / f"part{number}.pcapng", part))], Options())
        for number, part in enumerate(parts)
    ]


def cut(frames: Sequence[Frame], borders: Sequence[int]) -> list[Sequence[Frame]]:
    """Return the frames in pieces; each border is the place of the first frame of a piece."""
    places = [0, *sorted(borders), len(frames)]
    return [frames[begin:end] for begin, end in itertools.pairwise(places) if end > begin]


def deal(frames: Sequence[Frame], hands: int) -> list[Sequence[Frame]]:
    """Return the frames dealt by a hash of their conversation, which is the same both ways."""
    dealt: list[list[Frame]] = [[] for _ in range(hands)]
    for frame in frames:
        dealt[zlib.crc32(conversation(frame)) % hands].append(frame)
    return [part for part in dealt if part]


def conversation(frame: Frame) -> bytes:
    """Return addresses, ports and protocol of an Ethernet frame, in order; nothing of what is no IP."""
    if frame.link != 1:
        return b""
    data, at = frame.data, 12
    while data[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    kind, at = data[at : at + 2], at + 2
    if kind == b"\x08\x00" and len(data) >= at + 20:
        ends = [data[at + 12 : at + 16], data[at + 16 : at + 20]]
        protocol, above = data[at + 9], at + 4 * (data[at] & 15)
        is_piece = int.from_bytes(data[at + 6 : at + 8]) & 0x3FFF
    elif kind == b"\x86\xdd" and len(data) >= at + 40:
        ends = [data[at + 8 : at + 24], data[at + 24 : at + 40]]
        protocol, above, is_piece = data[at + 6], at + 40, 0
    else:
        return b""
    if protocol in (6, 17) and not is_piece:
        ends = [ends[0] + data[above : above + 2], ends[1] + data[above + 2 : above + 4]]
    return bytes([protocol]) + b"".join(sorted(ends))
