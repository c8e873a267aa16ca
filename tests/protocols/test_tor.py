"""Flows to Tor relays are known by the certificates that only relays make."""

from __future__ import annotations

import numpy as np
import pytest

from kwel.model.kinds import Application
from kwel.model.records.columns import FLOW, SHOWN
from kwel.model.traffic import Certificate
from kwel.protocols.tor import is_relay, mark_relays

RELAY = Certificate("www.a2b3c4d5e6f7.net", (), "www.zyxwvut7654.com", "00")


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (RELAY, True),
        (Certificate("www.a2b3c4d5e6f7.net", ("www.a2b3c4d5e6f7.net",), "www.zyxwvut7654.com", "00"), False),
        (Certificate("www.a2b3c4d5e6f7.net", (), "Some Authority", "00"), False),
        (Certificate("www.example.net", (), "www.example.com", "00"), False),
        (Certificate("plant.a2b3c4d5e6f7.net", (), "www.zyxwvut7654.com", "00"), False),
        (Certificate("", (), "", "00"), False),
    ],
)
def test_a_relays_certificate_is_told_from_others(certificate: Certificate, *, expected: bool) -> None:
    assert is_relay(certificate) is expected


def test_the_flow_on_which_a_relay_showed_itself_is_marked_and_no_other() -> None:
    flows, shown = np.zeros(3, FLOW), np.zeros(3, SHOWN)
    flows["application"] = Application.TLS
    shown["flow"], shown["certificate"], shown["from_initiator"] = [0, 1, 2], [0, 1, 1], [0, 0, 1]
    assert mark_relays(flows, (Certificate("a.example", (), "b", "00"), RELAY), shown) == 1
    assert flows["application"].tolist() == [Application.TLS, Application.TOR, Application.TLS]
