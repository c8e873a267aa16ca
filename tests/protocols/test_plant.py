"""Protocols of plants are recognised by what their specifications fix, and nothing else is taken for one."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.model.kinds import Application
from kwel.protocols.plant import plant_of_datagram, plant_of_stream
from kwel.protocols.shapes import HINT, carried_on_iso, is_modbus
from kwel.protocols.telecontrol import reflected_crc
from tests.streams.making import SERVER, Talk, dns_question, ethernet, hear, hello, ip4, ipv4, udp

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = int.from_bytes(ip4(SERVER), "big")
A = Application


def le(*numbers: int, form: str = "H") -> bytes:
    return struct.pack(f"<{len(numbers)}{form}", *numbers)


def crc(data: bytes, polynomial: int, start: int) -> int:
    """Return a checksum of 16 bits, lowest bit first."""
    for byte in data:
        start ^= byte
        for _ in range(8):
            start = (start >> 1) ^ (polynomial if start & 1 else 0)
    return start


def ccitt(data: bytes, start: int) -> bytes:
    for byte in data:
        start ^= byte << 8
        for _ in range(8):
            start = (start << 1) ^ (0x1021 if start & 0x8000 else 0)
    return struct.pack(">H", start & 0xFFFF)


def dnp3(control: int = 0xC4) -> bytes:
    header = b"\x05\x64" + bytes([5, control]) + le(1, 1024)
    return header + le(crc(header, 0xA6BC, 0) ^ 0xFFFF)


def enip(command: int, data: bytes = b"", session: int = 0) -> bytes:
    return le(command, len(data)) + le(session, 0, form="I") + b"kwelkwel" + bytes(4) + data


def slmp() -> bytes:
    body = bytes.fromhex("1000 0104 0000 640000 a8 0a00".replace(" ", ""))
    return bytes.fromhex("500000ffff0300") + le(len(body)) + body


def ads() -> bytes:
    ams = bytes([5, 1, 2, 3, 1, 1]) + le(851) + bytes([10, 0, 0, 7, 1, 1]) + le(32905, 2, 4) + le(12, 0, 7, form="I")
    return b"\0\0" + le(len(ams) + 12, form="I") + ams + bytes(12)


def synchrophasor() -> bytes:
    frame = b"\xaa\x41" + struct.pack(">HHII", 18, 7734, 1_700_000_000, 0) + b"\0\2"
    return frame + ccitt(frame, 0xFFFF)


def roc() -> bytes:
    message = bytes([1, 2, 3, 4, 6, 0])
    return message + le(crc(message, 0xA001, 0xFFFF))


def genisys() -> bytes:
    return b"\xfb\x01" + le(crc(b"\xfb\x01", 0xA001, 0xFFFF)) + b"\xf6"


def sbus() -> bytes:
    message = struct.pack(">IBBHB", 13, 1, 0, 9, 0) + b"\1\x20"
    return message + ccitt(message, 0)


def profinet() -> bytes:
    interface = struct.pack("<IHH", 0xDEA00001, 0x6C97, 0x11D1) + bytes.fromhex("827100a02442df7d")
    return b"\4\0\x20\0\x10\0\0\0" + bytes(16) + interface + bytes(40)


STREAMS: dict[str, tuple[bytes, Application]] = {
    "DNP3": (dnp3(), A.DNP3),
    "IEC 104, start": (bytes.fromhex("680407000000"), A.IEC104),
    "IEC 104, interrogation": (bytes.fromhex("680e0000000064010600010000000014"), A.IEC104),
    "IEC 104, two at once": (bytes.fromhex("6804010002006804 43000000".replace(" ", "")), A.IEC104),
    "EtherNet/IP, session": (enip(0x65, le(1, 0)), A.ENIP),
    "EtherNet/IP, list": (enip(0x63), A.ENIP),
    "EtherNet/IP, request": (enip(0x6F, bytes(16), 7), A.ENIP),
    "OPC UA, hello": (b"HELF" + le(40, form="I") + bytes(32), A.OPCUA),
    "OPC UA, under way": (b"MSGC" + le(8192, form="I") + bytes(64), A.OPCUA),
    "FINS over TCP": (b"FINS" + struct.pack(">III", 12, 0, 0) + bytes(4), A.FINS),
    "SLMP": (slmp(), A.SLMP),
    "ADS": (ads(), A.ADS),
    "C37.118": (synchrophasor(), A.C37118),
    "HART-IP": (bytes.fromhex("010000000001000d01000927c0"), A.HARTIP),
    "DLMS": (bytes.fromhex("0001001000010003601d00"), A.DLMS),
    "KNXnet/IP": (bytes.fromhex("06100205 001a".replace(" ", "")) + bytes(20), A.KNX),
    "HiSLIP": (b"HS\0\0\1\0KW" + struct.pack(">Q", 7) + b"hislip0", A.HISLIP),
    "AMQP": (b"AMQP\0\0\x09\x01", A.AMQP),
    "AMQP, under way": (struct.pack(">BHIHH", 1, 1, 9, 60, 40) + b"\0\0\0\0\0\xce", A.AMQP),
    "Niagara Fox": (b"fox a 1 -1 fox hello\n{\nfox.version=s:1.0\n", A.FOX),
    "CODESYS": (bytes.fromhex("000117e8") + le(20, form="I") + bytes(12), A.CODESYS),
    "GENISYS": (genisys(), A.GENISYS),
    "ROC Plus": (roc(), A.ROC),
    "IEC 62056-21": (b"/?12345678!\r\n", A.IEC62056),
    "C12.22": (bytes.fromhex("6030a20f060d607c86f754011600010140ce11a60e060c607c86f7540116"), A.C1222),
}
PUBLISHED = {
    "periodic, fixed": bytes.fromhex("b1 01 0700 0f 0100 00d2ff2f 0100 0500 01 0a000000"),
    "periodic, secured": bytes.fromhex("b1 13 0102030405060708 0f 0100 00d2ff2f 0100 0500 03 0a000000 08"),
    "a group, one writer": bytes.fromhex("f1 01 ba08 01 6400 01 92f6 09 0100 0100 0d 00"),
    "dynamic, one writer": bytes.fromhex("d1 03 0102030405060708 01 0500 01 0a000000"),
    "dynamic, two writers": bytes.fromhex("d1 03 0102030405060708 02 0500 0600 0200 0300 01aa 01bbcc"),
    "asyncua: a group, one writer": bytes.fromhex("f101ba080964000300 01 0100 09 0700 0100 0b0000000000002940"),
    "asyncua: a group, two writers": bytes.fromhex(
        "f101ba080964000300 02 0100 0200 0e00 0e00" + 2 * "09 0700 0100 0b0000000000002940"
    ),
    "asyncua: periodic, fixed": bytes.fromhex("b101ba080f 6400 00d2ff2f 0100 0300 09 0700 0100 0b0000000000002940"),
    "asyncua: a probe": bytes.fromhex("918104ba0802000000010000000100"),
}
"""Messages of OPC UA PubSub over UDP: by hand after OPC 10000-14, and as asyncua 2.1.0 writes them."""
UNPUBLISHED = {
    "another version": bytes.fromhex("b2 01 0700 0f 0100 00d2ff2f 0100 0500 01 0a000000"),
    "a version of 2068": bytes.fromhex("b1 01 0700 0f 0100 00d2ff7f 0100 0500 01 0a000000"),
    "sizes that do not add up": bytes.fromhex("d1 03 0102030405060708 02 0500 0600 0200 0400 01aa 01bbcc"),
    "no data that is valid": bytes.fromhex("d1 03 0102030405060708 01 0500 00 0a000000"),
    "reserved flags": bytes.fromhex("d1 23 0102030405060708 01 0500 01 0a000000"),
}
DATAGRAMS: dict[str, tuple[bytes, Application]] = {
    "CODESYS, who is there": (bytes.fromhex("c5 7c 40 03 00 10 1234 0016 0000 02c2 0004 01000000"), A.CODESYS),
    "CODESYS, a service": (
        bytes.fromhex("c5 6b 40 40 00 11 0016 0021 0000 0181 0500") + bytes(16) + bytes.fromhex("55cd 1000 0200 1100"),
        A.CODESYS,
    ),
    "DNP3": (dnp3(), A.DNP3),
    "EtherNet/IP, list": (enip(0x63), A.ENIP),
    "CIP, implicit": (
        bytes.fromhex("020002800800") + bytes(8) + bytes.fromhex("b1000600") + bytes(6), A.ENIP,
    ),
    "BACnet, who is": (bytes.fromhex("810b000801001008"), A.BACNET),
    "BACnet, registration": (bytes.fromhex("81050006003c"), A.BACNET),
    "ADS, discovery": (bytes.fromhex("03661471 00000000 01000000".replace(" ", "")) + bytes(12), A.ADS),
    "Ether-S-Bus": (sbus(), A.SBUS),
    "Ether-S-I/O": (b"ESIO" + bytes(20), A.ESIO),
    "PROFINET": (profinet(), A.PROFINET),
    "TRDP": (struct.pack(">IHHIIII", 1, 0x0100, 0x5064, 1000, 0, 0, 4) + bytes(20), A.TRDP),
    "RTPS": (b"RTPS\2\3" + bytes(20), A.RTPS),
    "EGD": (b"\x0d\1\1\0" + ip4(SERVER) + bytes(32), A.EGD),
    "ROC Plus": (roc(), A.ROC),
    "CoAP, asked for a path": (bytes.fromhex("430105ca721633bb") + b".well-known\x04core", A.COAP),
}  # fmt: skip
ON_ISO = {
    "S7": (bytes.fromhex("0300001902f08032010000000000080000f0000001000101e0"), A.S7COMM),
    "S7 plus": (bytes.fromhex("0300001902f08072010000000000080000f0000001000101e0"), A.S7PLUS),
    "MMS, association": (
        bytes.fromhex("0300003002f0800d2705061301001601021402000233020001340200010628ca220203a1020101020101"), A.MMS,
    ),
    "MMS, bare": (bytes.fromhex("0300001202f080a80a8002001f810103820103"), A.MMS),
}  # fmt: skip


def look(payload: bytes, *, stream: bool) -> int:
    data = np.frombuffer(payload, np.uint8)
    return plant_of_stream(data, 0, len(data)) if stream else plant_of_datagram(data, 0, len(data), SOURCE)


@pytest.mark.parametrize("case", STREAMS)
def test_a_stream_is_recognised_by_its_first_payload(case: str) -> None:
    payload, application = STREAMS[case]
    assert look(payload, stream=True) == application


@pytest.mark.parametrize("case", DATAGRAMS)
def test_a_datagram_is_recognised(case: str) -> None:
    payload, application = DATAGRAMS[case]
    assert look(payload, stream=False) == application


@pytest.mark.parametrize("case", ON_ISO)
def test_what_lies_on_iso_transport_is_recognised(case: str) -> None:
    payload, application = ON_ISO[case]
    data = np.frombuffer(payload, np.uint8)
    assert carried_on_iso(data, 0, len(data)) == application


OTHERS = {
    "a DNS question": dns_question("plant.example"),
    "a ClientHello": hello("plant.example"),
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: plant.example\r\n\r\n",
    "a DCE/RPC call like a list of EtherNet/IP's": bytes.fromhex("040028001000") + bytes(18) + b"\xf8\x91" + bytes(60),
    "DNP3 with a wrong checksum": dnp3()[:-1] + b"\0",
    "a datagram of zeros": bytes(64),
    "Skype, whose length fits BACnet's": bytes.fromhex("810a0008ff001008"),
    "EGD of another sender": b"\x0d\1\1\0" + bytes(36),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_only_resembles_one_is_none(case: str) -> None:
    assert look(OTHERS[case], stream=True) == A.UNKNOWN
    assert look(OTHERS[case], stream=False) == A.UNKNOWN


def test_an_answer_of_active_directory_is_no_modbus() -> None:
    """A BER length of four bytes looks like Modbus's zeros and length, to the byte."""
    answer = np.frombuffer(bytes.fromhex("308400000006020200984200"), np.uint8)
    assert not is_modbus(answer, 0, len(answer))
    modbus = np.frombuffer(bytes.fromhex("000100000006020300000001"), np.uint8)
    assert is_modbus(modbus, 0, len(modbus))


@pytest.mark.parametrize("cases", [STREAMS, DATAGRAMS], ids=["streams", "datagrams"])
def test_what_is_cut_anywhere_is_looked_at_to_its_end(cases: dict[str, tuple[bytes, Application]]) -> None:
    for payload, _ in cases.values():
        for size in range(len(payload)):
            look(payload[:size], stream=cases is STREAMS)  # raises where it reads beyond


@given(st.sampled_from([*STREAMS.values(), *DATAGRAMS.values()]), st.binary(max_size=40), st.integers(0, 60))
def test_no_bytes_lead_out_of_bounds(case: tuple[bytes, Application], noise: bytes, at: int) -> None:
    payload = case[0][:at] + noise + case[0][at + len(noise) :]
    look(payload, stream=True)
    look(payload, stream=False)


def test_a_checksum_is_that_of_the_standard() -> None:
    """The check value of CRC-16/DNP over the digits (IEEE 1815-2012 annex E names the polynomial)."""
    digits = np.frombuffer(b"123456789", np.uint8)
    assert reflected_crc(digits, 0, 9, 0xA6BC, 0) ^ 0xFFFF == 0xEA82


def test_a_flow_bears_what_it_speaks_on_whatever_port(tmp_path: Path) -> None:
    talk = Talk(port=12345)
    (flow,) = hear(tmp_path, [*talk.handshake(), talk.up(dnp3(), 0), talk.down(dnp3(0x44), 0)]).flows
    assert flow["application"] == A.DNP3


def test_what_says_little_counts_once_it_was_said_twice(tmp_path: Path) -> None:
    fins = bytes.fromhex("8000020000000000007a0101008000000001")
    assert look(fins, stream=False) == A.FINS | HINT
    frames = [ethernet(ipv4(udp(fins, 40000, 9601), 17)) for _ in range(2)]

    (once,) = hear(tmp_path, frames[:1]).flows
    (twice,) = hear(tmp_path, frames).flows

    assert once["application"] == A.UNKNOWN
    assert twice["application"] == A.FINS


@pytest.mark.parametrize("name", PUBLISHED)
def test_publications_of_opc_ua_are_told_by_their_layout(name: str) -> None:
    assert look(PUBLISHED[name], stream=False) == A.UADP | HINT


@pytest.mark.parametrize("name", UNPUBLISHED)
def test_what_contradicts_itself_is_no_publication(name: str) -> None:
    assert look(UNPUBLISHED[name], stream=False) == A.UNKNOWN


def test_a_publication_counts_once_it_has_come_twice(tmp_path: Path) -> None:
    frame = [ethernet(ipv4(udp(PUBLISHED["periodic, fixed"], 4840, 4840), 17)) for _ in range(2)]

    assert [int(flow["application"]) for flow in hear(tmp_path, frame[:1]).flows] == [A.UNKNOWN]
    assert [int(flow["application"]) for flow in hear(tmp_path, frame).flows] == [A.UADP]


@pytest.mark.parametrize("protocol", ["hub.bsc.bacnet.org", "dc.bsc.bacnet.org", "chat"])
def test_a_websocket_in_clear_tells_bacnet_sc_by_its_subprotocol(tmp_path: Path, protocol: str) -> None:
    talk = Talk(47808)
    ask = b"GET / HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    ask += b"Sec-WebSocket-Key: AAAA\r\nSec-WebSocket-Protocol: " + protocol.encode() + b"\r\n\r\n"
    answer = (
        b"HTTP/1.1 101 Switching Protocols\r\nServer: x\r\nSec-WebSocket-Protocol: " + protocol.encode() + b"\r\n\r\n"
    )
    frames = [*talk.handshake(), talk.up(ask, 0), talk.down(answer, 0), talk.up(b"\x82\x84kwel\1\2\3\4", len(ask))]

    (flow,) = hear(tmp_path, frames).flows
    assert int(flow["application"]) == (A.HTTP if protocol == "chat" else A.BACNETSC)
