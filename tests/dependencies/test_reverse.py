"""What addresses are called in the reverse tree."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.analysis.stages import analyse
from kwel.dependencies.reverse import address_of
from kwel.model.records.columns import address_text
from tests.streams.making import QUESTION, SERVER, Talk, dns_name, dns_record, dns_response, says, write_pcap

if TYPE_CHECKING:
    from pathlib import Path


@given(st.ip_addresses())
def test_a_reverse_name_stands_for_its_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    halves = address_of(address.reverse_pointer)
    assert halves
    assert ipaddress.ip_address(address_text(*halves).removeprefix("::ffff:")) in (
        address,
        getattr(address, "ipv4_mapped", None),
    )


@pytest.mark.parametrize(
    "name",
    ["", ".in-addr.arpa", "51.198.in-addr.arpa", "1.2.3.4.5.in-addr.arpa", "a.b.c.d.in-addr.arpa", "0.ip6.arpa",
     "x." * 32 + "ip6.arpa", "10." * 32 + "ip6.arpa", "300.1.1.1.in-addr.arpa", "www.example",
     "\\x00.1.1.1.in-addr.arpa"],
)  # fmt: skip
def test_a_network_and_nonsense_stand_for_no_address(name: str) -> None:
    assert address_of(name) is None


def test_a_reverse_name_is_shown_and_names_nothing(tmp_path: Path) -> None:
    pointer = dns_record(QUESTION, 12, dns_name("peer.example"))
    told = says(dns_response("7.100.51.198.in-addr.arpa", 12, [pointer]))
    analysis = analyse([str(write_pcap(tmp_path / "made.pcap", [told, *Talk().handshake()]))])
    (dependency,) = analysis.dependencies

    assert dependency.host == SERVER
    (step,) = [step for step in dependency.evidence if step.kind == "reverse-name"]
    assert dict(step.values)["name"] == "peer.example"
    assert step.where
    assert step.where.frame == 1
