"""Everything that a report may show."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.dependencies import STATES, DependencyState
from kwel.model.interruptions import Interruptions
from kwel.model.law import LawBook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from kwel.model.assets import Asset
    from kwel.model.changes import Change
    from kwel.model.claims import Evidence
    from kwel.model.commands import Command
    from kwel.model.coverage import Coverage
    from kwel.model.dependencies import Dependencies
    from kwel.model.drill import DrillTold
    from kwel.model.findings import Finding
    from kwel.model.graph import Graph
    from kwel.model.inventory import InventoryUse
    from kwel.model.limits import Judgement
    from kwel.model.links import Link
    from kwel.model.outage import Outlook
    from kwel.model.site import SiteUse
    from kwel.model.suppliers import Suppliers
    from kwel.model.talks import Closeup
    from kwel.model.traffic import Capture
    from kwel.model.verdicts import Attribution
    from kwel.model.window import Account
    from kwel.model.zones import Conduit, Zone

    Walk = Callable[[Attribution, Iterable[Evidence]], tuple[Link, ...]]
    LookCloser = Callable[[Sequence[int]], dict[int, Closeup]]

EPOCH = datetime.date(1970, 1, 1)
DAY = 86_400_000_000_000
"""Nanoseconds."""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A data table that conclusions rest on."""

    name: str
    source: str
    date: str
    """ISO 8601 date of the data."""
    rows: int
    licence: str
    sha256: str = ""
    """Of the file: what tells one edition from another, whatever its date."""


def days_older(table: TableInfo, captures: Sequence[Capture]) -> int | None:
    """Return by how many days a table's data are older than the end of the captures; negative where they are newer.

    ``None`` where no capture tells a time, or the table no date.
    """
    ends = [capture.last for capture in captures if capture.last is not None]
    try:
        made = datetime.date.fromisoformat(table.date)
    except ValueError:
        return None
    return max(ends) // DAY - (made - EPOCH).days if ends else None


@dataclass(frozen=True, slots=True)
class Timeline:
    """When dependencies were in use: bytes per dependency and equal slice of the whole period."""

    start: int
    """Nanoseconds since the epoch, UTC."""
    slice: int
    """Length of a slice, nanoseconds."""
    dependency: NDArray
    """Index into the dependencies; one entry a (dependency, slice) in which something was seen."""
    index: NDArray
    """Which slice."""
    bytes: NDArray
    """Bytes both ways; 0 where only attempts were seen."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the report may show. Templates compute nothing."""

    captures: tuple[Capture, ...]
    coverage: Coverage
    assets: tuple[Asset, ...]
    dependencies: Dependencies
    timeline: Timeline
    findings: tuple[Finding, ...]
    tables: tuple[TableInfo, ...]
    rulebook: str
    """Digest of the rules: the same captures, rules and tables give the same report, byte for byte."""
    bloc: str
    """``EEA``: what counts as European."""
    bloc_members: tuple[str, ...]
    other_blocs: tuple[str, ...]
    """What else might count as European: the report says how many verdicts hang on it."""
    version: str
    command: str
    law: LawBook = field(default_factory=LawBook)
    """The register of laws, the offerings and the frameworks that attributions speak of."""
    accepted: tuple[str, ...] = ()
    """Offerings that the user counts as what they promise: a switch that was set."""
    title: str = ""
    internal: tuple[str, ...] = field(default=())
    """Prefixes given with ``--internal``."""
    links: Walk | None = None
    """Returns the links from an asset to a host, of an attribution and what was observed of it."""
    site: SiteUse | None = None
    """What the user's site file says, and what became of it."""
    commands: tuple[Command, ...] = ()
    """What was read, written, programmed or stopped, and by whom; the gravest first."""
    changes: tuple[Change, ...] = ()
    """Identities that changed within the captures, in order of time."""
    look_closer: LookCloser | None = None
    """Returns what assets did inside the plant, by their index: it goes through the flows, so ask for all at once."""
    zones: tuple[Zone, ...] = ()
    """Those of the site, then proposed ones, then what lies outside."""
    conduits: tuple[Conduit, ...] = ()
    """In order of the zones; ``Conduit.source`` and ``target`` are indices into them."""
    inventory: InventoryUse | None = None
    """The site's own inventory, and what the captures say of it."""
    needs: Callable[[], Graph] | None = None
    """Returns who needs what, inside and outside: it is put together when somebody asks first, and then kept."""
    suppliers: Callable[[], Suppliers] | None = None
    """Returns who supplies the plant; as lazy."""
    interruptions: Interruptions = field(default_factory=Interruptions)
    drills: tuple[DrillTold, ...] = ()
    """Drills that were judged before, in the order in which they were given."""
    outlook: Callable[[], Outlook] | None = None
    """Returns what stops in each scenario, and on how few the plant rests; likewise."""
    sensor: Account | None = None
    """What the sensor that made the captures answers for."""
    judgement: Judgement | None = None
    """What the site's own limits say of all that was seen."""


def sensitivity(report: Report) -> tuple[dict[str, int], int]:
    """Return how many contacts would change class under each other bloc or switch, and how many contacts there are.

    A switch is an offering counted the other way: accepted where it is not, not accepted where it is.
    """
    changed = dict.fromkeys((*report.other_blocs, *report.law.offerings), 0)
    contacts = 0
    for attribution, count in in_contact(report):
        contacts += count
        for view, _ in attribution.elsewhere:
            changed[view] += count
    return changed, contacts


def in_contact(report: Report) -> list[tuple[Attribution, int]]:
    """Return what was in contact and how often; of those that differ in address and evidence only, the first."""
    dependencies = report.dependencies
    used = dependencies.attribution[dependencies.state == STATES.index(DependencyState.USED)]
    positions, of = np.unique(used, return_inverse=True)
    sorts = getattr(dependencies.attributions, "alike", None)
    kinds = positions if sorts is None else sorts[positions]
    _, first, kind = np.unique(kinds, return_index=True, return_inverse=True)
    counts = np.bincount(kind[of], minlength=len(first)).tolist()
    order = np.argsort(first, kind="stable").tolist()
    return [(dependencies.attributions[int(positions[first[k]])], counts[k]) for k in order]
