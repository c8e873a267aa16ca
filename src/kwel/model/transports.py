"""The number of a protocol above IP in, what it is called out."""

from __future__ import annotations

from typing import Final

KEYWORDS: Final = {
    1: "icmp",
    2: "igmp",
    6: "tcp",
    17: "udp",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    88: "eigrp",
    89: "ospf",
    103: "pim",
    112: "vrrp",
    132: "sctp",
}
"""Keywords of IANA's registry "Assigned Internet Protocol Numbers", in small letters."""
_LABELS: Final = {**{number: keyword.upper() for number, keyword in KEYWORDS.items()}, 58: "ICMPv6"}


def transport_text(number: int) -> str:
    """Return the keyword of a protocol, as tables have it.

    >>> transport_text(6), transport_text(253)
    ('tcp', 'ip-253')
    """
    return KEYWORDS.get(number, f"ip-{number}")


def transport_label(number: int) -> str:
    """Return what a protocol is called in a sentence.

    >>> transport_label(58), transport_label(253)
    ('ICMPv6', 'IP 253')
    """
    return _LABELS.get(number, f"IP {number}")
