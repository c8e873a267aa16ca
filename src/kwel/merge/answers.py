"""Flows and DNS answers of several parts in, which answer led to each flow out: as ``streams.join`` joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.merge.lookup import latest
from kwel.merge.merging import LATE
from kwel.model.grouping import packed
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, NameSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

LOCAL: Final = (Application.MDNS, Application.LLMNR)
PAIR: Final = ("client_hi", "client_lo", "address_hi", "address_lo")


class Led:
    """Answers that hold an address, found again by client, address and time."""

    def __init__(self, answers: Rows, flows: Rows) -> None:
        """*flows*: those that the answers were heard on. What hosts on the link say of themselves leads nowhere."""
        told = (answers["address_hi"] | answers["address_lo"]) > 0
        told &= ~np.isin(flows["application"][answers["flow"]], LOCAL)
        self._rows = np.flatnonzero(told)
        self._answers = answers[self._rows]

    @property
    def tells(self) -> bool:
        """Whether any of them leads anywhere."""
        return len(self._rows) > 0

    def previous(self, count: int) -> NDArray[np.int64]:
        """Return 1 + the row of the answer before each of *count* ones, for the same client and address; 0 is none."""
        found = np.zeros(count, np.int64)
        if len(self._rows):
            key = packed(*(self._answers[part] for part in PAIR))
            order = np.argsort(key, kind="stable")
            is_same = key[order][1:] == key[order][:-1]
            found[self._rows[order[1:][is_same]]] = 1 + self._rows[order[:-1][is_same]]
        return found

    def latest(self, client: tuple[NDArray, NDArray], address: tuple[NDArray, NDArray], time: NDArray) -> NDArray:
        """Return 1 + the row of the last answer, not after *time*, that gave each client that address; 0 is none."""
        known = [self._answers[part] for part in PAIR]
        found = latest(known, self._answers["time"], [*client, *address], time)
        return np.where(found >= 0, 1 + self._rows[found], 0) if len(self._rows) else np.zeros(len(time), np.int64)


def lead(flows: Rows, answers: Rows, led: Led, own: NDArray, *, overlap: bool) -> NDArray[np.int64]:
    """Return 1 + the row of the DNS answer that led to each flow, 0 for none.

    Args:
        flows: the whole ones.
        answers: of all parts, in the order in which they came.
        led: the same, to be looked up.
        own: what the part that a flow begins in said.
        overlap: whether another part may know a later answer.
    """
    found = own.astype(np.int64)
    if not led.tells:
        return found
    rows = np.arange(len(flows)) if overlap else np.flatnonzero(found == 0)
    of = flows[rows]
    ends = [(of[f"{end}_hi"], of[f"{end}_lo"]) for end in ("initiator", "responder")]
    opened = (of["hops"] > 0) | (of["direction"] == Direction.HANDSHAKE)
    there = led.latest(ends[0], ends[1], of["first"])
    back = led.latest(ends[1], ends[0], of["first"])
    first, second = np.where(opened, there, back), np.where(opened, back, there)
    other = np.where(first > 0, first, second)
    mine = found[rows]
    if overlap and len(answers):
        is_later = (mine == 0) | (answers["time"][other - 1] > answers["time"][mine - 1])
        other = np.where((other > 0) & is_later, other, mine)
    found[rows] = other
    return found


def name_by_answer(flows: Rows, answers: Rows) -> None:
    """Let flows bear the name that was asked for, where none was read from themselves; written into *flows*."""
    bare = (flows["name"] == 0) | np.isin(flows["name_source"], LATE)
    rows = np.flatnonzero(bare & (flows["answer"] > 0))
    flows["name"][rows] = answers["question"][flows["answer"][rows] - 1]
    flows["name_source"][rows], flows["name_frame"][rows] = NameSource.DNS, 0
