"""A scale in, a capture of QUIC alone out: what it costs to read the name out of each connection.

10,000 connections, each with an id and so with keys of its own. The hello, with a post-quantum key share, takes two
datagrams, in pieces and out of order as Chromium sends it (RFC 9000 section 19.6 allows it). Servers answer with short
packets, as in the big capture.
"""

from __future__ import annotations

from random import Random

import numpy as np

from benchmarks.traffic import names, quic, tls
from benchmarks.traffic.plan import Capture, apart, macs, new_flows, private_ipv4
from benchmarks.traffic.pool import Pool
from benchmarks.traffic.tables import (
    PACKET,
    QUIC_FULL,
    QUIC_SMALL,
    SEED,
    UDP,
    VARIANTS,
    Endpoints,
    Kind,
    Script,
)

CONNECTIONS, CLIENTS = 10_000, 2_000
GAP = 6_000


def plan(scale: float) -> Capture:
    """Return the plan: a connection every GAP microseconds, each to a host of its own."""
    random, draw = Random(SEED), np.random.RandomState(SEED)
    count = max(1, int(CONNECTIONS * scale))
    hosts = names.hosts(count, random)
    pool = Pool()
    hellos = (tls.client_hello(host.name, random, post_quantum=True) for host in hosts)
    initials = pool.add(datagram for hello in hellos for datagram in quic.scattered(hello, random))
    sizes = [QUIC_FULL] * VARIANTS + list(QUIC_SMALL)
    short = pool.add(quic.short_packet(random, size) for size in sizes)
    rows = new_flows(count)
    number = np.arange(count)
    rows["kind"], rows["transport"], rows["responder_port"] = Kind.QUIC_TWICE, UDP, 443
    rows["initiator"], rows["responder"] = draw.randint(0, CLIENTS, count), CLIENTS + number
    rows["initiator_port"] = draw.randint(32768, 61000, count)
    rows["start"], rows["host"], rows["message"] = number * GAP, number, initials + 2 * number
    outside = np.frombuffer(b"".join(host.ipv4 for host in hosts), np.uint8).reshape(-1, 4)
    ends = Endpoints(
        np.concatenate([private_ipv4(CLIENTS), outside]),
        np.zeros((CLIENTS + count, 16), np.uint8),
        np.concatenate([macs(1, CLIENTS), np.repeat(macs(0, 2)[1:], count, axis=0)]),
    )
    script = Script(pool.spans(), 0, 0, short, 0, 0, 0, 0)
    # No page is asked for: their spans begin behind all others.
    return Capture(
        apart(rows),
        ends,
        script,
        pool.bytes(),
        np.zeros(0, PACKET),
        tuple(host.name for host in hosts),
        len(script.spans),
    )
