"""What each dissector of the office's protocols says of its samples: facts about hosts, and nothing about persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.protocols.registry import DISSECTORS
from kwel.protocols.sayings import Named, Saying
from kwel.protocols.wire import Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Callable

BY_NAME = {dissector.name: dissector for dissector in DISSECTORS}
UUID = "uuid:11111111-2222-3333-4444-555555555555"
HMI7 = ("hostname", "HMI7")

SAID = {
    "http.request": [("software", "HistorianLink/4.2 (Windows NT 10.0)")],
    "http.response": [("software", "Webs/2.5 (plc)"), ("description", "PLC-400 line 3")],
    "http.rtsp": [("software", "PlantcamRTSP/2.1")],
    "http.described": [
        ("software", "Linux/5.4 UPnP/1.0 cam/1.2"), ("description", "Camera gate 2"), ("vendor", "Plantcam"),
        ("product", "PC-90"), ("serial", "PC90-0017"), ("identity", UUID),
    ],
    "http.printer": [("product", "Plantprint 500"), ("location", "control room")],
    "http-proxy.response": [("service", "http by plantsite/1.0, passed on")],
    "browser.host": [
        HMI7, ("domain", "PLANT"), ("description", "panel in hall 3"), ("system", "Windows NT 6.1"),
        ("role", "print server"),
    ],
    "browser.master": [HMI7, ("domain", "PLANT"), ("system", "Windows NT 10.0"), ("role", "master browser")],
    "browser.domain": [HMI7, ("domain", "PLANT"), ("role", "master browser")],
    "browser.election": [HMI7],
    "smb.plain": [("domain", "PLANT"), ("system", "Windows 5.1"), ("software", "Windows 2000 LAN Manager")],
    "smb.negotiated": [("protocol", "smb/1"), ("domain", "PLANT"), HMI7],
    "smb.dialect": [("protocol", "smb/3.1.1")],
    "smb.session": [HMI7],
    "rdp.connect": [HMI7, ("system", "RDP client build 19041")],
    "ssdp.notify": [
        ("software", "Linux/5.4 UPnP/1.0 nas/3.1"), ("identity", UUID),
        ("service", "urn:schemas-upnp-org:device:MediaServer:1"), ("uri", "http://10.20.4.9:49152/desc.xml"),
    ],
    "ssdp.search": [("software", "Viewer/1.0 Linux")],
    "wsd.matches": [
        ("identity", f"urn:{UUID}"), ("service", "NetworkVideoTransmitter"),
        ("uri", "http://10.20.4.9/onvif/device_service"), ("description", "Gate 2"), ("product", "PC-90"),
        ("location", "hall3"),
    ],
    "dhcpv6.solicit": [
        ("identity", "duid 00:90:e8:10:00:32"), ("parameters", "23,24,39,56"), ("vendor-class", "MSFT 5.0"),
        ("hostname", "hmi7.plant.example"),
    ],
    "cldap.answer": [
        ("role", "domain controller"), ("hostname", "dc1.plant.example"), ("hostname", "DC1"),
        ("domain", "plant.example"), ("domain", "PLANT"), ("location", "Hall-3"),
    ],
    "syslog.new": [("identity", "rtu12.plant.example")],
    "syslog.old": [("identity", "rtu12")],
    "stun.binding": [("software", "phone 7.1.2")],
    "mndp.router": [
        ("identity", "00:90:e8:10:00:32"), ("hostname", "gw-hall3"), ("firmware", "7.14.3"), ("vendor", "MikroTik"),
        ("product", "RB5009"), ("switch-port", "ether2"),
    ],
    "ubiquiti.answer": [
        ("identity", "00:90:e8:10:00:32"), ("firmware", "XM.v6.3.2"), ("hostname", "bridge-yard"), ("product", "NBM5"),
    ],
    "banner.vnc": [("software", "RFB 003.008")],
    "banner.pop": [("software", "Mailbox 3.1 ready")],
    "banner.telnet": [("description", "MOXA NPort 5110 console")],
    "banner.mysql": [("software", "MySQL 8.0.36-plant")],
    "banner.printer": [("product", "Plantprint 500")],
}  # fmt: skip
SECRETS = ("operator", "secret", "bob")


def said_by(name: str, data: bytes) -> list[Saying]:
    """Return what a dissector says of hosts, each thing once."""
    said = BY_NAME[name].observe(Reader(data))
    return list(dict.fromkeys(one for one in said if isinstance(one, Saying)))


@pytest.mark.parametrize("name", SAID)
def test_a_sample_says_what_its_sender_is_and_no_more(sample: Callable[[str], bytes], name: str) -> None:
    dissector = name.partition(".")[0]

    assert BY_NAME[dissector].looks_like(sample(name))
    said = said_by(dissector, sample(name))
    assert [(one.kind, one.value) for one in said] == SAID[name]
    assert all(one.mac is None and one.address is None for one in said)


def test_a_service_belongs_to_the_host_whose_address_the_message_holds(sample: Callable[[str], bytes]) -> None:
    assert said_by("mdns", sample("mdns.services")) == [
        Saying("service", "_http._tcp"),
        Saying("service", "_http._tcp:8080", address="10.20.4.9"),
        Saying("product", "TP-900", address="10.20.4.9"),
        Saying("firmware", "2.1.4", address="10.20.4.9"),
        Saying("serial", "0017", address="10.20.4.9"),
        Saying("service", "_ssh._tcp"),
        Saying("system", "LINUX", address="10.20.4.9"),
    ]


def test_a_relayed_message_tells_of_whom_it_was_relayed_for(sample: Callable[[str], bytes]) -> None:
    said = said_by("dhcpv6", sample("dhcpv6.relayed"))

    assert {one.address for one in said} == {"fe80::200:90ff:fe10:32"}
    assert Saying("hostname", "hmi7.plant.example", address="fe80::200:90ff:fe10:32") in said


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("http", b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic b3BlcmF0b3I6c2VjcmV0\r\nCookie: bob\r\n\r\n"),
        ("smtp", b"220 FTP server ready\r\n"),
        ("syslog", b"<34>Oct 11 22:14:15 10.20.1.5 su: bob failed"),
        ("dhcpv6", bytes.fromhex("02aabbcc 0001000a 00030001 0090e8100032")),  # a server repeats the client's
        ("mdns", bytes.fromhex("000084000000000000000000 00")),
        ("ssdp", b"M-SEARCH * HTTP/1.1\r\nST: urn:x\r\nMAN: ssdp\r\n\r\n"),
        ("banner", b"+OK <1896.697@mail>\r\n"),
        ("banner", b"\xff\xfd\x18login: "),
        ("banner", b"\xff\xfd\x18\x00\x13\x04\xe7\x02"),
    ],
)
def test_nothing_is_said_of_persons_or_of_others(name: str, data: bytes) -> None:
    assert not said_by(name, data)


@pytest.mark.parametrize("field", ["Via: 1.1 proxy", "X-Forwarded-For: 10.20.1.9"])
def test_a_head_that_was_passed_on_tells_of_nobody_but_a_service(field: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nServer: site/1\r\n{field}\r\n\r\n".encode()
    request = f"GET / HTTP/1.1\r\nUser-Agent: browser/1\r\n{field}\r\n\r\n".encode()

    via = [Saying("via", "1.1 proxy")] if field.startswith("Via") else []
    assert said_by("http", answer) == [*via, Saying("service", "http by site/1, passed on")]
    assert said_by("http", request) == via


def test_an_ntlm_message_within_http_names_the_host(sample: Callable[[str], bytes]) -> None:
    import base64

    challenge = base64.b64encode(sample("ntlm.bare")).decode()
    head = f"HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM {challenge}\r\n\r\n".encode()

    assert Saying("hostname", "FILE") in said_by("http", head)


def test_a_line_that_the_segment_cuts_is_not_read() -> None:
    assert said_by("http", b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: Hist") == []
    assert said_by("http", b"orian/4\r\nServer: x/1\r\n\r\n") == [Saying("software", "x/1")]


@pytest.mark.parametrize("name", ["smb.plain", "smb.authenticate", "http.request"])
def test_users_and_passwords_are_in_the_samples_and_in_nothing_that_is_said(
    sample: Callable[[str], bytes], name: str
) -> None:
    assert not [
        one for one in said_by(name.partition(".")[0], sample(name)) if any(s in one.value.lower() for s in SECRETS)
    ]


def test_bgp_is_no_telnet() -> None:
    assert not BY_NAME["banner"].looks_like(b"\xff" * 16 + b"\0\x13\4")


def test_a_greeting_says_no_date() -> None:
    said = said_by("smtp", b"220 mail.plant.example ESMTP Exim 4.69 #1 Mon, 05 Oct 2009 01:05:54 -0500\r\n")

    assert said == [Saying("software", "ESMTP Exim 4.69 #1")]


@pytest.mark.parametrize(("revision", "said"), [(b"\x0f", ["Windows 10.0 build 19041"]), (b"W", [])])
def test_a_version_of_windows_counts_with_its_revision(revision: bytes, said: list[str]) -> None:
    version = bytes([10, 0]) + (19041).to_bytes(2, "little") + bytes(3) + revision
    message = b"NTLMSSP\0\1\0\0\0" + (0x02000001).to_bytes(4, "little") + bytes(16) + version

    assert [one.value for one in said_by("ntlm", message)] == said


def test_a_name_that_points_to_itself_ends() -> None:
    with pytest.raises(WireError):
        said_by("mdns", bytes.fromhex("000084000000000100000000") + b"\xc0\x0c" + bytes(10))


def test_dissectors_that_name_flows_are_those_that_yield_names(samples_of: Callable[[str], list[bytes]]) -> None:
    for dissector in DISSECTORS:
        for data in samples_of(dissector.name):
            if any(isinstance(one, Named) for one in dissector.observe(Reader(data))):
                assert dissector.names_flows
