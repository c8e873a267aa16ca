"""The first bytes of a file in, which probe wrote it out: by content, never by the file's name.

Zeek: the header of its ASCII writer, or one JSON object a line with ``ts``. Suricata: EVE, one JSON object a line with
``event_type``. nfdump: the magic number of its files (nfdump's nffile.h). IPFIX: RFC 7011 section 3.1, one message
after another as RFC 5655 has them in files. NetFlow version 9: RFC 3954 section 5.1.
"""

from __future__ import annotations

import struct
from typing import Literal

Probe = Literal["zeek", "eve", "nfdump", "ipfix", "netflow"]

LOOK = 0x1000
"""Bytes that are looked at."""
IPFIX_VERSION, NETFLOW_VERSION = 10, 9
IPFIX_HEAD, NETFLOW_HEAD = 16, 20
NFDUMP = (b"\x0c\xa5", b"\xa5\x0c")
NFDUMP_LAYOUTS = (1, 2)
"""Of nfdump 1.6 and 1.7."""
FIRST_DATA_SET = 256
IPFIX_SETS, NETFLOW_SETS = (2, 3), (0, 1)
"""Templates and options templates."""


def recognise(head: bytes) -> Probe | None:
    r"""Return which probe wrote the file that *head* begins; ``None`` where it is no log that kwel reads.

    >>> recognise(b"#separator \\x09\n"), recognise(b'{"timestamp":"2026-11-26","event_type":"flow"}\n')
    ('zeek', 'eve')
    >>> recognise(b"hello"), recognise(b"")
    (None, None)
    """
    if head.startswith((b"#separator ", b"#fields\t")):
        return "zeek"
    if head.lstrip()[:1] == b"{":
        return _of_object(head)
    if head[:2] in NFDUMP and len(head) >= 4:
        order = "<" if head[:1] == b"\x0c" else ">"
        return "nfdump" if struct.unpack_from(f"{order}H", head, 2)[0] in NFDUMP_LAYOUTS else None
    return _of_messages(head)


def _of_object(head: bytes) -> Probe | None:
    line = head.lstrip().partition(b"\n")[0]
    if b'"event_type"' in line and b'"timestamp"' in line:
        return "eve"
    return "zeek" if b'"ts":' in line.replace(b" ", b"") else None


def _of_messages(head: bytes) -> Probe | None:
    if len(head) < IPFIX_HEAD + 4:
        return None
    version, size = struct.unpack_from(">HH", head)
    if version == IPFIX_VERSION and size >= IPFIX_HEAD + 4:
        first, length = struct.unpack_from(">HH", head, IPFIX_HEAD)
        return "ipfix" if _begins_set(first, length, IPFIX_SETS) and length <= size - IPFIX_HEAD else None
    if version == NETFLOW_VERSION and size > 0 and len(head) >= NETFLOW_HEAD + 4:
        first, length = struct.unpack_from(">HH", head, NETFLOW_HEAD)
        return "netflow" if _begins_set(first, length, NETFLOW_SETS) else None
    return None


def _begins_set(first: int, length: int, templates: tuple[int, ...]) -> bool:
    return (first in templates or first >= FIRST_DATA_SET) and length >= 4
