"""Bytes that may hold a host, with user, port or brackets, in; the host alone out, or nothing.

RFC 3986 section 3.2 (authority), RFC 1123 section 2.1 (host names). What a client is called with is a host's name only
if it could be one: the rest may be a person's, or a secret.
"""

from __future__ import annotations

import re

HOST_NAME = re.compile(
    rb"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?\.?", re.IGNORECASE
)
IPV4 = re.compile(rb"(\d{1,3}\.){3}\d{1,3}")
IPV6 = re.compile(rb"[0-9a-f:]*:[0-9a-f:.]+", re.IGNORECASE)
LOCAL = (b"localhost", b"localhost.localdomain", b"localdomain")
MOST = 253


def is_host_name(raw: bytes) -> bool:
    """Return whether *raw* can be a host's full name.

    >>> is_host_name(b"mail.plant.example"), is_host_name(b"10.0.0.1"), is_host_name(b"plc7")
    (True, False, False)
    """
    return len(raw) <= MOST and HOST_NAME.fullmatch(raw) is not None and raw.lower() not in LOCAL


def host_of(authority: bytes) -> bytes | None:
    """Return the host of ``[user@]host[:port]``.

    >>> host_of(b"me@Web.example:8080"), host_of(b"[2001:db8::7]:443"), host_of(b"not a host")
    (b'Web.example', b'2001:db8::7', None)
    """
    authority = authority.rpartition(b"@")[2]
    if authority.startswith(b"["):
        host = authority[1:].partition(b"]")[0]
        return host if len(host) <= MOST and IPV6.fullmatch(host) else None
    host = authority.partition(b":")[0]
    is_one = is_host_name(host) or IPV4.fullmatch(host) or re.fullmatch(rb"[A-Za-z0-9_-]{1,63}", host)
    return host if is_one else None
