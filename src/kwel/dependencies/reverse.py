"""DNS answers in, what addresses are called in the reverse tree out.

RFC 1035 section 3.5 (in-addr.arpa), RFC 3596 section 2.5 (ip6.arpa). Whoever holds an address writes there what he
likes, and nothing is concluded from it: it is shown beside what an address was contacted as, with who was told so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.kinds import RecordKind
from kwel.model.records.columns import address_halves

if TYPE_CHECKING:
    from kwel.model.traffic import Traffic

MOST_REVERSE: Final = 100_000
"""Reverse names that are looked at. A plant asks for some dozens; a scanner asks for every address."""
SUFFIX4, SUFFIX6, NIBBLES = ".in-addr.arpa", ".ip6.arpa", 32


def reverse_names(traffic: Traffic) -> dict[tuple[int, int], int]:
    """Return, by the halves of an address, the first row of the answers that tells what it is called."""
    rows = np.flatnonzero((traffic.answers["kind"] == RecordKind.PTR) & (traffic.answers["target"] > 0))
    found: dict[tuple[int, int], int] = {}
    for row in rows[:MOST_REVERSE].tolist():
        address = address_of(traffic.names[int(traffic.answers["owner"][row])])
        if address:
            found.setdefault(address, row)
    return found


def address_of(name: str) -> tuple[int, int] | None:
    """Return the halves of the address that a reverse name stands for; nothing for other names, and for networks.

    >>> from kwel.model.records.columns import address_text
    >>> address_text(*address_of("7.100.51.198.in-addr.arpa"))
    '198.51.100.7'
    >>> address_of("100.51.198.in-addr.arpa")
    """
    if name.endswith(SUFFIX4):
        text = ".".join(reversed(name.removesuffix(SUFFIX4).split(".")))
    elif name.endswith(SUFFIX6):
        nibbles = name.removesuffix(SUFFIX6).split(".")
        if len(nibbles) != NIBBLES or any(len(nibble) != 1 for nibble in nibbles):
            return None
        digits = "".join(reversed(nibbles))
        text = ":".join(digits[i : i + 4] for i in range(0, NIBBLES, 4))
    else:
        return None
    try:
        return address_halves(text)
    except (OSError, ValueError):
        return None
