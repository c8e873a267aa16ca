"""What a message asks for is told by its code, and no bytes of any sort break the walk."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.model.kinds import Application
from kwel.protocols.cip import ENCAPSULATION, PCCC
from kwel.protocols.commands import CHANNEL, FRAME, MESSAGE, NONE, UNCONFIRMED, codes_of, goes_on
from kwel.protocols.framing import LOST, MORE, WALKED, message_size

A = Application


def tpkt(data: bytes, *, last: bool = True) -> bytes:
    return b"\3\0" + struct.pack(">H", 7 + len(data)) + b"\2\xf0" + (b"\x80" if last else b"\0") + data


def s7(parameters: bytes, kind: int = 1) -> bytes:
    return tpkt(b"\x32" + bytes([kind]) + b"\0\0\0\1" + struct.pack(">HH", len(parameters), 0) + parameters)


def cip(request: bytes, *, connected: bool = False) -> bytes:
    item = struct.pack("<HH", 0xB2, len(request)) + request
    first = b"\0\0\0\0"
    if connected:
        first = b"\xa1\0\4\0" + bytes(4)
        item = struct.pack("<HH", 0xB1, len(request) + 2) + b"\1\0" + request
    data = bytes(6) + b"\2\0" + first + item
    return struct.pack("<HH", 0x70 if connected else 0x6F, len(data)) + bytes(20) + data


def service(code: int, path: bytes, data: bytes = b"") -> bytes:
    return bytes([code, len(path) // 2]) + path + data


def carried(*requests: bytes) -> bytes:
    """Return a Multiple Service Packet."""
    at, offsets = 2 + 2 * len(requests), []
    for request in requests:
        offsets.append(at)
        at += len(request)
    listed = struct.pack(f"<H{len(requests)}H", len(requests), *offsets) + b"".join(requests)
    return service(0x0A, b"\x20\x02\x24\x01", listed)


TAG = b"\x91\x04kwel"
PCCC_WRITE = service(0x4B, b"\x20\x67\x24\x01", b"\7\1\0\1\2\3\4" + b"\x0f\0\1\0\xaa" + b"\2\7\x89\0\0\1\0")
MMS_READ = b"\1\0\1\0\x61\x12\x30\x10\2\1\3\xa0\x0b\xa0\x09\2\1\5\xa4\4\1\2\3\4"
KNX_WRITE = bytes.fromhex("0610 0420 0015 04 01 00 00 11 00 bc e0 0000 0801 01 0081")
CODESYS_HEAD = bytes.fromhex("c5 6b 40 40 00 11 0016 0021 0000")


def codesys(group: int, command: int) -> bytes:
    """Return a block of a channel that begins a message to a service."""
    data = CODESYS_HEAD + b"\1\x81\5\0" + bytes(16) + struct.pack("<HHHHIII", 0xCD55, 16, group, command, 7, 0, 0)
    return bytes.fromhex("000117e8") + struct.pack("<I", 8 + len(data)) + data


def c1222(*services: bytes, flags: int = 0x80) -> bytes:
    message = bytes([flags]) + b"".join(bytes([len(service)]) + service for service in services)
    for tag in (0x81, 0x28, 0xBE, 0x60):
        message = bytes([tag, len(message)]) + message
    return message


SAMPLES = [
    ("codesys stop", A.CODESYS, codesys(2, 0x11), [0x0211]),
    ("codesys answer", A.CODESYS, codesys(0x82, 0x11), []),
    ("c1222 identify", A.C1222, c1222(b"\x20"), [0x20]),
    ("c1222 several", A.C1222, c1222(b"\x30\0\1", b"\x40\0\7\0\1\2\3", b"\x40\0\5\0\0\0"), [0x30, 0x400007, 0x40]),
    ("c1222 with a checksum", A.C1222, c1222(b"\x30\0\1", b"\0\0\0", flags=0x84), [0x30]),
    ("c1222 encrypted", A.C1222, c1222(b"\x30\0\1", flags=0x88), []),
    ("c1222 answer", A.C1222, c1222(b"\0\0\1\2\xfe"), []),
    ("modbus write", A.MODBUS, bytes.fromhex("000100000006 01 05 0001ff00"), [5]),
    ("modbus exception", A.MODBUS, bytes.fromhex("000100000003 01 85 02"), []),
    ("modbus diagnostics", A.MODBUS, bytes.fromhex("000100000006 01 08 0004 0000"), [0x0804]),
    ("umas stop", A.MODBUS, bytes.fromhex("000100000006 00 5a 01 41 ff 00"), [0x5A41]),
    ("s7 write", A.S7COMM, s7(b"\5\1\x12\x0a\x10"), [5]),
    ("s7 start", A.S7COMM, s7(b"\x28\0\0\0\0\0\0\xfd\0\0\x09P_PROGRAM"), [0x28505F]),
    ("s7 insert", A.S7COMM, s7(b"\x28\0\0\0\0\0\0\xfd\0\2XY\5_INSE"), [0x285F49]),
    ("s7 answer", A.S7COMM, s7(b"\5\1", kind=3), []),
    ("s7 szl", A.S7COMM, s7(bytes.fromhex("000112 04 11 44 01 00"), kind=7), [0x70401]),
    ("s7 szl answer", A.S7COMM, s7(bytes.fromhex("000112 08 12 84 01 01"), kind=7), []),
    ("s7plus write", A.S7PLUS, tpkt(b"\x72\2\0\x20\x31\0\0\x05\x42" + bytes(30)), [0x0542]),
    ("s7plus with digest", A.S7PLUS, tpkt(b"\x72\3\0\x50\x20" + bytes(32) + b"\x31\0\0\x05\x4c" + bytes(9)), [0x054C]),
    ("s7plus answer", A.S7PLUS, tpkt(b"\x72\2\0\x20\x32\0\0\x05\x42" + bytes(30)), []),
    ("mms read", A.MMS, tpkt(MMS_READ), [4]),
    ("mms file", A.MMS, tpkt(b"\xa0\x07\2\1\5\xbf\x48\1\0"), [72]),
    ("dnp3 operate", A.DNP3, bytes.fromhex("0564 0b c4 0300 0400 e4f2 c0 c0 05 0c0106 ffff"), [5]),
    ("dnp3 second part", A.DNP3, bytes.fromhex("0564 0b c4 0300 0400 e4f2 81 c0 05 0c0106 ffff"), []),
    ("dnp3 answer", A.DNP3, bytes.fromhex("0564 0b 44 0300 0400 e4f2 c0 c0 81 000000 ffff"), []),
    ("iec104 command", A.IEC104, bytes.fromhex("680e 0000 0000 2d 01 06 00 0100 010000 81"), [45]),
    ("iec104 confirmed", A.IEC104, bytes.fromhex("680e 0000 0000 2d 01 07 00 0100 010000 81"), []),
    ("iec104 measured", A.IEC104, bytes.fromhex("680e 0000 0000 01 01 03 00 0100 010000 00"), []),
    ("iec104 start", A.IEC104, bytes.fromhex("6804 07000000"), [FRAME | 7]),
    ("cip write tag", A.ENIP, cip(service(0x4D, TAG, b"\xc4\0\1\0\1\0\0\0")), [0x6B4D]),
    ("cip answer", A.ENIP, cip(b"\xcd\0\0\0"), []),
    ("cip connected", A.ENIP, cip(service(0x0E, b"\x20\1\x24\1\x30\7"), connected=True), [0x010E]),
    (
        "cip many",
        A.ENIP,
        cip(carried(service(0x4C, TAG, b"\1\0"), service(0x4D, TAG, b"\xc4\0\1\0"))),
        [0x020A, 0x6B4C, 0x6B4D],
    ),
    (
        "cip sent on",
        A.ENIP,
        cip(service(0x52, b"\x20\6\x24\1", b"\5\x9d\x0a\0" + service(0x4C, TAG, b"\1\0") + b"\1\0\1\0")),
        [0x0652, 0x6B4C],
    ),
    ("pccc write", A.ENIP, cip(PCCC_WRITE), [0x674B, PCCC | 0x0FAA]),
    ("enip list identity", A.ENIP, b"\x63\0" + bytes(22), [ENCAPSULATION | 0x63]),
    ("enip session given", A.ENIP, bytes.fromhex("65000400 01000000") + bytes(16) + b"\1\0\0\0", []),
    ("bacnet write", A.BACNET, bytes.fromhex("810a 000d 01 04 00 05 01 0f 0c00 00"), [15]),
    ("bacnet routed", A.BACNET, bytes.fromhex("810a 0013 01 24 0001 01 05 ff 00 05 01 0c 0c000000"), [12]),
    ("bacnet segmented", A.BACNET, bytes.fromhex("810a 0010 01 04 0c 05 01 00 04 10 0c00 0000"), [16]),
    ("bacnet later segment", A.BACNET, bytes.fromhex("810a 0010 01 04 0c 05 01 01 04 10 0c00 0000"), []),
    ("bacnet who-is", A.BACNET, bytes.fromhex("810b 000c 01 20 ffff 00 ff 10 08"), [UNCONFIRMED | 8]),
    ("bacnet answer", A.BACNET, bytes.fromhex("810a 0009 01 00 20 01 0f"), []),
    ("bacnet foreign device", A.BACNET, bytes.fromhex("8105 0006 003c"), [MESSAGE | 5]),
    ("opcua write", A.OPCUA, b"MSGF\x20\0\0\0" + bytes(16) + b"\1\0\xa1\2" + bytes(4), [673]),
    ("opcua sealed", A.OPCUA, b"MSGF" + struct.pack("<I", 32) + bytes(16) + b"\x9f\x41\x07\x33" + bytes(4), []),
    ("opcua hello", A.OPCUA, b"HELF" + struct.pack("<I", 8), [CHANNEL | 0x48]),
    ("fins write", A.FINS, b"FINS" + bytes.fromhex("000000140000000200000000800002000100000200050102"), [0x0102]),
    ("slmp stop", A.SLMP, bytes.fromhex("5000 00 ff ff03 00 0600 1000 0210 0000"), [0x1002]),
    ("slmp 4E write", A.SLMP, bytes.fromhex("5400 0100 0000 00 ff ff03 00 0600 1000 0114 0000"), [0x1401]),
    ("ads write", A.ADS, b"\0\0" + struct.pack("<I", 32) + bytes(16) + b"\3\0\4\0" + bytes(12), [3]),
    ("ads answer", A.ADS, b"\0\0" + struct.pack("<I", 32) + bytes(16) + b"\3\0\5\0" + bytes(12), []),
    ("hart command", A.HARTIP, bytes.fromhex("01 00 03 00 0001 0011 82 a6 4e 0b 6f e4 23 00 e0"), [35]),
    ("hart answer", A.HARTIP, bytes.fromhex("01 01 03 00 0001 0011 86 a6 4e 0b 6f e4 23 00 e0"), []),
    ("knx write", A.KNX, KNX_WRITE, [0x080]),
    ("knx connect", A.KNX, bytes.fromhex("0610 0205 0008 0801"), [FRAME | 0x0205]),
    ("dlms set", A.DLMS, bytes.fromhex("0001 0010 0001 0004 c1 01 c1 00"), [0xC1]),
    ("roc write", A.ROC, bytes.fromhex("0101 0301 b5 02 aaaa 0000"), [181]),
    ("sbus write", A.SBUS, bytes.fromhex("00000012 00 00 0001 00 00 0e 01 0001 0002 ffff"), [14]),
    ("genisys controls", A.GENISYS, bytes.fromhex("fe 01 0102 f6"), [0xFE]),
    ("synchrophasor off", A.C37118, bytes.fromhex("aa41 0012 0001 00000000 00000000 0001 ffff"), [1]),
]  # fmt: skip


def asked(application: Application, data: bytes) -> list[int]:
    codes = np.zeros(64, np.int64)
    array = np.frombuffer(data, np.uint8)
    count = codes_of(array, 0, len(data), int(application), application != A.BACNET, codes)
    return [int(code) for code in codes[:count]]


@pytest.mark.parametrize(("application", "data", "codes"), [s[1:] for s in SAMPLES], ids=[s[0] for s in SAMPLES])
def test_a_request_has_the_codes_of_what_it_asks_for_and_an_answer_has_none(
    application: Application, data: bytes, codes: list[int]
) -> None:
    assert asked(application, data) == codes


@pytest.mark.parametrize(("application", "data"), [s[1:3] for s in SAMPLES], ids=[s[0] for s in SAMPLES])
def test_a_message_tells_its_own_size_whatever_follows(application: Application, data: bytes) -> None:
    if application == A.BACNET:  # fills a datagram
        return
    array = np.frombuffer(data + data, np.uint8)
    sizes = {message_size(array, 0, end, int(application), True) for end in range(len(array) + 1)}

    assert sizes - {MORE} == {len(data)}


def test_a_tpkt_that_is_not_the_last_goes_on_and_an_empty_one_begins_nothing() -> None:
    def goes(data: bytes, *, is_part: bool) -> bool:
        return goes_on(np.frombuffer(data, np.uint8), 0, len(data), int(A.S7COMM), is_part)

    assert goes(tpkt(b"\x32", last=False), is_part=False)
    assert not goes(tpkt(b"", last=False), is_part=False)
    assert goes(tpkt(b"", last=False), is_part=True)
    assert not goes(tpkt(b"\x32"), is_part=True)


@given(
    st.sampled_from(SAMPLES), st.sampled_from(WALKED), st.booleans(),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=6), st.integers(0, 90),
)  # fmt: skip
def test_no_bytes_break_the_walk(
    sample: tuple[str, Application, bytes, list[int]],
    application: int,
    is_stream: bool,
    damage: list[tuple[int, int]],
    end: int,
) -> None:
    data = bytearray(sample[2])
    for at, byte in damage:
        data[at % len(data)] = byte
    array = np.frombuffer(bytes(data), np.uint8)
    end = min(end, len(array))
    codes = np.zeros(4, np.int64)

    for walked in (application, int(sample[1])):
        size = message_size(array, 0, end, walked, is_stream)
        assert size >= 4 or size in (MORE, LOST)
        count = codes_of(array, 0, end, walked, is_stream, codes)
        assert 0 <= count <= len(codes)
        assert NONE not in codes[:count]
        assert goes_on(array, 0, end, walked, False) in (True, False)
