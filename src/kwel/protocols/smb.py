"""SMB messages before files are shared in, dialect, system, names and workgroup out; never a user's name.

MS-CIFS sections 2.2.4.52 (negotiation) and 2.2.4.53 (session setup), MS-SMB sections 2.2.4.5 and 2.2.4.6 (the same with
extended security), MS-SMB2 section 2.2.4, of Microsoft's Open Specifications; RFC 1002 section 4.3.2 (the request of a
NetBIOS session). An NTLM message within is read by ``ntlm``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.kinds import Application
from kwel.protocols import ntlm
from kwel.protocols.nbns import HOST_SUFFIXES, read_name
from kwel.protocols.sayings import Saying, Spoken, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.sayings import Named

SMB1, SMB2 = b"\xffSMB", b"\xfeSMB"
SESSION_REQUEST, HEADER = 0x81, 4
NEGOTIATE, SESSION_SETUP, SETUP_2 = 0x72, 0x73, 1
IS_REPLY, IS_REPLY_2, IS_WIDE = 0x80, 0x01, 0x8000
EXTENDED, EXTENDED_REPLY, PLAIN, PLAIN_REPLY, NEGOTIATED = 12, 4, 13, 3, 17
"""Words of parameters, which tell the forms of a message apart."""
WITH_EXTENDED_SECURITY = 0x80000000
DIALECTS = {0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a message of SMB behind its length, or asks for a session."""
    return data[4:8] in (SMB1, SMB2) or (data[:1] == bytes([SESSION_REQUEST]) and data[4:5] == b"\x20")


def observe(r: Reader) -> Iterator[Saying | Named | Spoken]:
    """Yield what either end says of itself."""
    raw = r.rest()
    message = Reader(raw)
    if message.u8() == SESSION_REQUEST:
        message.skip(3)
        read_name(message, None)  # who is called
        name, suffix = read_name(message, None)
        if suffix in HOST_SUFFIXES and name:
            yield Saying("hostname", name)
        return
    message.skip(3)
    protocol = message.take(4)
    if protocol not in (SMB1, SMB2):
        raise Malformed("no message of SMB")
    yield Spoken(Application.SMB)
    if ntlm.SIGNATURE in raw:
        yield from ntlm.observe(Reader(raw))
    yield from _first(message) if protocol == SMB1 else _second(message)


def _second(r: Reader) -> Iterator[Saying]:
    """Yield the dialect that a server has chosen."""
    r.skip(8)  # structure size, credit charge, status
    command = _le16(r)
    r.skip(2)
    flags = r.u8()
    if command != 0 or not flags & IS_REPLY_2:
        return
    r.skip(64 - 4 - 13 + 4)  # the rest of the header; structure size, security mode
    if (dialect := DIALECTS.get(_le16(r))) is not None:
        yield Saying("protocol", f"smb/{dialect}")


def _first(r: Reader) -> Iterator[Saying]:
    command = r.u8()
    r.skip(4)  # status
    flags, wide = r.u8(), _le16(r) & IS_WIDE
    r.skip(20)
    words = r.u8()
    with r.block(2 * words) as parameters:
        head = parameters.rest()
    r.skip(2)  # the count of what follows
    if command == NEGOTIATE:
        if flags & IS_REPLY and words == NEGOTIATED:
            yield Saying("protocol", "smb/1")
            yield from _negotiated(r, head)
    elif command == SESSION_SETUP:
        yield from _setup(r, head, words, bool(wide), is_reply=bool(flags & IS_REPLY))


def _negotiated(r: Reader, head: bytes) -> Iterator[Saying]:
    """Yield the workgroup and the server's name, which stand behind the challenge unless security is extended."""
    if int.from_bytes(head[19:23], "little") & WITH_EXTENDED_SECURITY:
        return
    r.skip(min(head[33], len(r)))
    domain, name = (_wide(r) for _ in range(2))
    if domain:
        yield Saying("domain", domain)
    if name:
        yield Saying("hostname", name)


def _setup(r: Reader, head: bytes, words: int, is_wide: bool, *, is_reply: bool) -> Iterator[Saying]:
    """Yield the operating system and the workgroup. Names of users are stepped over."""
    if words not in ((EXTENDED_REPLY, PLAIN_REPLY) if is_reply else (EXTENDED, PLAIN)):
        return
    before = 0
    if words == EXTENDED_REPLY:
        before = int.from_bytes(head[6:8], "little")
    elif words == EXTENDED:
        before = int.from_bytes(head[14:16], "little")
    elif words == PLAIN:
        before = int.from_bytes(head[14:16], "little") + int.from_bytes(head[16:18], "little")  # two passwords
    r.skip(before)
    if is_wide and before % 2 == 0:
        r.skip(1)  # texts begin at even offsets from the header, and what stands before the data is odd
    read = _wide if is_wide else _narrow
    if words == PLAIN:
        read(r)  # the account
        yield from _said("domain", read(r))
    yield from _said("system", read(r))
    yield from _said("software", read(r))
    if is_reply:
        yield from _said("domain", read(r))


def _said(kind: str, value: str) -> Iterator[Saying]:
    if value:
        yield Saying(kind, value)  # type: ignore[arg-type]


def _le16(r: Reader) -> int:
    return int.from_bytes(r.take(2), "little")


def _wide(r: Reader) -> str:
    """Return the next text of two bytes a character, up to its end or that of the message."""
    raw = b""
    while len(r) >= 2 and (pair := r.take(2)) != b"\0\0":
        raw += pair
    return text(raw.decode("utf-16-le", "replace").encode())


def _narrow(r: Reader) -> str:
    raw = b""
    while len(r) and (byte := r.take(1)) != b"\0":
        raw += byte
    return text(raw)
