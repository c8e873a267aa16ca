"""Messages of HART-IP in, the tag, the identity and the revision of a HART device out.

The FieldComm Group's Specification HCF_SPEC-085 chapter 10 (HART-IP), HCF_SPEC-081 (frames of the data link) and
HCF_SPEC-127 (universal commands 0, 11, 13, 20, 21). A gateway answers for the devices behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

RESPONSE, TOKEN_PASSING = 1, 3
ACK, LONG_ADDRESS, EXPANSION = 6, 0x80, 0x60
IDENTIFY = (0, 11, 21)
READ_TAG, READ_LONG_TAG = 13, 20
EXPANDED = 254
PACKED_TAG, PACKED_DESCRIPTOR, LONG_TAG = 6, 12, 32


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a message that carries an answer of a device."""
    return len(data) >= 12 and data[0] in (1, 2) and data[1] == RESPONSE and data[2] == TOKEN_PASSING


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what a device answers to the commands that identify it."""
    r.skip(1)
    if (r.u8(), r.u8()) != (RESPONSE, TOKEN_PASSING):
        raise Malformed("no answer of a HART device")
    r.skip(3)
    size = r.u16()
    with r.block(max(0, size - 8)) as pdu:
        delimiter = pdu.u8()
        if delimiter & 7 != ACK:
            return
        pdu.skip((5 if delimiter & LONG_ADDRESS else 1) + ((delimiter & EXPANSION) >> 5))
        command = pdu.u8()
        with pdu.block(pdu.u8()) as data:
            if data.u8() & 0x80:
                return  # the line failed
            data.skip(1)
            if command in IDENTIFY:
                yield from _identity(data)
            elif command == READ_TAG:
                yield from _tag(data)
            elif command == READ_LONG_TAG and (tag := _latin(data.take(LONG_TAG))):
                yield Saying("station", tag)


def _identity(r: Reader) -> Iterator[Saying]:
    if r.u8() != EXPANDED:
        return
    kind = r.u16()
    r.skip(1)
    protocol, revision, software = r.u8(), r.u8(), r.u8()
    r.skip(2)
    number = r.u24()
    yield Saying("role", "server")
    yield Saying("identity", f"hart/{kind:04x}-{number:06x}")
    yield Saying("serial", f"{number:06x}")
    yield Saying("firmware", f"{revision}.{software} (HART {protocol})")


def _tag(r: Reader) -> Iterator[Saying]:
    if tag := _packed(r.take(PACKED_TAG)):
        yield Saying("station", tag)
    if said := _packed(r.take(PACKED_DESCRIPTOR)):
        yield Saying("description", said)


def _packed(raw: bytes) -> str:
    """Return letters of six bits each, as capitals, figures and signs.

    >>> _packed(bytes.fromhex("503b71c31820"))
    'TC-101'
    """
    bits = int.from_bytes(raw, "big")
    codes = [bits >> shift & 0x3F for shift in range(8 * len(raw) - 6, -1, -6)]
    return text(bytes(code if code & 0x20 else code | 0x40 for code in codes)).strip("@ ")


def _latin(raw: bytes) -> str:
    return text(raw.split(b"\0")[0].decode("latin-1").encode())
