"""Assets and the site's own inventory in, the assets in its words out, and where the two disagree.

An entry is found by MAC, then by serial number, then by address (in its VLAN), then by name: the first of these by
which anything is found decides. Its name, owner, criticality and zone are the site's to say; vendor, product and role
fill what frames do not tell. Where frames contradict it, both are shown.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kwel.assets.identify import with_distinct_labels
from kwel.model.claims import Claim, Evidence, Grade
from kwel.model.inventory import Difference, InventoryUse, Line, LineState, Match
from kwel.model.siteindex import SiteIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kwel.assets.identify import Inventory
    from kwel.model.assets import Asset
    from kwel.model.inventory import Entry, OwnInventory
    from kwel.model.site import Site

MOST_OTHERS: Final = 20
"""Further assets that are named where several fit."""
FILLS: Final = ("vendor", "product", "role")
"""What an entry says where nothing else does."""
SURE: Final = (Match.MAC, Match.SERIAL)
STEPS: Final = 3
_NOISE: Final = re.compile(r"[\W_]+")


def in_own_words(inventory: Inventory, own: OwnInventory, site: Site | None = None) -> tuple[Inventory, InventoryUse]:
    """Return the inventory in the site's words, and what became of each entry."""
    assets, use = match(inventory.assets, own, site)
    return replace(inventory, assets=with_distinct_labels(assets)), use


def match(assets: Sequence[Asset], own: OwnInventory, site: Site | None = None) -> tuple[list[Asset], InventoryUse]:
    """Return assets in the inventory's words, and what became of each entry."""
    finder, index = _Finder(assets), SiteIndex(site) if site else None
    found = list(assets)
    taken: dict[int, Entry] = {}
    lines: dict[int, Line] = {}
    order = sorted(range(len(own.entries)), key=lambda number: _rank(finder.find(own.entries[number])))
    for number in order:  # the surest first: of two entries about one asset, that one speaks
        entry = own.entries[number]
        by, places = finder.find(entry)
        if by is None:
            lines[number] = Line(entry, LineState.UNSEEN, None, None, in_sight=finder.is_in_sight(entry))
            continue
        place, first = places[0], taken.get(places[0])
        others = [assets[other].id for other in places[1 : MOST_OTHERS + 1]] + ([first.where] if first else [])
        differences = tuple(_differences(assets[place], entry, by, index))
        is_sure = any(difference.grade > Grade.D for difference in differences)
        state = LineState.AMBIGUOUS if others else LineState.DIFFERS if is_sure else LineState.SEEN
        lines[number] = Line(entry, state, assets[place].id, by, tuple(others), differences)
        if first is None and len(places) == 1:
            taken[place] = entry
            found[place] = _spoken(assets[place], entry, by)
    about = {line.asset for line in lines.values()} | {other for line in lines.values() for other in line.others}
    uninventoried = tuple(asset.id for asset in assets if asset.id not in about)
    use = InventoryUse(own.files, tuple(lines[n] for n in range(len(lines))), uninventoried, len(own.problems))
    return found, use


class _Finder:
    """Looks assets up by what an inventory may know of them."""

    def __init__(self, assets: Sequence[Asset]) -> None:
        self._assets = assets
        self._by: dict[Match, dict[str, list[int]]] = {way: {} for way in Match}
        self._neighbours: set[str] = set()
        for number, asset in enumerate(assets):
            for way, keys in _keys(asset):
                for key in dict.fromkeys(keys):
                    self._by[way].setdefault(key, []).append(number)
            self._neighbours.update(map(_segment, asset.addresses))

    def find(self, entry: Entry) -> tuple[Match | None, list[int]]:
        """Return by what assets are found, and which."""
        for way, keys in (
            (Match.MAC, entry.macs),
            (Match.SERIAL, (_bare(entry.serial or ""),)),
            (Match.ADDRESS, entry.addresses),
            (Match.NAME, ((entry.name or "").casefold(),)),
        ):
            known = self._by[way]
            places = list(dict.fromkeys(place for key in keys if key for place in known.get(key, ())))
            if way is Match.ADDRESS and entry.vlan is not None and len(places) > 1:
                places = [place for place in places if entry.vlan in self._assets[place].vlans] or places
            if places:
                return way, places
        return None, []

    def is_in_sight(self, entry: Entry) -> bool:
        """Return whether neighbours of an entry were seen."""
        return any(_segment(address) in self._neighbours for address in entry.addresses)


def _keys(asset: Asset) -> Iterable[tuple[Match, list[str]]]:
    yield Match.MAC, [claim.value for claim in asset.macs]
    yield Match.SERIAL, [_bare(fact.claim.value) for fact in asset.facts if fact.kind == "serial"]
    yield Match.ADDRESS, list(asset.addresses)
    stations = [fact.claim.value for fact in asset.facts if fact.kind == "station"]
    yield Match.NAME, [name.casefold() for name in (asset.label, *(of.value for of in asset.names), *stations)]


def _rank(found: tuple[Match | None, list[int]]) -> int:
    ways = (*Match, None)
    return ways.index(found[0])


def _segment(address: str) -> str:
    """Return what neighbours' addresses begin with: three octets; of IPv6 the first four groups, more or less."""
    if ":" in address:
        return ":".join(address.split("::")[0].split(":")[:4])
    return address.rpartition(".")[0]


def _bare(text: str) -> str:
    return _NOISE.sub("", text.casefold())


def _step(entry: Entry, by: Match) -> Evidence:
    values = (("name", entry.label), ("by", by.value))
    return Evidence("looked-up", "inventory", values, source=f"inventory {entry.where}")


def _spoken(asset: Asset, entry: Entry, by: Match) -> Asset:
    """Return the asset as the inventory speaks of it. What the site file says of its name and zone stands."""
    step = _step(entry, by)
    is_named = any(s.kind == "site-name" for claim in asset.names[:1] for s in claim.evidence)
    label, names = asset.label, asset.names
    if entry.name and not is_named:
        label = entry.name
        names = (Claim(entry.name, Grade.B, (step,)), *(claim for claim in names if claim.value != entry.name))
    fills = {
        key: Claim(value, Grade.C, (step,))
        for key in FILLS
        if getattr(asset, key) is None and (value := getattr(entry, key))
    }
    zone = None
    if entry.zone:
        values = (("zone", entry.zone), ("name", entry.label))
        zone = Claim(entry.zone, Grade.B, (Evidence("looked-up", "inventory-zone", values, source=step.source),))
    return replace(
        asset,
        label=label,
        names=names,
        owner=asset.owner or entry.owner,
        criticality=asset.criticality or entry.criticality,
        zone=entry.zone or asset.zone,
        zone_why=zone or asset.zone_why,
        evidence=(*asset.evidence[:1], step, *asset.evidence[1:]),
        **fills,  # type: ignore[arg-type]
    )


def _differences(asset: Asset, entry: Entry, by: Match, index: SiteIndex | None) -> Iterable[Difference]:
    """Return where frames, or the site file, say otherwise than an entry."""
    macs = [claim.value for claim in asset.macs]
    if entry.macs and macs and not set(entry.macs) & set(macs):
        yield _difference("mac", entry.macs, asset.macs)
    serials = [fact.claim for fact in asset.facts if fact.kind == "serial"]
    if entry.serial and serials and _bare(entry.serial) not in {_bare(claim.value) for claim in serials}:
        yield _difference("serial", (entry.serial,), serials)
    if by in SURE and entry.addresses and asset.addresses and not set(entry.addresses) & set(asset.addresses):
        yield Difference(
            "address", ", ".join(entry.addresses), ", ".join(asset.addresses), Grade.B, asset.evidence[:STEPS]
        )
    if entry.vendor and (claims := _vendors(asset)) and not any(_same(entry.vendor, of.value) for of in claims):
        yield _difference("vendor", (entry.vendor,), claims)
    zones = {index.zone(address) for address in asset.addresses} if index and entry.zone else set()
    names = sorted({of[1].name for of in zones if of})
    if entry.zone and names and entry.zone.casefold() not in {name.casefold() for name in names}:
        yield Difference("zone", entry.zone, ", ".join(names), Grade.B, asset.evidence[:STEPS])


def _difference(field: str, told: Sequence[str], claims: Sequence[Claim]) -> Difference:
    steps = tuple(step for claim in claims for step in claim.evidence)[:STEPS]
    seen = ", ".join(dict.fromkeys(claim.value for claim in claims))
    return Difference(field, ", ".join(told), seen, max(claim.grade for claim in claims), steps)


def _vendors(asset: Asset) -> list[Claim]:
    """Return what the device says of its maker; where it says nothing, whose network interface it has."""
    said = [fact.claim for fact in asset.facts if fact.kind == "vendor"]
    return said or ([replace(asset.vendor, grade=Grade.D)] if asset.vendor else [])


def _same(one: str, other: str) -> bool:
    """Return whether two spellings may be one company: the first word of one is in the other.

    >>> _same("SIEMENS AG", "Siemens"), _same("Rockwell Automation", "Allen-Bradley")
    (True, False)
    """
    words = [next(iter(re.findall(r"\w+", text.casefold())), "") for text in (one, other)]
    return words[0] in _bare(other) or words[1] in _bare(one)
