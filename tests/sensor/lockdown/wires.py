"""Virtual wires from a switch to a sensor, each end in a network namespace of its own, made and deleted by a test."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.wire import run

from kwel.sensor import lockdown
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT, SENSOR = "sw0", "mon0"
FROM_HERE = 4
"""PACKET_OUTGOING, packet(7)."""
SWITCH_MAC = bytes.fromhex("020000007701")
ALL_NODES = bytes.fromhex("333300000001")
EVERYBODY = b"\xff" * 6
SWITCH, HELD, ELSEWHERE = "10.77.0.1", "10.77.0.9", "10.99.9.9"
"""The switch; an address that the sensor's interface may hold; one that another interface of the machine may hold."""
_numbers = itertools.count()


class Wire:
    """A switch's port ``sw0`` and a sensor's ``mon0``; whatever the sensor's end sends is kept."""

    def __init__(self) -> None:
        base = f"kwt{os.getpid()}x{next(_numbers)}"
        self.switch, self.sensor, self.own = f"{base}s", f"{base}m", f"{base}o"
        for name in (self.switch, self.sensor):
            run("ip", "netns", "add", name)
        run("ip", "link", "add", PORT, "netns", self.switch, "type", "veth", "peer", "name", SENSOR,
            "netns", self.sensor)  # fmt: skip
        self.write(self.switch, f"/proc/sys/net/ipv6/conf/{PORT}/disable_ipv6", "1")
        run("ip", "-n", self.switch, "link", "set", PORT, "up", "arp", "off")
        run("ip", "-n", self.sensor, "link", "set", "lo", "up")
        with lockdown.inside(self.switch):
            self.far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.far.bind((PORT, 3))

    def close(self) -> None:
        self.far.close()
        for name in (self.switch, self.sensor, self.own):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)

    @staticmethod
    def write(namespace: str, path: str, word: str) -> None:
        with lockdown.inside(namespace), open(path, "w") as file:
            file.write(word)

    def sysctl(self, name: str, word: str, where: str | None = None) -> None:
        """Set a setting of the sensor's interface: ``ipv6/conf/disable_ipv6`` is that of mon0."""
        family, key = name.split("/")
        self.write(where or self.sensor, f"/proc/sys/net/{family}/conf/{SENSOR}/{key}", word)

    def link(self, *settings: str, where: str | None = None) -> None:
        run("ip", "-n", where or self.sensor, "link", "set", SENSOR, *settings)

    def address(self, address: str, device: str = SENSOR, where: str | None = None) -> None:
        run("ip", "-n", where or self.sensor, "address", "replace", address, "dev", device)

    def mac(self) -> bytes:
        """Return the address of the sensor's card, as a switch learns it."""
        for name in (self.sensor, self.own):
            done = subprocess.run(["ip", "-n", name, "-brief", "link", "show", SENSOR], capture_output=True, text=True,
                                  check=False)  # fmt: skip
            if done.returncode == 0:
                return bytes.fromhex(done.stdout.split()[2].replace(":", ""))
        raise AssertionError("the sensor's card is gone")

    def stimulate(self) -> None:
        """Send what makes a host answer: ARP for two addresses, pings, IGMP and MLD queries, a broadcast."""
        for frame in stimuli(self.mac()):
            self.far.send(frame)

    def program(self, *arguments: str, where: str | None = None) -> subprocess.Popen[str]:
        """Start a program on the sensor's side."""
        with lockdown.inside(where or self.sensor):
            return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def python(self, module: str, *arguments: str, where: str | None = None) -> str:
        """Run a module of the tests on the sensor's side and return what it printed."""
        out, _ = self.program(
            sys.executable, "-m", f"tests.sensor.lockdown.{module}", *arguments, where=where
        ).communicate()
        return out

    def heard(self, seconds: float, enough: int = 1_000_000) -> list[bytes]:
        """Return the frames that the sensor's end sent, until there are *enough* or the time is over."""
        frames: list[bytes] = []
        until = time.monotonic() + seconds
        while len(frames) < enough and (left := until - time.monotonic()) > 0:
            self.far.settimeout(left)
            try:
                frame, about = self.far.recvfrom(2048)
            except TimeoutError:
                break
            if about[2] != FROM_HERE:
                frames.append(frame)
        return frames


@contextmanager
def laid() -> Iterator[Wire]:
    """Return a wire for the body."""
    wire = Wire()
    try:
        yield wire
    finally:
        wire.close()


def packed(*addresses: str) -> bytes:
    return b"".join(socket.inet_aton(one) for one in addresses)


def checksum(data: bytes) -> bytes:
    """Return the checksum of the Internet protocols, RFC 1071."""
    total = sum(int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (0xFFFF - total).to_bytes(2)


def ipv4(destination: str, protocol: int, payload: bytes) -> bytes:
    head = b"\x45\x00" + (20 + len(payload)).to_bytes(2) + bytes(4) + bytes([64, protocol])
    ends = packed(SWITCH, destination)
    return b"\x08\x00" + head + checksum(head + b"\0\0" + ends) + ends + payload


def ipv6(payload: bytes, before: bytes = b"") -> bytes:
    """Return an ICMPv6 message from fe80::1 to all nodes; *before*: a hop-by-hop header."""
    ends = socket.inet_pton(socket.AF_INET6, "fe80::1") + socket.inet_pton(socket.AF_INET6, "ff02::1")
    total = checksum(ends + len(payload).to_bytes(4) + b"\0\0\0\x3a" + payload)
    body = before + payload[:2] + total + payload[4:]
    first = 0 if before else 58
    return b"\x86\xdd\x60\0\0\0" + len(body).to_bytes(2) + bytes([first, 1]) + ends + body


def stimuli(mac: bytes) -> tuple[bytes, ...]:
    """Return frames that make a host answer; *mac*: its card."""
    asks = b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01" + SWITCH_MAC + packed(SWITCH) + bytes(6)
    echo = b"\x08\x00\xf7\xfd\x00\x01\x00\x01"
    router_alert = b"\x3a\x00\x05\x02\x00\x00\x01\x00"
    mld_query = b"\x82\x00\0\0\x00\x64\0\0" + bytes(16)
    return (
        EVERYBODY + SWITCH_MAC + asks + packed(HELD),
        EVERYBODY + SWITCH_MAC + asks + packed(ELSEWHERE),
        mac + SWITCH_MAC + ipv4(HELD, 1, echo),
        mac + SWITCH_MAC + ipv4(ELSEWHERE, 1, echo),
        EVERYBODY + SWITCH_MAC + ipv4("10.77.0.255", 1, echo),
        bytes.fromhex("01005e000001") + SWITCH_MAC + ipv4("224.0.0.1", 2, bytes.fromhex("1164ee9b00000000")),
        EVERYBODY + SWITCH_MAC + ipv4(ELSEWHERE, 17, bytes.fromhex("0009000900090000") + b"x"),
        ALL_NODES + SWITCH_MAC + ipv6(mld_query, router_alert),
        ALL_NODES + SWITCH_MAC + ipv6(b"\x80\x00\0\0\x00\x01\x00\x01"),
    )
