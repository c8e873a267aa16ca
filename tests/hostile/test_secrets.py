"""Passwords, tokens, communities, cookies and users' names on the wire: none of them stands in anything kwel writes."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING

import pytest

from kwel.cli.app import run
from tests.protocols.conftest import sample
from tests.streams.making import Talk, ethernet, hello, ipv4, tcp, udp, write_pcap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["sample"]

SECRETS = (
    "s3cretpass", "s3crettoken", "s3cretcookie", "s3cretcommunity", "s3cretuser", "s3cretquery", "s3cretkey",
)  # fmt: skip
PASSWORD, TOKEN, COOKIE, COMMUNITY, USER, QUERY, KEY = (secret.encode() for secret in SECRETS)


def _counted(raw: bytes) -> bytes:
    return struct.pack(">H", len(raw)) + raw


def _said(port: int, *segments: bytes, answers: tuple[bytes, ...] = ()) -> list[bytes]:
    """Return the frames of one connection: what the client says, then what the server says."""
    talk, at = Talk(port=port, client_port=20000 + port), 0
    frames = talk.handshake()
    for data in segments:
        frames.append(talk.up(data, at))
        at += len(data)
    at = 0
    for data in answers:
        frames.append(talk.down(data, at))
        at += len(data)
    return frames


def frames(read: Callable[[str], bytes]) -> list[bytes]:
    """Return a plant's worth of logins."""
    basic = base64.b64encode(USER + b":" + PASSWORD)
    mqtt = _counted(b"MQTT") + b"\x04\xc2\0\x3c" + _counted(b"gateway-7") + _counted(USER + b"/x") + _counted(PASSWORD)
    community = b"\x02\x01\x01\x04" + bytes([len(COMMUNITY)]) + COMMUNITY
    get = bytes.fromhex("a01c02047fffffff020100020100300e300c06082b060102010105000500")
    snmp = b"\x30" + bytes([len(community + get)]) + community + get
    http = (
        b"GET /a?token="
        + QUERY
        + b" HTTP/1.1\r\nCookie: id="
        + COOKIE
        + b"\r\nAuthorization: Basic "
        + basic
        + b"\r\nHost: "
        + USER
        + b":"
        + PASSWORD
        + b"@web.example\r\nX-Api-Key: "
        + KEY
        + b"\r\n\r\n"
    )
    proxy = b"CONNECT cloud.example:443 HTTP/1.1\r\nProxy-Authorization: Bearer " + TOKEN + b"\r\n\r\n"
    absolute = b"GET http://" + USER + b":" + PASSWORD + b"@old.example/" + QUERY + b" HTTP/1.0\r\n\r\n"
    fields = b"\x82\x41\x0bweb.example\x10\x0dauthorization" + bytes([len(TOKEN)]) + TOKEN
    fields += b"\x0f\x11" + bytes([len(COOKIE)]) + COOKIE
    http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + len(fields).to_bytes(3, "big") + b"\1\4\0\0\0\1" + fields
    rdp = b"\3\0\0\x31\x2c\xe0\0\0\0\0\0Cookie: mstshash=" + USER + b"\r\n\1\0\x08\0\3\0\0\0"
    sip = (
        b"REGISTER sip:"
        + USER
        + b":"
        + PASSWORD
        + b"@pbx.example SIP/2.0\r\nAuthorization: Digest "
        + TOKEN
        + b"\r\n\r\n"
    )
    ldap = b"\x30\x24\x02\x01\x01\x60\x1f\x02\x01\x03\x04\x0acn=" + USER[:7] + b"\x80\x0a" + PASSWORD
    return [
        *_said(80, http), *_said(81, absolute), *_said(3128, proxy, hello("cloud.example")), *_said(8080, http2),
        *_said(25, b"EHLO plc7.example\r\n", b"AUTH PLAIN " + basic + b"\r\n",
               b"MAIL FROM:<" + USER + b"@x.example>\r\n",
               answers=(b"220 mail.example ESMTP\r\n",)),
        *_said(21, b"USER " + USER + b"\r\n", b"PASS " + PASSWORD + b"\r\n", answers=(b"220 FTP ready\r\n",)),
        *_said(110, b"USER " + USER + b"\r\n", b"PASS " + PASSWORD + b"\r\n"),
        *_said(143, b"a1 LOGIN " + USER + b" " + PASSWORD + b"\r\n"),
        *_said(23, USER + b"\r\n", PASSWORD + b"\r\n"), *_said(1883, b"\x10" + bytes([len(mqtt)]) + mqtt),
        *_said(1080, b"\5\2\0\2", b"\1" + bytes([len(USER)]) + USER + bytes([len(PASSWORD)]) + PASSWORD,
               b"\5\1\0\3\x0dcloud.example\x01\xbb"),
        *_said(1081, b"\4\1\x01\xbb\0\0\0\1" + USER + b"\0cloud.example\0"), *_said(3389, rdp), *_said(389, ldap),
        *_said(6379, b"AUTH " + PASSWORD + b"\r\n"), *_said(5432, b"\0\0\0\x20\0\3\0\0user\0" + USER + b"\0\0"),
        *_said(445, read("smb.authenticate").replace("operator".encode("utf-16-le"), "s3cretus".encode("utf-16-le"))),
        ethernet(ipv4(udp(snmp, 40000, 161), 17)), ethernet(ipv4(udp(snmp, 40001, 162), 17)),
        ethernet(ipv4(udp(sip, 5060, 5060), 17)),
        ethernet(ipv4(tcp(sip, 5000, source=40100, destination=5060), 6)),
        ethernet(ipv4(udp(read("kerberos.user").replace(b"operator", b"s3cretus")[4:], 40002, 88), 17)),
    ]  # fmt: skip


@pytest.fixture
def plant(tmp_path: Path, sample: Callable[[str], bytes]) -> Path:
    return write_pcap(tmp_path / "plant.pcap", frames(sample))


def _forms(secret: str) -> set[str]:
    """Return how a secret could show itself."""
    raw = secret.encode()
    return {secret, raw.hex(), base64.b64encode(raw).decode().rstrip("=")[:-1], secret[:8]}


@pytest.mark.parametrize(
    "command",
    [["flows"], ["names"], ["hellos"], ["assets"], ["dependencies"], ["report", "--json"]],
    ids=lambda c: c[0],
)
def test_no_secret_stands_in_a_table(plant: Path, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    how = [] if "--json" in command else ["--format", "jsonl"]
    run([command[0], str(plant), *command[1:], *how])
    written = "".join(capsys.readouterr())

    assert written
    for secret in SECRETS:
        assert not any(form in written for form in _forms(secret)), secret


def test_no_secret_stands_in_the_report(plant: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    run(["report", str(plant), "-o", str(page)])

    written = page.read_text()
    for secret in SECRETS:
        assert not any(form in written for form in _forms(secret)), secret


def test_what_may_be_told_of_the_same_messages_is(plant: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["names", str(plant), "--format", "jsonl"])
    told = capsys.readouterr().out

    for name in ("web.example", "old.example", "cloud.example", "mail.example", "pbx.example", "plant.example"):
        assert f'"{name}"' in told
