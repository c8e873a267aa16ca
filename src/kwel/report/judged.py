"""A judgement in, the chapter on the site's own limits out: outcome, rules, what breaks them, exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.claims import Where
from kwel.model.limits import DECISIONS, Action, Decision
from kwel.report import numbers
from kwel.report.text import NOT_ANY, NOTHING, Text, joined, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.limits import Exemption, Judged, Judgement, Rule, Words
    from kwel.model.report import Report
    from kwel.report.catalogue import Catalogue
    from kwel.report.phrases import Phrases

ROWS: Final = 60
RULES: Final = 60
EXCEPTIONS: Final = 40
LISTED: Final = (Decision.BREACH, Decision.UNDECIDED, Decision.WARNING)
COLUMNS: Final = (Decision.BREACH, Decision.UNDECIDED, Decision.WARNING, Decision.EXCEPTED)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule, and what came of it."""

    id: Text
    action: Text
    about: Text
    source: Text
    counts: list[Text]
    """By decision, in the order of ``COLUMNS``."""


@dataclass(frozen=True, slots=True)
class Row:
    """One contact that is not in order."""

    decision: Text
    is_breach: bool
    rule: Text
    asset: Text
    link: str
    way: Text
    destination: Text
    what: Text
    why: Text
    frame: Text


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """Somebody answers for what a rule forbids, until a day."""

    number: Text
    rule: Text
    owner: Text
    reason: Text
    ticket: Text
    expires: Text
    state: Text
    is_expired: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """The whole chapter."""

    file: Text
    title: Text
    outcome: Text
    lead: Text
    """For the first page."""
    notes: list[Text]
    heads: list[Text]
    rules: list[RuleRow]
    rules_left_out: int
    rows: list[Row]
    rows_left_out: int
    exceptions: list[ExceptionRow]
    exceptions_left_out: int


def chapter(report: Report, links: Mapping[str, str], phrases: Phrases) -> Chapter | None:
    """Return the chapter; ``None`` where no policy was given. *links* are the anchors of assets by id."""
    judgement, say = report.judgement, phrases.say
    if judgement is None:
        return None
    policy = judgement.policy
    table = _counts(judgement)
    wanted = sum(judgement.count(decision) for decision in LISTED)
    rows = [of for _, of in zip(range(ROWS), judgement.rows(*LISTED), strict=False)]
    return Chapter(
        file=wire(policy.file, 60),
        title=said(policy.title),
        outcome=outcome(judgement, say),
        lead=say("judged.lead", outcome=outcome(judgement, say)),
        notes=_notes(judgement, say),
        heads=[say(f"judged.count-{decision.value}") for decision in COLUMNS],
        rules=[
            *(_rule(of, table[number], say) for number, of in enumerate(policy.rules[:RULES])),
            *_defaults(judgement, table, say),
        ],
        rules_left_out=max(0, len(policy.rules) - RULES),
        rows=[_row(of, links, phrases) for of in rows],
        rows_left_out=wanted - len(rows),
        exceptions=[_exception(of, judgement.day, say) for of in policy.exemptions[:EXCEPTIONS]],
        exceptions_left_out=max(0, len(policy.exemptions) - EXCEPTIONS),
    )


def outcome(judgement: Judgement, say: Catalogue) -> Text:
    """Return what the check says, in one sentence for the first page and the chapter."""
    broken, expired = judgement.count(Decision.BREACH), len(judgement.expired)
    parts = []
    if broken:
        parts.append(say.count("judged.broken", broken, N=say.capital_words(broken)))
    if expired:
        parts.append(say.count("judged.expired", expired, N=say.capital_words(expired)))
    if undecided := judgement.count(Decision.UNDECIDED):
        parts.append(say.count("judged.undecided", undecided, N=say.capital_words(undecided)))
    if judgement.is_blind or judgement.unread:
        parts.append(say("judged.blind"))
    if judgement.is_dayless:
        parts.append(say("judged.dayless"))
    return joined(parts or [say("judged.in-order")], " ")


def _notes(judgement: Judgement, say: Catalogue) -> list[Text]:
    policy = judgement.policy
    notes = [say("judged.day", day=numbers.both(judgement.day, judgement.day))] if judgement.day else []
    if judgement.count(Decision.UNDECIDED):
        notes.append(say(f"judged.undecided-{policy.undecided}"))
    return notes


def _counts(judgement: Judgement) -> np.ndarray:
    """Return, by rule and decision, how many contacts: the columns are those of ``COLUMNS``."""
    rules = len(judgement.policy.rules) + len(judgement.policy.default)
    table = np.zeros((rules, len(COLUMNS)), np.int64)
    for column, decision in enumerate(COLUMNS):
        rows = judgement.decision == DECISIONS.index(decision)
        table[:, column] = np.bincount(judgement.rule[rows], minlength=rules)
    return table


def _rule(rule: Rule, counts: np.ndarray, say: Catalogue) -> RuleRow:
    return RuleRow(
        id=wire(rule.id, 60),
        action=say(f"judged.{rule.action.value}"),
        about=said(rule.because) if rule.because else wire("; ".join(str(of) for of in rule.conditions[:4]), 160),
        source=wire(rule.source, 120) if rule.source else NOTHING,
        counts=[_number(count) for count in counts.tolist()],
    )


def _defaults(judgement: Judgement, table: np.ndarray, say: Catalogue) -> list[RuleRow]:
    """Return what holds where no rule does, as far as it decided something against somebody."""
    rows, first = [], len(judgement.policy.rules)
    for number, (name, action) in enumerate(judgement.policy.default.items(), first):
        if table[number].any() or action is not Action.ALLOW:
            counts = [_number(count) for count in table[number].tolist()]
            about = say(f"judged.default-{name}")
            rows.append(RuleRow(say("judged.default"), say(f"judged.{action.value}"), about, NOTHING, counts))
    return rows


def _number(count: int) -> Text:
    return numbers.number(count) if count else NOT_ANY


def _row(of: Judged, links: Mapping[str, str], phrases: Phrases) -> Row:
    say = phrases.say
    why = [say("judged.open", keys=wire(", ".join(of.open), 80))] if of.open else []
    if of.exemption and of.exemption.expires and of.decision is Decision.BREACH:
        why.append(say("judged.was-excepted", day=wire(of.exemption.expires, 20)))
    facts = [wire(f"{key} = {value}", 80) for key, value in of.because if key != "direction"]
    capture, _, frame = (of.evidence[0] if of.evidence else "").rpartition("#")
    return Row(
        decision=say(f"judged.is-{of.decision.value}"),
        is_breach=of.decision is Decision.BREACH,
        rule=say("judged.default") if of.rule.startswith("default: ") else wire(of.rule, 60),
        asset=wire(of.asset_label, 60),
        link=links.get(of.asset, ""),
        way=say.first(f"judged.way-{of.direction}") or say("judged.way-unproven"),
        destination=wire(of.destination, 60),
        what=wire(of.what, 80),
        why=joined([*why, *facts]),
        frame=phrases.place(Where(capture, int(frame))) if frame.isdigit() else NOTHING,
    )


def _exception(of: Exemption, day: str | None, say: Catalogue) -> ExceptionRow:
    expired = of.has_expired(day)
    state = "expired" if expired else "holds" if of.holds(day) else "not-yet"
    return ExceptionRow(
        number=numbers.number(of.number),
        rule=wire(of.rule, 60),
        owner=wire(of.owner, 80),
        reason=wire(of.reason, 200),
        ticket=wire(of.ticket, 40),
        expires=wire(of.expires, 20),
        state=say(f"judged.exception-{state}"),
        is_expired=expired,
    )


def said(words: Words) -> Text:
    """Return what the policy says, in both languages, isolated: anybody may have written it."""
    return Text(wire(words.nl).nl, wire(words.en).en)
