"""Bytes of ISO on TCP in, the messages that they carry out: S7 and MMS lie in them.

RFC 1006 section 6 (TPKT), ITU-T X.224 section 13.7 (DT: a message may come in several, the last one is marked).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION, HEADER, DATA, LAST = 3, 4, 0xF0, 0x80
DATA_HEADER = 3


def size_of(data: bytes) -> int | None:
    """Return how long the message, with all its parts, is that *data* begins with; None where that is not told yet."""
    at = 0
    while True:
        if len(data) < at + HEADER + DATA_HEADER:
            return None if data[at : at + 1] in (b"", b"\x03") else (at or 0)
        if data[at] != VERSION:
            return at
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        is_part = data[at + 4] == 2 and data[at + 5] == DATA and not data[at + 6] & LAST
        if size < HEADER or not is_part:
            return at + max(size, HEADER)
        at += size


def messages(r: Reader) -> Iterator[Reader]:
    """Yield what is carried, message by message; a last one that lacks an end as far as it goes."""
    held = b""
    while len(r):
        if (version := r.u8()) != VERSION:
            raise Malformed(f"TPKT version {version}, not {VERSION}")
        r.skip(1)  # reserved
        if (length := r.u16()) < HEADER:
            raise Malformed(f"TPKT length {length}")
        with r.block(length - HEADER) as tpdu:
            with tpdu.block(tpdu.u8()) as header:
                if header.u8() != DATA or len(header) == 0:
                    continue
                is_last = header.u8() & LAST
            held += tpdu.rest()
        if is_last and held:
            yield Reader(held)
            held = b""
    if held:
        yield Reader(held)
