"""Finds faults in a policy: rules that never decide, unknown words, exceptions that expire."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from kwel.model.limits import Action
from kwel.model.remarks import Remark
from kwel.policy.judge import decide_example, is_of_commands
from kwel.policy.match import EXACTLY, STAR
from kwel.policy.words import strange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.limits import Condition, Policy, Rule
    from kwel.policy.words import Vocabulary

SOON: Final = 30
"""Days before its end at which an exception is told."""
FAR: Final = 366
"""Days after which an exception is none, but a rule that nobody wrote."""


def lint(policy: Policy, known: Vocabulary, day: datetime.date) -> list[Remark]:
    """Return what is amiss, in the order of the file; *day* is the one on which exceptions are judged."""
    return [
        *_unreachable(policy),
        *_strange(policy, known),
        *_exceptions(policy, day),
        *_examples(policy),
    ]


def _unreachable(policy: Policy) -> Iterator[Remark]:
    """Find rules of which everything is decided by an earlier one."""
    for number, rule in enumerate(policy.rules):
        above = next((of for of in policy.rules[:number] if _covers(of, rule)), None)
        if above:
            yield Remark(
                "fault",
                f"rules.{rule.id}",
                f"is never reached: {above.id} above it holds wherever it would; put it first, or remove it",
            )
    for of in policy.exemptions:
        rule_of = next((rule for rule in policy.rules if rule.id == of.rule), None)
        if rule_of and rule_of.action is Action.ALLOW:
            yield Remark("fault", f"exceptions[{of.number}]", f"{of.rule} allows: there is nothing to except")


def _covers(above: Rule, rule: Rule) -> bool:
    """Return whether a rule holds wherever a later one does. Where that cannot be told, it is taken not to."""
    if is_of_commands(above) != is_of_commands(rule):
        return False
    if above.action is Action.ALLOW and rule.action is not Action.ALLOW:
        # What allows asks for all parties, what denies for one of them: several parties may escape the first.
        return not above.conditions
    return all(any(_within(of, by) for by in rule.conditions) for of in above.conditions)


def _within(wide: Condition, narrow: Condition) -> bool:
    """Return whether whatever fits *narrow* fits *wide*."""
    if wide.key != narrow.key:
        return False
    if not wide.negated and not narrow.negated:
        return wide.values == (STAR,) or set(narrow.values) <= set(wide.values)
    if wide.negated and narrow.negated:
        return set(wide.values) <= set(narrow.values)
    if wide.negated:  # each of a few words is none of some others; a pattern may be both
        open_words = [*wide.values, *narrow.values]
        is_plain = (
            not any(STAR in word or "/" in word or word.startswith(EXACTLY) for word in open_words)
            and "unknown" not in narrow.values
        )
        return is_plain and wide.key != "ports" and set(wide.values).isdisjoint(narrow.values)
    return False


def _strange(policy: Policy, known: Vocabulary) -> Iterator[Remark]:
    about = [(f"rules.{of.id}", of.conditions) for of in policy.rules]
    about += [(f"exceptions[{of.number}]", of.conditions) for of in policy.exemptions]
    for where, conditions in about:
        for condition in conditions:
            for word in condition.values:
                if message := strange(condition.key, word, known):
                    yield Remark("note", f"{where}.{condition.key}", message)


def _exceptions(policy: Policy, day: datetime.date) -> Iterator[Remark]:
    for of in policy.exemptions:
        left = (datetime.date.fromisoformat(of.expires) - day).days
        key, who = f"exceptions[{of.number}].expires", f"{of.owner}, {of.ticket}"
        if left < 0:
            yield Remark("fault", key, f"expired on {of.expires} ({who}); renew or remove it")
        elif left <= SOON:
            yield Remark("note", key, f"expires in {left} days, on {of.expires} ({who})")
        elif left > FAR:
            yield Remark("note", key, f"holds for {left} days more; what is meant to stay is better a rule")


def _examples(policy: Policy) -> Iterator[Remark]:
    for number, example in enumerate(policy.examples, 1):
        decision = decide_example(policy, dict(example.says))
        if decision != example.expect:
            yield Remark("fault", f"examples[{number}]", f"is {decision.value}, and {example.expect} was expected")
