"""Segments that name their flow by way of a Python dissector: always, also where only flows are wanted."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import read_traffic
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, NameSource
from tests.streams.making import CLIENT, SERVER, Talk, ethernet, hear, hello, ipv4, names, tcp, udp, write_pcap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UP = {
    "mqtt.connect311": (NameSource.MQTT, "hub.plant.example", Application.MQTT),
    "sip.register": (NameSource.SIP, "pbx.plant.example", Application.SIP),
    "http2.preface": (NameSource.HTTP2_AUTHORITY, "www.example.com", Application.HTTP2),
    "kerberos.user": (NameSource.KERBEROS, "plant.example", Application.KERBEROS),
}
DOWN = {
    "smtp.ready": (NameSource.SMTP, "mail.plant.example", Application.SMTP),
    "smb.challenge": (NameSource.NTLM, "files.plant.example", Application.SMB),
}
SPOKEN = {
    "ssh.server": Application.SSH,
    "smtp.ehlo": Application.SMTP,
    "smtp.files": Application.FTP,
    "mqtt.connect5": Application.MQTT,
}


@pytest.mark.parametrize("name", UP)
def test_what_a_client_says_names_its_flow(tmp_path: Path, sample: Callable[[str], bytes], name: str) -> None:
    source, host, application = UP[name]
    talk = Talk(port=7000)
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(sample(name), 0)])

    assert names(traffic) == [(source, host)]
    assert traffic.flows["application"].tolist() == [application]
    assert traffic.names[int(traffic.flows["name"][0])] == host


@pytest.mark.parametrize("name", UP)
def test_a_client_that_was_joined_midway_is_known_by_what_it_says(
    tmp_path: Path, sample: Callable[[str], bytes], name: str
) -> None:
    frame = ethernet(ipv4(tcp(sample(name), 5000, source=700, destination=7000), 6))

    (flow,) = hear(tmp_path, [frame]).flows
    assert (flow["initiator_port"], flow["direction"]) == (700, Direction.REQUEST)


@pytest.mark.parametrize("name", DOWN)
def test_what_a_server_says_names_its_flow(tmp_path: Path, sample: Callable[[str], bytes], name: str) -> None:
    source, host, application = DOWN[name]
    talk = Talk(port=7000)
    traffic = hear(tmp_path, [*talk.handshake(), talk.down(sample(name), 0)])

    assert names(traffic) == [(source, host)]
    assert traffic.named["from_initiator"].tolist() == [0]
    assert traffic.flows["application"].tolist() == [application]


@pytest.mark.parametrize("name", SPOKEN)
def test_what_is_spoken_is_known_by_content(tmp_path: Path, sample: Callable[[str], bytes], name: str) -> None:
    talk = Talk(port=7000)

    traffic = hear(tmp_path, [*talk.handshake(), talk.up(sample(name), 0)])
    assert traffic.flows["application"].tolist() == [SPOKEN[name]]


def test_names_are_read_where_only_flows_are_wanted(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    talk = Talk(port=7000)
    path = write_pcap(tmp_path / "made.pcap", [*talk.handshake(), talk.up(sample("mqtt.connect311"), 0)])

    traffic = read_traffic(str(path), discovery=False)
    assert names(traffic) == [(NameSource.MQTT, "hub.plant.example")]
    assert traffic.observed == ()


def test_requests_in_later_segments_of_http2_are_found(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    talk, first = Talk(port=8080), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
    frames = [talk.up(first, 0), talk.up(sample("http2.plain"), len(first))]

    assert names(hear(tmp_path, [*talk.handshake(), *frames])) == [(NameSource.HTTP2_AUTHORITY, "web.example")]


def test_mail_that_goes_on_in_tls_keeps_both_names(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    talk, banner, ehlo = Talk(port=25), sample("smtp.ready"), sample("smtp.ehlo")
    frames = [talk.down(banner, 0), talk.up(ehlo, 0), talk.up(b"STARTTLS\r\n", len(ehlo))]
    frames.append(talk.up(hello("mx.plant.example"), len(ehlo) + 10))

    traffic = hear(tmp_path, [*talk.handshake(), *frames])
    assert names(traffic) == [(NameSource.SMTP, "mail.plant.example"), (NameSource.TLS_SNI, "mx.plant.example")]
    assert traffic.names[int(traffic.flows["name"][0])] == "mx.plant.example"
    assert [(o.kind, o.value, o.address) for o in traffic.observed] == [("hostname", "plc7.plant.example", CLIENT)]


@pytest.mark.parametrize(
    ("port", "name", "source", "application"),
    [
        (5060, "sip.register", NameSource.SIP, Application.SIP),
        (88, "kerberos.host", NameSource.KERBEROS, Application.KERBEROS),
    ],
)
def test_datagrams_name_their_flow_too(
    tmp_path: Path, sample: Callable[[str], bytes], port: int, name: str, source: int, application: int
) -> None:
    traffic = hear(tmp_path, [ethernet(ipv4(udp(sample(name), 40000, port), 17))])

    assert [number for number, _ in names(traffic)] == [source]
    assert traffic.flows["application"].tolist() == [application]


def test_a_request_from_the_other_end_does_not_name_the_first(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    frames = [
        ethernet(ipv4(udp(sample("sip.ok"), 5060, 5060), 17)),
        ethernet(ipv4(udp(sample("sip.register"), 5060, 5060), 17, SERVER, CLIENT)),
    ]

    assert names(hear(tmp_path, frames)) == []


def test_snmp_is_recognised_and_its_community_is_not_kept(tmp_path: Path) -> None:
    request = (
        bytes.fromhex("302902010104")
        + b"\x0bcommunity1!"
        + bytes.fromhex("a01702047fffffff0201000201003009300706032b06010500")
    )

    traffic = hear(tmp_path, [ethernet(ipv4(udp(request, 40000, 161), 17))])
    assert traffic.flows["application"].tolist() == [Application.SNMP]
    assert len(traffic.names) == 1
    assert traffic.observed == ()


@pytest.mark.parametrize(
    "data",
    [
        b"\x10\x0c\0\4MQTX\4\2\0\x3c",
        b"\0\0\0\x40\xfeSMB" + bytes(60),
        struct.pack(">I", 9) + b"\x6a\x07" + bytes(20),
        b"SSH is a word",
        b"220 ",
        b"\5\0\x0b\3\x10\0\0\0\x48\0\0\0" + bytes(60),
    ],
)
def test_what_only_begins_alike_names_nothing(tmp_path: Path, data: bytes) -> None:
    talk = Talk(port=7000)
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(data, 0)])

    assert names(traffic) == []
    assert traffic.observed == ()
