"""Assets for which the site has drawn no zone in, proposed zones out: by VLAN, else by segment, and by what they are.

A VLAN counts where neighbours are proven to stand in it: a packet that a router forwarded into it proves nothing. Two
kinds of asset in one segment make two proposals, if what they speak shows it; a hint makes none.
"""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kwel.assets.zones.drafts import Draft, Place
from kwel.assets.zones.segments import is_four, is_link_local, prefix_of, segment_of
from kwel.model.assets import AssetKind
from kwel.model.claims import Evidence, Grade
from kwel.model.zones import PROPOSED, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kwel.assets.zones.segments import Segment
    from kwel.model.assets import Asset

    Group = tuple[int, Segment | None]
    """A VLAN, or 0 and a segment; 0 and nothing is Ethernet without addresses."""

MOST: Final = 100
"""Proposed zones. Beyond, the smallest are one: a scan would make thousands."""
MOST_PREFIXES: Final = 8
"""Prefixes of a proposed zone that are told."""
PLANT: Final = "OT"
BETWEEN_BOTH: Final = "DMZ"
OFFICE: Final = "IT"
_KINDS: Final = {AssetKind.OT: PLANT, AssetKind.IIOT: PLANT, AssetKind.IT: OFFICE}
_DMZ: Final = 3.5
REST: Final = f"{PROPOSED}other segments"


def side_of(level: str | None, kind: AssetKind) -> str | None:
    """Return on which side a level lies, else a kind.

    >>> side_of("3.5", AssetKind.OT), side_of(None, AssetKind.IIOT), side_of(None, AssetKind.SHARED)
    ('DMZ', 'OT', None)
    """
    if level is None:
        return _KINDS.get(kind)
    return PLANT if float(level) < _DMZ else BETWEEN_BOTH if float(level) == _DMZ else OFFICE


class Proposals:
    """Draws zones around assets; ``drafts`` and ``places`` hold what was drawn."""

    def __init__(
        self,
        assets: Sequence[Asset],
        homeless: Iterable[int],
        first: int,
        neighbours: Mapping[int, Counter[int]] = MappingProxyType({}),
    ) -> None:
        """Draw around *homeless*, indices into *assets*; the drafts are numbered from *first* on.

        An asset without an address stands with those of its *neighbours* that have one.
        """
        self._assets, self._neighbours = assets, neighbours
        self._segments = [_segments(asset) for asset in assets]
        self._vlans = self._proven_vlans()
        self._joined = self._dual_stack()
        self._groups = {index: self._groups_of(index) for index in homeless}
        self._number: dict[Group, int] = {}
        self._first = first
        self.drafts: list[Draft] = []
        self.places: dict[int, list[Place]] = {}
        self._draw()

    def at(self, segment: Segment) -> int | None:
        """Return the proposed zone of a segment, where there is one; of several the first."""
        return self._number.get(self._group(segment, ()))

    def _proven_vlans(self) -> dict[Segment, Counter[int]]:
        """Return, by segment, in which VLANs its proven devices stand."""
        votes: dict[Segment, Counter[int]] = {}
        for asset, segments in zip(self._assets, self._segments, strict=True):
            if asset.macs and len(asset.vlans) == 1:
                for segment in segments:
                    votes.setdefault(segment, Counter())[asset.vlans[0]] += 1
        return votes

    def _dual_stack(self) -> dict[Segment, Segment]:
        """Return, by segment of IPv6, that of IPv4 in which most of its devices have an address too."""
        votes: dict[Segment, Counter[Segment]] = {}
        for segments in self._segments:
            fours, sixes = [s for s in segments if is_four(s)], [s for s in segments if not is_four(s)]
            if len(fours) == 1 and len(sixes) == 1:
                votes.setdefault(sixes[0], Counter())[fours[0]] += 1
        return {six: min(of, key=lambda four: (-of[four], four)) for six, of in votes.items()}

    def _groups_of(self, index: int) -> list[Group]:
        asset, segments = self._assets[index], self._segments[index]
        if segments:
            return list(dict.fromkeys(self._group(segment, asset.vlans) for segment in segments))
        if asset.vlans:
            return [(asset.vlans[0], None)]
        votes: Counter[Group] = Counter()
        for peer, frames in self._neighbours.get(index, Counter()).items():
            for segment in self._segments[peer][:1]:
                votes[self._group(segment, self._assets[peer].vlans)] += frames
        return [min(votes, key=lambda group: (-votes[group], _order((group, None))))] if votes else [(0, None)]

    def _group(self, segment: Segment, vlans: Sequence[int]) -> Group:
        if segment not in self._vlans and segment in self._joined:
            segment = self._joined[segment]
        known = self._vlans.get(segment, Counter())
        if len(known) == 1:
            return next(iter(known)), None
        own = [vlan for vlan in vlans if vlan in known]
        return (own[0], None) if own else (0, segment)

    def _draw(self) -> None:
        sides = self._sides()
        members: dict[tuple[Group, str | None], list[int]] = {}
        for index, groups in self._groups.items():
            own = self._side(index, sure=True)
            for group in groups:
                known = sides[group]
                side = own if own in known else next(iter(known), None)
                members.setdefault((group, side), []).append(index)
        largest = sorted(members, key=lambda key: (-len(members[key]), _order(key)))
        kept = set(largest[:MOST])
        for key in sorted(members, key=_order):
            self._add(key, members[key], sides, rest=key not in kept)

    def _sides(self) -> dict[Group, Counter[str]]:
        """Return, by group, the sides that assets in it show, most first; of hints the one that most give."""
        votes: dict[Group, list[Counter[str]]] = {}
        for index, groups in self._groups.items():
            for group in groups:
                sure, hinted = votes.setdefault(group, [Counter(), Counter()])
                if (side := self._side(index, sure=True)) and len(groups) == 1:
                    sure[side] += 1
                elif side := self._side(index, sure=False):
                    hinted[side] += 1
        return {
            group: Counter(dict(_most_first(sure) or _most_first(hinted)[:1]))
            for group, (sure, hinted) in votes.items()
        }

    def _side(self, index: int, *, sure: bool) -> str | None:
        asset = self._assets[index]
        least = Grade.C if sure else Grade.U
        if asset.level and asset.level.grade >= least:
            return side_of(asset.level.value, asset.kind)
        return _KINDS.get(asset.kind) if asset.kind_why and asset.kind_why.grade >= least else None

    def _add(
        self, key: tuple[Group, str | None], members: list[int], sides: dict[Group, Counter[str]], *, rest: bool
    ) -> None:
        (vlan, segment), side = key
        prefixes = self._prefixes(key[0], members)
        by = f"VLAN {vlan}" if vlan else prefix_of(segment) if segment else "Ethernet"
        text = REST if rest else self._name(vlan, prefixes, side)
        number = next((n for n, draft in enumerate(self.drafts) if rest and draft.name == REST), len(self.drafts))
        why = Evidence("inferred", "zone-proposed", (("zone", text), ("by", by)))
        if number == len(self.drafts):
            self.drafts.append(Draft(text, Origin.PROPOSED, why))
        draft = self.drafts[number]
        draft.prefixes = (*draft.prefixes, *prefixes)[:MOST_PREFIXES]
        draft.vlans = tuple(sorted({*draft.vlans, vlan} - {0}))
        self._number.setdefault(key[0], self._first + number)
        place = Place(self._first + number, why)
        for index in members:
            self.places.setdefault(index, []).append(place)

    def _prefixes(self, group: Group, members: list[int]) -> list[str]:
        """Return the prefixes of members in a group, that of most first."""
        count = Counter(
            segment
            for index in members
            for segment in self._segments[index]
            if self._group(segment, self._assets[index].vlans) == group
        )
        most_first = sorted(count.items(), key=lambda item: (not is_four(item[0]), -item[1], item[0]))
        return [prefix_of(segment) for segment, _ in most_first]

    @staticmethod
    def _name(vlan: int, prefixes: Sequence[str], side: str | None) -> str:
        parts = [f"VLAN {vlan}"] if vlan else []
        parts += [prefixes[0] + (f" +{len(prefixes) - 1}" if len(prefixes) > 1 else "")] if prefixes else []
        return f"{PROPOSED}{', '.join(parts) or 'no IP address'}{f' ({side})' if side else ''}"


def _segments(asset: Asset) -> list[Segment]:
    """Return the segments of an asset's addresses; those of one link only where it has no others."""
    found = dict.fromkeys(map(segment_of, asset.addresses))
    return [segment for segment in found if not is_link_local(segment)] or list(found)


def _most_first(count: Counter[str]) -> list[tuple[str, int]]:
    return sorted(count.items(), key=lambda item: (-item[1], item[0]))


def _order(key: tuple[Group, str | None]) -> tuple[object, ...]:
    (vlan, segment), side = key
    return not vlan, vlan, segment is None, segment or (0, 0), side or ""
