"""Addresses in, on which side of the tap they lie out.

RFC 1918, RFC 6598 (shared), RFC 3927 and RFC 4291 section 2.5.6 (link-local), RFC 4193 (unique local) and what the
user calls internal; RFC 1122 section 3.2.1.3, RFC 1112 section 4, RFC 4291 section 2 for those that are no host's.
"""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.records.columns import MAPPED, is_ipv4

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

PROVIDER_SIDE = "RFC 6598"
"""Addresses between an access provider and its customers' routers."""
RANGES = (
    ("10.0.0.0/8", "RFC 1918"),
    ("172.16.0.0/12", "RFC 1918"),
    ("192.168.0.0/16", "RFC 1918"),
    ("100.64.0.0/10", PROVIDER_SIDE),
    ("169.254.0.0/16", "RFC 3927"),
    ("fc00::/7", "RFC 4193"),
    ("fe80::/10", "RFC 4291"),
)
"""Ranges that the internet does not route, and who says so."""

NO_HOSTS = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/127", "ff00::/8")
"""Unspecified, loopback, multicast, reserved and broadcast."""

USER = "--internal"


class Scope(enum.IntEnum):
    """Where an address lies."""

    EXTERNAL = 0
    INTERNAL = 1
    NO_HOST = 2


@dataclass(frozen=True, slots=True)
class Prefix:
    """An address range as the two halves of a network and of its mask."""

    text: str
    source: str
    hi: int
    lo: int
    mask_hi: int
    mask_lo: int

    @classmethod
    def parse(cls, text: str, source: str) -> Prefix:
        """Read a prefix in CIDR notation; bits beyond its length are ignored.

        Raises:
            ValueError: *text* is no prefix.
        """
        network = ipaddress.ip_network(text, strict=False)
        length, base = network.prefixlen, int(network.network_address)
        if network.version == 4:
            length, base = length + 96, base | MAPPED
        mask = (1 << 128) - (1 << (128 - length))
        half = (1 << 64) - 1
        return cls(str(network), source, base >> 64, base & half, mask >> 64, mask & half)

    def holds(self, hi: int, lo: int) -> bool:
        """Return whether one address lies within."""
        return hi & self.mask_hi == self.hi and lo & self.mask_lo == self.lo

    def find(self, hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return which of many addresses lie within."""
        inside: NDArray[np.bool_] = (hi & np.uint64(self.mask_hi)) == np.uint64(self.hi)
        if self.mask_lo:
            inside &= (lo & np.uint64(self.mask_lo)) == np.uint64(self.lo)
        return inside


def _beyond_private(prefixes: Sequence[str]) -> list[str]:
    """Return prefixes without those that are private anyway or within one another: each costs a look at every flow."""
    private = [ipaddress.ip_network(text) for text, _ in RANGES]
    networks = [ipaddress.ip_network(text) for text in prefixes]
    found: list[str] = []
    for version in (4, 6):
        own = [of for of in networks if of.version == version]
        inside = [of for of in private if of.version == version]
        left = [of for of in own if not any(of.subnet_of(wider) for wider in inside)]  # type: ignore[arg-type]
        found += map(str, ipaddress.collapse_addresses(left))  # type: ignore[type-var]
    return found


class Scopes:
    """Says of addresses where they lie: by their prefix, or because they were proven to be on the segment."""

    def __init__(self, internal: Sequence[str] = (), of_site: Sequence[str] = (), source: str = "") -> None:
        known = [*((text, USER) for text in internal), *((text, source) for text in _beyond_private(of_site)), *RANGES]
        self._internal = [Prefix.parse(text, why) for text, why in known]
        self._no_hosts = [Prefix.parse(text, "") for text in NO_HOSTS]

    def of_one(self, hi: int, lo: int) -> Scope:
        """Return where one address lies by its prefix."""
        if any(prefix.holds(hi, lo) for prefix in self._no_hosts):
            return Scope.NO_HOST
        return Scope.INTERNAL if self.prefix_of(hi, lo) else Scope.EXTERNAL

    def prefix_of(self, hi: int, lo: int) -> Prefix | None:
        """Return the prefix that makes an address internal."""
        return next((prefix for prefix in self._internal if prefix.holds(hi, lo)), None)

    def provider_side(self, hosts: Iterable[tuple[int, int, int]]) -> Prefix | None:
        """Return the prefix of addresses that stand for whole networks behind them, if one of *hosts* is such."""
        prefixes = (self.prefix_of(hi, lo) for hi, lo, _ in hosts)
        return next((prefix for prefix in prefixes if prefix and prefix.source == PROVIDER_SIDE), None)

    def find(
        self, hi: NDArray[np.uint64], lo: NDArray[np.uint64], on_segment: OnSegment | None = None
    ) -> NDArray[np.uint8]:
        """Return where many addresses lie. Those of *on_segment* are the plant's, though public."""
        scope = np.zeros(len(hi), np.uint8)
        for value, prefixes in ((Scope.INTERNAL, self._internal), (Scope.NO_HOST, self._no_hosts)):
            for prefix in prefixes:
                scope[prefix.find(hi, lo)] = value
        if on_segment is not None:
            outside = np.flatnonzero(scope == Scope.EXTERNAL)
            scope[outside[on_segment.find(hi[outside], lo[outside])]] = Scope.INTERNAL
        return scope


@dataclass(frozen=True, slots=True)
class OnSegment:
    """Public addresses that were proven to be on the plant's own segments."""

    ipv4: frozenset[int] = frozenset()
    """Low halves."""
    ipv6: frozenset[int] = frozenset()
    """High halves: a host that is on the link proves its /64 (RFC 4291 section 2.5.1)."""

    def holds(self, hi: int, lo: int) -> bool:
        """Return whether one address is on a segment."""
        return lo in self.ipv4 if is_ipv4(hi, lo) else hi in self.ipv6

    def find(self, hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return which of many addresses are on a segment."""
        found = np.zeros(len(hi), np.bool_)
        if self.ipv4:
            found |= (hi == 0) & np.isin(lo, np.array(sorted(self.ipv4), np.uint64))
        if self.ipv6:
            found |= np.isin(hi, np.array(sorted(self.ipv6), np.uint64))
        return found
