"""What a site file says and what became of it in, the part of the report on it out: nothing it changes is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.site import OverrideState
from kwel.report import numbers
from kwel.report.relations import RANKED, USED, alike
from kwel.report.text import DASH, NOTHING, Text, code, joined, plain, wire, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kwel.model.report import Report
    from kwel.model.site import Database, Effect, Overruling, Site, SiteUse, Zone
    from kwel.report.catalogue import Catalogue
    from kwel.report.relations import Totals

MOST: Final = 200
"""Overrides, zones and names that are listed; the JSON report has all."""
PLAIN: Final = ("operator_id", "operator_jurisdiction", "parent_jurisdiction", "role", "supplier_jurisdiction")
"""Fields of an override that the others already tell."""
MOST_EFFECTS: Final = 5
"""Hosts or assets that an override's row names; the JSON report has more."""


@dataclass(frozen=True, slots=True)
class Row:
    """One override."""

    about: Text
    says: Text
    by: Text
    until: Text
    changed: list[Text]
    """What it changed and what kwel would have said, a line a host or asset; or why it changed nothing."""
    applies: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The site file and what became of it."""

    file: Text
    digest: Text
    facts: list[tuple[Text, Text]]
    databases: list[tuple[Text, Text, Text]]
    """File, what it is, its SHA-256."""
    day: Text
    rows: list[Row]
    left_out: Text | None


def shown(use: SiteUse | None, say: Catalogue) -> Shown | None:
    """Return the part on the site file; ``None`` where there was none."""
    if use is None:
        return None
    site = use.site
    more = len(use.overrulings) - MOST
    return Shown(
        file=wire(site.file, 120),
        digest=code(site.sha256),
        facts=[(say(f"site.{key}"), text) for key, text in _facts(site, say).items() if text],
        databases=[_database(of, say) for of in site.databases],
        day=numbers.date(use.day) if use.day else say("word.unknown"),
        rows=[_row(of, say) for of in use.overrulings[:MOST]],
        left_out=say.count("site.left-out", more) if more > 0 else None,
    )


def summary(use: SiteUse, say: Catalogue) -> tuple[Text, Text]:
    """Return the file's name and how many overrides changed something, for the title block."""
    changed = sum(1 for of in use.overrulings if of.effects)
    return wire(use.site.file, 60), say.count("site.changed", changed)


def otherwise(report: Report, totals: Totals) -> int:
    """Return how many assets would be of another class without the overrides of the site file."""
    if report.site is None or not any(of.effects for of in report.site.overrulings):
        return 0
    dependencies, attributions = report.dependencies, report.dependencies.attributions
    _, first, sort = np.unique(alike(attributions), return_index=True, return_inverse=True)
    sorts = [attributions[index] for index in first.tolist()]
    controls = [(at.site.without if at.site else at).verdict.control for at in sorts]
    rank = np.array([RANKED.index(control) for control in controls] or [0], np.int64)[sort]
    used = np.flatnonzero(dependencies.state == USED)
    before = np.zeros(len(report.assets), np.int64)
    np.maximum.at(before, dependencies.asset[used], rank[dependencies.attribution[used]])
    return int((before != totals.rank).sum())


def _database(database: Database, say: Catalogue) -> tuple[Text, Text, Text]:
    info = database.info
    about = say("site.database", kind=wire(info.kind, 80), date=numbers.date(info.date))
    unread = [say.count("site.unread", database.unread)] if database.unread else []
    return wire(info.file, 120), joined([about, *unread]), code(info.sha256)


def _facts(site: Site, say: Catalogue) -> Mapping[str, Text]:
    return {
        "internal": _list([code(prefix) for prefix in site.internal], say),
        "domains": _list([wire(domain) for domain in site.domains], say),
        "tenants": _list(
            [_with(wire(of.name), wire(of.what)) if of.what else wire(of.name) for of in site.tenants], say
        ),
        "zones": _list([_zone(zone, say) for zone in site.zones], say),
        "names": numbers.number(len(site.assets)) if site.assets else NOTHING,
    }


def _list(texts: list[Text], say: Catalogue) -> Text:
    more = [say.count("site.more", len(texts) - MOST)] if len(texts) > MOST else []
    return joined([*texts[:MOST], *more])


def _with(text: Text, about: Text) -> Text:
    return joined([text, wrapped("(", about, ")")], " ")


def _zone(zone: Zone, say: Catalogue) -> Text:
    about = [say("site.level", level=plain(zone.level))] if zone.level else []
    about += [plain(f"SL-T {zone.sl_t}")] if zone.sl_t is not None else []
    return _with(wire(zone.name, 60), joined(about)) if about else wire(zone.name, 60)


def _row(of: Overruling, say: Catalogue) -> Row:
    override = of.override
    until = numbers.date(override.expires) if override.expires else say("site.no-end")
    if override.begins:
        until = joined([numbers.date(override.begins), until], f" {DASH} ")
    by = joined([wire(override.author, 120), numbers.date(override.date)])
    return Row(
        about=joined([say(f"site.scope.{override.scope}"), code(override.what)], " "),
        says=_fields(
            ((key, value) for key, value in override.sets if key not in PLAIN or "asset" in override.scope), say
        ),
        by=joined([by, wrapped('<span class="mut">', wire(override.reason, 300), "</span>")], " "),
        until=until,
        changed=_changed(of, say),
        applies=of.state is OverrideState.APPLIES,
    )


def _changed(of: Overruling, say: Catalogue) -> list[Text]:
    if of.state is not OverrideState.APPLIES:
        return [say(f"site.{of.state.value}")]
    held = [say.count("site.behind-front", of.held)] if of.held else []
    if not of.count:
        return held or [say("site.unused")]
    if not of.effects:
        return [*held, say.count("site.agrees", of.count)]
    lines = [_effect(effect, say) for effect in of.effects[:MOST_EFFECTS]]
    more = len(of.effects) - MOST_EFFECTS
    return [*held, *lines, *([say.count("site.more", more)] if more > 0 else [])]


def _effect(effect: Effect, say: Catalogue) -> Text:
    """Return what an override changed at one host or asset: what kwel would have said, and what it says now."""
    changes = []
    for (key, was), (_, now) in zip(effect.before, effect.after, strict=True):
        texts = [_value(key, was, say) if was else say("word.unknown"), _value(key, now, say)]
        changes.append(joined([say(f"site.field.{key}"), joined(texts, " → ")], " "))
    return joined([wire(effect.subject, 80), joined(changes)], ": ")


def _fields(pairs: Iterable[tuple[str, str]], say: Catalogue) -> Text:
    return joined([joined([say.term("site.field", key), _value(key, value, say)], " ") for key, value in pairs])


def _value(key: str, value: str, say: Catalogue) -> Text:
    """Return a value as the rest of the report spells it."""
    if key == "no_front":
        return say("word.none")
    if key == "location":
        return joined([say.country(part) for part in value.split("/")], "/")
    group = {"verdict": f"verdict.{value}.name", "role": f"role.{value}"}
    terms = {"function": f"term.{value}", "path": f"term.{value}", "impact": f"term.{value}", "kind": f"kind.{value}"}
    keys = [sentence for of in (group, terms) if (sentence := of.get(key))]
    return say.first(*keys) or wire(value, 120)
