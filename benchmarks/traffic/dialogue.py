"""A plan of flows in, a tape of packets out: who sends what, and when.

Each kind of flow is a function that reads like its exchange on the wire. All randomness comes from one
SplitMix64 (Steele, Lea, Flood 2014), so the tape does not depend on the version of any library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.traffic.tables import (
    BULK_SIZES,
    FLIGHT_SEGMENTS,
    NOTHING,
    PACKET,
    POLLS,
    QUIC_SMALL,
    REPLY_LONGER,
    SEED,
    VARIANTS,
    Kind,
    Rows,
    Script,
    compiled,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = 0, 1

CURSOR = np.dtype(
    [("written", np.int64), ("time", np.int64), ("flow", np.int64), ("random", np.uint64), ("rtt", np.int64)]
)
"""Where the writing of the tape has come."""

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
S11, S27, S30, S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)
FLOAT_BITS = 1.0 / (1 << 53)

SMALL_SIZES, LARGEST_SMALL = len(QUIC_SMALL), max(QUIC_SMALL)
FULL_RECORDS, REQUEST_SIZES, REPLY_TAIL = (1, 4), (4, 7), (3, len(BULK_SIZES))
"""Ranges of BULK_SIZES: what fills a reply, what a request has, what a reply ends with."""

PLANT_TIME, TELEMETRY_TIME = 3_000_000_000, 2_500_000_000
"""Microseconds over which a controller is polled, a sensor publishes."""


@compiled
def _random(cursor: Any) -> float:
    """Return a number in [0, 1)."""
    cursor.random = cursor.random + GOLDEN
    mixed = cursor.random
    mixed = (mixed ^ (mixed >> S30)) * MIX_1
    mixed = (mixed ^ (mixed >> S27)) * MIX_2
    return float((mixed ^ (mixed >> S31)) >> S11) * FLOAT_BITS


@compiled
def _below(cursor: Any, low: int, high: int) -> int:
    """Return a whole number in [low, high)."""
    return low + int(_random(cursor) * (high - low))


@compiled
def _exponential(cursor: Any, mean: float) -> int:
    return int(-mean * np.log(1.0 - _random(cursor)))


@compiled
def _lognormal(cursor: Any, mean: float, deviation: float) -> int:
    # Box and Muller: two even numbers make a normal one.
    radius = np.sqrt(-2.0 * np.log(1.0 - _random(cursor)))
    return int(np.exp(mean + deviation * radius * np.cos(2.0 * np.pi * _random(cursor))))


@compiled
def _say(tape: Rows, cursor: Any, direction: int, flags: int, span: int) -> None:
    packet = tape[cursor.written]
    packet.time = cursor.time
    packet.flow = cursor.flow
    packet.span = span
    packet.direction = direction
    packet.flags = flags
    cursor.written = cursor.written + 1


@compiled
def _wait(cursor: Any, microseconds: int) -> None:
    cursor.time = cursor.time + microseconds


@compiled
def _connect(tape: Rows, cursor: Any) -> None:
    cursor.rtt = 2000 + _exponential(cursor, 20000)
    _say(tape, cursor, CLIENT, SYN, NOTHING)
    _wait(cursor, cursor.rtt)
    _say(tape, cursor, SERVER, SYN | ACK, NOTHING)
    _wait(cursor, 200)
    _say(tape, cursor, CLIENT, ACK, NOTHING)


@compiled
def _close(tape: Rows, cursor: Any) -> None:
    _wait(cursor, 400)
    _say(tape, cursor, CLIENT, FIN | ACK, NOTHING)
    _wait(cursor, cursor.rtt)
    _say(tape, cursor, SERVER, FIN | ACK, NOTHING)
    _wait(cursor, 100)
    _say(tape, cursor, CLIENT, ACK, NOTHING)


@compiled
def _tls_handshake(tape: Rows, cursor: Any, flow: Any, script: Script) -> None:
    _wait(cursor, 300)
    if script.spans[flow.message + 1, 1] > 0:
        _say(tape, cursor, CLIENT, ACK, flow.message)
        _wait(cursor, 5)
        _say(tape, cursor, CLIENT, PSH | ACK, flow.message + 1)
    else:
        _say(tape, cursor, CLIENT, PSH | ACK, flow.message)
    _wait(cursor, cursor.rtt)
    _say(tape, cursor, SERVER, ACK, NOTHING)
    flight = script.flights + flow.flight * (FLIGHT_SEGMENTS + 1)
    for part in range(FLIGHT_SEGMENTS):
        if script.spans[flight + part, 1] > 0:
            _wait(cursor, 30)
            _say(tape, cursor, SERVER, PSH | ACK, flight + part)
    _wait(cursor, 200)
    _say(tape, cursor, CLIENT, ACK, NOTHING)
    _wait(cursor, 800)
    _say(tape, cursor, CLIENT, PSH | ACK, flight + FLIGHT_SEGMENTS)


@compiled
def _bulk(cursor: Any, script: Script, size: int) -> int:
    return script.bulk + size * VARIANTS + _below(cursor, 0, VARIANTS)


@compiled
def _tls_reply(tape: Rows, cursor: Any, script: Script) -> None:
    """Full segments and a last one; every second is acknowledged."""
    count = min(1 + _lognormal(cursor, 1.0, 1.15), 3000)
    full = 0 if _random(cursor) < 0.8 else _below(cursor, FULL_RECORDS[0], FULL_RECORDS[1])
    for part in range(1, count + 1):
        _wait(cursor, 12 + _exponential(cursor, 60))
        if part < count:
            _say(tape, cursor, SERVER, ACK, _bulk(cursor, script, full))
        else:
            last = _below(cursor, REPLY_TAIL[0], REPLY_TAIL[1])
            _say(tape, cursor, SERVER, PSH | ACK, _bulk(cursor, script, last))
        if part % 2 == 0:
            _wait(cursor, 5)
            _say(tape, cursor, CLIENT, ACK, NOTHING)


@compiled
def _tls(tape: Rows, cursor: Any, flow: Any, script: Script) -> None:
    _connect(tape, cursor)
    _tls_handshake(tape, cursor, flow, script)
    for _ in range(1 + _exponential(cursor, 1.5)):
        _wait(cursor, 3000 + _exponential(cursor, 200000))
        request = _bulk(cursor, script, _below(cursor, REQUEST_SIZES[0], REQUEST_SIZES[1]))
        _say(tape, cursor, CLIENT, PSH | ACK, request)
        _wait(cursor, cursor.rtt)
        _tls_reply(tape, cursor, script)
    _close(tape, cursor)


@compiled
def _http(tape: Rows, cursor: Any, flow: Any) -> None:
    _connect(tape, cursor)
    for _ in range(1 + _below(cursor, 0, 2)):
        _wait(cursor, 1000)
        _say(tape, cursor, CLIENT, PSH | ACK, flow.message)
        _wait(cursor, cursor.rtt)
        _say(tape, cursor, SERVER, ACK, flow.message + 1)
        _wait(cursor, 20)
        _say(tape, cursor, SERVER, ACK, flow.message + 2)
        _wait(cursor, 20)
        _say(tape, cursor, SERVER, PSH | ACK, flow.message + 3)
        _wait(cursor, 260)
        _say(tape, cursor, CLIENT, ACK, NOTHING)
    _close(tape, cursor)


@compiled
def _quic(tape: Rows, cursor: Any, flow: Any, script: Script) -> None:
    _say(tape, cursor, CLIENT, 0, flow.message)
    if flow.kind == Kind.QUIC_TWICE:
        _wait(cursor, 20)
        _say(tape, cursor, CLIENT, 0, flow.message + 1)
    _wait(cursor, 15000)
    for _ in range(2 + min(_lognormal(cursor, 2.6, 0.9), 1500)):
        _wait(cursor, 100 + _exponential(cursor, 3000))
        direction = SERVER if _random(cursor) < 0.62 else CLIENT
        packet = VARIANTS + _below(cursor, 0, SMALL_SIZES)
        if direction == SERVER and _random(cursor) < 0.8:
            packet = _below(cursor, 0, VARIANTS)
        _say(tape, cursor, direction, 0, script.short + packet)


@compiled
def _ask(tape: Rows, cursor: Any, question: int, pause: int) -> None:
    """One datagram each way: DNS, NTP. The answer follows its question in the store."""
    _say(tape, cursor, CLIENT, 0, question)
    _wait(cursor, pause)
    _say(tape, cursor, SERVER, 0, question + 1)


@compiled
def _poll(tape: Rows, cursor: Any, flow: Any, polls: int, pause: int) -> None:
    """Ask a controller for values, round after round: Modbus, S7comm."""
    period = PLANT_TIME // max(flow.rounds, 1)
    for _ in range(flow.rounds):
        request = polls + 2 * _below(cursor, 0, POLLS)
        _wait(cursor, period)
        _say(tape, cursor, CLIENT, PSH | ACK, request)
        _wait(cursor, pause)
        _say(tape, cursor, SERVER, PSH | ACK, request + 1)
        if flow.kind == Kind.MODBUS:
            _wait(cursor, 200)
            _say(tape, cursor, CLIENT, ACK, NOTHING)


@compiled
def _s7(tape: Rows, cursor: Any, flow: Any, script: Script) -> None:
    _connect(tape, cursor)
    for part in range(4):
        _wait(cursor, 1500)
        _say(tape, cursor, part & 1, PSH | ACK, script.s7 + part)
    _poll(tape, cursor, flow, script.s7 + 4, 2500)


@compiled
def _mqtt(tape: Rows, cursor: Any, flow: Any, script: Script) -> None:
    _connect(tape, cursor)
    _wait(cursor, 500)
    _say(tape, cursor, CLIENT, PSH | ACK, script.mqtt)
    _wait(cursor, cursor.rtt)
    _say(tape, cursor, SERVER, PSH | ACK, script.mqtt + 1)
    period = TELEMETRY_TIME // max(flow.rounds, 1)
    for _ in range(flow.rounds):
        _wait(cursor, period)
        _say(tape, cursor, CLIENT, PSH | ACK, script.mqtt + 2)
        _wait(cursor, cursor.rtt)
        _say(tape, cursor, SERVER, ACK, NOTHING)


@compiled
def _scan(tape: Rows, cursor: Any) -> None:
    """Half of the ports answer with a reset, half not at all."""
    _say(tape, cursor, CLIENT, SYN, NOTHING)
    if _random(cursor) < 0.5:
        _wait(cursor, 300)
        _say(tape, cursor, SERVER, RST | ACK, NOTHING)


@compiled
def _short_tcp(tape: Rows, cursor: Any, flow: Any) -> None:
    """Six packets: handshake, one message each way, and both ends close."""
    _say(tape, cursor, CLIENT, SYN, NOTHING)
    _wait(cursor, 3000)
    _say(tape, cursor, SERVER, SYN | ACK, NOTHING)
    _wait(cursor, 100)
    _say(tape, cursor, CLIENT, PSH | ACK, flow.message)
    _wait(cursor, 3000)
    _say(tape, cursor, SERVER, PSH | ACK, flow.message + REPLY_LONGER)
    _wait(cursor, 50)
    _say(tape, cursor, CLIENT, FIN | ACK, NOTHING)
    _wait(cursor, 3000)
    _say(tape, cursor, SERVER, FIN | ACK, NOTHING)


@compiled
def _short_udp(tape: Rows, cursor: Any, flow: Any) -> None:
    """Six datagrams, by turns."""
    for part in range(6):
        _wait(cursor, 1000)
        _say(tape, cursor, part & 1, 0, flow.message)


@compiled
def _converse(tape: Rows, cursor: Any, flow: Any, script: Script) -> None:
    if flow.kind == Kind.DNS:
        _ask(tape, cursor, flow.message, 500 + _exponential(cursor, 15000))
    elif flow.kind == Kind.NTP:
        _ask(tape, cursor, script.ntp, 20000)
    elif flow.kind == Kind.TLS:
        _tls(tape, cursor, flow, script)
    elif flow.kind == Kind.HTTP:
        _http(tape, cursor, flow)
    elif flow.kind in (Kind.QUIC, Kind.QUIC_TWICE):
        _quic(tape, cursor, flow, script)
    elif flow.kind == Kind.MODBUS:
        _connect(tape, cursor)
        _poll(tape, cursor, flow, script.modbus, 1500)
    elif flow.kind == Kind.S7:
        _s7(tape, cursor, flow, script)
    elif flow.kind == Kind.MQTT:
        _mqtt(tape, cursor, flow, script)
    elif flow.kind == Kind.SCAN:
        _scan(tape, cursor)
    elif flow.kind == Kind.SHORT_TCP:
        _short_tcp(tape, cursor, flow)
    elif flow.kind == Kind.SHORT_UDP:
        _short_udp(tape, cursor, flow)


@compiled
def _perform(tape: Rows, cursors: Rows, flows: Rows, first: int, script: Script) -> int:
    """Write whole conversations from flow *first* on; return the first that the tape may have no room for."""
    cursor = cursors[0]
    longest = 20_000
    for number in range(first, len(flows)):
        if cursor.written + longest > len(tape):
            return number
        cursor.flow = number
        cursor.time = flows[number].start
        _converse(tape, cursor, flows[number], script)
    return len(flows)


def perform(flows: Rows, script: Script) -> NDArray[Any]:
    """Return the packets of all *flows*, flow after flow."""
    tapes: list[Rows] = []
    cursors = np.zeros(1, CURSOR)
    cursors["random"] = SEED
    done = 0
    while done < len(flows):
        tape = np.zeros(1 << 19, PACKET)
        cursors["written"] = 0
        done = _perform(tape, cursors, flows, done, script)
        tapes.append(tape[: cursors["written"][0]].copy())
    return np.concatenate(tapes)
