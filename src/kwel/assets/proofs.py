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

An address that one MAC claims after another moved; it may move back. Where two claim it by turns, again and again, it
did not move: that is a conflict (RFC 5227 section 2.4), or machines that share it. Where two captures of the same time
each show it at another MAC, they are of two networks that use the same addresses: each capture has its own device.

What a host sends to all on its link proves its MAC too, where nobody claims the address: no router passes it on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kwel.assets.scopes import OnSegment, Scope
from kwel.model.fast_dataclass import quick
from kwel.model.records.columns import ClaimKind, is_ipv4

if TYPE_CHECKING:
    from kwel.assets.scopes import Scopes
    from kwel.model.records.columns import Rows

Host = tuple[int, int, int]
"""Address halves and VLAN."""

MOST_ADDRESSES = 16
"""IPv4 addresses that one interface may have. Servers with more exist; proxy ARP is likelier."""
MOST_IPV6 = 256
"""A host makes a new temporary IPv6 address every day (RFC 8981), and keeps link-local ones."""
NEIGHBOURHOOD = 16


@quick
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
    """By address and VLAN, in order of time: one a move. In a conflict, one a MAC."""
    on_segment: OnSegment = field(default_factory=OnSegment)
    """Public addresses that are the plant's."""
    answers_for_others: dict[tuple[int, int], int] = field(default_factory=dict)
    """By MAC and VLAN, how many addresses it claims: too many to be its own."""
    for_others: dict[Host, Proof] = field(default_factory=dict)
    """By address and VLAN, the first of those claims."""
    conflicts: dict[Host, list[Proof]] = field(default_factory=dict)
    """By address and VLAN, what several MACs claim by turns, or in captures of the same time: one a MAC."""
    by_capture: dict[Host, dict[int, int]] = field(default_factory=dict)
    """Of those that captures of the same time show at different MACs: the MAC in each capture."""


@quick
@dataclass(frozen=True, slots=True)
class _Claim:
    """One row of the claims that counts."""

    proof: Proof
    back: Proof | None
    """The last time that it was made after another MAC had claimed the address."""
    last: int
    returns: int


COLUMNS = (
    "mac", "address_hi", "address_lo", "vlan", "time", "capture", "frame", "kind",
    "last", "returns", "back", "back_capture", "back_frame",
)  # fmt: skip


def read_proofs(claims: Rows, scopes: Scopes) -> Proofs:
    """Weigh all claims. *claims* holds distinct pairs of MAC and address with the moment each was first made."""
    held: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
    rows = list[tuple[Host, _Claim, int]]()
    public = set[tuple[int, int]]()
    scope_of = scopes.find(claims["address_hi"], claims["address_lo"]).tolist()
    for row, scope in zip(zip(*(claims[c].tolist() for c in COLUMNS), strict=True), scope_of, strict=True):
        mac, hi, lo, vlan, time, capture, frame, kind, last, returns, back, back_capture, back_frame = row
        if scope == Scope.NO_HOST:
            continue
        of = ClaimKind(kind)
        came_back = Proof(back, back_capture, back_frame, mac, of) if back else None
        claim = _Claim(Proof(time, capture, frame, mac, of), came_back, max(time, last), returns)
        rows.append(((hi, lo, vlan), claim, scope))
        if scope == Scope.EXTERNAL:
            public.add((hi, lo))
        if kind not in (ClaimKind.DHCP, ClaimKind.LINK):  # over the months, one client may hold many leases
            held[mac, vlan].add((hi, lo))
    proxies = {owner: len(addresses) for owner, addresses in held.items() if _answers_for_others(addresses)}
    found = Proofs(on_segment=_on_segment(held, proxies, public), answers_for_others=proxies)
    of_host: dict[Host, list[_Claim]] = {}
    for host, claim, scope in sorted(rows, key=lambda row: _order(row[1].proof)):
        if (claim.proof.mac, host[2]) in proxies:
            found.for_others.setdefault(host, claim.proof)
        elif scope == Scope.INTERNAL or found.on_segment.holds(host[0], host[1]):
            of_host.setdefault(host, []).append(claim)
    for host, made in of_host.items():
        _settle(host, made, found)
    return found


def _order(proof: Proof) -> tuple[int, int, int, int, int]:
    return proof.time, proof.capture, proof.frame, proof.mac, proof.kind


def _settle(host: Host, made: list[_Claim], found: Proofs) -> None:
    """Enter where an address was, from all claims to it that count."""
    firsts = list[Proof]()
    for claim in made:
        if all(known.mac != claim.proof.mac for known in firsts):
            firsts.append(claim.proof)
    found.of_host[host] = firsts
    if len(firsts) == 1:
        return
    if _are_of_two_networks(made):
        found.conflicts[host] = firsts
        found.by_capture[host] = {claim.proof.capture: claim.proof.mac for claim in reversed(made)}
        return
    returns = Counter[ClaimKind]()  # the same move shows in ARP and in DHCP
    for claim in made:
        returns[claim.proof.kind] += claim.returns
    if max(returns.values()) > 1:  # there and back is a move; there and back and there again is a quarrel
        found.conflicts[host] = firsts
        return
    moves = sorted([claim.proof for claim in made] + [claim.back for claim in made if claim.back])
    found.of_host[host] = [at for i, at in enumerate(moves) if i == 0 or at.mac != moves[i - 1].mac]


def _are_of_two_networks(made: list[_Claim]) -> bool:
    """Return whether two captures each show another MAC while the other still shows its own.

    Captures are read one after the other: where a MAC came back after another, both are in the later one.
    """
    if any(claim.returns for claim in made):
        return False
    last: dict[int, tuple[int, int]] = {}
    for claim in made:
        own = claim.proof
        for capture, (mac, until) in last.items():
            if capture != own.capture and mac != own.mac and until > own.time:
                return True
        if claim.last > last.get(own.capture, (0, 0))[1]:
            last[own.capture] = own.mac, claim.last
    return False


def _answers_for_others(addresses: set[tuple[int, int]]) -> bool:
    ipv4 = sum(is_ipv4(hi, lo) for hi, lo in addresses)
    return ipv4 > MOST_ADDRESSES or len(addresses) - ipv4 > MOST_IPV6


def _on_segment(
    held: dict[tuple[int, int], set[tuple[int, int]]],
    proxies: dict[tuple[int, int], int],
    outside: set[tuple[int, int]],
) -> OnSegment:
    """Return which addresses of those *outside* are proven to be on a segment, by rule 2."""
    ipv4, ipv6 = set[int](), set[int]()
    neighbours: dict[tuple[int, int], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for (mac, vlan), addresses in held.items():
        if (mac, vlan) in proxies:
            continue
        public = addresses & outside
        if not public:
            continue
        ipv6.update(hi for hi, lo in public if not is_ipv4(hi, lo))
        if not any(is_ipv4(*at) for at in addresses - public):
            for hi, lo in public:
                if is_ipv4(hi, lo):
                    neighbours[vlan, lo >> NEIGHBOURHOOD][lo].add(mac)
    for claimed in neighbours.values():
        if len(claimed) > 1 and len(set().union(*claimed.values())) > 1:
            ipv4.update(claimed)
    return OnSegment(frozenset(ipv4), frozenset(ipv6))
