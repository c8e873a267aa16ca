"""What flows show beside their ends: encrypted look-ups, and certificates of somebody else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.dependencies.signs import covers, hides_names, is_sealed, misfits
from kwel.model.kinds import Application
from kwel.model.records.columns import HELLO, SHOWN, NameSource
from kwel.model.traffic import Certificate
from tests.streams.making import Talk, hear, hello

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic


def certificate(*names: str, subject: str = "") -> Certificate:
    return Certificate(subject, names, "Some Authority", "00" * 32)


def talk_on(folder: Path, port: int, name: str = "www.example.com") -> Traffic:
    talk = Talk(port=port)
    return hear(folder, [*talk.handshake(), talk.up(hello(name), 0), talk.down(b"\x16\3\3\0\1\2", 0)])


def with_shown(traffic: Traffic, *certificates: Certificate) -> Traffic:
    shown = np.zeros(len(certificates), SHOWN)
    shown["certificate"] = np.arange(len(certificates))
    return replace(traffic, shown=shown, certificates=certificates)


def test_tls_to_the_port_of_encrypted_dns_hides_names(tmp_path: Path) -> None:
    assert hides_names(talk_on(tmp_path, 853)).tolist() == [True]
    assert hides_names(talk_on(tmp_path, 443)).tolist() == [False]


def test_the_port_alone_hides_nothing(tmp_path: Path) -> None:
    talk = Talk(port=853)
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(b"no tls at all", 0)])
    assert hides_names(traffic).tolist() == [False]


@pytest.mark.parametrize(("offered", "expected"), [("dot", True), ("doq", True), ("h2,http/1.1", False)])
def test_a_hello_that_offers_dns_hides_names_on_any_port(offered: str, expected: bool, tmp_path: Path) -> None:
    traffic = talk_on(tmp_path, 443, offered)  # the offer stands where the name does: both are names of the table
    hellos = np.zeros(1, HELLO)
    hellos["alpn"] = traffic.flows["name"][0]
    assert hides_names(replace(traffic, hellos=hellos)).tolist() == [expected]


def test_tls_and_quic_are_sealed_and_http_is_not(tmp_path: Path) -> None:
    traffic = talk_on(tmp_path, 443)
    assert is_sealed(traffic).tolist() == [True]
    traffic.flows["application"] = Application.HTTP
    assert is_sealed(traffic).tolist() == [False]


@pytest.mark.parametrize(
    ("held", "name", "expected"),
    [
        (certificate("www.example.com"), "www.example.com", True),
        (certificate("WWW.Example.com."), "www.example.com", True),
        (certificate("*.example.com"), "www.example.com", True),
        (certificate("*.example.com"), "example.com", False),
        (certificate("*.example.com"), "a.www.example.com", False),
        (certificate("*.com"), "www.example.com", False),
        (certificate("example.org", "example.net"), "www.example.com", False),
        (certificate(subject="www.example.com"), "www.example.com", True),
        (certificate(subject="firewall.plant.example"), "www.example.com", False),
        (certificate(subject="S7-1500 Station"), "www.example.com", True),
        (certificate("example.org"), "192.0.2.7", True),
        (certificate("example.org"), "2001:db8::7", True),
    ],
)
def test_a_certificate_covers_its_own_names_and_one_label_of_a_wildcard(
    held: Certificate, name: str, expected: bool
) -> None:
    assert covers(held, name) is expected


def test_the_first_certificate_of_the_responder_counts(tmp_path: Path) -> None:
    traffic = talk_on(tmp_path, 443)
    issuer, own, other = certificate("ca.example"), certificate("*.example.com"), certificate("other.example")

    assert misfits(with_shown(traffic, own, issuer)).tolist() == [0]
    assert misfits(with_shown(traffic, other, own)).tolist() == [1]
    assert misfits(traffic).tolist() == [0]


def test_a_certificate_of_the_client_and_a_flow_without_a_name_say_nothing(tmp_path: Path) -> None:
    traffic = with_shown(talk_on(tmp_path, 443), certificate("other.example"))
    traffic.shown["from_initiator"] = 1
    assert misfits(traffic).tolist() == [0]
    traffic.shown["from_initiator"] = 0
    traffic.flows["name_source"] = NameSource.DNS
    assert misfits(traffic).tolist() == [0]
