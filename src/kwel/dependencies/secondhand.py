"""Contacts in, those of which only a log of another probe tells out: no frame shows them (ADR 21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.grouping import distinct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.dependencies.contacts import Contacts
    from kwel.dependencies.looked_up import LookedUp
    from kwel.model.traffic import Traffic

LATER: Final = 1 << 62
"""Nanoseconds: later than any time that a frame has."""


def told_only(traffic: Traffic, contacts: Contacts) -> NDArray[np.int64]:
    """Return 1 for each contact of which only a log tells; 0 where frames show the same asset at the same host."""
    told: NDArray[np.int64] = _is_log(traffic)[traffic.flows["capture"][contacts.flow]].astype(np.int64)
    if not told.any() or told.all():
        return told
    bare = contacts.name == 0
    of, first = distinct(contacts.asset, contacts.name, np.where(bare, contacts.hi, 0), np.where(bare, contacts.lo, 0))
    shown = np.zeros(len(first), bool)
    shown[of[told == 0]] = True
    told[shown[of]] = 0
    return told


def after_frames(traffic: Traffic, flow: NDArray) -> NDArray[np.int64]:
    """Return what to add to times of flows so that those of logs come after all that frames show."""
    later: NDArray[np.int64] = _is_log(traffic)[traffic.flows["capture"][flow]].astype(np.int64) * LATER
    return later


def looked_up_in_log(traffic: Traffic, looked_up: LookedUp) -> NDArray[np.int64]:
    """Return 1 for each name that was looked up as far as a log tells, else 0."""
    told: NDArray[np.int64] = _is_log(traffic)[traffic.named["capture"][looked_up.row]].astype(np.int64)
    return told


def _is_log(traffic: Traffic) -> NDArray[np.bool_]:
    """Return, by the number of a capture, whether it is a log."""
    return np.array([capture.is_log for capture in traffic.captures] or [False], np.bool_)
