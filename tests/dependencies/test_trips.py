"""The shortest round trip to each destination, of connections that an asset began itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kwel.dependencies.contacts import find_contacts
from kwel.dependencies.trips import Trips
from kwel.model.claims import Evidence
from kwel.model.records.columns import State
from tests.streams.making import Talk, hear

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

AGAINST = Evidence("inferred", "round-trip-against-place", (("place", "US"),), source="rules/places.toml")


def trips_of(traffic: Traffic, exclude: Any = None) -> Trips:
    count = len(traffic.flows)
    contacts = find_contacts(traffic, np.zeros(count, np.int64), np.full(count, -1, np.int64), ())
    return Trips(traffic, contacts, np.zeros(len(contacts.flow), np.int64), 1, exclude)


@pytest.fixture
def traffic(tmp_path: Path) -> Traffic:
    frames = [frame for port in (443, 8883) for frame in Talk(port=port).handshake()]
    return hear(tmp_path, frames)  # a millisecond between frames


def test_the_shortest_counts_and_tells_its_frame(traffic: Traffic) -> None:
    traffic.flows["rtt_us"] = [1_500, 700]
    trips = trips_of(traffic, lambda *_: (AGAINST,))
    told, against = trips.evidence(0, None)  # type: ignore[arg-type] # what excludes here asks nothing of it

    assert trips.shortest.tolist() == [700]
    assert (told.kind, dict(told.values)["trip"], str(told.where)) == ("round-trip", "0.000700", "made.pcap#4")
    assert against is AGAINST
    assert trips.contradicted(np.zeros(1, np.int64), [None]).tolist() == [1]  # type: ignore[list-item]


def test_a_handshake_is_timed_from_syn_to_syn_ack(traffic: Traffic) -> None:
    assert trips_of(traffic).shortest.tolist() == [1_000]


@pytest.mark.parametrize(("key", "value"), [("state", State.UNANSWERED), ("transport", 17), ("rtt_us", 0)])
def test_what_was_not_answered_is_not_tcp_or_was_not_timed_counts_for_nothing(
    key: str, value: int, traffic: Traffic
) -> None:
    traffic.flows[key] = value

    assert trips_of(traffic).shortest.tolist() == [0]


def test_where_nobody_said_where_this_was_nothing_is_concluded(traffic: Traffic) -> None:
    trips = trips_of(traffic)

    assert trips.evidence(0, None) == ()  # type: ignore[arg-type] # is not looked at
    assert trips.contradicted(np.zeros(1, np.int64), []).tolist() == [0]
