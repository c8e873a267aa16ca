"""Frames, payloads and files in, damaged ones out: a seeded generator decides everything."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import lz4.frame
import zstandard

from tests.capture.making import block, interface, names, option, packet, pcap, section, snoop, statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

NUMBERS = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
MOST_FRAMES = 200
LONGEST = 0x1_0000

WRAPPERS = (
    bytes.fromhex("810000640800"),  # IEEE 802.1Q
    bytes.fromhex("88a80001810000020800"),  # IEEE 802.1ad
    bytes.fromhex("884700064140"),  # MPLS
    bytes.fromhex("88640011000100140021"),  # PPPoE
    bytes.fromhex("4500004000004000402f0000c0000201c0000202 0000 6558"),  # IPv4, GRE, Ethernet
    bytes.fromhex("45000040000040004032 0000c0000201c0000202 00000001 00000001"),  # IPv4, ESP
    bytes.fromhex("45000040000040004004 0000c0000201c0000202"),  # IP in IP
    bytes.fromhex("45000040000040004011 0000c0000201c0000202 c00012b500000000 0800000000000100"),  # VXLAN
    bytes.fromhex("45000040000020004011 0000c0000201c0000202"),  # a first fragment
    bytes.fromhex(
        "6000000000002c40 20010db8000000000000000000000001 20010db8000000000000000000000002 1100000100000001"
    ),
)
"""What may stand between the link layer and the rest of a frame."""

TOKENS = (
    bytes.fromhex("160301"), bytes.fromhex("16fefd"), bytes.fromhex("0100"), bytes.fromhex("0b0000"),
    bytes.fromhex("c000000001"), bytes.fromhex("c0ff00001d"), b"CONNECT ", b"GET / HTTP/1.1\r\nHost: ",
    b"PRI * HTTP/2.0", b"\x05\x01\x00", b"EHLO ", b"SIP/2.0", b"NTLMSSP\0", b"\xc0\x0c", b"\x3f" * 4,
    b"\0\0", b"\xff\xff",
)  # fmt: skip
"""Beginnings that send a reader down another way."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a seed."""

    link: int
    time: int
    data: bytes
    cut: int = 0
    """Bytes that it had on the wire beyond those that were captured."""

    @property
    def wire(self) -> int:
        """Return its length on the wire, as a file can hold it."""
        return min(len(self.data) + self.cut, 0xFFFF_FFFF)


def damaged(data: bytes, random: Random) -> bytes:
    """Return *data* with one thing wrong."""
    out = bytearray(data)
    if not out:
        return bytes(random.randbytes(random.randrange(64)))
    at = min(int(random.random() ** random.choice((1, 3)) * len(out)), len(out) - 1)
    kind = random.randrange(8)
    if kind == 0:
        out[at] ^= 1 << random.randrange(8)
    elif kind == 1:
        out[at] = random.choice(NUMBERS) & 0xFF
    elif kind == 2:
        width = random.choice((2, 3, 4, 8))
        number = random.choice(NUMBERS) & ((1 << 8 * width) - 1)
        out[at : at + width] = number.to_bytes(width, "big" if random.random() < 0.5 else "little")
    elif kind == 3:
        _lie_about_a_length(out, random)
    elif kind == 4:
        del out[at:]
    elif kind == 5:
        del out[at : at + random.choice((1, 2, 4, 16))]
    elif kind == 6:
        out[at:at] = random.choice((random.randbytes(random.choice((1, 2, 4, 16))), out[at : at + 32], bytes(8)))
    else:
        token = random.choice(TOKENS)
        out[at : at + len(token)] = token
    return bytes(out[:LONGEST])


def _lie_about_a_length(out: bytearray, random: Random) -> None:
    """Change a number that looks like the length of what follows it."""
    found = []
    for at in range(len(out) - 1):
        left = len(out) - at
        for width in (1, 2):
            number = int.from_bytes(out[at : at + width], "big")
            if 0 <= left - number <= 48 or (width == 2 and int.from_bytes(out[at : at + 2], "little") == left - 2):
                found.append((at, width))
    if found:
        at, width = random.choice(found)
        number = int.from_bytes(out[at : at + width], "big") + random.choice((-64, -8, -4, -1, 1, 4, 8, 64, 1 << 15))
        out[at : at + width] = (number & ((1 << 8 * width) - 1)).to_bytes(width, "big")


def scene(frames: Sequence[Frame], others: Sequence[Frame], random: Random) -> list[Frame]:
    """Return *frames* with some things wrong; *others* are of another seed."""
    out = list(frames)
    for _ in range(random.choice((1, 1, 2, 4, 8, 24))):
        at = random.randrange(len(out)) if out else 0
        kind = random.randrange(10)
        if not out or kind == 0:
            out[at:at] = random.choices(others, k=random.choice((1, 2, 8))) if others else []
        elif kind == 1:
            out[at:at] = [out[random.randrange(len(out))]] * random.choice((1, 2, 40))
        elif kind == 2:
            other = random.randrange(len(out))
            out[at], out[other] = out[other], out[at]
        elif kind == 3 and len(out) > 1:
            del out[at]
        elif kind == 4:
            out[at] = _cut(out[at], random)
        elif kind == 5 and others:
            out[at] = _spliced(out[at], random.choice(others), random)
        elif kind == 6:
            wrapped = out[at].data[:14] + b"".join(random.choices(WRAPPERS, k=random.choice((1, 1, 2, 12))))
            out[at] = replace(out[at], data=(wrapped + out[at].data[14:])[:LONGEST])
        elif kind == 7:
            time = random.choice((0, out[at].time + random.choice((-1, 1)) * 10 ** random.randrange(19), 1 << 62))
            out[at] = replace(out[at], time=max(0, min(time, (1 << 64) - 1)))
        else:
            out[at] = replace(out[at], data=damaged(out[at].data, random))
    return out[:MOST_FRAMES]


def _cut(frame: Frame, random: Random) -> Frame:
    keep = random.randrange(len(frame.data) + 1)
    return replace(frame, data=frame.data[:keep], cut=frame.cut + len(frame.data) - keep)


def _spliced(one: Frame, other: Frame, random: Random) -> Frame:
    """Return the headers of one frame and the rest of another."""
    at = random.choice((14, 34, 42, 54, random.randrange(len(one.data) + 1)))
    beyond = random.choice((at, 42, 54, random.randrange(len(other.data) + 1)))
    return replace(one, data=one.data[:at] + other.data[beyond:])


def as_pcapng(frames: Sequence[Frame], random: Random) -> bytes:
    """Return a pcapng file with an interface for each link type, and sometimes blocks of other sorts."""
    order = random.choice("<>")
    links = sorted({frame.link for frame in frames})
    out = [section(order), *(interface(option(9, b"\x09", order), link=link, order=order) for link in links)]
    for frame in frames:
        on = links.index(frame.link)
        out.append(packet(frame.data, units=frame.time, on=on, wire=frame.wire, order=order))
        if random.random() < 0.03:
            out.append(_other_block(order, random))
    return b"".join(out)


def _other_block(order: str, random: Random) -> bytes:
    kind = random.randrange(5)
    if kind == 0:
        return names(("198.51.100.9", b"file.example\0"), ("2001:db8::9", b"six.example\0"), order=order)
    if kind == 1:
        return statistics(0, option(5, struct.pack(order + "Q", random.choice(NUMBERS)), order), order=order)
    if kind == 2:
        return section(order) + interface(order=order)
    if kind == 3:
        return block(random.choice((2, 3, 4, 9, 10, 0xBAD, 0x40000BAD, 0x77)), random.randbytes(24), order)
    return block(6, random.randbytes(40), order)


def as_pcap(frames: Sequence[Frame], random: Random) -> bytes:
    """Return a pcap file of one of its variants, of the first frame's link type."""
    order, link = random.choice("<>"), frames[0].link if frames else 1
    magic, scale, extra = random.choice(
        ((0xA1B2C3D4, 1000, b""), (0xA1B23C4D, 1, b""), (0xA1B2CD34, 1000, bytes(8)), (0xA1B2C3D4, 1000, bytes(8)))
    )
    records = [
        struct.pack(
            order + "IIII",
            frame.time // 10**9 & 0xFFFFFFFF,
            frame.time % 10**9 // scale,
            len(frame.data),
            frame.wire,
        )
        + extra
        + frame.data
        for frame in frames
        if frame.link == link
    ]
    return pcap(*records, order=order, magic=magic, link=link | random.choice((0, 0, 0x2400_0000)))


def as_snoop(frames: Sequence[Frame], random: Random) -> bytes:
    """Return a snoop file of the frames of Ethernet."""
    lost = random.choice((0, 3))
    records = [
        struct.pack(
            ">IIIIII",
            frame.wire,
            len(frame.data),
            24 + len(frame.data) + -len(frame.data) % 4,
            lost,
            frame.time // 10**9 & 0xFFFFFFFF,
            frame.time % 10**9 // 1000,
        )
        + frame.data
        + bytes(-len(frame.data) % 4)
        for frame in frames
        if frame.link == 1
    ]
    return snoop(*records)


WRITERS: tuple[Callable[[Sequence[Frame], Random], bytes], ...] = (as_pcapng, as_pcapng, as_pcap, as_snoop)

PACKERS: tuple[Callable[[bytes], bytes], ...] = (
    gzip.compress,
    lambda data: zstandard.ZstdCompressor().compress(data),
    lambda data: bytes(lz4.frame.compress(data)),
    lambda data: lzma.compress(data, preset=0),
    bz2.compress,
)


def file_of(frames: Sequence[Frame], random: Random) -> bytes:
    """Return a capture file of *frames*, sometimes damaged, packed, or both."""
    data = random.choice(WRITERS)(frames, random)
    while random.random() < 0.2:
        data = _damaged_file(data, random)
    if random.random() < 0.1:
        data = random.choice(PACKERS)(data)
        while random.random() < 0.3:
            data = _damaged_file(data, random)
    return data


def _damaged_file(data: bytes, random: Random) -> bytes:
    """Return a file with a number of 32 bits or a piece wrong, mostly near its beginning."""
    if random.random() < 0.3:
        head = random.randrange(len(data) + 1)
        return data[:head] + damaged(data[head:][:2000], random) + data[head + 2000 :]
    out = bytearray(data)
    at = int(random.random() ** 3 * len(out)) & ~3
    order = random.choice("<>")
    out[at : at + 4] = struct.pack(order + "I", random.choice((*NUMBERS, len(out), 4, 6, 10, 0x0A0D0D0A)) & 0xFFFFFFFF)
    return bytes(out)
