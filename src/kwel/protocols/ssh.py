"""How an SSH side begins in, its software as it writes it and the fingerprint of its host key out.

RFC 4253 section 4.2 (the first line) and 8 (a server's answer to a key exchange, which begins with its host key), RFC
5656 section 4, RFC 8731 section 3.1 and RFC 4419 section 3 (the same of other ways to exchange keys), RFC 4253 section
6.6 (a key begins with the name of its algorithm). A fingerprint is written as OpenSSH does: SHA-256, in base64 without
padding.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from kwel.model.kinds import Application
from kwel.protocols.sayings import Saying, Spoken, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

MAX_LINE = 255
KEX_REPLY, GEX_REPLY = 31, 33
"""Messages with a host key: RFC 4253 section 12 and RFC 5656 section 7.1; RFC 4419 section 5."""
KEY_AT = 6
"""Where it begins: behind the packet's length, that of its padding and the number of the message."""
ALGORITHM = re.compile(rb"(?:ssh-|ecdsa-|sk-)[\x21-\x7e]{1,60}")
LONGEST_NAME = 64


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with an identification string, or with a packet that holds a host key."""
    return data.startswith((b"SSH-2.", b"SSH-1.")) or (data[:1] == b"\0" and data[5:6] in (b"\x1f", b"\x21"))


def observe(r: Reader) -> Iterator[Saying | Spoken]:
    """Yield the identification string whole: what stands behind a space often names the system or the device."""
    first = r.u8()
    if first == 0:
        yield from _host_key(r)
        return
    line, end, _ = (bytes([first]) + r.rest()[: MAX_LINE - 1]).partition(b"\n")
    if not end or len(line.split(b"-", 2)) < 3:
        raise Malformed("an identification without its end")
    yield Spoken(Application.SSH)
    yield Saying("software", text(line))


def _host_key(r: Reader) -> Iterator[Saying | Spoken]:
    """Yield the fingerprint of the key that a server proves to have."""
    r.skip(KEY_AT - 2)
    if (message := r.u8()) not in (KEX_REPLY, GEX_REPLY):
        raise Malformed(f"SSH message {message}")
    if r.u16():
        raise Malformed("a host key of more than 64 KiB")
    key = r.take(r.u16())
    size = int.from_bytes(key[:4], "big")
    name = key[4 : 4 + min(size, LONGEST_NAME)]
    if len(name) != size or not ALGORITHM.fullmatch(name):
        raise Malformed("a host key without the name of its algorithm")
    digest = base64.b64encode(hashlib.sha256(key).digest()).rstrip(b"=")
    yield Spoken(Application.SSH)
    yield Saying("host-key", f"{text(name)} SHA256:{digest.decode()}")
