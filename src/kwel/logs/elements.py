"""Information elements of IPFIX and NetFlow in, rows of flows out: what each number means, and how wide it may be.

https://www.iana.org/assignments/ipfix/ipfix.xhtml; NetFlow version 9 (RFC 3954 section 8) numbers its fields alike.
An element that RFC 5103 tells of the other direction has ``REVERSE`` added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.logs.services import ICMP, ICMPV6
from kwel.model.records.columns import FLOW, MAPPED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

    Columns = Mapping[int, NDArray[np.uint8]]
    """By element, a row of bytes a record, most significant first."""

REVERSE: Final = 1 << 20
REVERSE_ENTERPRISE: Final = 29305
"""RFC 5103 section 6.1."""
OCTETS, PACKETS, PROTOCOL, FLAGS, SOURCE_PORT, SOURCE_V4 = 1, 2, 4, 6, 7, 8
TARGET_PORT, TARGET_V4, LAST_UPTIME, FIRST_UPTIME, SOURCE_V6, TARGET_V6 = 11, 12, 21, 22, 27, 28
VLAN, INTERVAL, TOTAL_OCTETS, TOTAL_PACKETS = 58, 34, 85, 86
START_S, END_S, START_MS, END_MS, START_US, END_US, START_NS, END_NS = range(150, 158)
START_DELTA, END_DELTA, BOOTED_MS = 158, 159, 160
INITIATOR_OCTETS, RESPONDER_OCTETS, INITIATOR_PACKETS, RESPONDER_PACKETS = 231, 232, 298, 299
SAMPLED_PACKETS, SKIPPED_PACKETS, LAYER2_OCTETS = 305, 306, 352
READ: Final = frozenset(
    {
        OCTETS, PACKETS, PROTOCOL, FLAGS, SOURCE_PORT, SOURCE_V4, TARGET_PORT, TARGET_V4, LAST_UPTIME, FIRST_UPTIME,
        SOURCE_V6, TARGET_V6, VLAN, INTERVAL, TOTAL_OCTETS, TOTAL_PACKETS, START_S, END_S, START_MS, END_MS, START_US,
        END_US, START_NS, END_NS, START_DELTA, END_DELTA, BOOTED_MS, INITIATOR_OCTETS, RESPONDER_OCTETS,
        INITIATOR_PACKETS, RESPONDER_PACKETS, SAMPLED_PACKETS, SKIPPED_PACKETS, LAYER2_OCTETS,
        REVERSE + OCTETS, REVERSE + PACKETS, REVERSE + FLAGS, REVERSE + TOTAL_OCTETS, REVERSE + TOTAL_PACKETS,
    }
)  # fmt: skip
"""The elements that are read."""
WIDEST: Final = 16
MILLI, NANO, NTP_EPOCH = 1_000_000, 1_000_000_000, 2_208_988_800
"""Nanoseconds of a millisecond and of a second; seconds from 1900 to 1970 (RFC 7011 section 6.1.9)."""
LATEST: Final = 4_102_444_800 * NANO
MOST_COUNT: Final = (1 << 62) - 1
MOST_PACKETS: Final = 0xFFFF_FFFF
CLOCKS: Final = (
    (START_NS, END_NS, "ntp"), (START_US, END_US, "ntp"), (START_MS, END_MS, "ms"), (START_S, END_S, "s"),
    (START_DELTA, END_DELTA, "before"), (FIRST_UPTIME, LAST_UPTIME, "uptime"),
)  # fmt: skip
"""Where the beginning and the end of a flow stand, the finest first, and by what clock."""


def rows_of(columns: Columns, count: int, exported: int, booted: int | None) -> tuple[Rows, NDArray[np.bool_]]:
    """Return records as rows of ``columns.FLOW``, and which of them are flows at all.

    Args:
        columns: the elements that the records have.
        count: of the records.
        exported: when their message was sent, nanoseconds since the epoch.
        booted: when the exporter began to count its uptime, likewise, where the message tells.
    """
    rows = np.zeros(count, FLOW)
    sound = _addresses(columns, rows)
    sound &= _times(columns, rows, exported, booted)
    rows["initiator_port"], rows["responder_port"] = (
        (_number(columns, key, count) & 0xFFFF).astype(np.uint16) for key in (SOURCE_PORT, TARGET_PORT)
    )
    rows["transport"] = _number(columns, PROTOCOL, count) & 0xFF
    icmp = np.isin(rows["transport"], (ICMP, ICMPV6))
    rows["initiator_port"][icmp] = rows["responder_port"][icmp] = 0
    rows["vlan"] = _number(columns, VLAN, count) & 0xFFF
    for way, octets, packets, side in (
        ("out", (OCTETS, TOTAL_OCTETS, INITIATOR_OCTETS, LAYER2_OCTETS),
         (PACKETS, TOTAL_PACKETS, INITIATOR_PACKETS), 0),
        ("in", (REVERSE + OCTETS, REVERSE + TOTAL_OCTETS, RESPONDER_OCTETS),
         (REVERSE + PACKETS, REVERSE + TOTAL_PACKETS, RESPONDER_PACKETS), REVERSE),
    ):  # fmt: skip
        rows[f"bytes_{way}"] = np.minimum(_first_of(columns, octets, count), np.uint64(MOST_COUNT))
        rows[f"packets_{way}"] = np.minimum(_first_of(columns, packets, count), np.uint64(MOST_PACKETS))
        rows[f"flags_{way}"] = _number(columns, side + FLAGS, count) & np.uint64(0xFF)
    silent = (rows["packets_out"] == 0) & (rows["packets_in"] == 0)
    rows["packets_out"][silent & (rows["bytes_out"] > 0)] = 1  # some exporters count bytes alone: at least one
    return rows, sound & ((rows["packets_out"] > 0) | (rows["packets_in"] > 0))


def sampling_of(columns: Columns) -> int:
    """Return of how many packets one is counted, as a record of options tells it; 0 where it does not.

    RFC 3954 section 8 has the interval; RFC 5477 section 8.2 has packets counted, and packets passed over.
    """
    interval = int(_number(columns, INTERVAL, 1)[0])
    if interval:
        return interval
    counted, over = (int(_number(columns, key, 1)[0]) for key in (SAMPLED_PACKETS, SKIPPED_PACKETS))
    return (counted + over) // counted if counted and over else counted


def scaled(rows: Rows, sampling: int) -> None:
    """Turn counts of a sample into estimates of the whole."""
    for way in ("out", "in"):
        for count, most in (("bytes", MOST_COUNT), ("packets", MOST_PACKETS)):
            whole = rows[f"{count}_{way}"].astype(np.float64) * sampling
            rows[f"{count}_{way}"] = np.minimum(whole, float(most)).astype(np.uint64)


def _addresses(columns: Columns, rows: Rows) -> NDArray[np.bool_]:
    """Fill both addresses; return which records have them."""
    sound = np.ones(len(rows), bool)
    for end, v4, v6 in (("initiator", SOURCE_V4, SOURCE_V6), ("responder", TARGET_V4, TARGET_V6)):
        known = np.zeros(len(rows), bool)
        if v6 in columns and columns[v6].shape[1] == WIDEST:
            rows[f"{end}_hi"], rows[f"{end}_lo"] = _word(columns[v6][:, :8]), _word(columns[v6][:, 8:])
            known = (rows[f"{end}_hi"] | rows[f"{end}_lo"]) > 0
        if v4 in columns and columns[v4].shape[1] == 4:
            number = _word(columns[v4])
            bare = ~known & (number > 0)
            rows[f"{end}_lo"][bare] = number[bare] | np.uint64(MAPPED)
            known |= bare
        sound &= known
    rows["version"] = np.where((rows["initiator_hi"] == 0) & (rows["initiator_lo"] >> np.uint64(32) == 0xFFFF), 4, 6)
    return sound


def _times(columns: Columns, rows: Rows, exported: int, booted: int | None) -> NDArray[np.bool_]:
    """Fill when flows began and ended; return of which that is known. Without a clock, it is when they were told."""
    count = len(rows)
    since = np.full(count, booted if booted is not None else -1)
    if BOOTED_MS in columns:
        since = np.minimum(_number(columns, BOOTED_MS, count), np.uint64(LATEST // MILLI)).astype(np.int64) * MILLI
    for start, end, clock in CLOCKS:
        if start in columns and (clock != "uptime" or bool((since >= 0).all())):
            for field, key in (("first", start), ("last", end if end in columns else start)):
                rows[field] = _moment(columns[key], clock, exported, since)
            break
    else:
        rows["first"] = rows["last"] = exported
    known: NDArray[np.bool_] = (rows["first"] > 0) & (rows["last"] >= rows["first"]) & (rows["last"] < LATEST)
    return known


def _moment(raw: NDArray[np.uint8], clock: str, exported: int, booted: NDArray[np.int64]) -> NDArray[np.int64]:
    value = _word(raw)
    if clock == "ntp":
        seconds = (value >> np.uint64(32)).astype(np.int64) - NTP_EPOCH
        fraction = (value & np.uint64(0xFFFF_FFFF)).astype(np.float64) / (1 << 32)
        return seconds * NANO + np.round(fraction * 1e9).astype(np.int64)
    unit = {"ms": MILLI, "s": NANO, "before": 1_000, "uptime": MILLI}[clock]
    span = np.minimum(value, np.uint64(LATEST // unit)).astype(np.int64) * unit
    return exported - span if clock == "before" else booted + span if clock == "uptime" else span


def _first_of(columns: Columns, keys: tuple[int, ...], count: int) -> NDArray[np.uint64]:
    """Return the first of several elements that the records have."""
    return next((_word(columns[key]) for key in keys if key in columns), np.zeros(count, np.uint64))


def _number(columns: Columns, key: int, count: int) -> NDArray[np.uint64]:
    return _word(columns[key]) if key in columns else np.zeros(count, np.uint64)


def _word(raw: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return big-endian numbers of any width; of those wider than 64 bits, the lowest."""
    value = np.zeros(len(raw), np.uint64)
    for column in range(max(0, raw.shape[1] - 8), raw.shape[1]):
        value = value << np.uint64(8) | raw[:, column]
    return value
