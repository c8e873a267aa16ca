"""Names, and nothing that is nobody's business: what each of the small dissectors says of its samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols import heads
from kwel.protocols.registry import DISSECTORS
from kwel.protocols.sayings import Named, Saying, Spoken
from kwel.protocols.wire import Reader

if TYPE_CHECKING:
    from collections.abc import Callable

SAID = {
    "ssh.server": [Spoken(Application.SSH), Saying("software", "SSH-2.0-dropbear_2020.81")],
    "ssh.comment": [Spoken(Application.SSH), Saying("software", "SSH-1.99-Plant_1.2 unit 7")],
    "mqtt.connect311": [
        Spoken(Application.MQTT), Saying("identity", "gateway-7"), Named(NameSource.MQTT, b"hub.plant.example"),
    ],
    "mqtt.connect5": [Spoken(Application.MQTT), Saying("identity", "historian")],
    "smtp.ehlo": [Spoken(Application.SMTP), Saying("hostname", "plc7.plant.example")],
    "smtp.ready": [Spoken(Application.SMTP), Named(NameSource.SMTP, b"mail.plant.example", from_initiator=False)],
    "smtp.files": [Spoken(Application.FTP), Saying("software", "Welcome to the FTP server")],
    "sip.register": [Spoken(Application.SIP), Named(NameSource.SIP, b"pbx.plant.example")],
    "sip.invite": [Spoken(Application.SIP), Named(NameSource.SIP, b"pbx.plant.example")],
    "sip.ok": [Spoken(Application.SIP)],
    "http2.preface": [Spoken(Application.HTTP2), Named(NameSource.HTTP2_AUTHORITY, b"www.example.com")],
    "http2.plain": [Named(NameSource.HTTP2_AUTHORITY, b"web.example")],
    "kerberos.host": [
        Spoken(Application.KERBEROS), Saying("hostname", "HMI7"), Named(NameSource.KERBEROS, b"PLANT.EXAMPLE"),
    ],
    "kerberos.user": [Spoken(Application.KERBEROS), Named(NameSource.KERBEROS, b"PLANT.EXAMPLE")],
    "smb.challenge": [
        Spoken(Application.SMB), Named(NameSource.NTLM, b"files.plant.example", from_initiator=False),
        Saying("hostname", "FILES"), Saying("domain", "plant.example"), Saying("domain", "PLANT"),
    ],
    "smb.authenticate": [Spoken(Application.SMB), Saying("hostname", "HMI7"), Saying("domain", "PLANT")],
    "ntlm.bare": [Saying("hostname", "FILE")],
    "ntlm.mail": [Saying("hostname", "FILE")],
}  # fmt: skip
BY_NAME = {dissector.name: dissector for dissector in DISSECTORS}


@pytest.mark.parametrize("name", SAID)
def test_a_sample_says_who_is_meant_and_no_more(sample: Callable[[str], bytes], name: str) -> None:
    dissector = BY_NAME[name.partition(".")[0]]

    assert dissector.looks_like(sample(name))
    assert list(dissector.observe(Reader(sample(name)))) == SAID[name]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("smtp", b"EHLO localhost\r\n"),
        ("smtp", b"EHLO [10.20.1.5]\r\n"),
        ("smtp", b"220 Welcome, please log in\r\n"),
        ("smtp", b"220 plc7 SMTP\r\n"),
        ("sip", b"INVITE sip:31201234567 SIP/2.0\r\n\r\n"),
        ("sip", b"REGISTER tel:+31201234567 SIP/2.0\r\n\r\n"),
        ("mqtt", b"\x10\x1e\0\4MQTT\4\x82\0\x3c\0\0\0\x10operator@plant.ex"),
    ],
)
def test_what_cannot_be_a_host_names_nobody(name: str, data: bytes) -> None:
    said = list(BY_NAME[name].observe(Reader(data)))

    assert not [one for one in said if not isinstance(one, Spoken)]


def test_a_head_tells_which_cookies_are_set_and_of_their_values_only_the_server_that_one_names(
    sample: Callable[[str], bytes],
) -> None:
    said = {(one.kind, one.value) for one in heads.observe(Reader(sample("http.balanced"))) if isinstance(one, Saying)}

    assert said == {
        ("software", "Apache"), ("cookie", "BIGipServerpool_web 10.1.1.100:8080"), ("cookie", "JSESSIONID"),
    }  # fmt: skip


def test_a_head_that_was_passed_on_tells_by_whom(sample: Callable[[str], bytes]) -> None:
    said = {(one.kind, one.value) for one in heads.observe(Reader(sample("http-proxy.via"))) if isinstance(one, Saying)}

    assert said == {("via", "1.1 proxy.plant.example (squid/4.10)"), ("service", "http by Apache, passed on")}
