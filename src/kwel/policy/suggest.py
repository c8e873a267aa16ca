"""Writes the smallest allow-list that covers the contacts: one line for each service of an asset, with evidence.

Everything else is denied by default. No line can be left out: each is needed by a contact that no other line allows.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from kwel.model.limits import Allowed, Condition
from kwel.policy.contacts import ADDRESSED, INBOUND, INSIDE, OUTBOUND, Doubt, Names
from kwel.policy.match import EXACTLY, NOT_KNOWN, STAR, YES, Matcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from kwel.policy.contacts import Contacts, Value, Values

FRAMES: Final = 3
PREFIX: Final = "/"
"""In a word from the wire this would make it more than an address."""


class _Group(NamedTuple):
    conditions: tuple[Condition, ...]
    is_command: bool


def suggest(contacts: Contacts) -> tuple[Allowed, ...]:
    """Return the lines, in the order in which what they allow was seen."""
    groups: dict[_Group, list[int]] = {}
    for row in range(len(contacts)):
        group = _Group(tuple(_conditions(contacts, row)), bool(contacts.is_command[row]))
        groups.setdefault(group, []).append(row)
    kept = _needed(contacts, list(groups))
    width = len(str(len(kept)))
    return tuple(
        _allowed(contacts, group, groups[group], f"allow-{number:0{width}d}") for number, group in enumerate(kept, 1)
    )


def _conditions(contacts: Contacts, row: int) -> Iterator[Condition]:
    """Yield what tells a contact: which way, who, and to what; by the service where a rule knows it."""
    direction = contacts.of(row, "direction")
    keys = ["assets", "services" if _is_known(contacts.of(row, "services")) else "hosts"]
    if contacts.is_command[row]:
        keys = ["assets", "to_assets" if INSIDE in direction else "hosts", "protocols", "commands"]
    elif INSIDE in direction:
        keys = ["zones", "to_zones", "protocols", "ports"]
    elif direction != (OUTBOUND,):
        keys.append("ports")
    if not any(isinstance(value, Doubt) for value in direction):
        keys.insert(0, "direction")
    for key in keys:
        if words := tuple(dict.fromkeys(_word(key, value) for value in contacts.of(row, key))):
            yield Condition(key, words)


def _is_known(values: Values) -> bool:
    return any(isinstance(value, str) for value in values)


def _word(key: str, value: Value) -> str:
    """Return what only this value fits, and fits surely."""
    if isinstance(value, Doubt):
        return NOT_KNOWN
    word = next((name for name in value if _can_be_written(name)), "") if isinstance(value, Names) else value
    is_pattern = STAR in word or (PREFIX in word and key in ADDRESSED)
    is_folded = key == "hosts" and word != word.lower()
    return EXACTLY + word if is_pattern or is_folded or word == NOT_KNOWN or word.startswith(EXACTLY) else word


def _can_be_written(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _needed(contacts: Contacts, groups: Sequence[_Group]) -> list[_Group]:
    """Leave out groups of which everything is allowed by others, those that allow least first."""
    matcher = Matcher(contacts)
    fits = [_fitting(contacts, matcher, group) for group in groups]
    covered = np.zeros(len(contacts), np.int64)
    for rows in fits:
        covered[rows] += 1
    kept = set(range(len(groups)))
    for number in sorted(kept, key=lambda of: (len(fits[of]), -of)):
        if (covered[fits[number]] > 1).all():
            covered[fits[number]] -= 1
            kept.remove(number)
    return [groups[number] for number in sorted(kept)]


def _fitting(contacts: Contacts, matcher: Matcher, group: _Group) -> NDArray:
    rows = np.flatnonzero(contacts.is_command == group.is_command)
    for condition in group.conditions:
        rows = rows[matcher.holds(condition, rows, every=True) == YES]
    return rows


def _allowed(contacts: Contacts, group: _Group, rows: Sequence[int], name: str) -> Allowed:
    _, label, destination, what = contacts.subject(rows[0])
    direction = next((of.values[0] for of in group.conditions if of.key == "direction"), "")
    far = "to_assets" if direction == INSIDE else "hosts"
    own, other = _all(contacts, rows, "assets"), _all(contacts, rows, far)
    near, away = _addresses(own), _addresses(other)
    more = any(isinstance(value, Doubt) for value in (*own, *other))
    return Allowed(
        id=name,
        conditions=group.conditions,
        direction=direction,
        label=label,
        destination=destination if len(rows) == 1 else _shortened(contacts, rows, destination),
        what=what,
        evidence=tuple(dict.fromkeys(frame for row in rows[:FRAMES] for frame in contacts.evidence(row)[:1])),
        is_command=group.is_command,
        sources=away if direction == INBOUND else near,
        targets=near if direction == INBOUND else away,
        names=_host_names(other) if direction != INSIDE else (),
        ports=tuple(dict.fromkeys(of for of in _all(contacts, rows, "ports") if isinstance(of, str))),
        contacts=len(rows),
        more=more,
    )


def _shortened(contacts: Contacts, rows: Sequence[int], first: str) -> str:
    others = len({contacts.subject(row)[2] for row in rows}) - 1
    return f"{first} (+{others})" if others else first


def _all(contacts: Contacts, rows: Iterable[int], key: str) -> tuple[Value, ...]:
    return tuple(dict.fromkeys(value for row in rows for value in contacts.of(row, key)))


def _addresses(values: Iterable[Value]) -> tuple[str, ...]:
    names = (name for value in values if isinstance(value, Names) for name in value)
    return tuple(dict.fromkeys(name for name in names if _is_address(name)))


def _host_names(values: Iterable[Value]) -> tuple[str, ...]:
    firsts = (value[0] for value in values if isinstance(value, Names) and value)
    return tuple(dict.fromkeys(name for name in firsts if not _is_address(name)))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return "%" not in name  # a scope (RFC 4007) may hold anything
