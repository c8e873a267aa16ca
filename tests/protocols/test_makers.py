"""What one maker's controllers speak is told by lengths, checksums and fixed words, and by no port."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.model.kinds import Application
from kwel.protocols.plant import plant_of_datagram, plant_of_stream
from kwel.protocols.shapes import HINT, shape_of
from tests.protocols.test_plant import crc
from tests.streams.making import Talk, ethernet, hear, ipv4, udp

if TYPE_CHECKING:
    from pathlib import Path

A = Application
STREAM, DATAGRAM = "stream", "datagram"


def summed(data: bytes, start: int = 0xFFFF) -> bytes:
    return data + struct.pack("<H", crc(data, 0xA001, start))


def srtp(kind: int = 0xC0, service: int = 4, message: int = 2, text: bytes = b"") -> bytes:
    header = bytearray(56)
    header[0], header[2], header[9], header[17], header[30], header[31] = message, 5, 1, 1, 5, kind
    header[4:6] = struct.pack("<H", len(text))
    header[40] = header[41] = 1
    header[42 if kind == 0xC0 else 50] = service
    return bytes(header) + text


def csp(kind: int, data: bytes = b"", tail: bytes = bytes(16)) -> bytes:
    return bytes([1, kind]) + struct.pack(">H", len(data)) + bytes(8) + tail + data


def opc(uuid: str) -> bytes:
    parts = uuid.split("-")
    packed = struct.pack("<IHH", *(int(part, 16) for part in parts[:3])) + bytes.fromhex(parts[3] + parts[4])
    return (
        bytes.fromhex("05000e03 10000000 4800 0000 02000000 d016d016 00000000 01000000 01000100") + packed + bytes(24)
    )


RTU_READ, RTU_ANSWER = summed(b"\x01\x03\x00\x00\x00\x0a"), summed(b"\x01\x03\x04\x00\x01\x00\x02")
TEXT_3E = b"500000FF03FF00" + b"0018" + b"0010" + b"04010000D*0001000010"
MELSOFT = bytes.fromhex("5701000000 1111 07 0000ffff030000fe030000 2000 1c0a1614") + bytes(28)
BSAP = struct.pack("<HHHII", 14, 1, 6, 7, 0) + struct.pack("<IBIB", 12, 9, 1, 0xA0) + bytes(2)
SAMPLES = [
    (A.MODBUSRTU, STREAM, RTU_READ), (A.MODBUSRTU, STREAM, RTU_ANSWER), (A.MODBUSRTU, STREAM, summed(b"\x11\x83\x02")),
    (A.MODBUSRTU, STREAM, summed(b"\x01\x10\x00\x01\x00\x01\x02\x00\x07")),
    (A.GESRTP, STREAM, srtp()), (A.GESRTP, STREAM, srtp(0x80, 7, 2, b"\1\2\3\4")), (A.GESRTP, STREAM, srtp(0xD4, 0, 3)),
    (A.MELSEC1E, STREAM, bytes.fromhex("01ff0a00 64000000 2044 0a00")),
    (A.MELSEC1E, DATAGRAM, bytes.fromhex("03ff0a00 64000000 2044 0100 1234")),
    (A.SLMP, STREAM, TEXT_3E), (A.SLMP, DATAGRAM, b"5400" + b"12340000" + TEXT_3E[4:]),
    (A.MELSOFT, DATAGRAM, MELSOFT), (A.MELSOFT, STREAM, MELSOFT),
    (A.CCIEFB, DATAGRAM, bytes.fromhex("5000 00 ff ff03 00 0c00 0000 700e 0000 000000000000")),
    (A.CSP, STREAM, csp(1, tail=bytes.fromhex("00040005") + bytes(12))),
    (A.CRIMSON, STREAM, bytes.fromhex("0004012b1b00")),
    (A.ATG, STREAM, b"\x01I20100\n"), (A.ATG, STREAM, b"\x01i20101"), (A.ATG, STREAM, b"\x01\r\nI20100\r\nJAN 1"),
    (A.FFHSE, DATAGRAM, bytes.fromhex("0100 0408 00000001 00000010 00000000")),
    (A.TRISTATION, DATAGRAM, bytes.fromhex("060000000088")),
]  # fmt: skip
HINTS = [
    (A.GESRTP, STREAM, bytes(56)), (A.GESRTP, STREAM, b"\1" + bytes(7) + b"\x0f" + bytes(47)),
    (A.CSP, STREAM, csp(7, b"\0\5\0\0\x0f\0\1\0\x68")), (A.BSAP, DATAGRAM, BSAP),
    (A.MODBUS, DATAGRAM, bytes.fromhex("000100000006 01 03 0000000a")),
]  # fmt: skip


def told(where: str, data: bytes) -> int:
    array = np.frombuffer(data, np.uint8)
    return plant_of_stream(array, 0, len(data)) if where == STREAM else plant_of_datagram(array, 0, len(data), 1)


@pytest.mark.parametrize(
    ("application", "where", "data"), SAMPLES, ids=[f"{s[0].label}-{n}" for n, s in enumerate(SAMPLES)]
)
def test_one_payload_is_enough(application: Application, where: str, data: bytes) -> None:
    assert told(where, data) == application


@pytest.mark.parametrize(("application", "where", "data"), HINTS, ids=[s[0].label for s in HINTS])
def test_a_weak_shape_is_a_hint_only(application: Application, where: str, data: bytes) -> None:
    assert told(where, data) == application | HINT


@pytest.mark.parametrize(
    ("application", "where", "data"), SAMPLES, ids=[f"{s[0].label}-{n}" for n, s in enumerate(SAMPLES)]
)
def test_a_byte_more_makes_it_another_thing(application: Application, where: str, data: bytes) -> None:
    if application == A.ATG or data[31:32] == b"\x80":  # a text goes on; what follows an SRTP header may come in parts
        return
    assert told(where, data + b"\x55") & ~HINT != application


@pytest.mark.parametrize(
    "uuid",
    [
        "39c13a4d-011e-11d0-9675-0020afd8adb3",
        "f31dfde2-07b6-11d2-b2d8-0060083ba1fb",
        "13486d50-4821-11d2-a494-3cb306c10000",
        "9dd0b56c-ad9e-43ee-8305-487f3188bf7a",
        "55c382c8-21c7-4e88-96c1-becfb1e3f483",
        "65168851-5783-11d1-84a0-00608cb8a7e9",
        "39227004-a18f-4b57-8b0a-5235670f4468",
        "85c0b427-2893-4cbc-bd78-e5fc5146f08f",
        "1f1217b0-dee0-11d2-a5e5-000086339399",
    ],
)
def test_dcom_is_opc_by_the_interface_that_it_binds_to(uuid: str) -> None:
    data = np.frombuffer(opc(uuid), np.uint8)

    assert shape_of(data, 0, len(data)) == A.OPCDA
    other = np.frombuffer(opc("00000131-0000-0000-c000-000000000046"), np.uint8)  # IRemUnknown, which all of DCOM uses
    assert shape_of(other, 0, len(other)) == A.UNKNOWN


def test_umas_is_told_from_the_modbus_that_carries_it(tmp_path: Path) -> None:
    talk = Talk(502)
    ask, answer = bytes.fromhex("000100000004 00 5a 00 02"), bytes.fromhex("000100000005 00 5a 00 fe 01")
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(ask, 0), talk.down(answer, 0)])

    assert traffic.flows["application"].tolist() == [A.UMAS]
    assert [(int(row["code"]), int(row["from_initiator"])) for row in traffic.commands] == [(0x5A02, 1), (0x5AFE, 0)]


def test_an_srtp_connection_begins_with_nothing_and_is_told_by_both_sides(tmp_path: Path) -> None:
    talk = Talk(18245)
    ready = b"\1" + bytes(7) + b"\x0f" + bytes(47)
    frames = [*talk.handshake(), talk.up(bytes(56), 0), talk.down(ready, 0), talk.up(srtp(service=7), 56)]
    traffic = hear(tmp_path, frames)

    assert traffic.flows["application"].tolist() == [A.GESRTP]
    assert [int(row["code"]) for row in traffic.commands] == [7]


def test_what_begins_with_rubbish_is_told_by_the_next_segment(tmp_path: Path) -> None:
    talk = Talk(5007)
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(b"rubbish of some sort", 0), talk.up(TEXT_3E, 20)])

    assert traffic.flows["application"].tolist() == [A.SLMP]


@given(st.binary(max_size=80))
def test_chance_is_no_protocol(data: bytes) -> None:
    array = np.frombuffer(data, np.uint8)

    assert shape_of(array, 0, len(data)) & ~HINT in (A.UNKNOWN, A.MODBUS, A.UMAS)
    for found in (told(STREAM, data), told(DATAGRAM, data)):
        assert found == A.UNKNOWN or found & HINT or found in (A.COAP, A.GENISYS, A.IEC104, A.ATG)


@given(
    st.sampled_from(SAMPLES + HINTS),
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 255)), max_size=4),
    st.integers(0, 90),
)
def test_damaged_samples_break_nothing(
    sample: tuple[Application, str, bytes], damage: list[tuple[int, int]], end: int
) -> None:
    data = bytearray(sample[2])
    for at, byte in damage:
        data[at % len(data)] = byte
    for where in (STREAM, DATAGRAM):
        assert told(where, bytes(data[:end])) >= 0


def test_datagrams_of_bsap_need_two_that_agree(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(udp(BSAP, 1234, 1234), 17)) for _ in range(2)]

    assert hear(tmp_path, frames[:1]).flows["application"].tolist() == [A.UNKNOWN]
    assert hear(tmp_path, frames).flows["application"].tolist() == [A.BSAP]
