"""Frames of the local network without IP, built by hand: payloads behind their ethertypes."""

from __future__ import annotations

import struct


def dcp_block(option: int, suboption: int, value: bytes) -> bytes:
    return struct.pack(">BBH", option, suboption, len(value)) + value + b"\0" * (len(value) % 2)


def dcp(frame: int, service: int, kind: int, blocks: bytes, transaction: int = 7) -> bytes:
    return struct.pack(">HBBIHH", frame, service, kind, transaction, 0, len(blocks)) + blocks


def dcp_answer(name: str = "pump-7", address: bytes = bytes([10, 20, 1, 16]), transaction: int = 7) -> bytes:
    """Return what a station answers to everyone's question who is there."""
    set_by_hand = b"\0\1"
    return dcp(
        0xFEFF,
        5,
        1,
        dcp_block(2, 1, b"\0\0S7-300") + dcp_block(2, 2, b"\0\0" + name.encode())
        + dcp_block(2, 3, b"\0\0\x00\x2a\x01\x01") + dcp_block(2, 4, b"\0\0\x02\0")
        + dcp_block(1, 2, set_by_hand + address + b"\xff\xff\xff\0" + bytes(4)),
        transaction,
    )  # fmt: skip


def cyclic(frame: int = 0x8000, status: int = 0x35) -> bytes:
    return struct.pack(">H", frame) + bytes(40) + struct.pack(">HBB", 1234, status, 0)


def ber(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    size = bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)])
    return bytes([tag]) + size + body


def behind_application(element: bytes, application: int = 1) -> bytes:
    return struct.pack(">HHHH", application, 8 + len(element), 0, 0) + element


def goose(reference: str = "IED1PROT/LLN0$GO$gcb01", state: int = 1) -> bytes:
    return behind_application(
        ber(
            0x61, ber(0x80, reference.encode()), ber(0x81, b"\x07\xd0"), ber(0x82, b"IED1PROT/LLN0$ds"),
            ber(0x84, bytes(8)), ber(0x85, bytes([state])), ber(0x86, b"\0"), ber(0x88, b"\1"), ber(0x8A, b"\1"),
            ber(0xAB, ber(0x83, b"\0")),
        )
    )  # fmt: skip


def samples(name: str = "MU7", count: int = 0) -> bytes:
    unit = ber(
        0x30, ber(0x80, name.encode()), ber(0x82, count.to_bytes(2, "big")), ber(0x83, bytes(4)), ber(0x85, b"\1"),
        ber(0x87, bytes(64)),
    )  # fmt: skip
    return behind_application(ber(0x60, ber(0x80, b"\1"), ber(0xA2, unit)), 0x4000)


def ethercat(command: int = 7, data: bytes = bytes(16)) -> bytes:
    datagram = struct.pack("<BBIHH", command, 0, 0x01300000, len(data), 0) + data + struct.pack("<H", 5)
    return struct.pack("<H", 0x1000 | len(datagram)) + datagram


def powerlink_ident(node: int = 3, name: bytes = b"io-3") -> bytes:
    head = struct.pack("<BBBBBBBBBBIHHHI2x", 6, 255, node, 1, 0, 0, 0xFD, 0, 0x20, 0, 0, 300, 36, 36, 10000)
    who = struct.pack("<IIIII", 0x000F0191, 0x0100006C, 0x0000E1E1, 2, 12345)
    address = bytes([192, 168, 100, node]) + b"\xff\xff\xff\0" + bytes([192, 168, 100, 254])
    return head + who + bytes(24) + address + name.ljust(32, b"\0") + bytes(48)


MRP_TEST = bytes.fromhex("0001 0212 8000 001b1b100021 0001 0000 0001 0001 12345678 0114 0005".replace(" ", "")) + bytes(
    26
)
DLR_BEACON = b"\2\1\1\1" + bytes([10, 20, 1, 5]) + struct.pack(">IBBII", 9, 1, 0, 400, 1960) + bytes(20)
PRP = bytes.fromhex("0001 0007 1406 001b1b100021 0000".replace(" ", "")) + bytes(34)
SERCOS_MDT = b"\x00\x04" + bytes(44)
PTP_SYNC = bytes([0, 2]) + struct.pack(">H", 44) + bytes(40)
POWER_TLV = struct.pack(">HH", 3, 12) + bytes.fromhex("1c129d000001") + bytes(6)
PTP_POWER = bytes([11, 2]) + struct.pack(">H", 64 + len(POWER_TLV)) + bytes(60) + POWER_TLV
BRIDGES = bytes.fromhex("424203 0000 02 02 3c".replace(" ", "")) + bytes(30)
CCLINK = bytes.fromhex("15010002000000010100") + bytes(4)
POWERLINK_SOC = bytes([1, 255, 240]) + bytes(43)
POWERLINK_PREQ, POWERLINK_PRES = bytes([3, 3, 240]) + bytes(43), bytes([4, 255, 3]) + bytes(43)

BACNET = bytes.fromhex("828203 0120ffff00ff 1000 c4020003e9 2201e0 9103 210a")
"""A device says that it is there (ANSI/ASHRAE 135 clause 16.10), behind LLC."""
BACNET_ANSWER = bytes.fromhex("828203 0100 30070c 0c020003e9 194d 3e") + b"\x75\x06\0AHU-2" + b"\x3f"
