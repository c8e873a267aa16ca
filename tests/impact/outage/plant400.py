"""A plant of 400 assets, drawn up on paper: its capture, and what stops in each scenario as its design has it.

Nothing here asks kwel. Who uses whom is written down once, in ``lines``; what stops is written down beside it, in
``TRUTH``, group by group, from the drawing and not from the lines:

    office (60) ── proxy ── Google sign-in          sensors-a (80) ── broker 1 ── 2 ── 3 ── Azure IoT Hub, westeurope
    engineers (10) ──────── Google sign-in          sensors-b (30) ── broker 4 ── AWS IoT Core, eu-west-1
    cameras (20) ── Hikvision, on AWS eu-central-1  panels (20) ── database ── AWS S3, eu-west-1
    meters (20) ── a host of their own at Hetzner   portals (10) ── somebody behind Cloudflare
    controllers (100) ◄── supervisor; drives (36) ◄── controllers

    resolver 1 ── 2 ── 3 ── 4 ── 5 ── Google        used by: office, proxy, broker 3, meters, engineers
    resolver 6 ── Quad9                             used by: cameras, broker 4, database, portals, engineers
    clock ── Hetzner                                used by: controllers, meters
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from tests.streams.making import dns_answer, dns_question, hello, ip4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZES: Final = {
    "resolver": 6, "clock": 1, "proxy": 1, "broker": 4, "supervisor": 1, "database": 1, "sensors-a": 80,
    "sensors-b": 30, "controllers": 100, "panels": 20, "office": 60, "engineers": 10, "cameras": 20, "meters": 20,
    "portals": 10, "drives": 36,
}  # fmt: skip
"""Assets by group: 400 in all; the group is the third octet of their addresses, from 1."""
GROUPS: Final = tuple(SIZES)
GOOGLE_DNS, QUAD9, CLOCK = "8.8.8.8", "9.9.9.9", "5.9.10.20"
HOSTS: Final = {
    "accounts.google.com": "142.250.179.141",
    "plant400.azure-devices.net": "13.69.64.110",
    "a1b2c3-ats.iot.eu-west-1.amazonaws.com": "3.248.10.10",
    "plant400.s3.eu-west-1.amazonaws.com": "3.5.64.10",
    "eu.hik-connect.com": "3.120.10.10",
    "meters.plant400.example": "5.9.10.30",
    "portal.vendor400.example": "104.16.10.10",
}
SIGN_IN, HUB, IOT, STORE, VIDEO, METERS, PORTAL = HOSTS
ROUTER: Final = bytes.fromhex("02fe00000001")
START: Final = 1_790_000_000_000_000
"""Microseconds since the epoch."""


def address(group: str, number: int = 1) -> str:
    """Return the address of one asset of a group, numbered from 1."""
    return f"10.50.{GROUPS.index(group) + 1}.{number + 9}"


def everyone(group: str, *only: int) -> frozenset[str]:
    """Return the addresses of a group, or of some of it."""
    return frozenset(address(group, number) for number in only or range(1, SIZES[group] + 1))


def of(*groups: str) -> frozenset[str]:
    return frozenset().union(*(everyone(group) for group in groups))


BEHIND_HUB: Final = of("sensors-a") | everyone("broker", 1, 2, 3)
BEHIND_IOT: Final = of("sensors-b") | everyone("broker", 4)
BEHIND_GOOGLE_DNS: Final = of("office", "proxy", "meters") | everyone("resolver", 1, 2, 3, 4, 5) | BEHIND_HUB
BEHIND_QUAD9: Final = of("cameras", "database", "portals") | everyone("resolver", 6) | BEHIND_IOT
SIGNED_IN: Final = of("office", "proxy", "engineers")
TIMED: Final = of("clock", "controllers", "meters")

TRUTH: Final = {
    "azure": BEHIND_HUB,
    "aws": BEHIND_IOT | of("database", "cameras"),
    # Whoever resolves names by way of Google's resolver alone loses all that it finds by name.
    "google": SIGNED_IN | BEHIND_GOOGLE_DNS,
    "oracle": frozenset(),
    "us-parent": SIGNED_IN | BEHIND_GOOGLE_DNS | BEHIND_IOT | of("database", "cameras", "portals"),
    "region:westeurope": BEHIND_HUB,
    "region:eu-west-1": BEHIND_IOT | of("database"),
    "identity": SIGNED_IN,
    # Engineers have a resolver on either side; here both are gone.
    "dns": BEHIND_GOOGLE_DNS | BEHIND_QUAD9 | of("engineers"),
    "cdn": of("portals"),
    "internet": BEHIND_GOOGLE_DNS | BEHIND_QUAD9 | SIGNED_IN | TIMED,
    "notice-less-eight-days": BEHIND_HUB,
    "operator:hetzner": TIMED,
    "supplier:Hikvision": of("cameras"),
    "jurisdiction:CH": everyone("resolver", 6) | of("cameras", "database", "portals") | BEHIND_IOT,
}
"""Who loses something that was in use."""
OPEN: Final = {
    "azure": of("portals"),  # what stands behind the front may be in Azure
    "aws": of("portals", "panels"),  # and the database may serve its panels without its store
    "oracle": of("portals"),
    "internet": of("panels"),
    "cdn": frozenset(),
}
"""Of whom nobody can say."""


class Wire:
    """Frames, a millisecond after one another."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self._port = 20_000
        self._now = START

    def _frame(self, payload: bytes, protocol: int, source: str, target: str) -> None:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), len(self.frames) % 0xFFFF + 1, 0, 64, protocol, 0)
        packet = head + ip4(source) + ip4(target) + payload
        self.frames.append((self._now, mac(target) + mac(source) + b"\x08\0" + packet))
        self._now += 1000

    def udp(self, client: str, server: str, port: int, question: bytes, answer: bytes) -> None:
        """One question and its answer."""
        self._port = self._port % 60_000 + 1
        near, far = struct.pack(">HH", self._port, port), struct.pack(">HH", port, self._port)
        self._frame(near + struct.pack(">HH", 8 + len(question), 0) + question, 17, client, server)
        self._frame(far + struct.pack(">HH", 8 + len(answer), 0) + answer, 17, server, client)

    def tcp(self, client: str, server: str, port: int, *talk: tuple[bytes, bytes]) -> None:
        """A handshake, then what each side says in turn."""
        self._port = self._port % 60_000 + 1
        ends = (client, server, self._port, port), (server, client, port, self._port)
        at = [1000, 7000]

        def send(side: int, data: bytes, flags: int) -> None:
            source, target, near, far = ends[side]
            head = struct.pack(">HHIIBBHHH", near, far, at[side], at[1 - side], 0x50, flags, 65535, 0, 0)
            self._frame(head + data, 6, source, target)
            at[side] += len(data) + (flags & 2 > 0)

        send(0, b"", 0x02)
        send(1, b"", 0x12)
        send(0, b"", 0x10)
        for up, down in talk:
            send(0, up, 0x18)
            send(1, down, 0x18)

    def write(self, path: Path) -> Path:
        """Write a capture of all of it."""
        with path.open("wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            for time, frame in self.frames:
                file.write(struct.pack("<IIII", time // 10**6, time % 10**6, len(frame), len(frame)) + frame)
        return path


def mac(text: str) -> bytes:
    """Return an address of an asset's own; everything outside is behind the router."""
    return b"\x02\x50" + ip4(text) if text.startswith("10.50.") else ROUTER


MODBUS = bytes.fromhex("000100000006010300000002"), bytes.fromhex("00010000000701030400010002")
MQTT = b"\x10\x11\0\4MQTT\4\2\0\x3c\0\5plant", b"\x20\2\0\0"
NTP = b"\x23" + bytes(39) + b"\x11" * 8, b"\x24\1" + bytes(38) + b"\x22" * 8
SERVER_HELLO = b"\x16\3\3\0\x04\x0e\0\0\0"
SQL = b"\x12\1\0\x10\0\0\0\0" + bytes(8), b"\4\1\0\x10\0\0\0\0" + bytes(8)


def lines() -> Iterator[tuple[str, str, str]]:
    """Yield who uses whom, and how."""
    for number in range(1, 5):
        yield address("resolver", number), address("resolver", number + 1), "dns"
    yield address("resolver", 5), GOOGLE_DNS, "dns"
    yield address("resolver", 6), QUAD9, "dns"
    yield address("clock"), CLOCK, "ntp"
    one, six = address("resolver", 1), address("resolver", 6)
    users = {one: (*of("office", "proxy", "meters", "engineers"), address("broker", 3)),
             six: (*of("cameras", "database", "portals", "engineers"), address("broker", 4))}  # fmt: skip
    for resolver, clients in users.items():
        yield from ((client, resolver, "dns") for client in sorted(clients))
    yield from ((client, address("clock"), "ntp") for client in sorted(of("controllers", "meters")))
    yield from ((client, SIGN_IN, "connect") for client in sorted(everyone("office")))
    yield from ((client, SIGN_IN, "tls") for client in sorted(of("proxy", "engineers")))
    yield from ((client, address("broker", 1), "mqtt") for client in sorted(everyone("sensors-a")))
    yield from ((client, address("broker", 4), "mqtt") for client in sorted(everyone("sensors-b")))
    yield from ((address("broker", number), address("broker", number + 1), "mqtt") for number in (1, 2))
    yield address("broker", 3), HUB, "tls"
    yield address("broker", 4), IOT, "tls"
    yield address("database"), STORE, "tls"
    yield from ((client, address("database"), "sql") for client in sorted(everyone("panels")))
    for group, host in (("cameras", VIDEO), ("meters", METERS), ("portals", PORTAL)):
        yield from ((client, host, "tls") for client in sorted(everyone(group)))
    yield from ((address("supervisor"), device, "modbus") for device in sorted(everyone("controllers")))
    yield from ((address("controllers", n), address("drives", n), "modbus") for n in range(1, SIZES["drives"] + 1))


def make(path: Path) -> Path:
    """Write the capture."""
    wire = Wire()
    resolvers = {client: server for client, server, how in lines() if how == "dns"}
    for client, server, how in lines():
        if how == "dns":
            name = "www.plant400.example"
            wire.udp(client, server, 53, dns_question(name), dns_answer(name, "5.9.10.99"))
        elif how == "ntp":
            wire.udp(client, server, 123, *NTP)
        elif how == "connect":
            ask = f"CONNECT {server}:443 HTTP/1.1\r\nHost: {server}:443\r\n\r\n".encode()
            answer = b"HTTP/1.1 200 Connection established\r\n\r\n"
            wire.tcp(client, address("proxy"), 3128, (ask, answer), (hello(server), SERVER_HELLO))
        elif how == "tls":
            question = dns_question(server), dns_answer(server, HOSTS[server])
            wire.udp(client, resolvers[client], 53, *question)
            wire.tcp(client, HOSTS[server], 443, (hello(server), SERVER_HELLO))
        else:
            port, talk = {"mqtt": (1883, MQTT), "modbus": (502, MODBUS), "sql": (1433, SQL)}[how]
            wire.tcp(client, server, port, talk)
    return wire.write(path)
