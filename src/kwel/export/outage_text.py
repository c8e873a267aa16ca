"""What stops in, lines for a person at a terminal out, in Dutch or English."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

from kwel.export.cells import visible
from kwel.export.outage_json import step_label
from kwel.model.graph import TIMES
from kwel.model.verdicts import Control

if TYPE_CHECKING:
    from kwel.model.outage import Impact, Outcome
    from kwel.model.report import Report

Language = Literal["nl", "en"]
ROWS: Final = 40
"""Impacts that are shown of one scenario."""

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "counts": "{affected} of {all} assets affected; {open} undecided; {tried} had only tried; {rest} go on",
        "direct": "directly",
        "behind": "behind a server of the plant",
        "by-name": "the name is not found",
        "name-by": "its name by",
        "shared": "up to {count} stand behind this address",
        "eu": "a European way goes on: {to}",
        "non": "another way goes on, not European: {to}",
        "unk": "another way goes on, control undecided: {to}",
        "plant": "another way goes on, in the plant: {to}",
        "late": "after the outage ends",
        "tried": "only tried",
        "more": "… and {count} more; --json lists all",
        "places": "zones: {zones}; conduits: {conduits}",
        "open": "undecided, for each reason (an affected asset may be among them):",
        "none": "nothing that was seen in use stops",
        "scenario": "scenario",
        "assets": "affected",
        "undecided": "undecided",
        "first": "first felt",
        "functions": "functions",
        "unknown": "(unknown)",
        "days": "{duration} days, announced {notice} days before",
        "estimate": "When it is felt is an estimate, unless the site or the rhythm says so (docs/outage.md).",
    },
    "nl": {
        "counts": "{affected} van {all} assets geraakt; {open} onbeslist; {tried} alleen geprobeerd; {rest} gaan door",
        "direct": "rechtstreeks",
        "behind": "achter een server van de fabriek",
        "by-name": "de naam wordt niet gevonden",
        "name-by": "de naam door",
        "shared": "achter dit adres staan er tot {count}",
        "eu": "een Europese weg gaat door: {to}",
        "non": "een andere weg gaat door, niet Europees: {to}",
        "unk": "een andere weg gaat door, zeggenschap onbeslist: {to}",
        "plant": "een andere weg gaat door, in de fabriek: {to}",
        "late": "pas na het einde van de storing",
        "tried": "alleen geprobeerd",
        "more": "… en nog {count}; --json geeft alles",
        "places": "zones: {zones}; conduits: {conduits}",
        "open": "onbeslist, per reden (een geraakte asset kan erbij zijn):",
        "none": "niets dat in gebruik was, valt stil",
        "scenario": "scenario",
        "assets": "geraakt",
        "undecided": "onbeslist",
        "first": "eerst voelbaar",
        "functions": "functies",
        "unknown": "(onbekend)",
        "days": "{duration} dagen, {notice} dagen vooraf aangekondigd",
        "estimate": "Wanneer het voelbaar is, is een schatting, tenzij de site of het ritme het zegt (docs/outage.md).",
    },
}
TIME_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {time: time.replace("-", " ") for time in TIMES},
    "nl": {"minute-0": "direct", "minutes": "minuten", "hours": "uren", "days": "dagen", "weeks": "weken"},
}
REASONS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "front-hides-origin": "a front hides the origin",
        "operator-unknown": "nobody knows who runs it",
        "supplier-unknown": "nobody knows whose service it is",
        "place-unknown": "nobody knows where it stands",
        "function-unknown": "nobody knows what it is for",
        "upstream-unseen": "a server asks others in turn, and nobody saw whom",
        "server-affected": "a server that is used loses something itself, and may serve on",
    },
    "nl": {
        "front-hides-origin": "een front verbergt de bron",
        "operator-unknown": "onbekend wie het beheert",
        "supplier-unknown": "onbekend wiens dienst het is",
        "place-unknown": "onbekend waar het staat",
        "function-unknown": "onbekend waarvoor het is",
        "upstream-unseen": "een server vraagt op zijn beurt anderen, en niemand zag wie",
        "server-affected": "een server die gebruikt wordt, verliest zelf iets en gaat misschien door",
    },
}


def outcome_lines(report: Report, outcome: Outcome, language: Language) -> list[str]:
    """Return what one scenario does."""
    words, scenario = WORDS[language], outcome.scenario
    counts = {
        "affected": len(outcome.affected),
        "all": len(report.assets),
        "open": len(outcome.open),
        "tried": len(outcome.tried),
        "rest": outcome.unaffected,
    }
    lines = [f"{getattr(scenario.title, language)} ({scenario.id})"]
    if scenario.duration is not None:
        lines.append("  " + words["days"].format(duration=scenario.duration, notice=scenario.notice))
    lines.append("  " + words["counts"].format(**counts))
    if outcome.zones:
        names = {zone.id: zone.name for zone in report.zones}
        zones = ", ".join(names.get(zone, zone) for zone in outcome.zones)
        lines.append("  " + words["places"].format(zones=zones, conduits=", ".join(outcome.conduits) or "-"))
    impacts = sorted(outcome.impacts, key=lambda one: (one.asset not in outcome.affected, TIMES.index(one.impact)))
    rows = [_impact(report, outcome, impact, language) for impact in impacts[:ROWS]]
    lines += _columns(rows) or [f"  {words['none']}"]
    if len(impacts) > ROWS:
        lines.append("  " + words["more"].format(count=len(impacts) - ROWS))
    reasons = Counter(one.reason for one in outcome.undecided)
    if reasons:
        lines.append(f"  {words['open']}")
        lines += [f"    {count:>5}  {REASONS[language][reason]}" for reason, count in sorted(reasons.items())]
    return [visible(line) for line in lines]


def _impact(report: Report, outcome: Outcome, impact: Impact, language: Language) -> tuple[str, ...]:
    words, graph = WORDS[language], outcome.graph
    way = "by-name" if impact.by_name else "direct" if impact.direct else "behind"
    remarks = [words[way]]
    if impact.state.value != "used":
        remarks.append(words["tried"])
    if behind := report.assets[impact.asset].behind:
        remarks.append(words["shared"].format(count=behind.value))
    if not outcome.within(impact):
        remarks.append(words["late"])
    if impact.alternative is not None:
        need = graph.needs[impact.alternative]
        control = "plant" if need.inside else graph.externals[need.target].verdict.control
        kind = control.value if isinstance(control, Control) else control
        remarks.append(words[kind].format(to=step_label(report, graph, impact.alternative)))
    chain = [report.assets[impact.asset].label]
    own = graph.needs[impact.chain[0]]
    if own.through is not None:
        chain.append(report.assets[own.through].label)
    text = " > ".join(chain)
    for row in impact.chain:
        text += " > " + step_label(report, graph, row)
        if not graph.needs[row].inside and row != impact.chain[-1]:
            text += "; " + words["name-by"]
    function = impact.function or words["unknown"]
    return TIME_WORDS[language][impact.impact], function, text, "; ".join(remarks)


def matrix_lines(outcomes: tuple[Outcome, ...], language: Language) -> list[str]:
    """Return one line a scenario."""
    words = WORDS[language]
    rows = [tuple(words[key] for key in ("scenario", "assets", "undecided", "first", "functions"))]
    for outcome in outcomes:
        used = [one for one in outcome.impacts if one.state.value == "used"]
        functions = Counter(one.function or words["unknown"] for one in used)
        soonest = min((TIMES.index(one.impact) for one in used), default=None)
        listed = ", ".join(
            f"{name} {count}" for name, count in sorted(functions.items(), key=lambda of: (-of[1], of[0]))
        )
        time = "-" if soonest is None else TIME_WORDS[language][TIMES[soonest]]
        rows.append((outcome.scenario.id, str(len(outcome.affected)), str(len(outcome.open)), time, listed))
    return [visible(line) for line in [*_columns(rows, indent=""), "", words["estimate"]]]


def _columns(rows: list[tuple[str, ...]], indent: str = "  ") -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [indent + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
