"""Frames in, a pcapng file of them out; and a choice among those of such a file in, a smaller one out.

pcapng: draft-ietf-opsawg-pcapng, section header (4.1), interface description (4.2) and enhanced packet block (4.3).
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.records.columns import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
ORDER = 0x1A2B3C4D
END, COMMENT, NAME, RESOLUTION, APPLICATION = 0, 1, 2, 9, 4
"""Options: end of them, comment, if_name, if_tsresol, shb_userappl."""
NANOSECONDS = b"\x09"
FRAME_COSTS = 36
"""Bytes that a frame takes in the file beside its own, at most."""


def write_frames(path: Path, records: Rows, data: NDArray[np.uint8], interface: str, comment: str = "") -> None:
    """Write frames to a new file that survives a power cut once this returns.

    Args:
        path: of the file; it must not be there.
        records: of ``columns.RECORD``: one a frame, in the order of their numbers; ``start`` is an offset into *data*.
        data: bytes of the frames.
        interface: where they were captured.
        comment: what Wireshark shows of the file.

    Raises:
        OSError: it cannot be written.
    """
    links = list(dict.fromkeys(records["link"].tolist())) or [1]
    with open(path, "xb") as file:
        file.write(_section(comment))
        for link in links:
            file.write(_interface(link, interface))
        number = {link: index for index, link in enumerate(links)}
        rows = zip(*(records[name].tolist() for name in ("time", "start", "captured", "wire", "link")), strict=True)
        for time, start, captured, wire, link in rows:
            file.write(_packet(number[link], time, wire, data[start : start + captured].tobytes()))
        file.flush()
        os.fsync(file.fileno())


def read_frames(path: Path) -> tuple[Rows, NDArray[np.uint8], str | None]:
    """Return the frames of a file that ``write_frames`` made, as it takes them, and why not all of them, if so."""
    from kwel.capture.file import Reading

    records, pieces, size = [np.zeros(0, RECORD)], [np.zeros(0, np.uint8)], 0
    reading = Reading(path)
    for batch in reading.batches():
        rows = batch.records.copy()
        begin, end = int(rows["start"][0]), int(rows["start"][-1]) + int(rows["captured"][-1])
        rows["start"] = rows["start"] - np.uint32(begin) + np.uint32(size)
        records.append(rows)
        pieces.append(batch.buffer[begin:end].copy())
        size += end - begin
    return np.concatenate(records), np.concatenate(pieces), reading.problem


def within(records: Rows, wanted: Sequence[int], budget: int) -> NDArray[np.int64]:
    """Return the numbers of the frames that stay: those *wanted* first, then the earliest others, in *budget* bytes."""
    cost = records["captured"].astype(np.int64) + FRAME_COSTS
    rank = np.ones(len(records), np.int8)
    numbers = np.asarray(wanted, np.int64)
    rank[numbers[(numbers > 0) & (numbers <= len(records))] - 1] = 0
    order = np.argsort(rank, kind="stable")
    fits = np.cumsum(cost[order]) <= budget
    return np.sort(order[fits]) + 1


def _block(kind: int, body: bytes, options: Iterable[tuple[int, bytes]] = ()) -> bytes:
    options = list(options)
    for code, value in options:
        body += struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
    if options:
        body += struct.pack("<HH", END, 0)
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _section(comment: str) -> bytes:
    options = [(APPLICATION, b"kwel")] + ([(COMMENT, comment.encode()[:1000])] if comment else [])
    return _block(SECTION, struct.pack("<IHHq", ORDER, 1, 0, -1), options)


def _interface(link: int, name: str) -> bytes:
    options = [(NAME, name.encode()[:200]), (RESOLUTION, NANOSECONDS)]
    return _block(INTERFACE, struct.pack("<HHI", link, 0, 0), options)


def _packet(interface: int, time: int, wire: int, frame: bytes) -> bytes:
    body = struct.pack("<IIIII", interface, time >> 32 & 0xFFFF_FFFF, time & 0xFFFF_FFFF, len(frame), wire)
    return _block(PACKET, body + frame + bytes(-len(frame) % 4))
