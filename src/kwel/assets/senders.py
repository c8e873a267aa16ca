"""Who sent packets of which address in, routers out, and who holds an address that nobody claims.

A router puts its own MAC in front of what it passes on (RFC 1812 section 3.3.2), and takes one off the TTL (RFC 791
section 3.2). A MAC that sends for several addresses which it does not claim, with a TTL that no system begins with or
for addresses far apart, is a router's. One that sends for a single address proves nothing: a router with one host
behind it looks the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.assets.proofs import MOST_ADDRESSES
from kwel.assets.scopes import Scope
from kwel.model.records.bindings import CLAIM
from kwel.model.records.columns import ClaimKind, is_ipv4

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kwel.assets.scopes import Scopes
    from kwel.model.records.columns import Rows

INITIAL: Final = np.array((32, 64, 128, 255))
"""What systems begin with, see ``systems``."""
FEWEST_CARRIED: Final = 2
"""Addresses of others that make a router, if a TTL shows that packets were passed on."""
FEWEST_APART: Final = 3
"""Networks far apart (/16, or /32 of IPv6) that make one without."""
IPV4_NETWORK, IPV6_NETWORK = 16, 32


@dataclass(frozen=True, slots=True)
class Carried:
    """What shows that a MAC is a router's."""

    count: int
    """Addresses of others that it sent for: as many were kept, there may be more."""
    host: tuple[int, int, int]
    """The first of them, and the VLAN."""
    hops: int
    """TTL or hop limit of that one's packets; 0 where none tells."""
    time: int
    last: int
    capture: int
    frame: int


def with_link_claims(claims: Rows, senders: Rows, is_virtual: Callable[[int], bool]) -> Rows:
    """Return the claims with those that follow from packets to all on the link, for addresses that nobody claims.

    Not for a MAC that routers share: they advertise it with addresses of their own. Nor where one MAC sends such
    packets for many addresses, or many MACs for one: something passes them on after all.
    """
    rows = senders[senders["link_frame"] > 0]
    if not len(rows):
        return claims
    claimed = set(zip(claims["address_hi"].tolist(), claims["address_lo"].tolist(), strict=True))
    addresses = list(zip(rows["address_hi"].tolist(), rows["address_lo"].tolist(), rows["vlan"].tolist(), strict=True))
    macs = rows["mac"].tolist()
    of_mac, of_address = Counter(macs), Counter(addresses)
    kept = [
        i
        for i, (mac, host) in enumerate(zip(macs, addresses, strict=True))
        if host[:2] not in claimed and of_address[host] == 1 and of_mac[mac] <= MOST_ADDRESSES and not is_virtual(mac)
    ]
    more = np.zeros(len(kept), CLAIM)
    for key in ("mac", "address_hi", "address_lo", "vlan"):
        more[key] = rows[key][kept]
    more["time"], more["frame"] = rows["link_time"][kept], rows["link_frame"][kept]
    more["capture"], more["kind"] = rows["link_capture"][kept], ClaimKind.LINK
    return np.concatenate([claims, more])


def find_routers(senders: Rows, claims: Rows, scopes: Scopes) -> dict[int, Carried]:
    """Return the MACs that are routers', each with the first packet that shows it."""
    own = set(zip(*(claims[key].tolist() for key in ("mac", "address_hi", "address_lo")), strict=True))
    _, number, count = np.unique(senders["mac"], return_inverse=True, return_counts=True)
    several = np.flatnonzero(count[number] >= FEWEST_CARRIED)
    scope = scopes.find(senders["address_hi"][several], senders["address_lo"][several])
    several = several[scope != Scope.NO_HOST]
    several = several[np.argsort(number[several], kind="stable")]
    of_mac: dict[int, list[int]] = {}
    keys = zip(*(senders[key][several].tolist() for key in ("mac", "address_hi", "address_lo")), strict=True)
    for row, key in zip(several.tolist(), keys, strict=True):
        if key not in own and not is_link_local(key[1], key[2]):
            of_mac.setdefault(key[0], []).append(row)
    below = hops_below(senders)
    return {mac: found for mac, rows in of_mac.items() if (found := _carried(senders, rows, below))}


def _carried(senders: Rows, rows: list[int], below: NDArray[np.int64]) -> Carried | None:
    """Return what a MAC carries for others, if that shows a router."""
    addresses = {(int(senders["address_hi"][row]), int(senders["address_lo"][row])) for row in rows}
    networks = {lo >> IPV4_NETWORK if is_ipv4(hi, lo) else hi >> IPV6_NETWORK for hi, lo in addresses}
    passed_on = [row for row in rows if below[row] > 0]
    if len(addresses) < FEWEST_CARRIED or not (passed_on or len(networks) >= FEWEST_APART):
        return None
    place = min(passed_on or rows, key=lambda row: int(senders["time"][row]))
    first = senders[place]
    host = int(first["address_hi"]), int(first["address_lo"]), int(first["vlan"])
    last = int(senders["last"][rows].max())
    places = int(first["time"]), last, int(first["capture"]), int(first["frame"])
    return Carried(len(addresses), host, int(below[place]), *places)


def hops_below(senders: Rows) -> NDArray[np.int64]:
    """Return, for each row, a TTL below what systems begin with: how far its packets came; 0 where none is."""
    seen = np.where(senders["packets"] > 0, senders["lowest"].astype(np.int64), 0)
    seen[seen == INITIAL] = 0
    lowest: NDArray[np.int64] = seen.max(axis=1, initial=0)
    return lowest


def is_link_local(hi: int, lo: int) -> bool:
    """Return whether no router passes packets of an address on."""
    return hi >> 54 == 0xFE80 >> 6 or (is_ipv4(hi, lo) and lo >> 16 & 0xFFFF == 0xA9FE)
