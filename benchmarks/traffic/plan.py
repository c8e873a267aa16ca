"""A capture's name and a scale in, its plan out: flows, places, messages. Also what plans are made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.traffic.tables import FLOW, Endpoints, Rows, Script

if TYPE_CHECKING:
    from numpy.typing import NDArray

PORTS = (1025, 65000)
"""Range in which a client's port moves when two flows would be one."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Everything that a capture is made from."""

    flows: Rows
    ends: Endpoints
    script: Script
    pool: NDArray[np.uint8]
    tape: Rows
    """Packets that belong to no dialogue: broadcasts, and the whole of the small-packet capture."""
    names: tuple[str, ...] = ()
    pages: int = 0
    """First span of the HTTP messages, four a web name."""


def new_flows(count: int) -> Rows:
    """Return *count* flows over IPv4 that ask for no name."""
    rows = np.zeros(count, FLOW)
    rows["version"], rows["host"] = 4, -1
    return rows


def mac(group: int, number: int) -> bytes:
    """Return a locally administered address."""
    return bytes([2, 0, 0, group, number >> 8 & 255, number & 255])


def macs(group: int, count: int) -> NDArray[np.uint8]:
    """Return the first *count* addresses of a group."""
    return np.frombuffer(b"".join(mac(group, number) for number in range(count)), np.uint8).reshape(-1, 6)


def private_ipv4(count: int) -> NDArray[np.uint8]:
    """Return *count* addresses within 192.168.0.0/16 that end in 2 to 251."""
    number = np.arange(count)
    octets = np.stack([0 * number + 192, 0 * number + 168, number // 250, number % 250 + 2], 1)
    return octets.astype(np.uint8)


def private_ipv6(count: int) -> NDArray[np.uint8]:
    """Return *count* unique local addresses (RFC 4193)."""
    rows = np.zeros((count, 16), np.uint8)
    rows[:, :6] = np.frombuffer(bytes.fromhex("fd6b77656c00"), np.uint8)
    rows[:, 14], rows[:, 15] = np.arange(count) >> 8, np.arange(count) & 255
    return rows


def _repeated(rows: Rows) -> NDArray[np.int64]:
    """Return the rows whose addresses, ports, transport and tags an earlier row has, too."""
    fields = ("initiator", "responder", "initiator_port", "responder_port", "transport", "version", "vlan")
    order = np.lexsort([rows[field] for field in fields])  # stable: earlier rows first
    same = np.ones(len(rows) - 1, bool)
    for field in fields:
        same &= rows[field][order[1:]] == rows[field][order[:-1]]
    return order[1:][same]


def apart(rows: Rows) -> Rows:
    """Move client ports until no two flows are one, so that the number of flows is known."""
    while len(again := _repeated(rows)):
        low, high = PORTS
        rows["initiator_port"][again] = low + (rows["initiator_port"][again] + 7 - low) % (high - low)
    return rows
