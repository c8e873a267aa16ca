"""What a server says first in, the program, the device or the version that it names out.

RFC 6143 section 7.1.1 (RFB, which VNC speaks), RFC 1939 section 3 (POP3), RFC 3501 section 7.1 (IMAP), RFC 854
(Telnet); the Specification of MySQL's handshake, version 10; Hewlett-Packard's PJL Technical Reference, chapter 7.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINE = 512
RFB, POP, IMAP = b"RFB ", b"+OK ", b"* OK"
IAC, SUBOPTION, SUBOPTION_END, WILL, DONT = 0xFF, 0xFA, 0xF0, 0xFB, 0xFE
LANGUAGE, MYSQL_10 = b"@PJL", 10
ID = re.compile(rb'@PJL INFO ID\s{1,4}"?([^"\r\n\f]{2,100})"?')
PLAIN = re.compile(rb"[\x20-\x7e\s\x00\x08\x1b]*")
BRACKETS = re.compile(rb"<[^>]*>|\[[^\]]*\]")
PROMPT = re.compile(r"(login|username|user|password|passwd)\s*:?$", re.IGNORECASE)


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins as one of the protocols does that are read here."""
    return (
        data.startswith((RFB, POP, IMAP, LANGUAGE, b"\x1b%-12"))
        or (len(data) > 2 and data[0] == IAC and WILL <= data[1] <= DONT)  # BGP begins with nothing but ones
        or data[3:5] == bytes([0, MYSQL_10])
    )


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the program, or what the device calls itself."""
    data = r.rest()
    if data.startswith(RFB):
        if re.fullmatch(rb"RFB \d{3}\.\d{3}\n", data[:12]):
            yield Saying("software", text(data[:12]))
    elif data.startswith((POP, IMAP)):
        line = BRACKETS.sub(b"", data[:MAX_LINE].partition(b"\n")[0][len(POP) :])
        if words := text(line):
            yield Saying("software", words)
    elif data[:1] == bytes([IAC]):
        yield from _telnet(Reader(data))
    elif data[3:5] == bytes([0, MYSQL_10]):
        version, end, _ = data[5:69].partition(b"\0")
        if not end:
            raise Malformed("a version without its end")
        if re.match(rb"\d+\.\d+", version):
            yield Saying("software", f"MySQL {text(version)}")
    elif found := ID.search(data[:4096]):
        yield Saying("product", text(found[1]))


def _telnet(r: Reader) -> Iterator[Saying]:
    """Yield the first lines behind the options that are agreed on, but no prompt."""
    words = bytearray()
    while len(r) and len(words) < MAX_LINE:
        byte = r.u8()
        if byte != IAC:
            words.append(byte)
            continue
        command = r.u8()
        if command == SUBOPTION:
            while len(r) and not (r.u8() == IAC and len(r) and r.u8() == SUBOPTION_END):
                pass
        elif WILL <= command <= DONT:
            r.skip(1)
    if not PLAIN.fullmatch(words):
        return  # no text, so no Telnet
    lines = (text(bytes(line)) for line in words.split(b"\n"))
    banner = " ".join(line for line in lines if line and not PROMPT.search(line))
    if banner:
        yield Saying("description", text(banner.encode()))
