"""Encrypted tunnels are recognised by how they begin, and nothing else is taken for one."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.model.kinds import Application
from kwel.protocols.blind import tunnel_of_datagram, tunnel_of_stream
from tests.streams.making import Talk, dns_question, ethernet, hear, hello, ipv4, udp

if TYPE_CHECKING:
    from pathlib import Path

SESSION = bytes(range(0x21, 0x29))
DIGEST = bytes(range(0x40, 0x60))
SENT = b"\0\0\0\1" + b"\x65\0\0\0"
WIREGUARD, OPENVPN, IKE = Application.WIREGUARD, Application.OPENVPN, Application.IKE


def ike(version: int, exchange: int, body: bytes = bytes(12), initiator: bytes = SESSION) -> bytes:
    """Return an IKE message (RFC 7296 section 3.1, RFC 2408 section 3.1)."""
    return initiator + bytes(8) + bytes([33, version, exchange, 8]) + struct.pack(">II", 0, 28 + len(body)) + body


CASES: dict[str, tuple[bytes, int, int, Application]] = {
    "WireGuard, initiation": (b"\1\0\0\0" + DIGEST * 4 + bytes(16), 40000, 51820, WIREGUARD),
    "WireGuard, response": (b"\2\0\0\0" + DIGEST * 2 + bytes(24), 51820, 40000, WIREGUARD),
    "WireGuard, cookie": (b"\3\0\0\0" + DIGEST + bytes(28), 51820, 40000, WIREGUARD),
    "WireGuard, under way": (b"\4\0\0\0" + SESSION[:4] + struct.pack("<Q", 77) + DIGEST, 40000, 443, WIREGUARD),
    "OpenVPN": (b"\x38" + SESSION + bytes(5), 40000, 1194, OPENVPN),
    "OpenVPN, tls-auth": (b"\x38" + SESSION + DIGEST[:20] + SENT + bytes(5), 40000, 443, OPENVPN),
    "OpenVPN, tls-crypt": (b"\x38" + SESSION + SENT + DIGEST + bytes(5), 40000, 443, OPENVPN),
    "OpenVPN, tls-crypt 2": (b"\x50" + SESSION + b"\x0f\0\0\1" + b"\x65\0\0\0" + DIGEST * 9, 40000, 443, OPENVPN),
    "OpenVPN, answer": (b"\x40" + SESSION + b"\1\0\0\0\0" + SESSION + bytes(4), 1194, 40000, OPENVPN),
    "OpenVPN, under way": (b"\x48\0\0\1\0\0\1\2" + DIGEST, 40000, 1194, OPENVPN),
    "IKEv1": (ike(0x10, 2), 500, 500, IKE),
    "IKEv2": (ike(0x20, 34), 40000, 500, IKE),
    "IKEv2 behind NAT": (bytes(4) + ike(0x20, 35), 40000, 4500, IKE),
    "ESP in UDP": (b"\xca\xfe\0\1" + b"\0\0\0\7" + DIGEST, 4500, 40000, IKE),
}  # fmt: skip

OTHERS = {
    "too short": (b"\x38", 40000, 1194),
    "a question": (dns_question("plant.example"), 40000, 53),
    "the port of IKE alone": (DIGEST * 2, 500, 500),
    "IKE of no version": (ike(0x30, 34), 500, 500),
    "IKE of another length": (ike(0x20, 34)[:24] + bytes(4) + bytes(12), 500, 500),
    "a keep-alive of NAT": (b"\xff", 4500, 4500),
    "not of four bytes": (DIGEST + b"\0", 4500, 4500),
    "the port of OpenVPN alone": (b"GET / HTTP/1.1\r\n\r\n" * 3, 40000, 1194),
    "the right opcode alone": (b"\x38" + DIGEST, 40000, 1194),
    "the length of WireGuard alone": (b"\1\0\0\1" + DIGEST * 4 + bytes(16), 40000, 51820),
    "the type of WireGuard alone": (b"\1\0\0\0" + DIGEST, 40000, 51820),
    "a number, little-endian": (b"\4\0\0\0" + DIGEST + bytes(12), 40000, 51820),
    "zeros": (bytes(148), 40000, 51820),
}


def of_datagram(payload: bytes, source: int, destination: int) -> Application:
    data = np.frombuffer(payload or b"\0", np.uint8)
    return Application(tunnel_of_datagram(data, 0, len(payload), source, destination))


@pytest.mark.parametrize("case", CASES)
def test_an_encrypted_tunnel_is_recognised_from_one_datagram(case: str) -> None:
    payload, source, destination, application = CASES[case]
    assert of_datagram(payload, source, destination) is application


@pytest.mark.parametrize("case", OTHERS)
def test_what_only_resembles_a_tunnel_is_none(case: str) -> None:
    assert of_datagram(*OTHERS[case]) is Application.UNKNOWN


@pytest.mark.parametrize("case", CASES)
def test_a_datagram_cut_anywhere_is_looked_at_to_its_end(case: str) -> None:
    payload, source, destination, _ = CASES[case]
    for size in range(len(payload)):
        of_datagram(payload[:size], source, destination)


@given(st.binary(max_size=200), st.sampled_from([500, 4500, 1194, 51820, 443]))
def test_no_bytes_lead_out_of_bounds(payload: bytes, port: int) -> None:
    of_datagram(payload, 40000, port)
    data = np.frombuffer(payload or b"\0", np.uint8)
    tunnel_of_stream(data, 0, len(payload))


def test_streams_that_begin_as_tunnels_do_are_recognised(tmp_path: Path) -> None:
    reset = b"\x38" + SESSION + bytes(5)
    post = b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: a.example\r\n\r\n"
    for first, application in (
        (struct.pack(">H", len(reset)) + reset, OPENVPN),
        (post, Application.SSTP),
        (hello("plant.example"), Application.TLS),
    ):
        talk = Talk()
        (flow,) = hear(tmp_path, [*talk.handshake(), talk.up(first, 0)]).flows
        assert flow["application"] == application


def test_openvpn_stays_openvpn_when_the_tls_inside_it_is_read(tmp_path: Path) -> None:
    def message(body: bytes) -> bytes:
        return struct.pack(">H", len(body)) + body

    talk, reset = Talk(), message(b"\x38" + SESSION + bytes(5))
    control = message(b"\x20" + SESSION + bytes(5) + hello("vpn.example"))
    frames = [*talk.handshake(), talk.up(reset, 0), talk.up(control, len(reset))]
    traffic = hear(tmp_path, frames)
    assert [traffic.names[int(row["name"])] for row in traffic.named] == ["vpn.example"]
    assert traffic.flows["application"].tolist() == [Application.OPENVPN]


def test_the_flow_of_a_tunnel_bears_its_application_though_it_began_otherwise(tmp_path: Path) -> None:
    payload, source, destination, application = CASES["WireGuard, initiation"]
    frames = [ethernet(ipv4(udp(body, source, destination), 17)) for body in (b"something else", payload, payload)]
    (flow,) = hear(tmp_path, frames).flows
    assert flow["application"] == application
