"""What is said of a conduit is what its flows showed: no more of one that was seen in part than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.assets.zones.conduits import MOST, STEPS, conduits_of
from kwel.assets.zones.crossings import find_crossings
from kwel.model.records.columns import FLOW, MAPPED, State
from kwel.model.zones import ConduitState

if TYPE_CHECKING:
    from kwel.model.zones import Conduit

UDP, ESP, ICMPV6 = 17, 50, 58


def told(*states: State, transport: int = 6, ports: tuple[int, ...] = (502,)) -> Conduit:
    """Return the conduit that flows in these states make, one after another and one a port."""
    flows = np.zeros(len(states) * len(ports), FLOW)
    flows["state"], flows["responder_port"] = np.tile(states, len(ports)), np.repeat(ports, len(states))
    flows["first"] = flows["last"] = flows["first_frame"] = np.arange(len(flows)) + 1
    flows["transport"], flows["bytes_out"], flows["initiator_lo"] = transport, 60, MAPPED
    zones = np.zeros(len(flows), np.int32), np.ones(len(flows), np.int32)
    found = find_crossings(flows, zones, zones, np.full(len(flows), -1, np.int32))
    (conduit,) = conduits_of(found, ["a"], [False, False], str, str)
    return conduit


@pytest.mark.parametrize(
    ("state", "use", "word"),
    [
        (State.ESTABLISHED, ConduitState.USED, "established"),
        (State.MIDSTREAM, ConduitState.USED, "midstream"),
        (State.REFUSED, ConduitState.ATTEMPTED, "refused"),
        (State.UNANSWERED, ConduitState.ATTEMPTED, "unanswered"),
    ],
)
def test_a_conduit_says_no_more_than_its_flow_showed(state: State, use: ConduitState, word: str) -> None:
    conduit = told(state)

    assert conduit.state is conduit.services[0].state is use
    assert dict(conduit.evidence[0].values)["state"] == word


def test_the_flow_that_proves_most_is_shown_whenever_it_came() -> None:
    conduit = told(State.UNANSWERED, State.MIDSTREAM, State.ESTABLISHED, State.REFUSED)

    assert conduit.evidence[0].where is not None
    assert (conduit.evidence[0].where.frame, conduit.attempts, conduit.flows) == (3, 2, 4)
    assert dict(conduit.evidence[0].values)["state"] == "established"


def test_what_is_not_told_one_by_one_is_counted() -> None:
    conduit = told(State.ESTABLISHED, ports=tuple(range(1, MOST + 4)))

    assert (len(conduit.services), conduit.services_left_out, len(conduit.evidence)) == (MOST, 3, STEPS)
    assert conduit.flows == MOST + 3


@pytest.mark.parametrize(
    ("number", "keyword", "label"),
    [(UDP, "udp", "UDP"), (ESP, "esp", "ESP"), (ICMPV6, "ipv6-icmp", "ICMPv6"), (200, "ip-200", "IP 200")],
)
def test_transports_are_called_as_everywhere(number: int, keyword: str, label: str) -> None:
    conduit = told(State.ESTABLISHED, transport=number)

    assert conduit.services[0].transport == keyword
    assert dict(conduit.evidence[0].values)["transport"] == label
