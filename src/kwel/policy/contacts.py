"""Holds contacts as columns: the facts that a policy is compared with, one number for each distinct value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray


class Doubt(NamedTuple):
    """In place of a value: it is not known."""

    one_of: tuple[str, ...] = ()
    """What it may be; empty: anything."""
    name: str = "unknown"
    """How that itself is called."""

    def __str__(self) -> str:
        return self.name


class Names(tuple[str, ...]):
    """Several names of one and the same: it fits where one of them does."""

    __slots__ = ()

    def __str__(self) -> str:
        return self[0] if self else ""


Value = str | Doubt | Names
Values = tuple[Value, ...]
"""All parties that one key is about; empty where the key does not apply."""
UNKNOWN: Final[Values] = (Doubt(),)
NONE: Final[Values] = ()

OUTBOUND, INBOUND, INSIDE = "outbound", "inbound", "inside"
DIRECTIONS: Final = (OUTBOUND, INBOUND, INSIDE)
OWN: Final = ("assets", "kinds", "roles", "zones", "levels", "owners", "criticalities")
"""Of the asset of the plant; between two of them, of the one that begins."""
TO: Final = ("to_assets", "to_kinds", "to_roles", "to_zones", "to_levels")
"""Between two assets or zones of the plant, of the one that answers."""
OUTSIDE: Final = (
    "hosts", "operators", "parents", "suppliers", "services", "functions", "paths", "impacts", "places", "regions",
    "parent_jurisdictions", "operator_jurisdictions", "supplier_jurisdictions", "jurisdictions", "verdicts", "control",
)  # fmt: skip
WAY: Final = ("direction", "states", "protocols", "ports", "commands")
KEYS: Final = (*OWN, *TO, *OUTSIDE, *WAY)
ADDRESSED: Final = frozenset({"assets", "to_assets", "hosts"})
"""Keys of which the values may be addresses: prefixes fit them."""


class Column(NamedTuple):
    """One key: the distinct values, and by contact which of them it has."""

    values: Sequence[Values]
    codes: NDArray


@dataclass(frozen=True)
class Contacts:
    """Everything that a policy is held against, one row a contact, as columns of equal length."""

    columns: Mapping[str, Column]
    is_command: NDArray
    """By contact: whether it is commands of one class, rather than a conversation."""
    subject: Callable[[int], tuple[str, str, str, str]]
    """Returns, of a contact: asset id or zone, label, destination, and what passes."""
    evidence: Callable[[int], tuple[str, ...]]
    """Returns the frames of a contact."""

    def __len__(self) -> int:
        return len(self.is_command)

    def of(self, row: int, key: str) -> Values:
        """Return what is known of a contact."""
        column = self.columns[key]
        return column.values[int(column.codes[row])]


class Coder:
    """Numbers distinct values in the order in which they come."""

    def __init__(self) -> None:
        self.values: list[Values] = []
        self._numbers: dict[Values, int] = {}

    def code(self, values: Values) -> int:
        """Return the number of some values."""
        number = self._numbers.setdefault(values, len(self.values))
        if number == len(self.values):
            self.values.append(values)
        return number


class Part(NamedTuple):
    """Some contacts of one kind, before they are put together."""

    rows: int
    columns: Mapping[str, tuple[Sequence[Values], NDArray]]
    """By key: values, and by contact an index into them; a key that is missing does not apply."""
    is_command: bool
    subject: Callable[[int], tuple[str, str, str, str]]
    evidence: Callable[[int], tuple[str, ...]]


def put_together(parts: Sequence[Part]) -> Contacts:
    """Return contacts of several kinds as one."""
    starts = np.cumsum([0, *(part.rows for part in parts)])
    columns = {}
    for key in KEYS:
        coder = Coder()
        coder.code(NONE)
        codes = []
        for part in parts:
            values, of = part.columns.get(key, ((NONE,), np.zeros(part.rows, np.int64)))
            codes.append(_numbers(values, coder)[of])
        columns[key] = Column(coder.values, np.concatenate(codes or [np.zeros(0, np.int32)]))
    is_command = np.repeat([part.is_command for part in parts], [part.rows for part in parts]).astype(bool)

    def at(row: int) -> tuple[Part, int]:
        number = int(np.searchsorted(starts, row, side="right")) - 1
        return parts[number], row - int(starts[number])

    def subject(row: int) -> tuple[str, str, str, str]:
        part, place = at(row)
        return part.subject(place)

    def evidence(row: int) -> tuple[str, ...]:
        part, place = at(row)
        return part.evidence(place)

    return Contacts(columns, is_command, subject, evidence)


def _numbers(values: Sequence[Values], coder: Coder) -> NDArray[np.int32]:
    return np.array([coder.code(of) for of in values] or [0], np.int32)


def known(*values: str | None) -> Values:
    """Return values, each once; ``None`` is one that is not known."""
    return tuple(dict.fromkeys(Doubt() if value is None else value for value in values))


def maybe(value: str | None) -> Values:
    """Return a value, or that it does not apply."""
    return NONE if value is None else (value,)
