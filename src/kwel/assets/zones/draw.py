"""Traffic, assets and a site in, the zones of the plant and the conduits between them out.

Zones that the site has drawn come first; for assets that it does not place, zones are proposed; then come addresses
at which nobody was heard, and what lies outside, by who controls it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.assets.zones.conduits import conduits_of
from kwel.assets.zones.crossings import find_crossings, merge
from kwel.assets.zones.drafts import Draft
from kwel.assets.zones.neighbours import lan_crossings, neighbours_of
from kwel.assets.zones.orders import outside_zones_of, with_commands
from kwel.assets.zones.propose import Proposals
from kwel.assets.zones.segments import segment_of
from kwel.assets.zones.sides import EXTERNAL, KEYS, Sides, outside_zones
from kwel.assets.zones.told import ToldZones
from kwel.model.claims import Claim, Evidence, Grade
from kwel.model.fast_dataclass import changed
from kwel.model.site import TOLD_LEVEL
from kwel.model.zones import BETWEEN, OUTSIDE, PROPOSED, Origin, Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from kwel.assets.zones.drafts import Place
    from kwel.model.assets import Asset
    from kwel.model.commands import Command, Party
    from kwel.model.dependencies import Dependencies
    from kwel.model.records.columns import Rows
    from kwel.model.site import Site
    from kwel.model.traffic import Traffic
    from kwel.model.zones import Conduit

SILENT: Final = f"{PROPOSED}addresses where nobody was heard"
ECHO: Final = (1, 58)
"""ICMP: no use of anything, so no dependency tells where its address lies. IP protocol numbers."""
MOST_NAMED: Final = 3
"""Proposed zones that are named of an asset that stands in several."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn."""

    assets: tuple[Asset, ...]
    """The same assets, each with its zone and why."""
    zones: tuple[Zone, ...]
    conduits: tuple[Conduit, ...]


def draw(
    traffic: Traffic,
    assets: Sequence[Asset],
    sides: tuple[NDArray[np.int32], NDArray[np.int32]],
    dependencies: Dependencies,
    *,
    carriers: Collection[str] = (),
    site: Site | None = None,
    commands: Sequence[Command] = (),
) -> Drawn:
    """Return the zones, the conduits, and the assets with where they stand.

    Args:
        traffic: what was on the wire.
        assets: the inventory.
        sides: per flow, the indices of the assets that began it and answered; -1 is outside, less is nobody.
        dependencies: who needs what outside.
        carriers: kinds of operator that carry the traffic of others and nothing else.
        site: what the user knows of the plant.
        commands: who told whom to do what.
    """
    plan = _Plan(assets, site, traffic.lan)
    of_flow, outside = _dependency_of(traffic, sides, dependencies), outside_zones(dependencies, carriers)
    beyond = _beyond(traffic.flows, sides, of_flow, outside) + plan.beyond
    finder = Sides(traffic.flows, plan.stands, plan.at, plan.silent)
    zones = (finder.find("initiator", sides[0], beyond), finder.find("responder", sides[1], beyond))
    conduits = conduits_of(
        merge(
            find_crossings(traffic.flows, zones, sides, of_flow, traffic.weights),
            lan_crossings(traffic.lan, assets, plan.stands),
        ),
        [capture.name for capture in traffic.captures],
        [draft.origin is Origin.OUTSIDE for draft in plan.drafts],
        lambda index: assets[index].id,
        lambda index: dependencies[index].host,
    )
    conduits = with_commands(conduits, commands, plan.zone_of(outside_zones_of(traffic.flows, sides, zones, commands)))
    seen = {of.source for of in conduits} | {of.target for of in conduits}
    kept = [number for number in range(len(plan.drafts)) if number < plan.silent or number in seen]
    place = {old: new for new, old in enumerate(kept)}
    placed = plan.placed()
    inner = _inner(traffic, zones, len(plan.drafts)).tolist()
    return Drawn(
        placed,
        tuple(_zone(f"Z-{new:02d}", plan.drafts[old], placed, inner[old]) for new, old in enumerate(kept, 1)),
        tuple(replace(of, source=place[of.source], target=place[of.target]) for of in conduits),
    )


class _Plan:
    """Every zone that may be, and who stands in it."""

    def __init__(self, assets: Sequence[Asset], site: Site | None, lan: Rows) -> None:
        self._assets, self._told = assets, ToldZones(site, assets)
        drafts = list(self._told.drafts)
        self._places = [self._told.places(asset) for asset in assets]
        homeless = [index for index, found in enumerate(self._places) if not found]
        self._proposals = Proposals(assets, homeless, len(drafts), neighbours_of(lan, assets))
        for index, found in self._proposals.places.items():
            self._places[index] = found
        drafts += self._proposals.drafts
        self.silent, self.beyond = len(drafts), len(drafts) + 1
        self.drafts = [*drafts, *_others()]
        for index, found in enumerate(self._places):
            for place in found:
                self.drafts[place.draft].members.append(index)

    @property
    def stands(self) -> list[list[int]]:
        """Return, by asset, in which zones it stands."""
        return [[place.draft for place in found] for found in self._places]

    def at(self, address: str) -> int | None:
        """Return the zone of an address, whoever has it."""
        by_site = self._told.at(address)
        return self._proposals.at(segment_of(address)) if by_site is None else by_site

    def zone_of(self, outside: dict[str, int]) -> Callable[[Party], int | None]:
        """Return what returns the zone of whoever gives or obeys a command; ``None`` for a group of hosts."""
        index = {asset.id: number for number, asset in enumerate(self._assets)}

        def find(party: Party) -> int | None:
            if party.asset not in index:
                return outside.get(party.address) if party.is_outside else None
            own = [place.draft for place in self._places[index[party.asset]]]
            by_address = self.at(party.address) if len(own) > 1 else None
            return by_address if by_address in own else own[0]

        return find

    def placed(self) -> tuple[Asset, ...]:
        """Return the assets with where they stand."""
        spots: dict[tuple[int, ...], _Spot] = {}
        placed = []
        for asset, found in zip(self._assets, self._places, strict=True):
            key = tuple([id(place) for place in found])
            if (spot := spots.get(key)) is None:
                spot = spots[key] = _Spot.of([self.drafts[place.draft] for place in found], found)
            placed.append(spot.hold(asset))
        return tuple(placed)


def _others() -> list[Draft]:
    """Return the zones in which no asset stands."""
    silent = Evidence("inferred", "zone-silent")
    outside = [
        Draft(name, Origin.OUTSIDE, Evidence("inferred", "zone-outside", (("zone", name),)), key)
        for key, name in OUTSIDE.items()
    ]
    return [Draft(SILENT, Origin.PROPOSED, silent, "silent"), *outside]


def _dependency_of(
    traffic: Traffic, sides: tuple[NDArray[np.int32], NDArray[np.int32]], dependencies: Dependencies
) -> NDArray[np.int32]:
    """Return the dependency of each flow that leaves the plant; -1 for none."""
    found = np.full(len(traffic.flows), -1, np.int32)
    rows, of = dependencies.contacts
    found[rows] = of
    found[(sides[0] != EXTERNAL) & (sides[1] != EXTERNAL)] = -1  # a proxy inside carries it
    return found


def _beyond(
    flows: Rows, sides: tuple[NDArray[np.int32], NDArray[np.int32]], of_flow: NDArray[np.int32], outside: NDArray
) -> NDArray[np.int32]:
    """Return, by flow, the place in ``OUTSIDE`` of what it has outside; of an echo that of the address."""
    found = np.full(len(flows), KEYS.index("unknown"), np.int32)
    known = np.flatnonzero(of_flow >= 0)
    found[known] = outside[of_flow[known]]
    others = known[sides[1][known] == EXTERNAL]
    low = flows["responder_lo"][others]
    echoes = np.flatnonzero((of_flow < 0) & np.isin(flows["transport"], ECHO))
    for side, name in zip(sides, ("initiator", "responder"), strict=True):
        rows = echoes[side[echoes] == EXTERNAL]
        rows = rows[np.isin(flows[f"{name}_lo"][rows], low)]  # of a flood of them, few are known otherwise
        by_address = _by_address(flows, others, found, flows[f"{name}_lo"][rows])
        for row, key in zip(rows.tolist(), flows[[f"{name}_hi", f"{name}_lo"]][rows].tolist(), strict=True):
            found[row] = by_address.get(key, found[row])
    return found


def _by_address(
    flows: Rows, rows: NDArray[np.int64], zone: NDArray[np.int32], wanted: NDArray[np.uint64]
) -> dict[tuple[int, int], int]:
    """Return the zone of responders whose low half is *wanted*."""
    rows = rows[np.isin(flows["responder_lo"][rows], wanted)][::-1]  # of several, the first stays
    keys = flows[["responder_hi", "responder_lo"]][rows].tolist()
    return dict(zip(keys, zone[rows].tolist(), strict=True))


def _inner(traffic: Traffic, zones: tuple[NDArray[np.int32], NDArray[np.int32]], count: int) -> NDArray[np.int64]:
    """Return flows, packets and bytes of conversations within each zone."""
    rows = np.flatnonzero((zones[0] == zones[1]) & (zones[0] >= 0))
    zone = zones[0][rows]
    flows, columns = traffic.flows, [traffic.weights[rows].astype(np.float64)]
    columns += [
        flows[f"{what}_out"][rows].astype(np.float64) + flows[f"{what}_in"][rows] for what in ("packets", "bytes")
    ]
    sums = [np.bincount(zone, weights=column, minlength=count).astype(np.int64) for column in columns]
    found: NDArray[np.int64] = np.stack(sums, axis=1)
    return found


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where assets stand: in one zone, or in the same several."""

    name: str
    is_told: bool
    why: Claim
    level: Claim | None

    @classmethod
    def of(cls, stands: Sequence[Draft], found: Sequence[Place]) -> _Spot:
        """Return the spot in some zones."""
        is_told, why = stands[0].origin is Origin.SITE, tuple(place.why for place in found)
        names = [draft.name.removeprefix(PROPOSED) for draft in stands]
        if not is_told and len(names) > MOST_NAMED:
            names = [*names[:MOST_NAMED], f"+{len(names) - MOST_NAMED}"]
        name = f"{'' if is_told else PROPOSED}{BETWEEN.join(names)}"
        grade = Grade.B if is_told else Grade.D
        level = next((draft.told.level for draft in stands if draft.told and draft.told.level), None)
        return cls(name, is_told, Claim(name, grade, why), Claim(level, grade, why) if level else None)

    def hold(self, asset: Asset) -> Asset:
        """Return the asset with where it stands."""
        has_own = asset.level is not None and asset.level.evidence[0].kind == TOLD_LEVEL
        told = (*asset.evidence[:1], *self.why.evidence, *asset.evidence[1:])
        return changed(
            asset,
            zone=self.name,
            zone_why=self.why,
            level=self.level if self.level and not has_own else asset.level,
            evidence=told if self.is_told else asset.evidence,
        )


def _zone(identity: str, draft: Draft, assets: Sequence[Asset], inner: Sequence[int]) -> Zone:
    members = [assets[index] for index in draft.members]
    kinds = Counter(asset.kind for asset in members)
    levels = Counter(asset.level.value for asset in members if asset.level)
    proposed = min(levels, key=lambda level: (-levels[level], level), default=None)
    return Zone(
        id=identity,
        key=draft.key,
        name=draft.name,
        origin=draft.origin,
        level=(draft.told.level if draft.told else None) or proposed,
        security_level=draft.told.sl_t if draft.told else None,
        owner=draft.told.owner if draft.told else None,
        prefixes=draft.prefixes,
        vlans=draft.vlans,
        kinds=tuple(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
        assets=tuple(draft.members),
        why=Claim(draft.name, Grade.D if draft.origin is Origin.PROPOSED else Grade.B, (draft.why,)),
        flows=inner[0],
        packets=inner[1],
        bytes=inner[2],
        level_told=bool(draft.told and draft.told.level),
    )
