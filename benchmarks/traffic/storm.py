"""A scale in, a storm of discovery frames out: LLDP, CDP, PROFINET DCP, ARP and mDNS of 50,000 stations, by turns.

Every station has a MAC, an address and a name of its own, and repeats itself as real ones do: what it says is the
same each time, but for the transaction of DCP. Which station sends what is drawn from a fixed seed.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.traffic.frames import EPOCH, FILE_HEADER, RECORD_HEADER, SHORTEST
from benchmarks.traffic.tables import SEED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

STATIONS, FRAMES, AT_ONCE, EVERY = 50_000, 2_000_000, 100_000, 4
"""Stations, frames, frames written at a time, microseconds between two."""
MAC, NAME, ADDRESS, TRANSACTION = (
    b"\x02\xfe\xfe\xfe\xfe\xfe",
    b"station-00000",
    b"\x0a\xfd\xfd\xfd",
    b"\xfc\xfb\xfa\xf9",
)
"""What stands in the samples for what differs from station to station, or from time to time."""
CISCO = bytes.fromhex("01000ccccccc")
KINDS = ("lldp", "cdp", "profinet-dcp", "arp", "mdns")


def _element(kind: int, value: bytes) -> bytes:
    return struct.pack(">H", kind << 9 | len(value)) + value


def _lldp() -> bytes:
    elements = ((1, b"\4" + MAC), (2, b"\5port-001"), (3, b"\0\x78"), (5, NAME), (6, b"Some maker, controller, V1.0"))
    body = b"".join(_element(*element) for element in elements)
    return bytes.fromhex("0180c200000e") + MAC + b"\x88\xcc" + body + b"\0\0"


def _cdp() -> bytes:
    said = ((1, NAME), (3, b"FastEthernet0/1"), (5, b"Version 12.2"), (6, b"Some switch"))
    body = b"\2\xb4\0\0" + b"".join(struct.pack(">HH", kind, 4 + len(value)) + value for kind, value in said)
    llc = bytes.fromhex("aaaa0300000c2000") + body
    return CISCO + MAC + struct.pack(">H", len(llc)) + llc


def _dcp() -> bytes:
    blocks = b"".join(
        struct.pack(">BBH", *option, len(value)) + value + b"\0" * (len(value) % 2)
        for option, value in (
            ((2, 2), b"\0\0" + NAME), ((2, 1), b"\0\0Some maker"), ((2, 4), b"\0\0\1\0"),
            ((1, 2), b"\0\1" + ADDRESS + b"\xff\0\0\0" + bytes(4)),
        )
    )  # fmt: skip
    head = struct.pack(">HBB", 0xFEFF, 5, 1) + TRANSACTION + struct.pack(">HH", 0, len(blocks))
    return bytes.fromhex("001b1b000001") + MAC + b"\x88\x92" + head + blocks


def _arp() -> bytes:
    request = bytes.fromhex("0001080006040001") + MAC + ADDRESS + bytes(6) + b"\x0a\0\0\1"
    return b"\xff" * 6 + MAC + b"\x08\x06" + request


def _mdns() -> bytes:
    answer = bytes([len(NAME)]) + NAME + b"\5local\0" + struct.pack(">HHIH", 1, 0x8001, 120, 4) + ADDRESS
    message = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + answer
    datagram = struct.pack(">HHHH", 5353, 5353, 8 + len(message), 0) + message
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 255, 17, 0) + ADDRESS + bytes([224, 0, 0, 251])
    return bytes.fromhex("01005e0000fb") + MAC + b"\x08\0" + header + datagram


class _Sample(NamedTuple):
    frame: NDArray[np.uint8]
    places: dict[bytes, list[int]]
    """By what stands for it, where that is."""


def _samples() -> list[_Sample]:
    made = []
    for frame in (_lldp(), _cdp(), _dcp(), _arp(), _mdns()):
        places = {word: _places(frame, word) for word in (MAC, NAME, ADDRESS, TRANSACTION)}
        made.append(_Sample(np.frombuffer(frame.ljust(SHORTEST, b"\0"), np.uint8), places))
    return made


def _places(frame: bytes, word: bytes) -> list[int]:
    found, at = [], frame.find(word)
    while at >= 0:
        found.append(at)
        at = frame.find(word, at + 1)
    return found


def _words(station: NDArray[np.int64], number: NDArray[np.int64]) -> dict[bytes, NDArray[np.uint8]]:
    """Return what differs, a row a frame."""
    mac = (0x020000000000 + station).astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:]
    address = (0x0A010000 + station).astype(">u4").view(np.uint8).reshape(-1, 4)
    digits = station[:, None] // 10 ** np.arange(4, -1, -1) % 10 + 48
    name = np.tile(np.frombuffer(NAME, np.uint8), (len(station), 1))
    name[:, -5:] = digits
    return {MAC: mac, NAME: name, ADDRESS: address, TRANSACTION: number.astype(">u4").view(np.uint8).reshape(-1, 4)}


def pieces(scale: float) -> Iterator[bytes]:
    """Yield the bytes of the capture."""
    yield FILE_HEADER
    random, samples = np.random.RandomState(SEED), _samples()
    stations, frames = max(1, int(STATIONS * scale)), max(1, int(FRAMES * scale))
    for first in range(0, frames, AT_ONCE):
        count = min(AT_ONCE, frames - first)
        kind, station = random.randint(0, len(samples), count), random.randint(0, stations, count)
        yield _piece(samples, kind, station.astype(np.int64), first + np.arange(count, dtype=np.int64))


def _piece(
    samples: list[_Sample], kind: NDArray[np.int64], station: NDArray[np.int64], number: NDArray[np.int64]
) -> bytes:
    size = np.array([len(sample.frame) for sample in samples])[kind]
    start = np.cumsum(size + RECORD_HEADER) - size
    out = np.zeros(int(start[-1] + size[-1]), np.uint8)
    micros = number * EVERY
    head = np.stack([EPOCH + micros // 1_000_000, micros % 1_000_000, size, size], 1).astype("<u4")
    out[(start - RECORD_HEADER)[:, None] + np.arange(RECORD_HEADER)] = head.view(np.uint8).reshape(len(number), -1)
    for which, sample in enumerate(samples):
        rows = np.flatnonzero(kind == which)
        out[start[rows][:, None] + np.arange(len(sample.frame))] = sample.frame
        words = _words(station[rows], number[rows])
        for word, places in sample.places.items():
            for place in places:
                out[start[rows][:, None] + place + np.arange(len(word))] = words[word]
    return out.tobytes()


def truth(scale: float) -> dict[str, object]:
    """Return what there is to know of it."""
    total = max(1, int(FRAMES * scale))
    return {"packets": {"total": total}, "stations": max(1, int(STATIONS * scale)), "flows": {"total": 0}}
