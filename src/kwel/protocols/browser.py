"""NetBIOS datagrams in, what a computer announces of itself to its neighbours out: name, system, role, workgroup.

RFC 1002 section 4.4 (datagrams); MS-CIFS section 2.2.4.33 (the transaction that carries a mailslot's message) and
MS-BRWS section 2.2 (announcements), of Microsoft's Open Specifications. The workgroup is that to which the datagram is
addressed, or which is announced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.nbns import HOST_SUFFIXES, NAME_LENGTH, read_name
from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

DIRECT_UNIQUE, DIRECT_GROUP, BROADCAST = 0x10, 0x11, 0x12
KINDS = (DIRECT_UNIQUE, DIRECT_GROUP, BROADCAST)
SMB, TRANSACTION, SMB_HEADER = b"\xffSMB", 0x25, 32
PARAMETERS = 28
"""Of the transaction, before its setup words: three of those, then the count of data and the slot's name."""
SLOT = b"\\MAILSLOT\\BROWSE\0"
HOST, DOMAIN, LOCAL_MASTER, ELECTION, WANTED = 1, 12, 15, 8, 2
SERVER_ROLES = (
    (0x00000008, "domain controller"), (0x00000010, "domain controller"), (0x00000004, "database server"),
    (0x00000020, "time server"), (0x00000200, "print server"), (0x00040000, "master browser"),
)  # fmt: skip
"""Bits of the server type (MS-BRWS section 2.2.1 points to MS-RAP 2.2.2): what others ask of it."""
GROUP_SUFFIXES = (0x00, 0x1C, 0x1D, 0x1E)


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a datagram with a source, a destination and a message."""
    return len(data) > 82 and data[0] in KINDS and data[14] == 0x20


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what the sender is called, and what it announces."""
    kind = r.u8()
    if kind not in KINDS:
        raise Malformed(f"a datagram of kind {kind:#x}")
    r.skip(13)  # flags, id, source, port, length, offset
    name, suffix = read_name(r, None)
    if suffix in HOST_SUFFIXES and name:
        yield Saying("hostname", name)
    group, group_suffix = read_name(r, None)
    if r.take(4) != SMB or r.u8() != TRANSACTION:
        return
    r.skip(SMB_HEADER - 5)
    words = 2 * r.u8()
    r.skip(words + 2)  # the count of what follows
    if r.take(len(SLOT)).upper() != SLOT:
        return
    yield from _announced(r, group if group_suffix in GROUP_SUFFIXES else "")


def _announced(r: Reader, group: str) -> Iterator[Saying]:
    """Yield what a message of the browser says; an announcement of a whole domain names its master as a comment."""
    command = r.u8()
    if command == ELECTION:
        r.skip(13)  # version, criteria, up time, reserved
        if name := text(r.rest().partition(b"\0")[0]):
            yield Saying("hostname", name)
    elif command == WANTED:
        r.skip(1)
        if name := text(r.rest().partition(b"\0")[0]):
            yield Saying("hostname", name)
    elif command in (HOST, LOCAL_MASTER, DOMAIN):
        r.skip(5)  # count of updates, period
        name = text(r.take(NAME_LENGTH + 1).partition(b"\0")[0])
        major, minor = r.u8(), r.u8()
        roles = int.from_bytes(r.take(4), "little")
        r.skip(4)  # version of the browser, signature
        comment = text(r.rest().partition(b"\0")[0])
        if command == DOMAIN:
            yield from (Saying("domain", value) for value in (name,) if value)
            yield from (Saying("hostname", value) for value in (comment,) if value)
            yield Saying("role", "master browser")
            return
        yield from (Saying("hostname", value) for value in (name,) if value)
        yield from (Saying("domain", value) for value in (group,) if value)
        yield from (Saying("description", value) for value in (comment,) if value)
        if major:
            yield Saying("system", f"Windows NT {major}.{minor}")
        said = dict.fromkeys(role for bit, role in SERVER_ROLES if roles & bit)
        yield from (Saying("role", role) for role in (*said, *(("master browser",) if command == LOCAL_MASTER else ())))
