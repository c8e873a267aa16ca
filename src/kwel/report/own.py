"""The site's own inventory in, its differences with the captures out: both ways, and what contradicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.inventory import LineState
from kwel.report import numbers
from kwel.report.text import NOTHING, Text, code, joined, plain, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.assets import Asset
    from kwel.model.inventory import Entry, InventoryUse, Line
    from kwel.model.report import Report
    from kwel.report.phrases import Phrases

LISTED = 100
"""Lines of each list."""
_EACH = 4
"""Things that one entry and the captures say otherwise, and assets that fit one entry."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """An asset that the inventory does not know."""

    label: Text
    link: str | None
    address: Text
    about: Text
    when: Text
    frame: Text


@dataclass(frozen=True, slots=True)
class Missing:
    """An entry of the inventory that was not seen."""

    label: Text
    keys: Text
    about: Text
    sight: Text
    where: Text


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An entry with which the captures disagree, or that fits several assets."""

    label: Text
    link: str | None
    where: Text
    lines: list[tuple[Text, Text]]
    """What differs, and in small type how sure that is and where it was seen."""


@dataclass(frozen=True, slots=True)
class Own:
    """The three lists, and how many of each there are."""

    count: Text
    strangers: list[Stranger]
    missing: list[Missing]
    contradictions: list[Contradiction]
    counts: dict[str, int]
    more: dict[str, Text]


def own(report: Report, links: Mapping[str, str], phrases: Phrases) -> Own | None:
    """Return what the inventory and the captures say of each other, or ``None`` where there is no inventory."""
    use = report.inventory
    if use is None:
        return None
    assets = {asset.id: asset for asset in report.assets}
    unseen = [line for line in use.lines if line.state is LineState.UNSEEN]
    differing = [line for line in use.lines if line.state in (LineState.DIFFERS, LineState.AMBIGUOUS)]
    strangers = [assets[id_] for id_ in use.uninventoried if id_ in assets]
    counts = {"strangers": len(strangers), "missing": len(unseen), "contradictions": len(differing)}
    return Own(
        count=_summary(use, phrases),
        strangers=[_stranger(asset, links, phrases) for asset in strangers[:LISTED]],
        missing=[_missing(line, phrases) for line in unseen[:LISTED]],
        contradictions=[_contradiction(line, assets, links, phrases) for line in differing[:LISTED]],
        counts=counts,
        more={
            name: phrases.say.count("own.more", count - LISTED) if count > LISTED else NOTHING
            for name, count in counts.items()
        },
    )


def _summary(use: InventoryUse, phrases: Phrases) -> Text:
    say = phrases.say
    files = joined([wire(of.file, 60) for of in use.files[:3]])
    seen = numbers.number(len(use.lines) - use.count(LineState.UNSEEN))
    return say.count("own.summary", len(use.lines), files=files, seen=seen)


def _stranger(asset: Asset, links: Mapping[str, str], phrases: Phrases) -> Stranger:
    say = phrases.say
    role = [say.first(f"role.{asset.role.value}") or wire(asset.role.value, 40)] if asset.role else []
    made = [wire(claim.value, 60) for claim in (asset.vendor, asset.product) if claim]
    keys = [value for value in (*asset.addresses, *(mac.value for mac in asset.macs)) if value != asset.label]
    return Stranger(
        label=wire(asset.label, 60),
        link=links.get(asset.id),
        address=joined([code(value, 60) for value in keys[:2]], " "),
        about=joined([*role, *made]),
        when=numbers.time(asset.first, seconds=True),
        frame=phrases.frame(asset.evidence),
    )


def _missing(line: Line, phrases: Phrases) -> Missing:
    entry = line.entry
    told = [entry.role, entry.location, entry.owner, entry.criticality]
    return Missing(
        label=wire(entry.label, 60),
        keys=joined([code(value, 60) for value in _keys(entry)[:2]], " "),
        about=joined([wire(value, 60) for value in told if value]),
        sight=phrases.say("own.in-sight" if line.in_sight else "own.out-of-sight"),
        where=wire(entry.where, 80),
    )


def _keys(entry: Entry) -> list[str]:
    return [value for value in (*entry.addresses, *entry.macs) if value != entry.label]


def _contradiction(
    line: Line, assets: Mapping[str, Asset], links: Mapping[str, str], phrases: Phrases
) -> Contradiction:
    say, entry = phrases.say, line.entry
    lines: list[tuple[Text, Text]] = []
    for of in line.differences[:_EACH]:
        text = say("own.differs", field=say.term("fact", of.field), told=wire(of.told, 60), seen=wire(of.seen, 60))
        frame = phrases.frame(of.evidence)
        lines.append((text, joined([phrases.grade(of.grade), *filter(None, [frame])], "; ")))
    if line.state is LineState.AMBIGUOUS:
        names = [wire(assets[id_].label if id_ in assets else id_, 60) for id_ in line.others[:_EACH]]
        more = [plain("…")] if len(line.others) > _EACH else []
        lines.append((say("own.ambiguous", others=joined([*names, *more])), NOTHING))
    return Contradiction(wire(entry.label, 60), links.get(line.asset or ""), wire(entry.where, 80), lines)
