"""What devices say of themselves in, which of them are one out: several addresses or MACs of one box.

1. LLDP: every port names the chassis that it is of, by the MAC of the box (IEEE 802.1AB-2016 section 8.5.2).
2. A serial number that two say in the same protocol, under the same vendor if they say one: a box with several network
   cards. Not where many say it, nor one of zeros or the like: these come with simulators and with careless makers.
3. DHCP: a client is whom it says that it is (RFC 2131 section 4.2, RFC 4361), whatever its MAC. Two MACs under one name
   and one identifier are one machine: one after the other, or if each has its own number of a card in the identifier.
   Else, at once, they may be copies of one disk.

What only looks alike stays apart: names, certificates, host keys may be copied, and clusters share them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from kwel.model.claims import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kwel.assets.devices import Key
    from kwel.model.claims import Observed

MOST_OF_SERIAL: Final = 4
"""Network cards of one box that say its serial number. Beyond, it is a default."""
SHORTEST_SERIAL: Final = 4
NOBODYS: Final = frozenset(
    {"1234", "12345", "123456", "1234567", "12345678", "123456789", "unknown", "none", "default"}
)
CLIENTS: Final = ("dhcp", "dhcpv6")
DUID: Final = "ff"
"""Type of an identifier that holds a number of the network card and a DUID (RFC 4361 section 6.1)."""
DUID_AT: Final = 10
"""Hexadecimal digits before it: the type, and the number of the network card."""

OfKey = tuple["Key", "Observed"]


@dataclass(slots=True)
class Same:
    """Which keys are one device."""

    of: dict[Key, Key] = field(default_factory=dict)
    """A key that is another's -> the one that stands for all."""
    why: dict[Key, list[Evidence]] = field(default_factory=dict)
    """By the one that stands for all."""

    def __call__(self, key: Key) -> Key:
        """Return the key that stands for a device."""
        return self.of.get(key, key)

    def other_macs(self) -> dict[Key, list[int]]:
        """Return, by the key that stands for a device, the MACs that it has besides."""
        others: dict[Key, list[int]] = {}
        for key, chosen in self.of.items():
            if isinstance(key, int) and key != chosen:
                others.setdefault(chosen, []).append(key)
        return {chosen: sorted(macs) for chosen, macs in others.items()}


def find_same(observed: Iterable[Observed], key_of: Callable[[Observed], Key | None]) -> Same:
    """Return which keys are one device. *key_of* tells whom a saying is about."""
    said: dict[str, list[OfKey]] = defaultdict(list)
    for one in observed:
        is_client = one.kind == "identity" and one.protocol in CLIENTS
        if is_client or one.kind in ("chassis", "serial", "vendor", "hostname"):
            key = key_of(one)
            if key is not None:
                said[one.kind].append((key, one))
    unions = _Unions()
    for key, one in said["chassis"]:
        if re.fullmatch(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", one.value):
            unions.join(key, int(one.value.replace(":", ""), 16), one)
    for group in _by_serial(said["serial"], said["vendor"]):
        unions.join_all(group)
    for group in _by_client(said["identity"], said["hostname"]):
        unions.join_all(group)
    return unions.settled()


def _by_serial(serials: Sequence[OfKey], vendors: Sequence[OfKey]) -> Iterable[list[OfKey]]:
    vendor = {(key, one.protocol): one.value for key, one in reversed(vendors)}
    groups: dict[tuple[str, str, str], list[OfKey]] = defaultdict(list)
    for key, one in serials:
        if _is_ones_own(one.value):
            groups[one.protocol, one.value, vendor.get((key, one.protocol), "")].append((key, one))
    return (group for group in groups.values() if 1 < len({key for key, _ in group}) <= MOST_OF_SERIAL)


def _is_ones_own(serial: str) -> bool:
    plain = re.sub(r"[^0-9a-z]", "", serial.casefold().removeprefix("0x"))
    return len(plain) >= SHORTEST_SERIAL and len(set(plain)) > 1 and plain not in NOBODYS


def _by_client(clients: Sequence[OfKey], names: Sequence[OfKey]) -> Iterable[list[OfKey]]:
    name = {key: one.value.casefold() for key, one in reversed(names) if one.protocol in CLIENTS}
    groups: dict[str, list[OfKey]] = defaultdict(list)
    for key, one in clients:
        whole = one.value.replace(":", "")
        groups[whole[DUID_AT:] if whole.startswith(DUID) else whole].append((key, one))
    for group in groups.values():
        spans = sorted((one.time, one.until, str(key)) for key, one in group)
        keys, called = {key for key, _ in group}, {name.get(key) for key, _ in group}
        in_turn = all(a[1] < b[0] for a, b in pairwise(spans))
        own_cards = len({one.value for _, one in group}) == len(keys)
        if 1 < len(keys) <= MOST_OF_SERIAL and len(called - {None}) == len(called) == 1 and (in_turn or own_cards):
            yield group


class _Unions:
    """Keys that were found to be one device, joined as they are found."""

    def __init__(self) -> None:
        self._parent: dict[Key, Key] = {}
        self._because: list[OfKey] = []

    def join(self, key: Key, other: Key, because: Observed) -> None:
        """Note that two keys are one device."""
        first, second = self._root(key), self._root(other)
        if first == second:
            return
        chosen, joined = sorted((first, second), key=_first)
        self._parent[joined] = chosen
        self._because.append((chosen, because))

    def join_all(self, group: Sequence[OfKey]) -> None:
        """Note that several keys are one device, because each says the same."""
        for key, one in group[1:]:
            self.join(group[0][0], key, one)

    def _root(self, key: Key) -> Key:
        while (parent := self._parent.get(key, key)) != key:
            above = self._parent.get(parent, parent)
            if above != parent:
                self._parent[key] = above  # halves the way: a flood of chassis made by design is one long chain
            key = above
        return key

    def settled(self) -> Same:
        same = Same({key: self._root(key) for key in self._parent})
        for key, one in self._because:
            values = (("what", str(one.kind)), ("value", one.value), ("protocol", one.protocol))
            same.why.setdefault(self._root(key), []).append(Evidence("observed", "one-device", values, one.where))
        return same


def _first(key: Key) -> tuple[int, tuple[int, ...]]:
    """Return what puts keys in order: MACs before addresses, the lowest first."""
    return (0, (key,)) if isinstance(key, int) else (1, key)
