"""A scale in, the two captures out that measure the flow table alone: small packets, and many short flows.

`small`: 5,000,000 frames of 60 bytes that belong to 50,000 flows in random order, three in five TCP under
way. `many`: 1,000,000 flows of six packets, seven in ten TCP from SYN to FIN. All IPv4 and untagged; payloads
mean nothing.
"""

from __future__ import annotations

import numpy as np

from benchmarks.traffic.dialogue import ACK
from benchmarks.traffic.plan import Capture, apart, macs, new_flows, private_ipv4
from benchmarks.traffic.pool import Pool
from benchmarks.traffic.tables import PACKET, REPLY_LONGER, SEED, TCP, UDP, Endpoints, Kind, Rows, Script

SMALL_FLOWS, SMALL_PACKETS, SMALL_CLIENTS, SMALL_SERVERS = 50_000, 5_000_000, 4_096, 5_000
SMALL_PORTS, SMALL_TCP, SMALL_PAYLOADS, SMALL_GAP = (443, 80, 502, 1883, 53), 0.6, 7, 3
MANY_FLOWS, MANY_CLIENTS, MANY_SERVERS = 1_000_000, 16_000, 100_000
MANY_PORTS, MANY_TCP, MANY_GAP = (443, 80, 8443, 1883, 53), 0.7, 600
SHORTEST, TCP_PAYLOADS, UDP_PAYLOADS = 20, 150, 120
PUBLIC = (32, 100)
"""Range of the servers' first octet: unicast, and nowhere private."""


def _endpoints(clients: int, servers: int, draw: np.random.RandomState) -> Endpoints:
    public = draw.randint(1, 255, (servers, 4)).astype(np.uint8)
    public[:, 0] = draw.randint(*PUBLIC, servers)
    routed = np.repeat(macs(0, 2)[1:], servers, axis=0)
    return Endpoints(
        np.concatenate([private_ipv4(clients), public]),
        np.zeros((clients + servers, 16), np.uint8),
        np.concatenate([macs(1, clients), routed]),
    )


def _opaque(sizes: range, draw: np.random.RandomState) -> tuple[Pool, Script]:
    pool = Pool()
    pool.add(draw.bytes(size) for size in sizes)
    return pool, Script(pool.spans(), 0, 0, 0, 0, 0, 0, 0)


def _flows(count: int, clients: int, servers: int, ports: tuple[int, ...], draw: np.random.RandomState) -> Rows:
    rows = new_flows(count)
    rows["initiator"] = draw.randint(0, clients, count)
    rows["responder"] = clients + draw.randint(0, servers, count)
    rows["initiator_port"] = draw.randint(1025, 65000, count)
    rows["responder_port"] = np.array(ports)[draw.randint(0, len(ports), count)]
    return rows


def plan_small(scale: float) -> Capture:
    """Return the plan of the small packets."""
    draw = np.random.RandomState(SEED)
    rows = _flows(max(1, int(SMALL_FLOWS * scale)), SMALL_CLIENTS, SMALL_SERVERS, SMALL_PORTS, draw)
    rows["kind"] = Kind.OPAQUE
    rows["transport"] = np.where(draw.random_sample(len(rows)) < SMALL_TCP, TCP, UDP)
    pool, script = _opaque(range(SMALL_PAYLOADS), draw)
    tape = np.zeros(max(len(rows), int(SMALL_PACKETS * scale)), PACKET)
    tape["time"] = np.arange(len(tape)) * SMALL_GAP
    tape["flow"] = draw.randint(0, len(rows), len(tape))
    tape["flow"][: len(rows)] = draw.permutation(len(rows))  # every flow occurs
    tape["span"] = draw.randint(0, SMALL_PAYLOADS, len(tape))
    tape["direction"] = draw.randint(0, 2, len(tape))
    tape["flags"] = ACK
    ends = _endpoints(SMALL_CLIENTS, SMALL_SERVERS, draw)
    return Capture(apart(rows), ends, script, pool.bytes(), tape)


def plan_many(scale: float) -> Capture:
    """Return the plan of the many short flows."""
    draw = np.random.RandomState(SEED)
    rows = _flows(max(1, int(MANY_FLOWS * scale)), MANY_CLIENTS, MANY_SERVERS, MANY_PORTS, draw)
    over_tcp = draw.random_sample(len(rows)) < MANY_TCP
    number = np.arange(len(rows))
    rows["transport"] = np.where(over_tcp, TCP, UDP)
    rows["kind"] = np.where(over_tcp, Kind.SHORT_TCP, Kind.SHORT_UDP)
    rows["message"] = number % np.where(over_tcp, TCP_PAYLOADS, UDP_PAYLOADS)
    rows["start"] = number * MANY_GAP
    pool, script = _opaque(range(SHORTEST, SHORTEST + TCP_PAYLOADS + REPLY_LONGER), draw)
    ends = _endpoints(MANY_CLIENTS, MANY_SERVERS, draw)
    return Capture(apart(rows), ends, script, pool.bytes(), np.zeros(0, PACKET))
