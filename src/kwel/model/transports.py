"""The number of an IP protocol in, its keyword at IANA out."""

from __future__ import annotations

from typing import Final

TRANSPORTS: Final = {
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
"""IP protocol number -> IANA keyword, in small letters."""


def transport_text(number: int) -> str:
    """Return the keyword of an IP protocol.

    >>> transport_text(6), transport_text(253)
    ('tcp', 'ip-253')
    """
    return TRANSPORTS.get(number, f"ip-{number}")
