"""A scale in, the mixed capture out: an hour of an office and a plant behind one mirror port.

At scale 1: 75,000 TLS flows (three hellos in ten take two segments), 15,000 QUIC flows from 2,000 distinct
encrypted Initials, 81,000 DNS look-ups, 12,000 HTTP flows, a plant of Modbus, S7comm and MQTT, NTP, a port
scan, ARP and LLDP; a quarter of the packets tagged, one in a hundred tagged twice, a tenth IPv6.

Two simplifications. QUIC servers answer with short packets only, so the handshake cannot be followed beyond
the Initial; and flows that share one of the 2,000 Initials share its connection id.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.traffic import messages, names, quic, tls
from benchmarks.traffic.plan import Capture, apart, mac, new_flows, private_ipv4, private_ipv6
from benchmarks.traffic.pool import Pool, segments
from benchmarks.traffic.tables import (
    ARP,
    BULK_SIZES,
    FLIGHT_SEGMENTS,
    LLDP,
    PACKET,
    POLLS,
    QUIC_FULL,
    QUIC_SMALL,
    SEED,
    TCP,
    UDP,
    VARIANTS,
    Endpoints,
    Kind,
    Rows,
    Script,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TLS_FLOWS, QUIC_FLOWS, HTTP_FLOWS, NTP_FLOWS, SCAN_FLOWS = 75_000, 15_000, 12_000, 10_000, 5_000
MODBUS_FLOWS, S7_FLOWS, MQTT_FLOWS = 300, 60, 500
BROADCASTS, ARP_SHARE = 40_000, 0.9
HOSTS, INITIALS = 20_000, 2_000
LOOKED_UP, IPV6_SHARE = 0.9, 0.12

MODBUS_POLLS, S7_POLLS, MQTT_MESSAGES = (200, 900), 700, (10, 100)
HELLO_SEGMENT = 1400
SERVER_SEGMENT = 1448
DURATION, LAST_START, PLANT_STARTS = 3_600_000_000, 3_300_000_000, 10_000_000
LOOK_UP_AHEAD = 80_000
"""Microseconds, as everywhere in a plan."""

CLIENTS, USERS = 1200, (2, 1000)
SCADA, ENGINEERING, SCANNER = 1100, 1101, 1150
CONTROLLERS, S7_CONTROLLERS = 400, 300
"""The first 300 controllers speak Modbus, the others S7comm."""
GATEWAY_MAC = mac(0, 1)


@dataclass(frozen=True, slots=True)
class Places:
    """Rows of the endpoints at which each group begins."""

    hosts: int
    controllers: int
    resolver: int
    broker: int
    clock: int


@dataclass(frozen=True, slots=True)
class Said:
    """Spans of the messages that belong to one host or one name."""

    hellos: int
    """Two a host; the second is empty where one segment is enough."""
    look_ups: int
    """Four a host: question and answer for A, then for AAAA."""
    initials: int
    pages: int
    """Four a web name: the request and three segments of its response."""


def _offers_1_3(host: NDArray[np.int64]) -> NDArray[np.bool_]:
    return host % 10 < 8


def _hello(name: str, number: int, random: Random) -> list[bytes]:
    message = tls.client_hello(name, random, modern=number % 10 < 8, post_quantum=number % 10 < 3)
    return segments(tls.record(tls.Content.HANDSHAKE, message, tls.TLS_1_0), HELLO_SEGMENT, 2)


def _look_up(host: names.Host, number: int, random: Random) -> list[bytes]:
    more = [random.randbytes(4) for _ in range(number % 4)]
    return [part for ipv6 in (False, True) for part in messages.dns(host, random, more=more, ipv6=ipv6)]


def _say(pool: Pool, hosts: list[names.Host], random: Random) -> Said:
    response = messages.http_response(3 * SERVER_SEGMENT)
    return Said(
        hellos=pool.add(part for n, host in enumerate(hosts) for part in _hello(host.name, n, random)),
        look_ups=pool.add(part for n, host in enumerate(hosts) for part in _look_up(host, n, random)),
        initials=pool.add(quic.initial(tls.client_hello(host.name, random), random) for host in hosts[:INITIALS]),
        pages=pool.add(
            part
            for number, name in enumerate(names.WEB_NAMES)
            for part in [messages.http_request(name, number), *segments(response, SERVER_SEGMENT, 3)]
        ),
    )


def _flights(random: Random) -> list[bytes]:
    return [
        *segments(tls.server_flight_1_2(random), SERVER_SEGMENT, FLIGHT_SEGMENTS),
        tls.client_finish_1_2(random),
        *segments(tls.server_flight_1_3(random), SERVER_SEGMENT, FLIGHT_SEGMENTS),
        tls.client_finish_1_3(random),
    ]


def _script(pool: Pool, random: Random) -> Script:
    bulk = pool.add(
        tls.record(tls.Content.APPLICATION_DATA, random.randbytes(size - 5))
        for size in BULK_SIZES
        for _ in range(VARIANTS)
    )
    sizes = [QUIC_FULL] * VARIANTS + list(QUIC_SMALL)
    flights = pool.add(_flights(random))
    short = pool.add(quic.short_packet(random, size) for size in sizes)
    modbus = pool.add(part for number in range(POLLS) for part in messages.modbus(number, random))
    mqtt = pool.add(messages.mqtt())
    ntp = pool.add(messages.ntp(random))
    s7_reads = [part for number in range(POLLS) for part in messages.s7_read(number, random)]
    s7 = pool.add([*messages.s7_greeting(), *s7_reads])
    return Script(pool.spans(), bulk, flights, short, modbus, s7, mqtt, ntp)


def _endpoints(hosts: list[names.Host]) -> tuple[Endpoints, Places]:
    plant = np.arange(CONTROLLERS)
    others = np.array([[10, 20, 0, 53], [10, 20, 0, 5], [162, 159, 200, 1]], np.uint8)
    ipv4 = [
        private_ipv4(CLIENTS),
        np.frombuffer(b"".join(host.ipv4 for host in hosts), np.uint8).reshape(-1, 4),
        np.stack([0 * plant + 10, 0 * plant + 10, plant // 200, plant % 200 + 10], 1).astype(np.uint8),
        others,
    ]
    ipv6 = [
        private_ipv6(CLIENTS),
        np.frombuffer(b"".join(host.ipv6 for host in hosts), np.uint8).reshape(-1, 16),
        np.zeros((CONTROLLERS + len(others), 16), np.uint8),
    ]
    own = [mac(1, number) for number in range(CLIENTS)]
    routed = [GATEWAY_MAC] * len(hosts)
    devices = [mac(2, number) for number in range(CONTROLLERS)]
    macs = b"".join([*own, *routed, *devices, mac(3, 53), mac(3, 5), GATEWAY_MAC])
    ends = Endpoints(np.concatenate(ipv4), np.concatenate(ipv6), np.frombuffer(macs, np.uint8).reshape(-1, 6))
    after = CLIENTS + len(hosts) + CONTROLLERS
    return ends, Places(CLIENTS, CLIENTS + len(hosts), after, after + 1, after + 2)


class _Planner:
    """Draws the flows of each kind."""

    def __init__(self, scale: float, places: Places, said: Said, hosts: int) -> None:
        self.draw = np.random.RandomState(SEED)  # frozen: the same numbers in every version of NumPy (NEP 19)
        self.scale, self.places, self.said, self.hosts = scale, places, said, hosts

    def base(self, kind: Kind, transport: int, port: int, count: int) -> Rows:
        """Return flows from random users at random times."""
        rows = new_flows(max(1, int(count * self.scale)))
        size = len(rows)
        rows["kind"], rows["transport"], rows["responder_port"] = kind, transport, port
        rows["initiator"] = self.draw.randint(*USERS, size)
        rows["initiator_port"] = self.draw.randint(32768, 61000, size)
        rows["start"] = self.draw.randint(0, LAST_START, size)
        rows["options"] = 1
        return rows

    def web(self) -> Rows:
        """Return TLS flows; few hosts are asked for often, as Zipf found of words."""
        rows = self.base(Kind.TLS, TCP, 443, TLS_FLOWS)
        weight = 1 / (np.arange(self.hosts) + 3.0) ** 0.8
        rank = np.searchsorted(np.cumsum(weight / weight.sum()), self.draw.random_sample(len(rows)))
        rows["host"] = self.draw.permutation(self.hosts)[np.minimum(rank, self.hosts - 1)]
        rows["message"] = self.said.hellos + 2 * rows["host"]
        rows["flight"] = _offers_1_3(rows["host"])
        return self._towards_hosts(rows)

    def quic(self) -> Rows:
        """Return QUIC flows."""
        rows = self.base(Kind.QUIC, UDP, 443, QUIC_FLOWS)
        rows["host"] = self.draw.randint(0, min(INITIALS, self.hosts), len(rows))
        rows["message"] = self.said.initials + rows["host"]
        return self._towards_hosts(rows)

    def _towards_hosts(self, rows: Rows) -> Rows:
        rows["responder"] = self.places.hosts + rows["host"]
        rows["version"] = np.where(self.draw.random_sample(len(rows)) < IPV6_SHARE, 6, 4)
        return rows

    def look_ups(self, of: Rows) -> Rows:
        """Return the DNS flows that come before most of the flows *of* named hosts."""
        rows = of[self.draw.random_sample(len(of)) < LOOKED_UP].copy()
        rows["message"] = self.said.look_ups + 4 * rows["host"] + 2 * (rows["version"] == 6)
        rows["kind"], rows["transport"], rows["responder_port"] = Kind.DNS, UDP, 53
        rows["responder"], rows["version"] = self.places.resolver, 4
        rows["initiator_port"] = self.draw.randint(1025, 65000, len(rows))
        rows["start"] = np.maximum(0, rows["start"] - LOOK_UP_AHEAD)
        return rows

    def pages(self) -> Rows:
        """Return HTTP flows; ``host`` is the number of a web name."""
        rows = self.base(Kind.HTTP, TCP, 80, HTTP_FLOWS)
        rows["host"] = self.draw.randint(0, len(names.WEB_NAMES), len(rows))
        rows["message"] = self.said.pages + 4 * rows["host"]
        rows["responder"] = self.places.hosts + self.draw.randint(0, self.hosts, len(rows))
        return rows

    def plant(self) -> Rows:
        """Return the long conversations of the plant."""
        modbus = self.base(Kind.MODBUS, TCP, 502, MODBUS_FLOWS)
        modbus["initiator"] = SCADA
        modbus["responder"] = self.places.controllers + np.arange(len(modbus)) % S7_CONTROLLERS
        modbus["rounds"] = self.draw.randint(*MODBUS_POLLS, len(modbus))
        s7 = self.base(Kind.S7, TCP, 102, S7_FLOWS)
        s7["initiator"], s7["rounds"] = ENGINEERING, S7_POLLS
        s7["responder"] = self.places.controllers + S7_CONTROLLERS + np.arange(len(s7))
        mqtt = self.base(Kind.MQTT, TCP, 1883, MQTT_FLOWS)
        mqtt["responder"] = self.places.broker
        mqtt["rounds"] = self.draw.randint(*MQTT_MESSAGES, len(mqtt))
        rows = np.concatenate([modbus, s7, mqtt])
        rows["start"] = self.draw.randint(0, PLANT_STARTS, len(rows))
        return rows

    def others(self) -> Rows:
        """Return NTP and the port scan."""
        ntp = self.base(Kind.NTP, UDP, 123, NTP_FLOWS)
        ntp["responder"] = self.places.clock
        scan = self.base(Kind.SCAN, TCP, 0, SCAN_FLOWS)
        scan["initiator"] = SCANNER
        scan["responder"] = self.places.controllers + self.draw.randint(0, CONTROLLERS, len(scan))
        scan["responder_port"] = self.draw.randint(1, 10000, len(scan))
        return np.concatenate([ntp, scan])

    def flows(self) -> Rows:
        """Return the whole plan."""
        web, datagrams = self.web(), self.quic()
        look_ups = self.look_ups(np.concatenate([web, datagrams]))
        rows = np.concatenate([look_ups, web, datagrams, self.pages(), self.plant(), self.others()])
        client = rows["initiator"]
        rows["vlan"] = np.where(np.isin(client % 10, (3, 6, 9)), 10 + client % 8, 0)
        rows["outer"] = np.where(client % 90 == 8, 100, 0)
        rows["vlan"][rows["outer"] > 0] = 7
        return apart(rows)

    def broadcasts(self) -> Rows:
        """Return packets of ARP and LLDP; the sender stands in ``span``."""
        tape = np.zeros(int(BROADCASTS * self.scale), PACKET)
        tape["time"] = self.draw.randint(0, DURATION, len(tape))
        tape["flow"] = np.where(self.draw.random_sample(len(tape)) < ARP_SHARE, ARP, LLDP)
        users = self.draw.randint(*USERS, len(tape))
        devices = self.places.controllers + self.draw.randint(0, CONTROLLERS, len(tape))
        tape["span"] = np.where(tape["flow"] == ARP, users, devices)
        return tape


def plan(scale: float) -> Capture:
    """Return the plan of the mixed capture."""
    random = Random(SEED)
    hosts = names.hosts(max(1, int(HOSTS * min(1, scale * 4))), random)
    pool = Pool()
    said = _say(pool, hosts, random)
    script = _script(pool, random)
    ends, places = _endpoints(hosts)
    planner = _Planner(scale, places, said, len(hosts))
    flows = planner.flows()
    return Capture(flows, ends, script, pool.bytes(), planner.broadcasts(), tuple(h.name for h in hosts), said.pages)
