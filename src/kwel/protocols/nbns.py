"""NetBIOS name service packets in, host names, workgroups and the roles that names stand for out.

RFC 1002 section 4.2 (packets), RFC 1001 section 14 (name encoding). Registrations and positive responses say
who holds a name; a question says nothing.
"""

from __future__ import annotations

import enum
import socket
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.wire import Reader

HEADER_LENGTH = 12
IS_RESPONSE = 0x8000
RESULT_MASK = 0x000F
IS_GROUP = 0x8000
POINTER = 0xC0
ENCODED_LENGTH = 32
NAME_LENGTH = 15
MOST_ADDRESSES = 16
"""Of one name that are read: a machine with several network cards answers with each of its addresses."""
HOST_SUFFIXES = (0x00, 0x20)
"""Workstation and file server: names of a machine. Others are of users, domains and services."""
WORKGROUP, DOMAIN_MASTER, CONTROLLERS, MASTER = 0x00, 0x1B, 0x1C, 0x1D
ROLES = {DOMAIN_MASTER: "domain master browser", CONTROLLERS: "domain controller", MASTER: "master browser"}
"""What a machine does that holds a name with this suffix (MS-NBTE section 2.2.1)."""


class RecordType(enum.IntEnum):
    """RFC 1002 section 4.2.1.3; the two that carry names."""

    NB = 0x20
    NBSTAT = 0x21


class Opcode(enum.IntEnum):
    """RFC 1002 section 4.2.1.1. Microsoft also sends 9 (refresh) and 15 (multi-homed registration)."""

    QUERY = 0
    REGISTRATION = 5
    REFRESH = 8
    REFRESH_ALTERNATIVE = 9
    MULTI_HOMED = 15


CLAIMING = (Opcode.REGISTRATION, Opcode.REFRESH, Opcode.REFRESH_ALTERNATIVE, Opcode.MULTI_HOMED)


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a packet with at most one question and a first name of 32 bytes."""
    return (
        len(data) > HEADER_LENGTH + ENCODED_LENGTH
        and data[4] == 0
        and data[5] < 2
        and data[HEADER_LENGTH] == ENCODED_LENGTH
    )


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the host names that the packet binds to an address, or to its sender."""
    r.skip(2)  # transaction
    flags, questions, answers = r.u16(), r.u16(), r.u16()
    r.skip(2)  # authority records
    additional = r.u16()
    question = _read_question(r) if questions else None
    opcode = flags >> 11 & 0xF
    if flags & IS_RESPONSE:
        if answers and not flags & RESULT_MASK:
            yield from _read_record(r, question)
    elif additional and opcode in CLAIMING:
        yield from _read_record(r, question)


def _read_question(r: Reader) -> tuple[str, int]:
    name = read_name(r, None)
    r.skip(4)  # type, class
    return name


def _read_record(r: Reader, question: tuple[str, int] | None) -> Iterator[Saying]:
    name, suffix = read_name(r, question)
    kind = r.u16()
    r.skip(6)  # class, time to live
    with r.block(r.u16()) as data:
        if kind == RecordType.NBSTAT:
            yield from _read_status(data)
        elif kind == RecordType.NB:
            for _ in range(MOST_ADDRESSES):
                if len(data) == 0:
                    break
                flags, address = data.u16(), data.take(4)
                if name and any(address):
                    for kind_said, value in _meant(name, suffix, is_group=bool(flags & IS_GROUP)):
                        yield Saying(kind_said, value, address=socket.inet_ntoa(address))


def _read_status(r: Reader) -> Iterator[Saying]:
    said: dict[tuple[FactKind, str], None] = {}  # one name has several suffixes
    for _ in range(r.u8()):
        name, suffix, flags = text(r.take(NAME_LENGTH)), r.u8(), r.u16()
        if name:
            said.update(dict.fromkeys(_meant(name, suffix, is_group=bool(flags & IS_GROUP))))
    yield from (Saying(kind, value) for kind, value in said)


def _meant(name: str, suffix: int, *, is_group: bool) -> Iterator[tuple[FactKind, str]]:
    """Yield what it says of a machine that it holds a name; other suffixes are of users and services."""
    if is_group and suffix in (WORKGROUP, CONTROLLERS):
        yield "domain", name
    elif not is_group and suffix in HOST_SUFFIXES:
        yield "hostname", name
    if suffix in ROLES and is_group == (suffix == CONTROLLERS):
        yield "role", ROLES[suffix]


def read_name(r: Reader, question: tuple[str, int] | None) -> tuple[str, int]:
    """Return a name and its suffix. The only pointer in use is the one back to the question."""
    length = r.u8()
    if length & POINTER == POINTER:
        r.skip(1)
        if question is None:
            raise Malformed("a name points to a question that is not there")
        return question
    if length != ENCODED_LENGTH:
        raise Malformed(f"first label has {length} bytes, not {ENCODED_LENGTH}")
    raw = _decode_half_ascii(r.take(ENCODED_LENGTH))
    while scope := r.u8():
        r.skip(scope)
    return text(raw[:NAME_LENGTH]), raw[NAME_LENGTH]


def _decode_half_ascii(encoded: bytes) -> bytes:
    """Return 16 bytes from 32 letters ``A`` to ``P``, four bits each."""
    nibbles = [letter - ord("A") for letter in encoded]
    if not all(0 <= nibble < 16 for nibble in nibbles):
        raise Malformed("a name holds letters beyond A to P")
    return bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))
