"""Capture files made by hand, a field at a time, and the frames that a reading of a file gives."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.capture.file import CaptureFile, Reading

FRAME = bytes.fromhex("ffffffffffff 001b1b100021 88b5") + bytes(range(46))
SECOND = 1_000_000_000


class Frame(NamedTuple):
    """One frame as it came out."""

    number: int
    time: int
    wire: int
    link: int
    interface: int
    data: bytes


def pcap(
    *records: bytes, order: str = "<", magic: int = 0xA1B2C3D4, link: int = 1, version: tuple[int, int] = (2, 4)
) -> bytes:
    """Return a pcap file of *records*."""
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, 262144, link) + b"".join(records)


def record(data: bytes = FRAME, *, order: str = "<", time: tuple[int, int] = (1, 0), wire: int | None = None) -> bytes:
    """Return a pcap record."""
    return struct.pack(order + "IIII", *time, len(data), len(data) if wire is None else wire) + data


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """Return a pcapng block."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order: str = "<", version: int = 1) -> bytes:
    """Return a Section Header Block."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, version, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """Return an option of a pcapng block."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(*options: bytes, link: int = 1, snap: int = 0, order: str = "<") -> bytes:
    """Return an Interface Description Block."""
    return block(1, struct.pack(order + "HHI", link, 0, snap) + b"".join(options), order)


def packet(data: bytes = FRAME, *, units: int = 0, on: int = 0, wire: int | None = None, order: str = "<") -> bytes:
    """Return an Enhanced Packet Block."""
    lengths = len(data), len(data) if wire is None else wire
    return block(6, struct.pack(order + "IIIII", on, units >> 32, units & 0xFFFFFFFF, *lengths) + data, order)


def statistics(on: int, *options: bytes, order: str = "<") -> bytes:
    """Return an Interface Statistics Block."""
    return block(5, struct.pack(order + "III", on, 0, 0) + b"".join(options), order)


def names(*records: tuple[str, bytes], order: str = "<", end: bool = True) -> bytes:
    """Return a Name Resolution Block: addresses, and names with a zero after each."""
    body = b""
    for address, text in records:
        raw = ip_address(address).packed
        body += option(1 if len(raw) == 4 else 2, raw + text, order)
    return block(4, body + (bytes(4) if end else b""), order)


def snoop(*records: bytes, datalink: int = 4, version: int = 2) -> bytes:
    """Return a snoop file of *records*."""
    return b"snoop\0\0\0" + struct.pack(">II", version, datalink) + b"".join(records)


def snoop_record(
    data: bytes = FRAME, *, time: tuple[int, int] = (1, 0), wire: int | None = None, lost: int = 0, padding: int = 2
) -> bytes:
    """Return a snoop record."""
    lengths = len(data) if wire is None else wire, len(data), 24 + len(data) + padding
    return struct.pack(">IIIIII", *lengths, lost, *time) + data + bytes(padding)


def frames(source: CaptureFile | Reading) -> list[Frame]:
    """Read *source* to its end; every frame must lie within its buffer."""
    out: list[Frame] = []
    for batch in source.batches():
        for index, row in enumerate(batch.records):
            start, stop = int(row["start"]), int(row["start"]) + int(row["captured"])
            assert stop <= len(batch.buffer)
            number = batch.first_frame + index
            assert not out or number > out[-1].number
            time, wire, link, interface = (int(row[field]) for field in ("time", "wire", "link", "interface"))
            out.append(Frame(number, time, wire, link, interface, batch.buffer[start:stop].tobytes()))
    return out


def write(folder: Path, data: bytes, name: str = "made.pcap") -> Path:
    """Write *data* to a file in *folder*."""
    path = folder / name
    path.write_bytes(data)
    return path
