"""Dependencies that came to nothing in, two lists out: what was tried in vain, and what was only looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.report import numbers
from kwel.report.relations import ATTEMPTED, RESOLVED_ONLY, operational
from kwel.report.text import DASH, NOTHING, Text, joined, wire

if TYPE_CHECKING:
    from kwel.model.dependencies import Dependency
    from kwel.model.report import Report
    from kwel.model.verdicts import Control
    from kwel.report.phrases import Phrases
    from kwel.report.relations import Column

ATTEMPTS = 40
LOOKUPS = 40
NAMES = 8
"""Names written out of one asset's look-ups."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One destination that never answered."""

    asset: Text
    link: str
    control: Control
    destination: Text
    port: Text
    operator: Text
    times: Text
    when: Text
    how: Text
    frame: Text


@dataclass(frozen=True, slots=True)
class Lookup:
    """The names that one asset asked for and never contacted."""

    asset: Text
    link: str
    names: list[tuple[Control, Text]]
    more: Text
    frame: Text


@dataclass(frozen=True, slots=True)
class Tried:
    """Everything that did not become contact."""

    attempts: list[Attempt]
    attempts_left_out: int
    lookups: list[Lookup]
    lookups_left_out: int


def tried(report: Report, phrases: Phrases) -> Tried:
    """Return what was attempted and what was only looked up."""
    attempted = _ranked(report, ATTEMPTED)
    resolved = _ranked(report, RESOLVED_ONLY)
    by_asset: dict[int, list[int]] = {}
    for row, asset in zip(resolved.tolist(), report.dependencies.asset[resolved].tolist(), strict=True):
        by_asset.setdefault(asset, []).append(row)
    return Tried(
        attempts=[_attempt(report, row, phrases) for row in attempted[:ATTEMPTS].tolist()],
        attempts_left_out=max(0, len(attempted) - ATTEMPTS),
        lookups=[_lookup(report, *item, phrases) for item in list(by_asset.items())[:LOOKUPS]],
        lookups_left_out=max(0, len(by_asset) - LOOKUPS),
    )


def _ranked(report: Report, state: int) -> Column:
    """Return the dependencies in a state: of what runs the plant first, then by how often it was tried."""
    dependencies = report.dependencies
    rows = np.flatnonzero(dependencies.state == state)
    asset = dependencies.asset[rows].astype(np.int64)
    flows = dependencies.flows[rows].astype(np.int64)
    ranked: Column = rows[np.lexsort((rows, -flows, ~operational(report)[asset]))]
    return ranked


def _attempt(report: Report, row: int, phrases: Phrases) -> Attempt:
    dependency = report.dependencies[row]
    attribution = dependency.attribution
    operator = attribution.operator or attribution.parent
    how = next((item for item in dependency.evidence if f"tried.{item.kind}" in phrases.say), None)
    return Attempt(
        asset=wire(dependency.asset_label, 60),
        link=f"a-{int(report.dependencies.asset[row])}",
        control=attribution.verdict.control,
        destination=phrases.destination(dependency),
        port=phrases.say("tried.port", port=str(dependency.port)) if dependency.port is not None else NOTHING,
        operator=wire(operator.value, 60) if operator else phrases.say("word.unknown"),
        times=numbers.number(dependency.flows),
        when=_when(dependency),
        how=phrases.say(f"tried.{how.kind}" if how else "tried.other"),
        frame=phrases.frame(dependency.evidence),
    )


def _when(dependency: Dependency) -> Text:
    first = numbers.time(dependency.first)
    last = numbers.time(dependency.last)
    return first if first == last else joined([first, last], f" {DASH} ")


def _lookup(report: Report, asset: int, rows: list[int], phrases: Phrases) -> Lookup:
    shown = [report.dependencies[row] for row in rows[:NAMES]]
    more = len(rows) - len(shown)
    return Lookup(
        asset=wire(report.assets[asset].label, 60),
        link=f"a-{asset}",
        names=[(dependency.attribution.verdict.control, phrases.destination(dependency)) for dependency in shown],
        more=phrases.say.count("tried.more", more) if more else NOTHING,
        frame=phrases.frame(shown[0].evidence),
    )
