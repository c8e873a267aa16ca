"""Assets in, squares and table rows out: every asset of the plant with its state, and what it talks to.

An asset's state is the worst over what it exchanged data with. Attempts and look-ups do not count as contact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.assets import Asset, AssetKind
from kwel.model.talks import Closeup
from kwel.model.verdicts import Control
from kwel.model.zones import PROPOSED
from kwel.report import numbers
from kwel.report.places import zone_of
from kwel.report.relations import RANKED, operational, secret_lookups
from kwel.report.sankey import place_of
from kwel.report.sheets import sheets
from kwel.report.text import NOT_ANY, NOTHING, Text, code, joined, plain, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.report import Report
    from kwel.report.catalogue import Catalogue
    from kwel.report.phrases import Phrases
    from kwel.report.relations import Relations, Totals
    from kwel.report.sheets import Sheet

ROWS = 500
"""Assets listed; the least serious are left out when there are more."""
SHEETS = 250
"""Rows that open to everything that is known of the asset."""
SERVICES = 4
MOST_SERVICES = 16
"""Of one asset, in its row and on its sheet."""
ADDRESSES = 3
NAMED_SQUARES = 48
"""Up to so many assets each have a square with a name; more are drawn as small marks without."""

_MARKS_WIDE, _PITCH = 60, 13
_MOST_MARKS = 2400
_STATES = RANKED[::-1]
_KINDS = (AssetKind.OT, AssetKind.IIOT, AssetKind.SHARED, AssetKind.IT, AssetKind.UNKNOWN)
_SHAPES = {
    Control.NON_EUROPEAN: "m0-4.6 4.6 8.6h-9.2z",
    Control.UNDECIDED: "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    Control.EUROPEAN: "m-3.8 0a3.8 3.8 0 1 0 7.6 0a3.8 3.8 0 1 0-7.6 0",
    Control.NONE: "m-3.5 0h7",
}
"""Around the centre of its place; shape first, colour second."""


@dataclass(frozen=True, slots=True)
class Square:
    """One asset among the squares at the top."""

    control: Control
    label: Text
    link: str


@dataclass(frozen=True, slots=True)
class Marks:
    """All assets of one kind as small marks, one path a state."""

    kind: Text
    count: Text
    height: int
    paths: list[tuple[Control, str]]
    width: int = _MARKS_WIDE * _PITCH


@dataclass(frozen=True, slots=True)
class Service:
    """One line in an asset's row."""

    control: Control
    name: Text
    place: Text
    frame: Text


@dataclass(frozen=True, slots=True)
class Row:
    """One asset in the table."""

    anchor: str
    control: Control
    rank: int
    """For sorting: the worst first."""
    state: Text
    label: Text
    about: Text
    """Role and vendor."""
    names: Text
    kind: Text
    kind_sort: int
    zone: Text
    addresses: Text
    macs: Text
    services: list[Service]
    more: Text
    tried: Text
    unseen: Text
    """What of it nobody can see: names looked up in secret, encrypted tunnels."""
    bytes_out: int
    out: Text
    bytes_in: int
    into: Text
    sheet: Sheet | None
    rest: list[Service]
    """What stands on its sheet and has no room in its row."""


def ordered(report: Report, totals: Totals) -> list[int]:
    """Return the assets, the worst first, then what runs the plant, then by label as a reader counts."""
    ot = operational(report).tolist()
    rank = (-totals.rank).tolist()
    labels = [_natural(asset.label) for asset in report.assets]
    return sorted(range(len(labels)), key=lambda a: (rank[a], not ot[a], labels[a], a))


def _natural(label: str) -> list[tuple[int, str]]:
    """Return a key that puts plc-9 before plc-10."""
    parts = re.split(r"([0-9]{1,9})", label.casefold())
    return [(int(part), "") if position % 2 else (0, part) for position, part in enumerate(parts)]


def squares(report: Report, totals: Totals, order: list[int]) -> list[Square]:
    """Return a square an asset, or none where there are too many to name."""
    if len(order) > NAMED_SQUARES:
        return []
    return [Square(totals.control(a), wire(report.assets[a].label, 28), f"a-{a}") for a in order]


def marks(report: Report, totals: Totals, order: list[int], say: Catalogue) -> tuple[list[Marks], int]:
    """Return small marks by kind, where squares would be too many, and how many assets one mark stands for."""
    if len(order) <= NAMED_SQUARES:
        return [], 1
    each = -(-len(order) // _MOST_MARKS)
    groups = []
    for kind in _KINDS:
        members = [asset for asset in order if report.assets[asset].kind is kind]
        if members:
            states = [totals.control(asset) for asset in members]
            groups.append(_drawn(say(f"kind.{kind.value}"), states, each))
    return groups, each


def _drawn(kind: Text, states: list[Control], each: int) -> Marks:
    """Place the marks row by row; a state that occurs never vanishes by rounding."""
    paths: list[tuple[Control, str]] = []
    position = 0
    for control in _STATES:
        count = -(-states.count(control) // each)
        places = (divmod(index, _MARKS_WIDE) for index in range(position, position + count))
        path = "".join(f"M{x * _PITCH + 7} {y * _PITCH + 7}{_SHAPES[control]}" for y, x in places)
        if path:
            paths.append((control, path))
        position += count
    return Marks(kind, numbers.number(len(states)), -(-position // _MARKS_WIDE) * _PITCH, paths)


def rows(
    report: Report,
    relations: Relations,
    totals: Totals,
    order: list[int],
    phrases: Phrases,
    near: Mapping[int, Closeup],
) -> list[Row]:
    """Return the rows of the asset table; those that were looked at from *near* open to a sheet."""
    best = np.lexsort((-relations.total, len(RANKED) * relations.asset - relations.rank))
    edges = np.searchsorted(relations.asset[best], np.arange(len(report.assets) + 1))
    shown, unseen = [], _unseen(report, phrases.say)
    whole = sheets(report, order[:ROWS], {asset: near[asset] for asset in order[:SHEETS]}, phrases)
    for asset in order[:ROWS]:
        mine = best[edges[asset] : edges[asset + 1]].tolist()
        row = _row(report, relations, totals, asset, mine, phrases)
        told = joined(unseen.get(report.assets[asset].id, []))
        rest = mine[len(row.services) : MOST_SERVICES] if asset in whole else []
        more = [_service(report, relations, r, phrases) for r in rest]
        shown.append(replace(row, unseen=told, sheet=whole.get(asset), rest=more))
    return shown


def closeups(report: Report, assets: list[int]) -> dict[int, Closeup]:
    """Return what some assets did inside the plant, as far as the report knows."""
    return report.look_closer(assets) if report.look_closer else dict.fromkeys(assets, Closeup())


def _unseen(report: Report, say: Catalogue) -> dict[str, list[Text]]:
    """Return, by asset id, what of it nobody can see."""
    dependencies = report.dependencies
    secret = secret_lookups(dependencies)
    flows = np.bincount(dependencies.asset, weights=secret, minlength=len(report.assets)).astype(int).tolist()
    lines = {
        asset.id: [say.count("assets.names-hidden", count)]
        for asset, count in zip(report.assets, flows, strict=True)
        if count
    }
    for spot in report.coverage.blind_spots:
        kind = say.first(f"term.{spot.kind}") or plain(spot.kind)
        lines.setdefault(spot.asset, []).append(say.count("assets.tunnels", spot.flows, kind=kind))
    for owner, address in dict.fromkeys((system.asset, system.address) for system in report.coverage.systems):
        lines.setdefault(owner, []).append(say("assets.several", address=code(address)))
    return lines


def _row(
    report: Report,
    relations: Relations,
    totals: Totals,
    index: int,
    mine: list[int],
    phrases: Phrases,
) -> Row:
    asset, say = report.assets[index], phrases.say
    control = totals.control(index)
    out, into = int(totals.bytes_out[index]), int(totals.bytes_in[index])
    more = len(mine) - SERVICES if len(mine) > SERVICES + 1 else 0
    return Row(
        anchor=f"a-{index}",
        control=control,
        rank=_STATES.index(control),
        state=say(f"state.{control.value}"),
        label=wire(asset.label, 60),
        about=_about(asset, say),
        names=joined([wire(c.value, 60) for c in asset.names if c.value != asset.label][:2]),
        kind=say(f"kind.{asset.kind.value}"),
        kind_sort=_KINDS.index(asset.kind),
        zone=_zone(asset, say),
        addresses=_listed([code(address, 60) for address in asset.addresses if address != asset.label], say),
        macs=_listed([code(claim.value, 60) for claim in asset.macs], say),
        services=[_service(report, relations, r, phrases) for r in mine[: len(mine) - more]],
        more=say.count("assets.more", more) if more else NOTHING,
        tried=_tried(int(totals.attempts[index]), int(totals.lookups[index]), say),
        unseen=NOTHING,
        bytes_out=out,
        out=numbers.size(out) if mine else NOT_ANY,
        bytes_in=into,
        into=numbers.size(into) if mine else NOT_ANY,
        sheet=None,
        rest=[],
    )


def _about(asset: Asset, say: Catalogue) -> Text:
    role = [say.first(f"role.{asset.role.value}") or wire(asset.role.value)] if asset.role else []
    made = " ".join(claim.value for claim in (asset.vendor, asset.product, asset.firmware) if claim)
    return joined([*role, *([wire(made, 80)] if made else [])])


def _zone(asset: Asset, say: Catalogue) -> Text:
    tags = ", ".join(str(vlan) for vlan in asset.vlans[:4] if vlan)
    drawn = asset.zone and not asset.zone.startswith(PROPOSED)  # a proposal stands on its sheet
    parts = [zone_of(asset.zone, say)] if asset.zone and drawn else []
    return joined([*parts, *([plain(f"VLAN {tags}")] if tags else [])])


def _listed(texts: list[Text], say: Catalogue) -> Text:
    more = [say.count("assets.addresses", len(texts) - ADDRESSES)] if len(texts) > ADDRESSES else []
    return joined([*texts[:ADDRESSES], *more], " ")


def _service(report: Report, relations: Relations, relation: int, phrases: Phrases) -> Service:
    destination = relations.destinations[int(relations.destination[relation])]
    dependency = report.dependencies[int(relations.row[relation])]
    name = destination.service
    return Service(
        control=destination.control,
        name=wire(name, 60) if name else _unnamed(dependency.host, int(relations.hosts[relation]), phrases.say),
        place=place_of(destination, phrases.say),
        frame=phrases.frame(dependency.evidence),
    )


def _unnamed(host: str, hosts: int, say: Catalogue) -> Text:
    return say.count("assets.unnamed", hosts, address=code(host, 60))


def _tried(attempts: int, lookups: int, say: Catalogue) -> Text:
    parts = [say.count("assets.attempts", attempts)] if attempts else []
    return joined([*parts, *([say.count("assets.lookups", lookups)] if lookups else [])])
