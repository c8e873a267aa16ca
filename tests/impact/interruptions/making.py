"""Hours of a plant made by hand: who asks whom and when in, a capture out."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.streams.making import dns_answer, dns_question, hello, ip4, tcp, udp

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
ROUTER = bytes.fromhex("00090faa0001")
RESOLVER = "10.20.0.1"
SYN, SYN_ACK, ACK, PUSH, RST_ACK, FIN_ACK = 0x02, 0x12, 0x10, 0x18, 0x14, 0x11


def mac_of(address: str) -> bytes:
    return b"\x00\x1b\x1b" + ip4(address)[1:] if address.startswith("10.") else ROUTER


class Story:
    """Frames of a plant, each at its time: seconds since the start."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, bytes]] = []
        self._port, self._ident = 20000, 0

    def packet(self, at: float, source: str, target: str, payload: bytes, protocol: int = 6) -> None:
        self._ident = self._ident % 65535 + 1
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), self._ident, 0, 64, protocol, 0)
        ethernet = mac_of(target) + mac_of(source) + b"\x08\x00"
        self.frames.append((at, ethernet + head + ip4(source) + ip4(target) + payload))

    def here(self, at: float, address: str) -> None:
        """An asset says by ARP that it is there."""
        arp = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mac_of(address) + ip4(address) + bytes(6) + ip4(address)
        self.frames.append((at, b"\xff" * 6 + mac_of(address) + b"\x08\x06" + arp))

    def new_port(self) -> int:
        self._port += 1
        return self._port

    def connection(self, at: float, client: str, server: str, port: int, request: bytes, answer: bytes) -> None:
        """A whole connection: handshake, question, answer, close."""
        mine = self.new_port()
        up = [(0, -1, SYN, b""), (0.02, 0, ACK, b""), (0.03, 0, PUSH, request), (0.06, len(request), FIN_ACK, b"")]
        for after, offset, flags, data in up:
            self.packet(at + after, client, server, tcp(data, 1001 + offset, flags, mine, port))
        down = [(0.01, -1, SYN_ACK, b""), (0.04, 0, PUSH, answer), (0.07, len(answer), FIN_ACK, b"")]
        for after, offset, flags, data in down:
            self.packet(at + after, server, client, tcp(data, 7001 + offset, flags, port, mine))

    def attempt(self, at: float, client: str, server: str, port: int, *, refused: bool = False, again: int = 2) -> None:
        """A connection that comes to nothing."""
        mine = self.new_port()
        if refused:
            self.packet(at, client, server, tcp(b"", 1000, SYN, mine, port))
            self.packet(at + 0.01, server, client, tcp(b"", 0, RST_ACK, port, mine, ack=1001))
            return
        for n in range(again + 1):
            self.packet(at + 2**n - 1, client, server, tcp(b"", 1000, SYN, mine, port))

    def ask(self, at: float, client: str, name: str, address: str | None) -> None:
        """A question of the DNS, and its answer where *address* is given."""
        mine = self.new_port()
        self.packet(at, client, RESOLVER, udp(dns_question(name), mine, 53), 17)
        if address:
            self.packet(at + 0.005, RESOLVER, client, udp(dns_answer(name, address), 53, mine), 17)

    def write(self, file: Path) -> Path:
        with file.open("wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
            for at, frame in sorted(self.frames, key=lambda one: one[0]):
                whole, rest = divmod(START + round(at * SECOND), SECOND)
                out.write(struct.pack("<IIII", whole, rest, len(frame), len(frame)) + frame)
        return file


class Connection:
    """One long TCP connection, packet by packet."""

    def __init__(self, story: Story, client: str, server: str, port: int) -> None:
        self._story, self._client, self._server = story, client, server
        self._ports = story.new_port(), port
        self._sent, self._got = 1000, 7000

    def open(self, at: float) -> None:
        self._up(at, b"", SYN)
        self._down(at + 0.01, b"", SYN_ACK)
        self._sent, self._got = self._sent + 1, self._got + 1
        self._up(at + 0.02, b"", ACK)

    def _up(self, at: float, data: bytes, flags: int = PUSH) -> None:
        mine, port = self._ports
        self._story.packet(at, self._client, self._server, tcp(data, self._sent, flags, mine, port, self._got))

    def _down(self, at: float, data: bytes, flags: int = PUSH) -> None:
        mine, port = self._ports
        self._story.packet(at, self._server, self._client, tcp(data, self._got, flags, port, mine, self._sent))

    def exchange(self, at: float, request: bytes, answer: bytes) -> None:
        self._up(at, request)
        self._sent += len(request)
        self._down(at + 0.01, answer)
        self._got += len(answer)

    def in_vain(self, at: float, request: bytes, again: int = 5) -> None:
        """Send something and repeat it, unanswered, ever later."""
        for n in range(again):
            self._up(at + 0.2 * 3**n, request)


GATEWAY, CLOUD, NAME = "10.20.1.5", "13.69.64.110", "plantgw.azure-devices.net"
ANSWER = b"\x16\x03\x03\x00\x01\x02"


def outage() -> Story:
    """An hour of a gateway that greets a cloud every minute, in vain for twenty minutes of it."""
    story = Story()
    story.here(0, GATEWAY)
    for at in range(30, 3600, 60):
        if 1200 <= at < 2400:
            story.attempt(at, GATEWAY, CLOUD, 8883)
        else:
            story.connection(at, GATEWAY, CLOUD, 8883, hello(NAME), ANSWER)
    return story
