"""Flows in, community ids version 1 out: the same flow has the same id in Zeek, Suricata and Wireshark.

Community ID Flow Hashing, version 1, seed 0: https://github.com/corelight/community-id-spec.
"""

from __future__ import annotations

import binascii
import hashlib
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.records.columns import MAPPED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

ICMP, TCP, UDP, ICMPV6, SCTP = 1, 6, 17, 58, 132
WITH_PORTS = (TCP, UDP, SCTP)
WITH_TYPES = (ICMP, ICMPV6)
"""Their ids are made of message types, which a flow does not keep."""

SEED = 0


def community_ids(flows: Rows) -> list[str | None]:
    """Return the id of each flow; ``None`` for ICMP."""
    lower, higher = _in_order(flows)
    ids: list[str | None] = [None] * len(flows)
    is_v4 = (flows["initiator_hi"] == 0) & (flows["initiator_lo"] >> np.uint64(32) == MAPPED >> 32)
    ported = np.isin(flows["transport"], WITH_PORTS)
    typed = np.isin(flows["transport"], WITH_TYPES)
    for four in (True, False):
        for ports in (True, False):
            rows = np.flatnonzero((is_v4 == four) & (ported == ports) & ~typed)
            packed = _pack(flows["transport"][rows], lower, higher, rows, four, ports)
            for row, text in zip(rows.tolist(), _digest(packed), strict=True):
                ids[row] = text
    return ids


Ends = tuple["NDArray[np.uint64]", "NDArray[np.uint64]", "NDArray[np.uint16]"]


def _in_order(flows: Rows) -> tuple[Ends, Ends]:
    """Return the two ends of each flow, the lower first: by address, then by port."""
    a = flows["initiator_hi"], flows["initiator_lo"], flows["initiator_port"]
    b = flows["responder_hi"], flows["responder_lo"], flows["responder_port"]
    swap = (a[0] > b[0]) | (a[0] == b[0]) & ((a[1] > b[1]) | (a[1] == b[1]) & (a[2] > b[2]))
    pairs = list(zip(a, b, strict=True))
    lower = [np.where(swap, y, x) for x, y in pairs]
    higher = [np.where(swap, x, y) for x, y in pairs]
    return (lower[0], lower[1], lower[2]), (higher[0], higher[1], higher[2])


def _pack(transport: NDArray, lower: Ends, higher: Ends, rows: NDArray, four: bool, ports: bool) -> NDArray[np.void]:
    """Return what is hashed, one packed record a flow."""
    fields: list[tuple[str, str]] = [("seed", ">u2")]
    fields += [("a", ">u4"), ("b", ">u4")] if four else [("ah", ">u8"), ("al", ">u8"), ("bh", ">u8"), ("bl", ">u8")]
    fields += [("transport", "u1"), ("padding", "u1")]
    if ports:
        fields += [("ap", ">u2"), ("bp", ">u2")]
    packed = np.zeros(len(rows), np.dtype(fields))
    packed["seed"], packed["transport"] = SEED, transport
    for end, letter in ((lower, "a"), (higher, "b")):
        if four:
            packed[letter] = end[1][rows] & np.uint64(0xFFFF_FFFF)
        else:
            packed[letter + "h"], packed[letter + "l"] = end[0][rows], end[1][rows]
        if ports:
            packed[letter + "p"] = end[2][rows]
    return packed


def _digest(packed: NDArray[np.void]) -> list[str]:
    raw, size = packed.tobytes(), packed.dtype.itemsize
    sha1, base64 = hashlib.sha1, binascii.b2a_base64
    return [
        "1:" + base64(sha1(raw[at : at + size], usedforsecurity=False).digest(), newline=False).decode()
        for at in range(0, len(raw), size)
    ]
