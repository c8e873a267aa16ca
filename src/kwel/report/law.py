"""A report in, the chapter on law out: what reaches whom, the register, offerings and frameworks. Never a rating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.exposure import Answer, answers, reached
from kwel.model.law import LawKind, Reach
from kwel.model.report import in_contact, sensitivity
from kwel.model.verdicts import basis
from kwel.report import numbers
from kwel.report.relations import RANKED
from kwel.report.text import DASH, NOTHING, Text, joined, plain, wire
from kwel.rulebook.legal_reach import LINKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.model.law import Framework, Law, Offering, Precedent, Words
    from kwel.model.report import Report
    from kwel.model.verdicts import Attribution, Control
    from kwel.report.catalogue import Catalogue
    from kwel.report.phrases import Phrases

ROWS = 40
"""Operators in the table of what reaches whom."""

WORDS = 1_000
"""Characters of a sentence from a rule file."""

Key = tuple[str | None, str | None, bool, tuple[str, ...]]
"""Operator, parent, whether it is a front, and the laws that reach it: contacts with the same are one row."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something with small print."""

    name: Text
    small: Text


@dataclass(frozen=True, slots=True)
class Row:
    """An operator as contacts met it, and the laws that reach it: of two kinds, apart."""

    anchor: str
    control: Control
    operator: Text
    parent: Text
    stated: Text
    limits: Text
    """The levels that none of its contacts can exceed, by objective; nothing where there is none."""
    contacts: Text
    access: list[Item]
    interruption: list[Item]


@dataclass(frozen=True, slots=True)
class Entry:
    """A law of the register."""

    law: Item
    reaches: Text
    status: Item
    source: Item
    contacts: Text


@dataclass(frozen=True, slots=True)
class Question:
    """One objective of a framework."""

    id: Text
    title: Text
    outcome: Text
    because: Text
    contacts: Text


@dataclass(frozen=True, slots=True)
class Frame:
    """A framework, with its status, its note and its objectives."""

    anchor: str
    title: Text
    status: Text
    note: Text
    sources: Text
    questions: list[Question]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Everything on law."""

    rows: list[Row]
    left_out: int
    anchors: dict[Key, str]
    register: dict[str, list[Entry]]
    """By kind: access, interruption."""
    precedents: list[Item]
    offerings: list[Item]
    frames: list[Frame]


def chapter(report: Report, phrases: Phrases) -> Chapter:
    """Return the chapter on law."""
    say = phrases.say
    groups = _groups(report)
    keys = list(groups)[:ROWS]
    anchors = {key: f"law-{position}" for position, key in enumerate(keys)}
    met = reached(report)
    answered = answers(report)
    return Chapter(
        rows=[_row(anchors[key], groups[key], report, say) for key in keys],
        left_out=len(groups) - len(keys),
        anchors=anchors,
        register={
            kind.value: [_entry(law, met[law], say) for law in report.law.laws if law.kind is kind] for kind in LawKind
        },
        precedents=[_precedent(one, say) for one in report.law.precedents],
        offerings=_offerings(report, say),
        frames=[
            _frame(framework, [one for one in answered if one.framework is framework], say)
            for framework in report.law.frameworks
        ],
    )


def key_of(attribution: Attribution) -> Key:
    """Return which row of the table a contact belongs to."""
    parent = attribution.parent.value if attribution.parent else None
    reaches = tuple(reach.law.id for reach in attribution.laws)
    return (_who(attribution), parent, attribution.front is not None, reaches) if reaches else (None, None, False, ())


def _who(attribution: Attribution) -> str | None:
    """Return whom the laws reach: the operator, or where no rule knows that one, the supplier."""
    known = attribution.operator if attribution.parent else None
    return known.value if known else attribution.supplier


def _groups(report: Report) -> dict[Key, list[tuple[Attribution, int]]]:
    """Return the contacts by row, the worst first, and how many of each."""
    groups: dict[Key, list[tuple[Attribution, int]]] = {}
    for attribution, count in in_contact(report):
        groups.setdefault(key_of(attribution), []).append((attribution, count))

    def weight(key: Key) -> tuple[bool, int, int]:
        worst = max(RANKED.index(attribution.verdict.control) for attribution, _ in groups[key])
        return key[0] is None, -worst, -sum(count for _, count in groups[key])

    return {key: groups[key] for key in sorted(groups, key=weight)}


def _row(anchor: str, group: list[tuple[Attribution, int]], report: Report, say: Catalogue) -> Row:
    attribution = max((one for one, _ in group), key=lambda one: RANKED.index(one.verdict.control))
    met = _together(one for one, _ in group)
    laws = {kind: [_reach(reach, say) for reach in met if reach.law.kind is kind] for kind in LawKind}
    who, parent = _who(attribution), attribution.parent
    is_known = bool(attribution.laws)
    return Row(
        anchor=anchor,
        control=attribution.verdict.control,
        operator=wire(who, 60) if who and is_known else say("law.nobody"),
        parent=_parent(parent.value, attribution.parent_jurisdiction, say) if parent and is_known else NOTHING,
        stated=_stated(attribution, say) if is_known else say("law.nobody-why"),
        limits=_limits([one for one, _ in group], report, say),
        contacts=numbers.number(sum(count for _, count in group)),
        access=laws[LawKind.ACCESS],
        interruption=laws[LawKind.INTERRUPTION],
    )


def _limits(attributions: list[Attribution], report: Report, say: Catalogue) -> Text:
    """Return the lowest level of each objective over some contacts; of frameworks that have levels."""
    parts = []
    for framework in (framework for framework in report.law.frameworks if framework.levels):
        lowest: dict[str, str] = {}
        for limit in (limit for one in attributions for limit in one.limits if limit.framework == framework.id):
            if limit.outcome in framework.levels:
                known = lowest.get(limit.objective, limit.outcome)
                lowest[limit.objective] = min(known, limit.outcome, key=framework.rank)
        parts += [wire(f"{objective} {level}") for objective, level in lowest.items()]
    return say("law.limits", limits=joined(parts)) if parts else NOTHING


def _together(attributions: Iterable[Attribution]) -> list[Reach]:
    """Return what reaches some contacts that the same laws reach: by every link of any of them, at the lowest grade."""
    found: dict[str, Reach] = {}
    for reach in (reach for attribution in attributions for reach in attribution.laws):
        known = found.get(reach.law.id, reach)
        through = tuple(link for link in LINKS if link in known.through or link in reach.through)
        found[reach.law.id] = Reach(reach.law, through, min(known.grade, reach.grade))
    return list(found.values())


def _parent(parent: str, jurisdiction: str | None, say: Catalogue) -> Text:
    parts = [wire(parent, 60), *([say.country(jurisdiction)] if jurisdiction else [])]
    return joined(parts)


def _stated(attribution: Attribution, say: Catalogue) -> Text:
    """Return what was observed, whose that is and who says so; of a front, that the origin is not known."""
    known = basis(attribution)
    front = _front(attribution, say)
    if known is None:
        return front
    kind, values = known
    filled = {name: wire(value) for name, value in values.items() if value}
    for name in ("jurisdiction", "country"):
        filled |= {name: say.country(values[name])} if values.get(name) else {}
    parts = [say(f"law.stated.{kind}", **filled)]
    if "parent" in values:
        parts.append(say("law.stated.parent" if values["stated_in"] else "law.stated.parent-unsourced", **filled))
    return joined(parts + ([front] if front else []), " ")


def _front(attribution: Attribution, say: Catalogue) -> Text:
    if attribution.front is None:
        return NOTHING
    control = [say.country(jurisdiction) for jurisdiction in attribution.front_jurisdictions]
    where = joined(control) if control else say("word.unknown")
    return say("law.front", what=wire(attribution.front, 60), jurisdiction=where)


def _reach(reach: Reach, say: Catalogue) -> Item:
    links = joined([say(f"law.link.{link}") for link in reach.through])
    parts = [say("law.through", links=links), _status(reach.law, say), say("law.grade", grade=plain(reach.grade.name))]
    if reach.law.checked == "unverified":
        parts.append(say("law-checked.unverified"))
    return Item(wire(reach.law.title, 80), joined(parts, " · "))


def _status(law: Law | Framework, say: Catalogue) -> Text:
    return say("law.status", status=say.term("law-status", law.status), date=numbers.date(law.status_date))


def _entry(law: Law, contacts: int, say: Catalogue) -> Entry:
    note = _both(law.note) if law.note else NOTHING
    return Entry(
        law=Item(wire(law.title, 80), joined([say.country(law.jurisdiction), wire(law.reference)], " · ")),
        reaches=_both(law.reaches),
        status=Item(_status(law, say), note),
        source=Item(wire(law.source, 400), say.term("law-checked", law.checked)),
        contacts=numbers.number(contacts),
    )


def _precedent(one: Precedent, say: Catalogue) -> Item:
    period = [numbers.date(one.first), numbers.date(one.last)]
    source = joined([wire(one.source, 400), say.term("law-checked", one.checked)], " · ")
    head = joined([_both(one.title), joined(period, f" {DASH} ")], ", ")
    return Item(head, joined([_both(one.what), source], " "))


def _offerings(report: Report, say: Catalogue) -> list[Item]:
    """Return the offerings that were met or accepted, with what hangs on the switch."""
    changed, contacts = sensitivity(report)
    met = {a.offering.id for a, _ in in_contact(report) if a.offering}
    shown = [one for one in report.law.offerings.values() if one.id in met or one.id in report.accepted]
    return [_offering(one, changed[one.id], contacts, report, say) for one in shown]


def _offering(one: Offering, changed: int, contacts: int, report: Report, say: Catalogue) -> Item:
    is_accepted = one.id in report.accepted
    how = say(f"term.{one.how}")
    influence = say("law.influence", party=wire(one.party, 60), jurisdiction=say.country(one.jurisdiction), how=how)
    switch = say("law.accepted" if is_accepted else "law.not-accepted", id=wire(one.id))
    hangs = say("law.hangs", n=numbers.number(changed), all=numbers.number(contacts))
    if one.settles == "residency":
        hangs = say("law.hangs-residency")
    source = joined([numbers.date(one.date), wire(one.source, 400), say.term("law-checked", one.checked)], " · ")
    return Item(
        wire(one.name, 80), joined([influence, joined([_both(one.why), plain(".")], ""), switch, hangs, source], " ")
    )


def _frame(framework: Framework, answered: list[Answer], say: Catalogue) -> Frame:
    sources = joined([wire(source, 400) for source in framework.sources], "; ")
    edition = joined([wire(framework.publisher), wire(framework.edition), _status(framework, say)], " · ")
    return Frame(
        anchor=f"framework-{framework.id}",
        title=_both(framework.title),
        status=edition,
        note=_both(framework.note),
        sources=joined([sources, say.term("law-checked", framework.checked)], " · "),
        questions=[_question(answer, say) for answer in answered],
    )


def _question(answer: Answer, say: Catalogue) -> Question:
    counted = [
        joined([numbers.number(count), _outcome(answer, outcome, say, short=True)], " ")
        for outcome, count in answer.counts.items()
        if outcome != "not-observable"
    ]
    return Question(
        id=wire(answer.objective.id),
        title=_both(answer.objective.title),
        outcome=_outcome(answer, answer.outcome, say),
        because=joined([_both(words) for words in answer.because], "; "),
        contacts=joined(counted),
    )


def _outcome(answer: Answer, outcome: str, say: Catalogue, *, short: bool = False) -> Text:
    level = wire(outcome)
    if outcome in answer.framework.levels:
        return level if short else say("law.at-most", level=level)
    if short:
        return say(f"law.short.{outcome}")
    return say.first(f"law.outcome.{answer.objective.kind}.{outcome}") or say(f"law.outcome.{outcome}")


def _both(words: Words) -> Text:
    return Text(wire(words.nl, WORDS).nl, wire(words.en, WORDS).en)
