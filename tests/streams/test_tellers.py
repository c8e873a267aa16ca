"""Payloads in which hosts tell what they are: they reach the dissector, wherever they stand, and once."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import read_traffic
from tests.streams.making import CLIENT, SERVER, Talk, ethernet, hear, ipv4, udp, write_pcap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.model.traffic import Traffic

REQUEST = b"GET / HTTP/1.1\r\nHost: plc.plant.example\r\nUser-Agent: browser/%d\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nServer: webs/2\r\n\r\n"
DATAGRAMS = {
    "browser.host": (138, ("description", "panel in hall 3")),
    "ssdp.notify": (1900, ("software", "Linux/5.4 UPnP/1.0 nas/3.1")),
    "wsd.matches": (3702, ("product", "PC-90")),
    "dhcpv6.solicit": (547, ("vendor-class", "MSFT 5.0")),
    "cldap.answer": (389, ("role", "domain controller")),
    "syslog.new": (514, ("identity", "rtu12.plant.example")),
    "stun.binding": (3478, ("software", "phone 7.1.2")),
    "mndp.router": (5678, ("product", "RB5009")),
    "ubiquiti.answer": (10001, ("product", "NBM5")),
}
FROM_SERVER = {
    "banner.vnc": ("software", "RFB 003.008"),
    "banner.pop": ("software", "Mailbox 3.1 ready"),
    "banner.telnet": ("description", "MOXA NPort 5110 console"),
    "banner.mysql": ("software", "MySQL 8.0.36-plant"),
    "banner.printer": ("product", "Plantprint 500"),
    "smb.dialect": ("protocol", "smb/3.1.1"),
    "smb.negotiated": ("hostname", "HMI7"),
    "ntlm.mail": ("hostname", "FILE"),
    "http.rtsp": ("software", "PlantcamRTSP/2.1"),
    "http.response": ("description", "PLC-400 line 3"),
}


def said(traffic: Traffic, address: str) -> list[tuple[str, str]]:
    return [(one.kind, one.value) for one in traffic.observed if one.address == address]


@pytest.mark.parametrize("name", DATAGRAMS)
def test_a_datagram_is_told_of_whoever_sent_it(tmp_path: Path, sample: Callable[[str], bytes], name: str) -> None:
    port, fact = DATAGRAMS[name]
    frame = ethernet(ipv4(udp(sample(name), source=port, destination=port), 17))

    assert fact in said(hear(tmp_path, [frame]), CLIENT)


@pytest.mark.parametrize("name", ["ssdp.notify", "stun.binding"])
def test_content_needs_no_port(tmp_path: Path, sample: Callable[[str], bytes], name: str) -> None:
    frame = ethernet(ipv4(udp(sample(name), source=40000, destination=50000), 17))

    assert DATAGRAMS[name][1] in said(hear(tmp_path, [frame]), CLIENT)


def test_mdns_tells_of_the_host_whose_address_it_holds(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    frame = ethernet(ipv4(udp(sample("mdns.services"), source=5353, destination=5353), 17))

    traffic = hear(tmp_path, [frame])
    assert ("product", "TP-900") in said(traffic, "10.20.4.9")
    assert ("service", "_ssh._tcp") in said(traffic, CLIENT)


@pytest.mark.parametrize("name", FROM_SERVER)
def test_a_server_says_what_it_is(tmp_path: Path, sample: Callable[[str], bytes], name: str) -> None:
    talk = Talk(port=7000)

    assert FROM_SERVER[name] in said(hear(tmp_path, [*talk.handshake(), talk.down(sample(name), 0)]), SERVER)


@pytest.mark.parametrize(
    ("name", "fact"), [("smb.session", "HMI7"), ("rdp.connect", "HMI7"), ("smb.authenticate", "HMI7")]
)
def test_a_client_says_what_it_is_called(tmp_path: Path, sample: Callable[[str], bytes], name: str, fact: str) -> None:
    talk = Talk(port=7000)

    assert ("hostname", fact) in said(hear(tmp_path, [*talk.handshake(), talk.up(sample(name), 0)]), CLIENT)


@pytest.mark.parametrize("before", ["ldap", "tds"])
def test_a_login_within_another_protocol_names_the_host(
    tmp_path: Path, sample: Callable[[str], bytes], before: str
) -> None:
    message, talk = sample("ntlm.bare"), Talk(port=7000)
    if before == "ldap":
        bound = b"\x61" + bytes([len(message)]) + message
        data = b"\x30" + bytes([len(bound) + 3]) + b"\2\1\1" + bound
    else:
        data = b"\4\1" + (len(message) + 8).to_bytes(2, "big") + bytes(4) + message

    assert ("hostname", "FILE") in said(hear(tmp_path, [*talk.handshake(), talk.down(data, 0)]), SERVER)


def test_what_a_sender_says_again_is_not_read_again(tmp_path: Path) -> None:
    frames = []
    for port in range(40):
        talk = Talk(port=7000 + port)
        frames += [*talk.handshake(), talk.up(REQUEST % 1, 0), talk.down(ANSWER, 0)]

    traffic = hear(tmp_path, frames)
    assert said(traffic, CLIENT) == [("software", "browser/1")]
    assert said(traffic, SERVER) == [("software", "webs/2")]
    assert not traffic.coverage.notes.get("http-not-looked-at")


def test_each_program_behind_one_address_is_told(tmp_path: Path) -> None:
    talk, at, frames = Talk(port=80), 0, []
    for number in range(3):
        frames.append(talk.up(REQUEST % number, at))
        at += len(REQUEST % number)

    assert said(hear(tmp_path, [*talk.handshake(), *frames]), CLIENT) == [
        ("software", f"browser/{n}") for n in range(3)
    ]


@pytest.mark.parametrize("cut", [8, 20, 43, len(REQUEST) - 3])
def test_a_head_in_two_segments_is_read_but_for_the_line_that_is_cut(tmp_path: Path, cut: int) -> None:
    talk, head = Talk(port=80), REQUEST % 1
    frames = [talk.up(head[:cut], 0), talk.up(head[cut:], cut)]

    wanted = [("software", "browser/1")] if cut < head.index(b"User-Agent") or cut > head.index(b"\r\n\r\n") else []
    assert said(hear(tmp_path, [*talk.handshake(), *frames]), CLIENT) == wanted


def test_what_a_proxy_passes_on_is_not_its_own(tmp_path: Path) -> None:
    talk = Talk(port=3128)
    request = b"GET http://site.example/ HTTP/1.1\r\nHost: site.example\r\nUser-Agent: browser/1\r\n\r\n"

    traffic = hear(tmp_path, [*talk.handshake(), talk.up(request, 0), talk.down(ANSWER, 0)])
    assert said(traffic, SERVER) == [("service", "http by webs/2, passed on")]
    assert said(traffic, CLIENT) == [("software", "browser/1")]


def test_an_ntlm_login_over_http_names_the_server(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    talk, challenge = Talk(port=80), base64.b64encode(sample("ntlm.bare"))
    answer = b"HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM " + challenge + b"\r\n\r\n"

    assert ("hostname", "FILE") in said(hear(tmp_path, [*talk.handshake(), talk.down(answer, 0)]), SERVER)


def test_nothing_is_read_of_hosts_where_only_flows_are_wanted(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    talk = Talk(port=80)
    frames = [*talk.handshake(), talk.up(REQUEST % 1, 0), talk.down(ANSWER, 0)]
    frames.append(ethernet(ipv4(udp(sample("ssdp.notify"), source=1900, destination=1900), 17)))
    path = write_pcap(tmp_path / "made.pcap", frames)

    assert read_traffic(str(path), discovery=False).observed == ()
