"""NTLM messages within another protocol in, the names of the two hosts out; never a user's name, never a response.

MS-NLMP, of Microsoft's Open Specifications: sections 2.2.1.2 (CHALLENGE), 2.2.1.3 (AUTHENTICATE), 2.2.2.1 (AV_PAIR).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.columns import NameSource
from kwel.dissect.hosts import is_host_name
from kwel.dissect.sayings import Named, Saying, Spoken, text
from kwel.kinds import Application
from kwel.wire import Malformed, Reader, Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNATURE = b"NTLMSSP\0"
CHALLENGE, AUTHENTICATE = 2, 3
WORKSTATION_AT, TARGET_INFO_AT, FLAGS_AT = 44, 40, 60
UNICODE = 1
AV_END, AV_COMPUTER, AV_DNS_COMPUTER = 0, 1, 3
MOST_PAIRS = 32
SMB = (b"\xffSMB", b"\xfeSMB")


def looks_like(data: bytes) -> bool:
    """Return whether *data* holds an NTLM message."""
    return SIGNATURE in data


def observe(r: Reader) -> Iterator[Saying | Named | Spoken]:
    """Yield what a server calls itself, or the workstation that logs in."""
    data = r.rest()
    if data[4:8] in SMB:
        yield Spoken(Application.SMB)
    _, found, rest = data.partition(SIGNATURE)
    if not found:
        raise Malformed("no NTLM message")
    message = found + rest
    kind = int.from_bytes(message[8:12], "little")
    if kind == CHALLENGE:
        pairs = dict(_pairs(_field(message, TARGET_INFO_AT)))
        computer = pairs.get(AV_DNS_COMPUTER, b"").decode("utf-16-le", "replace").encode()
        if is_host_name(computer):
            yield Named(NameSource.NTLM, computer, from_initiator=False)
        elif short := text(pairs.get(AV_COMPUTER, b"").decode("utf-16-le", "replace").encode()):
            yield Saying("hostname", short)
    elif kind == AUTHENTICATE:
        raw = _field(message, WORKSTATION_AT)
        is_wide = message[FLAGS_AT : FLAGS_AT + 1] and message[FLAGS_AT] & UNICODE
        if workstation := text(raw.decode("utf-16-le", "replace").encode() if is_wide else raw).lstrip("\\"):
            yield Saying("hostname", workstation)


def _field(message: bytes, at: int) -> bytes:
    """Return what a field of length, room and offset points to."""
    size = int.from_bytes(message[at : at + 2], "little")
    start = int.from_bytes(message[at + 4 : at + 8], "little")
    if at + 8 > len(message) or start + size > len(message):
        raise Truncated(start + size, len(message), at)
    return message[start : start + size]


def _pairs(raw: bytes) -> Iterator[tuple[int, bytes]]:
    r = Reader(raw)
    for _ in range(MOST_PAIRS):
        if len(r) < 4:
            return
        kind, size = (int.from_bytes(r.take(2), "little") for _ in range(2))
        if kind == AV_END:
            return
        yield kind, r.take(size)
