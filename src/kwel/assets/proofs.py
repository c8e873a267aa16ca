"""Claims in, proofs out: which MAC holds which address, from when, and which claims prove nothing.

RFC 826 and RFC 1027 (proxy ARP), RFC 4861, RFC 2131. A MAC is proven by what its owner says in ARP, Neighbour Discovery
or DHCP, never by the Ethernet source of a routed packet. A router may answer for others, so two rules hold:

1. A MAC that claims more than ``MOST_ADDRESSES`` IPv4 addresses (``MOST_IPV6``) on one segment answers for others:
   none of its claims there counts, nor does it have an asset by them.
2. A claim does not make a public IPv4 address the plant's own unless a second MAC claims a neighbouring one (the same
   /16) on the segment, and neither claims a private one there. On a segment with public addresses every ARP exchange
   shows two such neighbours; a router that answers for the internet has none, or is known by its private address.
   Public IPv6 addresses are a host's usual ones, and no host asks for one off its link (RFC 5942): these count, and
   with them their /64.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kwel.assets.scopes import OnSegment, Scope
from kwel.columns import ClaimKind, is_ipv4

if TYPE_CHECKING:
    from kwel.assets.scopes import Scopes
    from kwel.columns import Rows

Host = tuple[int, int, int]
"""Address halves and VLAN."""

MOST_ADDRESSES = 16
"""IPv4 addresses that one interface may have. Servers with more exist; proxy ARP is likelier."""
MOST_IPV6 = 256
"""A host makes a new temporary IPv6 address every day (RFC 8981), and keeps link-local ones."""
NEIGHBOURHOOD = 16


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """From some moment on, an address was at a MAC."""

    time: int
    capture: int
    frame: int
    mac: int
    kind: ClaimKind


@dataclass(frozen=True, slots=True)
class Proofs:
    """What the claims of an analysis prove."""

    of_host: dict[Host, list[Proof]] = field(default_factory=dict)
    """By address and VLAN, in order of time, one a MAC."""
    on_segment: OnSegment = field(default_factory=OnSegment)
    """Public addresses that are the plant's."""
    answers_for_others: dict[tuple[int, int], int] = field(default_factory=dict)
    """By MAC and VLAN, how many addresses it claims: too many to be its own."""
    for_others: dict[Host, Proof] = field(default_factory=dict)
    """By address and VLAN, the first of those claims."""


def read_proofs(claims: Rows, scopes: Scopes) -> Proofs:
    """Weigh all claims. *claims* holds distinct pairs of MAC and address with the moment each was first made."""
    held: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
    rows = []
    columns = ("mac", "address_hi", "address_lo", "vlan", "time", "capture", "frame", "kind")
    for mac, hi, lo, vlan, time, capture, frame, kind in zip(*(claims[c].tolist() for c in columns), strict=True):
        scope = scopes.of_one(hi, lo)
        if scope == Scope.NO_HOST:
            continue
        rows.append(((hi, lo, vlan), Proof(time, capture, frame, mac, ClaimKind(kind)), scope))
        if kind != ClaimKind.DHCP:  # over the months, one client may hold many leases
            held[mac, vlan].add((hi, lo))
    proxies = {owner: len(addresses) for owner, addresses in held.items() if _answers_for_others(addresses)}
    on_segment = _on_segment(held, proxies, scopes)
    of_host: dict[Host, list[Proof]] = {}
    for_others: dict[Host, Proof] = {}
    for host, proof, scope in sorted(rows, key=lambda row: row[1]):
        if (proof.mac, host[2]) in proxies:
            for_others.setdefault(host, proof)
        elif scope == Scope.INTERNAL or on_segment.holds(host[0], host[1]):
            found = of_host.setdefault(host, [])
            if all(known.mac != proof.mac for known in found):
                found.append(proof)
    return Proofs(of_host, on_segment, proxies, for_others)


def _answers_for_others(addresses: set[tuple[int, int]]) -> bool:
    ipv4 = sum(is_ipv4(hi, lo) for hi, lo in addresses)
    return ipv4 > MOST_ADDRESSES or len(addresses) - ipv4 > MOST_IPV6


def _on_segment(
    held: dict[tuple[int, int], set[tuple[int, int]]], proxies: dict[tuple[int, int], int], scopes: Scopes
) -> OnSegment:
    """Return the public addresses that are proven to be on a segment, by rule 2."""
    ipv4, ipv6 = set[int](), set[int]()
    neighbours: dict[tuple[int, int], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for (mac, vlan), addresses in held.items():
        if (mac, vlan) in proxies:
            continue
        public = {at for at in addresses if scopes.of_one(*at) == Scope.EXTERNAL}
        ipv6.update(hi for hi, lo in public if not is_ipv4(hi, lo))
        if not any(is_ipv4(*at) for at in addresses - public):
            for hi, lo in public:
                if is_ipv4(hi, lo):
                    neighbours[vlan, lo >> NEIGHBOURHOOD][lo].add(mac)
    for claimed in neighbours.values():
        if len(claimed) > 1 and len(set().union(*claimed.values())) > 1:
            ipv4.update(claimed)
    return OnSegment(frozenset(ipv4), frozenset(ipv6))
