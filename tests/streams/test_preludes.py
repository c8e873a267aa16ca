"""A ClientHello after something else: commands, headers, proxies, and protocols that wrap it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from tests.streams.making import Talk, certificate, certificate_message, hear, hello, names, records, server_hello

if TYPE_CHECKING:
    from pathlib import Path

SNI = (NameSource.TLS_SNI, "plant.example")
HELLO = hello("plant.example")
PROXY2 = bytes.fromhex("0d0a0d0a000d0a515549540a") + b"\x21\x11\0\x0c" + bytes.fromhex("0a000001 0a000002 9c40 01bb")
SOCKS5 = b"\5\1\0\3\x0dcloud.example\x01\xbb"
SOCKS4A = b"\4\1\x01\xbb\0\0\0\1operator\0cloud.example\0"


def tds(payload: bytes, kind: int = 0x12) -> bytes:
    """Return a TDS packet (MS-TDS section 2.2.3.1)."""
    return struct.pack(">BBHHBB", kind, 1, 8 + len(payload), 0, 0, 0) + payload


def openvpn(payload: bytes, opcode: int = 0x20, hmac: int = 0) -> bytes:
    """Return an OpenVPN control packet as TCP carries it."""
    head = bytes([opcode]) + b"SESSION1" + bytes(hmac) + b"\0" + struct.pack(">I", 1)
    return struct.pack(">H", len(head) + len(payload)) + head + payload


@pytest.mark.parametrize(
    "segments",
    [
        [b"EHLO plc7.example\r\n", b"STARTTLS\r\n", HELLO],
        [b"a1 CAPABILITY\r\n", b"a2 STARTTLS\r\n", HELLO],
        [b"CAPA\r\n", b"STLS\r\n", HELLO],
        [bytes.fromhex("301d02010177188016312e332e362e312e342e312e313436362e3230303337"), HELLO],
        [b"AUTH TLS\r\n", HELLO],
        [b"<?xml version='1.0'?><stream:stream to='plant.example'>", b"<starttls xmlns='urn:x'/>", HELLO],
        [b"\0\0\0\x08\x04\xd2\x16\x2f", HELLO],
        [b"\x20\0\0\1\x85\xae\xff\x19" + bytes(28), HELLO],
        [b"\xff\xfd\x2e", b"\xff\xfa\x2e\1\xff\xf0", HELLO],
        [b"AMQP\2\1\0\0", HELLO],
        [b"RFB 003.008\n", b"\x13", b"\0\2", b"\0\0\1\4", HELLO],
        [b"\3\0\0\x2f\x2a\xe0\0\0\0\0\0Cookie: mstshash=operator\r\n\1\0\x08\0\3\0\0\0", HELLO],
        [b"CONNECT cloud.example:443 HTTP/1.1\r\n\r\n", HELLO],
        [b"CONNECT cloud.example:443 HTTP/1.1\r\nHost: x.example\r\n\r\n" + HELLO],
        [b"GET / HTTP/1.1\r\nHost: web.example\r\nUpgrade: TLS/1.2\r\n\r\n", HELLO],
        [b"\5\1\0", SOCKS5, HELLO],
        [b"\5\1\0" + SOCKS5 + HELLO],
        [SOCKS4A, HELLO],
        [b"\4\1\x01\xbb\xc6\x33\x64\7operator\0", HELLO],
        [b"PROXY TCP4 10.0.0.1 10.0.0.2 40000 443\r\n" + HELLO],
        [b"PROXY TCP4 10.0.0.1 10.0.0.2 40000 443\r\n", HELLO],
        [PROXY2 + HELLO],
        [PROXY2, HELLO],
        [tds(b"\0\0\x1a\0\6\1\0\x20\0\1\2\0\x21\0\1\3\0\x22\0\4\4\0\x26\0\1\xff" + bytes(13)), tds(HELLO)],
        [openvpn(b"", 0x38), openvpn(HELLO)],
        [openvpn(b"", 0x38, 28), openvpn(HELLO, hmac=28)],
        [b"CAPABILITY", HELLO],
        [b"NOOP", b"QUIT and no end of the line", HELLO],
    ],
    ids=[
        "smtp", "imap", "pop3", "ldap", "ftp", "xmpp", "postgresql", "mysql", "telnet", "amqp", "vnc", "rdp", "connect",
        "connect-eager", "upgrade", "socks5", "socks5-eager", "socks4a", "socks4", "proxy1", "proxy1-apart", "proxy2",
        "proxy2-apart", "tds", "openvpn", "openvpn-hmac", "no-line-end", "no-line-end-either",
    ],
)  # fmt: skip
@pytest.mark.parametrize("how", ["whole", "midstream", "hello-in-two"])
def test_a_hello_after_something_else_is_found(tmp_path: Path, segments: list[bytes], how: str) -> None:
    if how == "hello-in-two" and segments[-1] == HELLO:
        segments = [*segments[:-1], HELLO[:40], HELLO[40:]]
    talk, frames, at = Talk(port=2500), [], 0
    for segment in segments:
        frames.append(talk.up(segment, at))
        at += len(segment)

    traffic = hear(tmp_path, frames if how == "midstream" else [*talk.handshake(), *frames])
    assert SNI in names(traffic)
    assert not any(secret in name for _, name in names(traffic) for secret in ("operator", "mstshash"))


@pytest.mark.parametrize("request_bytes", [SOCKS5, b"\5\1\0" + SOCKS5, SOCKS4A], ids=["5", "5-eager", "4a"])
def test_a_socks_request_names_its_host_and_port(tmp_path: Path, request_bytes: bytes) -> None:
    talk = Talk(port=1080)
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(request_bytes, 0)])

    assert names(traffic) == [(NameSource.SOCKS, "cloud.example")]
    assert traffic.named["port"].tolist() == [443]


@pytest.mark.parametrize(
    "data",
    [
        SOCKS5[:-1], SOCKS4A[:-1], b"\4\1\x01\xbb\0\0\0\0operator\0cloud.example\0", b"\5\2" + SOCKS5[2:],
        b"\5\1\0\3\xffcloud.example\x01\xbb", PROXY2[:15], b"\x12" + HELLO, b"\0\x40\x20" + HELLO,
    ],
)  # fmt: skip
def test_what_is_no_request_and_no_wrapper_names_nothing(tmp_path: Path, data: bytes) -> None:
    talk = Talk(port=1080)

    assert names(hear(tmp_path, [*talk.handshake(), talk.up(data, 0)])) == []


def test_the_certificate_after_postgresqls_single_letter_is_found(tmp_path: Path) -> None:
    talk, ask = Talk(port=5432), b"\0\0\0\x08\x04\xd2\x16\x2f"
    flight = records(server_hello()) + records(certificate_message(certificate("db.example")))
    frames = [talk.up(ask, 0), talk.down(b"S", 0), talk.up(HELLO, len(ask)), talk.down(flight, 1)]

    traffic = hear(tmp_path, [*talk.handshake(), *frames])
    assert [one.subject for one in traffic.certificates] == ["db.example"]


def test_the_certificate_of_an_sql_server_is_found_within_its_packets(tmp_path: Path) -> None:
    talk, first = Talk(port=1433), tds(b"\0\0\6\0\6\xff" + bytes(6))
    flight = tds(records(server_hello()) + records(certificate_message(certificate("sql.example"))))
    frames = [talk.up(first, 0), talk.down(tds(b"\0\0\6\0\6\xff" + bytes(6), 4), 0), talk.up(tds(HELLO), len(first))]
    at = len(first)
    frames += [talk.down(flight[i : i + 500], at + i) for i in range(0, len(flight), 500)]

    traffic = hear(tmp_path, [*talk.handshake(), *frames])
    assert [one.subject for one in traffic.certificates] == ["sql.example"]


def test_remote_desktop_is_recognised_and_its_user_is_not_kept(tmp_path: Path) -> None:
    talk = Talk(port=3389)
    request = b"\3\0\0\x2f\x2a\xe0\0\0\0\0\0Cookie: mstshash=operator\r\n\1\0\x08\0\3\0\0\0"

    traffic = hear(tmp_path, [*talk.handshake(), talk.up(request, 0)])
    assert traffic.flows["application"].tolist() == [Application.RDP]
    assert len(traffic.names) == 1


def test_a_host_of_absurd_length_is_no_name(tmp_path: Path) -> None:
    talk, head = Talk(port=80), b"GET / HTTP/1.1\r\nHost: " + b"a" * 60000 + b"\r\n\r\n"

    assert names(hear(tmp_path, [*talk.handshake(), talk.up(head, 0)])) == []
