"""Flows in, messages of IPFIX or NetFlow 9 out: an encoder by RFC 7011 and RFC 3954, for tests alone."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.records.columns import Rows

Field = tuple[int, int, int]
"""Element, size, enterprise number or 0."""
MILLI = 1_000_000
ONE_WAY: tuple[Field, ...] = (
    (8, 4, 0), (12, 4, 0), (7, 2, 0), (11, 2, 0), (4, 1, 0), (6, 1, 0), (2, 4, 0), (1, 8, 0), (152, 8, 0), (153, 8, 0),
)  # fmt: skip
BOTH_WAYS: tuple[Field, ...] = (*ONE_WAY, (2, 3, 29305), (1, 5, 29305), (6, 2, 29305))
"""With odd sizes, as RFC 7011 section 6.2 allows."""


def ipfix(sets: Sequence[bytes], *, sequence: int = 0, exported: int = 1795523400, domain: int = 7) -> bytes:
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), exported, sequence, domain) + body


def set_of(number: int, body: bytes) -> bytes:
    return struct.pack(">HH", number, 4 + len(body)) + body


def template(number: int, fields: Sequence[Field], *, scopes: int | None = None) -> bytes:
    head = struct.pack(">HH", number, len(fields)) + (b"" if scopes is None else struct.pack(">H", scopes))
    parts = (struct.pack(">HHI", e | 0x8000, size, en) if en else struct.pack(">HH", e, size) for e, size, en in fields)
    return head + b"".join(parts)


def record(flow: Any, fields: Sequence[Field], *, turned: bool = False) -> bytes:
    """Return a flow as its initiator's record; *turned*, as its responder's."""
    ends, ways = (("initiator", "responder"), ("out", "in"))
    if turned:
        ends, ways = ends[::-1], ways[::-1]
    out = b""
    for element, size, enterprise in fields:
        way = ways[1 if enterprise else 0]
        value = {
            8: int(flow[f"{ends[0]}_lo"]) & 0xFFFF_FFFF, 12: int(flow[f"{ends[1]}_lo"]) & 0xFFFF_FFFF,
            7: int(flow[f"{ends[0]}_port"]), 11: int(flow[f"{ends[1]}_port"]), 4: int(flow["transport"]),
            6: int(flow[f"flags_{way}"]), 2: int(flow[f"packets_{way}"]), 1: int(flow[f"bytes_{way}"]),
            152: (int(flow["first"]) + (MILLI if turned else 0)) // MILLI, 153: int(flow["last"]) // MILLI + 1,
        }[element]  # fmt: skip
        out += value.to_bytes(size, "big")
    return out


def one_way(flows: Rows) -> bytes:
    """Return both directions of flows as records of their own."""
    rows = [record(flow, ONE_WAY) for flow in flows if flow["packets_out"]]
    rows += [record(flow, ONE_WAY, turned=True) for flow in flows if flow["packets_in"]]
    head = ipfix([set_of(2, template(256, ONE_WAY))])
    return head + b"".join(ipfix([set_of(256, row)], sequence=number) for number, row in enumerate(rows))


def both_ways(flows: Rows) -> bytes:
    """Return flows as records of both directions (RFC 5103)."""
    body = b"".join(record(flow, BOTH_WAYS) for flow in flows)
    return ipfix([set_of(2, template(300, BOTH_WAYS)), set_of(300, body)])


def netflow(flows: Rows, *, booted: int) -> bytes:
    """Return flows as NetFlow 9 has them: times by the exporter's uptime, several sets a message."""
    fields = (*ONE_WAY[:8], (22, 4, 0), (21, 4, 0))
    out, seconds = b"", 1795523400
    uptime = seconds * 1000 - booted // MILLI

    def message(sets: bytes, count: int, sequence: int) -> bytes:
        return struct.pack(">HHIIII", 9, count, uptime, seconds, sequence, 1) + sets

    out += message(set_of(0, template(260, fields)), 1, 0)
    for number, flow in enumerate(flows, 1):
        sets = b""
        for turned in (False, True):
            if not flow["packets_in" if turned else "packets_out"]:
                continue
            row = record(flow, ONE_WAY[:8], turned=turned)
            first = (int(flow["first"]) - booted) // MILLI + turned
            row += struct.pack(">II", first, max(first, (int(flow["last"]) - booted) // MILLI))
            sets += set_of(260, row + bytes(-len(row) % 4))
        out += message(sets, 2, number)
    return out
