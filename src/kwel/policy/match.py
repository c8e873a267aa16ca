"""Tests a condition on columns of contacts: no, perhaps or yes. Nothing here loops over contacts.

A contact has several parties: whoever runs the host, their parent, the supplier. A limit is about each of them: what
denies or warns holds where any of them fits, what allows holds only where all of them do. What is not known may fit.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.policy.contacts import ADDRESSED, Doubt, Names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kwel.model.limits import Condition
    from kwel.policy.contacts import Contacts, Value, Values

NO, MAYBE, YES = 0, 1, 2
STAR: Final = "*"
EXACTLY: Final = "="
"""Before a word: it stands for itself, whatever it holds."""
NOT_KNOWN: Final = "unknown"
"""The word by which a rule asks for what is not known."""


class Matcher:
    """Says where conditions hold, and remembers what it said of each distinct value."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self._said: dict[tuple[Condition, bool], NDArray] = {}

    def holds(self, condition: Condition, rows: NDArray, *, every: bool) -> NDArray:
        """Return, for some contacts, NO, MAYBE or YES; *every*: only where all parties fit."""
        column = self._contacts.columns[condition.key]
        key = condition, every
        if key not in self._said:
            self._said[key] = truths(condition, column.values, every=every)
        said: NDArray = self._said[key][column.codes[rows]]
        return said


def truths(condition: Condition, values: Sequence[Values], *, every: bool) -> NDArray:
    """Return NO, MAYBE or YES for each of many values."""
    fits = test(condition)
    combine: Callable[..., int] = min if every else max
    sure = {value: fits(value) for some in values for value in some}
    found = [combine(map(sure.__getitem__, some)) if some else NO for some in values]
    return np.array(found or [NO], np.int8)


def test(condition: Condition) -> Callable[[Value], int]:
    """Return what says whether one value fits a condition."""
    words = frozenset(value.removeprefix(EXACTLY) for value in condition.values)
    asked = frozenset(condition.values)
    within = _within(condition)

    def fits(value: Value) -> int:
        if isinstance(value, Doubt):
            truth = _of_doubt(value, asked)
        elif isinstance(value, Names):
            truth = YES if any(name in words or within(name) for name in value) else NO
        else:
            truth = YES if value in words or within(value) else NO
        return YES - truth if condition.negated else truth

    return fits


def _of_doubt(doubt: Doubt, words: frozenset[str]) -> int:
    if doubt.name in words or NOT_KNOWN in words:
        return YES
    if not doubt.one_of:
        return MAYBE
    said = [word in words for word in doubt.one_of]
    return YES if all(said) else MAYBE if any(said) else NO


def _within(condition: Condition) -> Callable[[str], bool]:
    """Return what holds where a pattern, a prefix or a range of a condition fits."""
    open_ = [value for value in condition.values if not value.startswith(EXACTLY)]
    patterns = [value for value in open_ if STAR in value]
    networks = [_network(value) for value in open_ if "/" in value and condition.key in ADDRESSED]
    ranges = [_ports(value) for value in condition.values] if condition.key == "ports" else []
    if not (patterns or any(networks) or ranges):
        return lambda _: False
    form = re.compile("|".join(_pattern(value) for value in patterns) or r"(?!)", re.I | re.S)
    nets = [network for network in networks if network is not None]

    def fits(value: str) -> bool:
        return (
            form.fullmatch(value) is not None
            or (bool(nets) and _is_in(value, nets))
            or any(_is_between(value, *of) for of in ranges)
        )

    return fits


def _pattern(value: str) -> str:
    return ".*".join(re.escape(part) for part in value.split(STAR))


def _network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(value)
    except ValueError:
        return None


def _is_in(value: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _ports(value: str) -> tuple[str, int, int]:
    """Return transport (empty: any), first and last port; of a transport alone, a span without ports.

    >>> _ports("tcp/8000-8100"), _ports("443"), _ports("icmp")
    (('tcp', 8000, 8100), ('', 443, 443), ('icmp', 0, 65535))
    """
    transport, _, ports = value.rpartition("/")
    if not transport and not ports[:1].isdigit():
        return ports, 0, 0xFFFF
    first, _, last = ports.partition("-")
    return transport, int(first), int(last or first)


def _is_between(value: str, transport: str, first: int, last: int) -> bool:
    of, _, port = value.partition("/")
    if transport and transport != of:
        return False
    return first <= int(port or 0) <= last
