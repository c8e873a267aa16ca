"""Nothing in, traffic that never repeats itself on an interface out: new hosts, flows and names in every round.

    python -m benchmarks.endless INTERFACE [--rate PACKETS_PER_SECOND] [--seconds N]

A round is some thousand conversations: a DNS answer, a TCP handshake, a ClientHello with the name that was asked for,
and data both ways. Each round bears other numbers in its names, ports and addresses, written into the frames in place.
"""

from __future__ import annotations

import argparse
import json
import struct
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.sender import MESSAGE, VECTOR, Frames, send

if TYPE_CHECKING:
    from numpy.typing import NDArray

TALKS = 2000
"""Conversations in a round."""
DATA = 24
"""Packets with data in each, beside those that open it."""
DIGITS = 9
CLIENTS = 200


def ethernet(payload: bytes, *, up: bool) -> bytes:
    """Return a frame from the plant to its router, or back."""
    plant, router = bytes.fromhex("001b1b100021"), bytes.fromhex("00090faa0001")
    return (router + plant if up else plant + router) + b"\x08\x00" + payload


def ipv4(payload: bytes, protocol: int, source: bytes, destination: bytes, ident: int) -> bytes:
    """Return a packet; its checksum is not right, as those of the rounds would not be."""
    size = 20 + len(payload)
    return (
        struct.pack(">BBHHHBBH", 0x45, 0, size, ident & 0xFFFF, 0x4000, 64, protocol, 0)
        + source
        + destination
        + payload
    )


def tcp(payload: bytes, ports: tuple[int, int], numbers: tuple[int, int], flags: int) -> bytes:
    """Return a segment (RFC 9293 section 3.1)."""
    return struct.pack(">HHIIBBHHH", *ports, *numbers, 0x50, flags, 64000, 0, 0) + payload


def hello(name: bytes) -> bytes:
    """Return a ClientHello with a server name (RFC 8446 section 4.1.2, RFC 6066 section 3)."""
    entry = struct.pack(">BH", 0, len(name)) + name
    sni = struct.pack(">HH", len(entry) + 2, len(entry)) + entry
    extensions = struct.pack(">HH", 0, len(sni)) + sni
    body = (
        b"\x03\x03"
        + bytes(32)
        + b"\0"
        + b"\0\x02\x13\x01"
        + b"\x01\0"
        + struct.pack(">H", len(extensions))
        + extensions
    )
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message


def answer(name: bytes, address: bytes, message: int) -> bytes:
    """Return a DNS answer (RFC 1035 section 4.1)."""
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b".")) + b"\0"
    head = struct.pack(">HHHHHH", message & 0xFFFF, 0x8180, 1, 1, 0, 0)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + address
    return head + labels + struct.pack(">HH", 1, 1) + record


def talk(number: int) -> list[bytes]:
    """Return the frames of one conversation."""
    client = bytes([10, 20, number % CLIENTS // 100, number % 100 + 1])
    server, resolver = bytes([198, 18, number >> 8 & 255, number & 255]), bytes([10, 20, 9, 9])
    port = 1024 + number % 60000
    name = b"h%0*d.soak.example" % (DIGITS, number)

    def segment(up: bool, payload: bytes, flags: int, mine: int, yours: int, ident: int) -> bytes:
        ports, ends = ((port, 443), (client, server)) if up else ((443, port), (server, client))
        return ethernet(ipv4(tcp(payload, ports, (mine, yours), flags), 6, *ends, ident), up=up)

    udp_payload = answer(name, server, number)
    datagram = struct.pack(">HHHH", 53, port, 8 + len(udp_payload), 0) + udp_payload
    first = hello(name)
    frames = [
        ethernet(ipv4(datagram, 17, resolver, client, number), up=False),
        segment(True, b"", 2, 1000, 0, 1),
        segment(False, b"", 18, 5000, 1001, 1),
        segment(True, first, 24, 1001, 5001, 2),
    ]
    mine, yours = 1001 + len(first), 5001
    for piece in range(DATA):
        up = piece % 3 == 0
        payload = b"\x17\x03\x03\0\x60" + bytes(96) if up else b"\x17\x03\x03\x02\0" + bytes(512)
        frames.append(segment(up, payload, 24, *((mine, yours) if up else (yours, mine)), 3 + piece))
        mine, yours = (mine + len(payload), yours) if up else (mine, yours + len(payload))
    return frames


class Rounds(Frames):
    """A round of conversations whose numbers can be changed in place."""

    def __init__(self) -> None:
        frames = [frame for number in range(TALKS) for frame in talk(number)]
        sizes = np.array([len(frame) for frame in frames], np.int64)
        starts = np.cumsum(sizes) - sizes
        self.data = np.frombuffer(b"".join(frames), np.uint8).copy()
        self.vectors, self.messages = np.zeros(len(frames), VECTOR), np.zeros(len(frames), MESSAGE)
        self.vectors["base"], self.vectors["length"] = self.data.ctypes.data + starts, sizes
        self.messages["vectors"] = self.vectors.ctypes.data + np.arange(len(frames)) * VECTOR.itemsize
        self.messages["vector_count"] = 1
        each = len(frames) // TALKS
        self._starts = starts.reshape(TALKS, each)
        self._names = np.concatenate([self._found(b"h%0*d" % (DIGITS, number), number) for number in range(TALKS)])

    def _found(self, marker: bytes, number: int) -> NDArray[np.int64]:
        """Return where the number of a conversation stands in its frames."""
        begin = int(self._starts[number, 0])
        end = int(self._starts[number + 1, 0]) if number + 1 < TALKS else len(self.data)
        piece, found, at = self.data[begin:end].tobytes(), [], -1
        while (at := piece.find(marker, at + 1)) >= 0:
            found.append((number, begin + at + 1))
        return np.array(found, np.int64)

    def renumber(self, round_: int) -> None:
        """Give every conversation a number that none had before: in its names, its port and its server's address."""
        digits = 10 ** np.arange(DIGITS - 1, -1, -1)
        numbers = (round_ * TALKS + self._names[:, 0])[:, None] // digits % 10 + ord("0")
        self.data[self._names[:, 1][:, None] + np.arange(DIGITS)] = numbers
        number = round_ * TALKS + np.arange(TALKS)
        port, low = 1024 + number % 60000, number % 65536
        for frame in range(self._starts.shape[1]):
            at = self._starts[:, frame]
            up = self.data[at + 26] == 10  # from the plant's own addresses
            if frame == 0:
                self._put(at + 36, port)
                self._put(self._ends(at) - 2, low)
                continue
            self._put(np.where(up, at + 34, at + 36), port)
            self._put(np.where(up, at + 32, at + 28), low)
            self._put(at + 18, number * 31 + frame)

    def _ends(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        size = (self.data[at + 16].astype(np.int64) << 8) | self.data[at + 17]
        return at + 14 + size

    def _put(self, at: NDArray[np.int64], value: NDArray[np.int64]) -> None:
        """Write 16 bits, the most significant first."""
        self.data[at], self.data[at + 1] = value >> 8 & 255, value & 255


def main() -> None:
    """Send round after round, and print what was sent as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("interface")
    parser.add_argument("--rate", type=float, default=100_000)
    parser.add_argument("--seconds", type=float, default=60)
    asked = parser.parse_args()
    rounds, sent, round_, began = Rounds(), 0, 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < asked.seconds:
        rounds.renumber(round_)
        late = passed - sent / asked.rate if asked.rate else 0.0
        rate = asked.rate if late < 1 else 2 * asked.rate  # what renumbering took is made up for
        sent += send(asked.interface, rounds, len(rounds), rate)[0]
        round_ += 1
    print(json.dumps({"sent": sent, "seconds": time.perf_counter() - began, "flows": round_ * TALKS * 2}), flush=True)


if __name__ == "__main__":
    main()
