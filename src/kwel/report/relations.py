"""Dependencies in, relations out: an asset and a destination, however many hosts stand behind it.

Only answered dependencies make a relation. The work is done on columns: a big capture has tens of thousands of
dependencies, of which a page shows some hundreds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from kwel.model.dependencies import STATES, DependencyState
from kwel.model.verdicts import Control

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.dependencies import Dependencies
    from kwel.model.report import Report
    from kwel.model.verdicts import Attribution

Column = NDArray[Any]

RANKED = (Control.NONE, Control.EUROPEAN, Control.UNDECIDED, Control.NON_EUROPEAN)
"""From nothing to worst: the index is the rank."""

_RANK = {control: rank for rank, control in enumerate(RANKED)}

USED = STATES.index(DependencyState.USED)
ATTEMPTED = STATES.index(DependencyState.ATTEMPTED)
RESOLUTION = "name-resolution"
"""Function of those who look names up for others, in rules/vocabulary.toml."""
RESOLVED_ONLY = STATES.index(DependencyState.RESOLVED_ONLY)


class Destination(NamedTuple):
    """Where a relation ends, as far as a reader tells destinations apart. A tuple, for tens of thousands are hashed."""

    service: str | None
    """The service, else the host name; ``None`` for an address without a name."""
    is_service: bool
    """Whether a rule knows the service, or only its host name is known."""
    place: str | None
    """For a reader, ``West Europe (NL)``; a country code; or ``anycast``."""
    place_guessed: bool
    """Nothing better than geolocation says so."""
    operator: str | None
    supplier: str | None
    """Where it is somebody else than the operator."""
    laws: tuple[str, ...]
    """Jurisdictions outside the bloc that reach it, supplier's before operator's."""
    control: Control


@dataclass(frozen=True, slots=True)
class Relations:
    """Columns of equal length, one entry a relation, in order of asset, then destination."""

    asset: Column
    destination: Column
    """Index into ``destinations``."""
    rank: Column
    """Index into ``RANKED``."""
    bytes_out: Column
    bytes_in: Column
    flows: Column
    hosts: Column
    """How many dependencies it sums up."""
    row: Column
    """Its largest dependency."""
    of_row: Column
    """The relation of every dependency; -1 for one that was not answered."""
    destinations: Sequence[Destination]
    endpoints: Column
    """One entry a destination: how many attributions it stands for."""

    @property
    def total(self) -> Column:
        """Bytes both ways."""
        total: Column = self.bytes_out + self.bytes_in
        return total

    def __len__(self) -> int:
        return len(self.asset)


@dataclass(frozen=True, slots=True)
class Totals:
    """One entry an asset."""

    rank: Column
    """The worst over its relations, as an index into ``RANKED``."""
    bytes_out: Column
    bytes_in: Column
    attempts: Column
    lookups: Column

    def control(self, asset: int) -> Control:
        """Return the state that the report shows for an asset."""
        return RANKED[int(self.rank[asset])]


def secret_lookups(dependencies: Dependencies) -> Column:
    """Return, by dependency, how many of its flows carry look-ups that nobody can read: DoT, DoQ, DoH."""
    attributions = dependencies.attributions
    _, first, sort = np.unique(alike(attributions), return_index=True, return_inverse=True)
    resolves = np.array([attributions[index].function == RESOLUTION for index in first.tolist()], bool)[sort]
    sealed = np.where(resolves[dependencies.attribution], dependencies.sealed, 0) if len(resolves) else 0
    hidden: Column = np.where(dependencies.state == USED, np.maximum(dependencies.hiding, sealed), 0)
    return hidden


def relate(report: Report) -> Relations:
    """Return the relations of a report."""
    dependencies = report.dependencies
    used = np.flatnonzero(dependencies.state == USED)
    attribution = dependencies.attribution[used].astype(np.int64)
    destinations, index = _destinations(dependencies, attribution, frozenset(report.bloc_members))
    key = dependencies.asset[used].astype(np.int64) * max(1, len(destinations)) + index[attribution]
    out, into = (column[used].astype(np.int64) for column in (dependencies.bytes_out, dependencies.bytes_in))
    order = np.lexsort((used, -(out + into), key))
    _, start, hosts = np.unique(key[order], return_index=True, return_counts=True)
    lead = order[start]
    of_row = np.full(len(dependencies), -1, np.int64)
    of_row[used[order]] = np.repeat(np.arange(len(start)), hosts)
    ranks = np.array([_RANK[d.control] for d in destinations] or [0], np.int64)
    destination = index[attribution[lead]]
    return Relations(
        asset=dependencies.asset[used[lead]].astype(np.int64),
        destination=destination,
        rank=ranks[destination],
        bytes_out=_sums(out[order], start),
        bytes_in=_sums(into[order], start),
        flows=_sums(dependencies.flows[used[order]].astype(np.int64), start),
        hosts=hosts,
        row=used[lead],
        of_row=of_row,
        destinations=destinations,
        endpoints=np.bincount(index[np.unique(attribution)], minlength=len(destinations)),
    )


def _sums(values: Column, start: Column) -> Column:
    sums: Column = np.add.reduceat(values, start) if len(start) else np.zeros(0, np.int64)
    return sums


def total(report: Report, relations: Relations) -> Totals:
    """Return what each asset comes to."""
    count = len(report.assets)
    rank, out, into = (np.zeros(count, np.int64) for _ in range(3))
    np.maximum.at(rank, relations.asset, relations.rank)
    np.add.at(out, relations.asset, relations.bytes_out)
    np.add.at(into, relations.asset, relations.bytes_in)
    state, asset = report.dependencies.state, report.dependencies.asset.astype(np.int64)
    attempts, lookups = (np.bincount(asset[state == which], minlength=count) for which in (ATTEMPTED, RESOLVED_ONLY))
    return Totals(rank, out, into, attempts, lookups)


def by_importance(report: Report, relations: Relations) -> Column:
    """Return the relations, the worst first, then what runs the plant, then by bytes, asset and destination."""
    ot = operational(report)[relations.asset]
    order: Column = np.lexsort((-relations.total, -2 * relations.rank - ot))  # stable: they are by asset already
    return order


def operational(report: Report) -> Column:
    """Return for each asset whether it is known to run the plant."""
    kinds = (AssetKind.OT, AssetKind.IIOT)
    return np.array([asset.kind in kinds for asset in report.assets], bool)


def _destinations(
    dependencies: Dependencies, attribution: Column, bloc: frozenset[str]
) -> tuple[list[Destination], Column]:
    """Return the distinct destinations, and for each attribution in use which of them it is."""
    attributions = dependencies.attributions
    sorts, name_of = alike(attributions), getattr(attributions, "name", lambda index: attributions[index].name)
    known: dict[Destination, int] = {}
    samples: dict[int, Destination] = {}
    index = np.zeros(len(attributions), np.int64)
    positions = np.unique(attribution)
    for position, sort in zip(positions.tolist(), sorts[positions].tolist(), strict=True):
        sample = samples.get(sort)
        if sample is None:
            sample = samples[sort] = destination_of(attributions[position], bloc)
        if sample.service is not None and not sample.is_service:
            sample = Destination(name_of(position), *sample[1:])
        index[position] = known.setdefault(sample, len(known))
    return list(known), index


def alike(attributions: Sequence[Attribution]) -> Column:
    """Return a number for each attribution: those with the same differ in name, address and evidence only.

    A sequence that writes its items down on demand says so in ``alike``; of any other, each is a sort of its own.
    """
    sorts: Column | None = getattr(attributions, "alike", None)
    return np.arange(len(attributions)) if sorts is None else sorts


def destination_of(attribution: Attribution, bloc: frozenset[str]) -> Destination:
    """Return how a reader would name where *attribution* leads."""
    control = attribution.verdict.control
    operator = attribution.operator.value if attribution.operator else None
    service = attribution.service.value if attribution.service else None
    place, guessed = _place(attribution)
    return Destination(
        service=service or attribution.name,
        is_service=service is not None,
        place=place,
        place_guessed=guessed,
        operator=operator,
        supplier=_other_supplier(attribution.supplier, operator),
        laws=_laws(attribution, bloc) if control is Control.NON_EUROPEAN else (),
        control=control,
    )


def _place(attribution: Attribution) -> tuple[str | None, bool]:
    if attribution.anycast:
        return "anycast", False
    location = attribution.location
    if location is None:
        return attribution.place or attribution.region, False
    guessed = location.grade <= Grade.D
    return (location.value if guessed else attribution.place or location.value), guessed


def _other_supplier(supplier: str | None, operator: str | None) -> str | None:
    """Return the supplier unless its name already stands in the operator's, or the other way round."""
    if supplier is None or operator is None:
        return supplier
    first, second = supplier.casefold(), operator.casefold()
    return None if first in second or second in first else supplier


def _laws(attribution: Attribution, bloc: frozenset[str]) -> tuple[str, ...]:
    """Return whose law outside the bloc reaches a destination: by control first, by place only without it."""
    controlling = (
        attribution.supplier_jurisdiction,
        attribution.parent_jurisdiction,
        attribution.operator_jurisdiction,
        attribution.offering.jurisdiction if attribution.offering else None,
    )
    outside = tuple(dict.fromkeys(law for law in controlling if law and law not in bloc))
    if outside or attribution.location is None or attribution.anycast:
        return outside
    return tuple(place for place in attribution.location.value.split("/") if place not in bloc)
