"""More destinations than anybody can look at in, those that prove most out, and how many were left out.

A worm, a scan or a flood makes one destination of every packet. What was answered stays before what was not, and what
came first before what came later.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.dependencies.contacts import Contacts
from kwel.dependencies.looked_up import LookedUp
from kwel.model.grouping import distinct
from kwel.model.records.columns import State

if TYPE_CHECKING:
    from kwel.model.records.columns import Rows

MOST_DESTINATIONS: Final = 200_000
"""Pairs of name and address outside that are judged; each costs about 700 bytes."""
MOST_LOOKED_UP: Final = 100_000
"""Pairs of asset and name that was only looked up."""


def contacts_within(contacts: Contacts, flows: Rows, most: int = MOST_DESTINATIONS) -> tuple[Contacts, int]:
    """Return the contacts with at most *most* destinations, and how many destinations were left out."""
    endpoint_of, first = distinct(contacts.name, contacts.hi, contacts.lo)
    if len(first) <= most:
        return contacts, 0
    state = flows["state"][contacts.flow]
    answered = np.zeros(len(first), bool)
    answered[endpoint_of[(state == State.ESTABLISHED) | (state == State.MIDSTREAM)]] = True
    stays = np.zeros(len(first), bool)
    stays[np.lexsort((first, ~answered))[:most]] = True
    rows = np.flatnonzero(stays[endpoint_of])
    return Contacts(*(getattr(contacts, field.name)[rows] for field in fields(Contacts))), len(first) - most


def looked_up_within(looked_up: LookedUp, most: int = MOST_LOOKED_UP) -> tuple[LookedUp, int]:
    """Return at most *most* look-ups, those that came first, and how many were left out."""
    if len(looked_up) <= most:
        return looked_up, 0
    rows = np.sort(np.argsort(looked_up.row, kind="stable")[:most])
    return LookedUp(*(getattr(looked_up, field.name)[rows] for field in fields(LookedUp))), len(looked_up) - most
