"""What could answer is not locked out: each reason, in one line that says what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kwel.sensor.lockdown.interface import Interface
from kwel.sensor.lockdown.refusals import why_not

CARD = Interface(
    name="span0", kind="ether", device="", mac="02:00:00:00:00:01", flags=frozenset({"UP"}), addresses=(),
    link_addresses=("fe80::1/64",), master=None, upon=(), beneath=None, routes=(), is_wireless=False,
    has_program=False,
)  # fmt: skip


def test_a_card_without_an_address_may_be_locked() -> None:
    assert why_not(CARD) is None


@pytest.mark.parametrize(
    ("what", "why", "do"),
    [
        ({"kind": "loopback"}, "no Ethernet", "choose the card"),
        ({"kind": "none", "device": "wireguard"}, "no Ethernet", "choose the card"),
        ({"is_wireless": True}, "radio", "choose a wired"),
        ({"routes": ("default",), "addresses": ("192.0.2.2/24",)}, "way out of this machine", "choose the card"),
        ({"addresses": ("192.0.2.2/24", "2001:db8::1/64")}, "192.0.2.2/24, 2001:db8::1/64", "address flush dev span0"),
        ({"routes": ("10.0.0.0/8",)}, "10.0.0.0/8", "route flush dev span0"),
        ({"master": "br0"}, "port of br0", "nomaster"),
        ({"upon": ("span0.7",)}, "span0.7 stands on span0", "ip link delete span0.7"),
        ({"device": "vlan", "beneath": "eth1"}, "is a vlan", "lock eth1"),
        ({"device": "bridge"}, "is a bridge", "each of its ports"),
        ({"device": "bond"}, "is a bond", "each of its ports"),
        ({"has_program": True}, "XDP program", "xdp off"),
    ],
    ids=str,
)
def test_what_could_answer_is_refused(what: dict[str, Any], why: str, do: str) -> None:
    said = why_not(replace(CARD, **what))

    assert said is not None
    assert why in said
    assert do in said
    assert "\n" not in said
