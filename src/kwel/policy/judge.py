"""Decides for each contact whether a policy allows, warns of or denies it.

Rules are tried in the order of the file and the first that holds decides (docs/adr). Where something is not known that
a rule asks for, the rule may hold: then all that may be decided is kept, and the contact is undecided unless it all
comes to the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from kwel.model.limits import DECISIONS, Action, Condition, Decision, Exemption, Judged, Judgement, Rule
from kwel.policy.contacts import Doubt
from kwel.policy.match import MAYBE, NO, YES, Matcher, truths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from kwel.model.limits import Policy
    from kwel.policy.contacts import Contacts

ALLOW, WARN, DENY, EXCEPT = 1, 2, 4, 8
"""What may be decided of a contact: several of these."""
BITS: Final = {Action.ALLOW: ALLOW, Action.WARN: WARN, Action.DENY: DENY}
COMMANDS: Final = "commands"
MOST_FRAMES: Final = 5
NEVER_SET: Final = "1970-12-31"
"""A clock that shows this day or an earlier one counts from zero (POSIX), and knows no day."""


class Seen(NamedTuple):
    """What is known of how much was seen."""

    coverage: str
    shortcomings: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    is_empty: bool = False


def judge(policy: Policy, contacts: Contacts, seen: Seen, day: str | None) -> Judgement:
    """Compare contacts with a policy; *day* is the one on which exceptions are judged (ISO 8601)."""
    day = day if day and day > NEVER_SET else None
    walk = _Walk(policy, contacts, day)
    walk.run()
    return Judgement(
        policy=policy,
        day=day,
        decision=walk.decisions(),
        rule=walk.rule,
        coverage=seen.coverage,
        shortcomings=seen.shortcomings,
        unread=seen.unread,
        is_empty=seen.is_empty,
        build=walk.build,
    )


def all_rules(policy: Policy) -> tuple[Rule, ...]:
    """Return the rules of a policy and behind them its defaults, as rules."""
    defaults = [
        Rule(f"default: {name}", action, (Condition("direction" if name != COMMANDS else COMMANDS, (_any(name),)),))
        for name, action in policy.default.items()
    ]
    return (*policy.rules, *defaults)


def _any(name: str) -> str:
    return "*" if name == COMMANDS else name


def is_of_commands(rule: Rule) -> bool:
    """Return whether a rule is about commands; any other is about conversations."""
    return any(condition.key == COMMANDS for condition in rule.conditions)


class _Walk:
    """One way through the rules, for all contacts at once."""

    def __init__(self, policy: Policy, contacts: Contacts, day: str | None) -> None:
        self._policy, self._contacts, self._day = policy, contacts, day
        self._rules = all_rules(policy)
        self._matcher = Matcher(contacts)
        count = len(contacts)
        self.rule = np.full(count, -1, np.int32)
        self._possible = np.zeros(count, np.uint8)
        self._exemption = np.full(count, -1, np.int32)
        self._open = np.arange(count)

    def run(self) -> None:
        """Try all rules, the first one first."""
        for number, rule in enumerate(self._rules):
            held = self._holds(rule.conditions, self._open, every=rule.action is Action.ALLOW)
            held[self._contacts.is_command[self._open] != is_of_commands(rule)] = NO
            some = held > NO
            if some.any():
                self._decide(number, rule, self._open[some], held[some])
                self._open = self._open[held < YES]

    def _holds(self, conditions: Sequence[Condition], rows: NDArray, *, every: bool) -> NDArray:
        if not conditions:
            return np.full(len(rows), YES, np.int8)
        held = self._matcher.holds(conditions[0], rows, every=every)
        left = np.flatnonzero(held > NO)  # what an earlier condition rules out, the next ones need not look at
        for condition in conditions[1:]:
            held[left] = np.minimum(held[left], self._matcher.holds(condition, rows[left], every=every))
            left = left[held[left] > NO]
        return held

    def _decide(self, number: int, rule: Rule, rows: NDArray, held: NDArray) -> None:
        """Note what a rule may come to at contacts where it holds or may hold."""
        excepted = np.zeros(len(rows), np.int8)
        for exemption in self._policy.exemptions:
            if exemption.rule != rule.id:
                continue
            fits = self._holds(exemption.conditions, rows, every=True)
            if exemption.holds(self._day):
                new = fits > excepted
                self._exemption[rows[new]] = exemption.number - 1
                excepted = np.maximum(excepted, fits)
            else:
                none = (fits > NO) & (self._exemption[rows] < 0)
                self._exemption[rows[none]] = exemption.number - 1
        bit = BITS[rule.action]
        self._possible[rows] |= np.array([bit, bit | EXCEPT, EXCEPT], np.uint8)[excepted]
        graver = (held == YES) | (self.rule[rows] < 0)
        self.rule[rows[graver]] = number

    def decisions(self) -> NDArray:
        """Return, by contact, the index of the decision."""
        table = np.array([DECISIONS.index(_decision(possible)) for possible in range(16)], np.uint8)
        found: NDArray = table[self._possible]
        return found

    def build(self, row: int) -> Judged:
        """Return one contact with its decision and the reason."""
        contacts, number = self._contacts, int(self._exemption[row])
        rule = self._rules[int(self.rule[row])]
        decision = _decision(int(self._possible[row]))
        asset, label, destination, what = contacts.subject(row)
        exemption = self._policy.exemptions[number] if number >= 0 else None
        if exemption and exemption.rule != rule.id:
            exemption = None
        return Judged(
            decision=decision,
            rule=rule.id,
            action=rule.action,
            kind="command" if contacts.is_command[row] else "contact",
            direction=", ".join(str(value) for value in contacts.of(row, "direction")),
            asset=asset,
            asset_label=label,
            destination=destination,
            what=what,
            because=tuple((of.key, _text(contacts, row, of.key)) for of in rule.conditions),
            evidence=contacts.evidence(row)[:MOST_FRAMES],
            exemption=exemption if exemption and _applies(exemption, self._day, decision) else None,
            open=self._unknown(row) if decision is Decision.UNDECIDED else (),
        )

    def _unknown(self, row: int) -> tuple[str, ...]:
        """Return the keys that rules ask for and that are unknown."""
        rows, found = np.array([row]), []
        for rule in self._rules:
            of_kind = is_of_commands(rule) == bool(self._contacts.is_command[row])
            exempt = [of for of in self._policy.exemptions if of.rule == rule.id and of.holds(self._day)]
            every = rule.action is Action.ALLOW
            for conditions, strict in ((rule.conditions, every), *((of.conditions, True) for of in exempt)):
                if of_kind and int(self._holds(conditions, rows, every=strict)[0]) == MAYBE:
                    truth = {of.key: int(self._matcher.holds(of, rows, every=strict)[0]) for of in conditions}
                    found += [key for key, is_true in truth.items() if is_true == MAYBE]
            if of_kind and int(self._holds(rule.conditions, rows, every=every)[0]) == YES:
                break
        return tuple(dict.fromkeys(found))


def _applies(exemption: Exemption, day: str | None, decision: Decision) -> bool:
    return decision is not Decision.ALLOWED and (exemption.has_expired(day) or decision is not Decision.BREACH)


def _text(contacts: Contacts, row: int, key: str) -> str:
    return ", ".join(str(value) for value in contacts.of(row, key)[:MOST_FRAMES])


def _decision(possible: int) -> Decision:
    """Return what follows from all that may be decided.

    >>> _decision(DENY).value, _decision(DENY | ALLOW).value, _decision(WARN | ALLOW).value
    ('breach', 'undecided', 'warning')
    """
    if possible & DENY:
        return Decision.BREACH if possible == DENY else Decision.UNDECIDED
    if possible & WARN:
        return Decision.WARNING
    return Decision.EXCEPTED if possible & EXCEPT else Decision.ALLOWED


def decide_example(policy: Policy, says: Mapping[str, tuple[str, ...]]) -> Decision:
    """Return the decision of a policy on one contact given as keys and words; missing keys do not apply."""
    possible = 0
    of_commands = COMMANDS in says
    for rule in all_rules(policy):
        every = rule.action is Action.ALLOW
        held = _holds_in_words(rule.conditions, says, every=every) if is_of_commands(rule) == of_commands else NO
        if held == NO:
            continue
        exempt = max(
            (_holds_in_words(of.conditions, says, every=True) for of in policy.exemptions if of.rule == rule.id),
            default=NO,
        )
        bit = BITS[rule.action]
        possible |= (bit, bit | EXCEPT, EXCEPT)[exempt]
        if held == YES:
            break
    return _decision(possible)


def _holds_in_words(conditions: Sequence[Condition], says: Mapping[str, tuple[str, ...]], *, every: bool) -> int:
    found = YES
    for condition in conditions:
        values = tuple(Doubt() if value == "unknown" else value for value in says.get(condition.key, ()))
        found = min(found, int(truths(condition, [values], every=every)[0]))
    return found
