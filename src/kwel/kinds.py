"""Numbers that rows carry in, what they stand for out: DNS records. What else rows carry is in ``columns``."""

from __future__ import annotations

import enum


class RecordKind(enum.IntEnum):
    """What a row of the DNS answers holds: IANA's resource record types that name hosts, and two that are none."""

    CUT = 0
    """Answered, but the capture holds too little of the answer to tell with what."""
    A = 1
    CNAME = 5
    PTR = 12
    MX = 15
    AAAA = 28
    SRV = 33
    SVCB = 64
    HTTPS = 65
    NOTHING = 65535
    """Answered, and no record came: ``code`` tells whether there is no such name, or none of the type asked for."""
