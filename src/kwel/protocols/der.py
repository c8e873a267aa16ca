"""Bytes in DER or BER in, one element at a time out: ITU-T X.690 sections 8.1.2 (tags) and 8.1.3 (lengths)."""

from __future__ import annotations

from kwel.protocols.wire import Malformed, Reader

INTEGER, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31


def element(r: Reader) -> tuple[int, Reader]:
    """Return the tag and the content of the next element. Lengths of more than 24 bits stand in no message."""
    tag, size = r.u8(), r.u8()
    if tag & 0x1F == 0x1F:
        raise Malformed("a tag of several bytes")
    if size & 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= 3:
            raise Malformed("a length that DER does not allow, or that no message has")
        size = int.from_bytes(r.take(octets), "big")
    return tag, Reader(r.take(size))


def only(r: Reader, wanted: int) -> Reader:
    """Return the content of the next element, which must have the tag *wanted*."""
    tag, content = element(r)
    if tag != wanted:
        raise Malformed(f"tag {tag:#x} where {wanted:#x} must stand")
    return content
