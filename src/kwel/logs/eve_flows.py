"""Flows as Suricata tells them in, rows of flows out: netflow events, of one direction each, are put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.logs.outcomes import settle
from kwel.model.records.columns import FLOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.logs.gathered import Gathered

    Table = NDArray[np.int64]
    Keys = NDArray[np.uint64]

MOST: Final = 0xFFFF_FFFF
"""Packets."""
MOST_BYTES: Final = (1 << 62) - 1
BATCH: Final = 50_000
"""Flows that are kept as Python objects at a time."""
COLUMNS: Final = (
    "initiator_hi", "initiator_lo", "responder_hi", "responder_lo", "initiator_port", "responder_port", "transport",
    "version", "vlan", "first", "last", "bytes_out", "bytes_in", "packets_out", "packets_in", "flags_out", "flags_in",
    "application", "first_frame", "flagged",
)  # fmt: skip
AT: Final = {name: place for place, name in enumerate(COLUMNS)}
NEAR: Final = [AT[f"initiator_{part}"] for part in ("hi", "lo", "port")]
FAR: Final = [AT[f"responder_{part}"] for part in ("hi", "lo", "port")]
OTHERS: Final = {"initiator": "responder", "responder": "initiator", "out": "in", "in": "out"}
TURNED: Final = [AT["_".join(OTHERS.get(word, word) for word in name.split("_"))] for name in COLUMNS]
"""Where each column stands for who looks from the other end."""
GOLDEN: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
"""Spreads numbers that follow on one another over all of 64 bits."""
Row = tuple[int, ...]
"""The values of ``COLUMNS``."""


@dataclass(slots=True)
class Flows:
    """Flows of a batch, before they become rows."""

    gathered: Gathered
    capture: int
    most: int
    rows: list[Row] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)

    def add(self, row: Row, key: int) -> None:
        """Keep a flow."""
        self.rows.append(row)
        self.keys.append(key)
        if len(self.rows) >= BATCH:
            self.close()

    def close(self) -> None:
        """Hand on what was kept."""
        self.add_table(*_table(self.rows, self.keys))
        self.rows.clear()
        self.keys.clear()

    def add_table(self, told: Table, keys: Keys) -> None:
        """Hand on flows: values of ``COLUMNS``, and a key each."""
        if not len(told):
            return
        rows = np.zeros(len(told), FLOW)
        for number, name in enumerate(COLUMNS):
            if name in (FLOW.names or ()):
                rows[name] = told[:, number].astype(FLOW[name])
        rows["capture"] = self.capture
        settle(rows, told[:, AT["flagged"]] > 0)
        self.gathered.add_flows(rows, keys, self.most)


@dataclass(slots=True)
class Halves:
    """Flows of netflow events: those of one number between the same ends are one flow, however many tell of it."""

    flows: Flows
    rows: list[Row] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    _known: list[tuple[Table, Keys]] = field(default_factory=list)
    """What was put together, and what came since."""

    def add(self, row: Row, key: int) -> None:
        """Take in one direction of a flow: what its source sent is ``out``."""
        self.rows.append(row)
        self.keys.append(key)
        if len(self.rows) >= BATCH:
            self._settle()
            if sum(len(keys) for _, keys in self._known[1:]) >= len(self._known[0][1]):
                self._fold()

    def _settle(self) -> None:
        self._known.append(_table(self.rows, self.keys))
        self.rows.clear()
        self.keys.clear()

    def _fold(self) -> tuple[Table, Keys]:
        """Put together what there is, and count what there is no room for."""
        told = np.concatenate([told for told, _ in self._known])
        told, keys = fold(told, np.concatenate([keys for _, keys in self._known]))
        self.flows.gathered.note("flows-evicted", max(0, len(keys) - self.flows.most))
        self._known = [(told[: self.flows.most], keys[: self.flows.most])]
        return self._known[0]

    def close(self) -> None:
        """Hand on all flows."""
        self._settle()
        told, keys = self._fold()
        again = np.zeros(len(keys), bool)  # Suricata has used a number again: what else has it is about the first
        order = np.lexsort((told[:, AT["first_frame"]], keys))
        again[order[1:]] = keys[order][1:] == keys[order][:-1]
        keys = keys + np.where(again, (told[:, AT["first_frame"]].astype(np.uint64) + np.uint64(1)) * GOLDEN, 0)
        self.flows.add_table(told, keys)
        self._known.clear()


def _table(rows: list[Row], keys: list[int]) -> tuple[Table, Keys]:
    return np.array(rows, np.int64).reshape(len(rows), len(COLUMNS)), np.array(keys, np.int64).view(np.uint64)


def fold(told: Table, keys: Keys) -> tuple[Table, Keys]:
    """Return flows in the order of their first lines: rows with the same key and ends, either way round, are one.

    Who sent the first line's packets began it.
    """
    near, far = told[:, NEAR], told[:, FAR]
    turned = _is_higher(near, far)[:, None]
    ends = np.concatenate([np.where(turned, far, near), np.where(turned, near, far)], axis=1)
    order = np.lexsort((told[:, AT["first_frame"]], *ends.T, keys))
    told, keys, ends, is_turned = told[order], keys[order], ends[order], turned[order, 0]
    fresh = np.ones(len(told), bool)
    fresh[1:] = (ends[1:] != ends[:-1]).any(axis=1) | (keys[1:] != keys[:-1])
    begin = np.flatnonzero(fresh)
    if not len(begin):
        return told, keys
    back = is_turned != is_turned[begin][np.cumsum(fresh) - 1]
    told[back] = told[back][:, TURNED]
    told[back, AT["flagged"]] = 0  # they do not tell the flags of who began
    made = told[begin]
    for name, most in (
        ("bytes_out", MOST_BYTES),
        ("bytes_in", MOST_BYTES),
        ("packets_out", MOST),
        ("packets_in", MOST),
    ):
        made[:, AT[name]] = _sums(told[:, AT[name]], begin, most)
    for name in ("flags_out", "flags_in", "flagged"):
        made[:, AT[name]] = np.bitwise_or.reduceat(told[:, AT[name]], begin)
    made[:, AT["first"]] = np.minimum.reduceat(told[:, AT["first"]], begin)
    made[:, AT["last"]] = np.maximum.reduceat(told[:, AT["last"]], begin)
    by_line = np.argsort(made[:, AT["first_frame"]], kind="stable")
    return made[by_line], keys[begin][by_line]


def _is_higher(one: Table, other: Table) -> NDArray[np.bool_]:
    """Return which rows of *one* are higher than those of *other*, column by column."""
    found, equal = np.zeros(len(one), bool), np.ones(len(one), bool)
    for column in range(one.shape[1]):
        found |= equal & (one[:, column] > other[:, column])
        equal &= one[:, column] == other[:, column]
    return found


def _sums(values: Table, begin: NDArray[np.intp], most: int) -> Table:
    """Return the sum of each group, at most *most*, which may be near the largest number that there is."""
    roughly = np.add.reduceat(values.astype(np.float64), begin)
    found: Table = np.where(roughly >= most, most, np.minimum(np.add.reduceat(values, begin), most))
    return found
