"""What stays of a crowd of destinations, and whether the rest is counted."""

from __future__ import annotations

import numpy as np

from kwel.dependencies.contacts import Contacts
from kwel.dependencies.crowd import contacts_within, looked_up_within
from kwel.dependencies.looked_up import LookedUp
from kwel.model.records.columns import FLOW, State


def contacts_to(*destinations: int) -> Contacts:
    count = len(destinations)
    none = np.zeros(count, np.int64)
    lo = np.array(destinations, np.uint64)
    return Contacts(
        flow=np.arange(count),
        asset=none,
        name=none,
        hi=np.zeros(count, np.uint64),
        lo=lo,
        answer=none,
        weak=none,
    )


def flows_in(*states: State) -> np.ndarray:
    flows = np.zeros(len(states), FLOW)
    flows["state"] = states
    return flows


def test_a_few_destinations_stay_as_they_are() -> None:
    contacts = contacts_to(9, 8, 9)
    assert contacts_within(contacts, flows_in(*[State.UNANSWERED] * 3), most=2) == (contacts, 0)


def test_what_answered_stays_before_what_did_not_and_the_rest_is_counted() -> None:
    states = flows_in(State.UNANSWERED, State.REFUSED, State.ESTABLISHED, State.UNANSWERED, State.MIDSTREAM)
    kept, left_out = contacts_within(contacts_to(1, 2, 3, 1, 4), states, most=3)

    assert kept.lo.tolist() == [1, 3, 1, 4]
    assert kept.flow.tolist() == [0, 2, 3, 4]
    assert left_out == 1


def test_of_too_many_names_looked_up_the_first_stay() -> None:
    rows = np.array([7, 3, 5])
    kept, left_out = looked_up_within(LookedUp(asset=rows, name=rows + 10, row=rows, answer=rows * 0), most=2)

    assert (kept.name.tolist(), left_out) == ([13, 15], 1)
