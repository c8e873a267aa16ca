"""Dependencies and assets of two spans of time in, what is new, gone and changed between them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = dict[str, Any]
TIMES = 3
"""A dependency whose volume is so many times what it was, or less than one part of it in so many, has changed."""
LEAST = 100_000
"""Bytes a day: below that on both sides, a volume is no matter."""
DAY = 86_400
WATCHED = (
    "operator", "parent", "parent_jurisdiction", "operator_jurisdiction", "supplier", "supplier_jurisdiction",
    "location", "verdict", "state", "service",
)  # fmt: skip
"""Columns of a dependency that mean something else when their value is another."""
OF_ASSET = ("kind", "role", "vendor", "product", "firmware", "label", "behind")
WHO = ("operator", "parent_jurisdiction", "supplier")


class Side(NamedTuple):
    """One of the two that are compared."""

    name: str
    dependencies: list[Row]
    """With the columns of ``kwel dependencies``."""
    assets: list[Row]
    """With the columns of ``kwel assets``."""
    seconds: float | None
    """How long was heard; ``None`` where not known: then volumes are compared as they are."""
    whole: bool = True
    """Whether nothing of the span is missing: else what is gone may only not have been heard."""


class Difference(NamedTuple):
    """One thing that the two do not have in common."""

    what: str
    """``dependency``, ``operator``, ``jurisdiction``, ``supplier`` or ``asset``."""
    how: str
    """``new``, ``gone`` or ``changed``."""
    name: str
    of: str = ""
    """The asset, of a dependency; of an operator, how many assets."""
    changes: tuple[tuple[str, str | None, str | None], ...] = ()
    """Column, and its value before and after."""
    evidence: tuple[str, ...] = ()
    """Frames that show it: of what is gone, in the first; else in the second."""
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two spans of time do not have in common."""

    before: Side
    after: Side
    differences: tuple[Difference, ...] = field(default=())


def compare(before: Side, after: Side) -> Comparison:
    """Return what is new, gone and changed, in a fixed order: of operators first, of assets last."""
    found = [*_who(before, after), *_dependencies(before, after), *_assets(before, after)]
    return Comparison(before, after, tuple(found))


def _who(before: Side, after: Side) -> Iterable[Difference]:
    """Yield operators, jurisdictions and suppliers that only one of them has."""
    for column, what in zip(WHO, ("operator", "jurisdiction", "supplier"), strict=True):
        one, other = _by(before, column), _by(after, column)
        for how, here, there in (("new", other, one), ("gone", one, other)):
            for name in sorted(here.keys() - there.keys()):
                rows = here[name]
                assets = sorted({str(row["asset_label"]) for row in rows})
                yield Difference(what, how, name, ", ".join(assets[:3]), evidence=_evidence(rows))


def _by(side: Side, column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in side.dependencies:
        if row.get(column):
            found.setdefault(str(row[column]), []).append(row)
    return found


def _evidence(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return three frames that can be opened: number 0 is one that was not kept."""
    places = (place for row in rows for place in row["evidence"] if not place.endswith("#0"))
    return tuple(dict.fromkeys(places))[:3]


def _key(row: Row) -> tuple[str, str]:
    """Return what makes a dependency the same in both: who needs it, and the host, else its address."""
    return str(row["asset"]), str(row["host"] or row.get("address") or "")


def _merged(rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    """Return dependencies by their key; those with one key, of several addresses or windows, are one."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        was = found.setdefault(_key(row), {**row, "bytes": 0, "flows": 0, "evidence": []})
        was["bytes"] += row["bytes_out"] + row["bytes_in"]
        was["flows"] += row["flows"]
        was["evidence"] += row["evidence"]
    return found


def _dependencies(before: Side, after: Side) -> Iterable[Difference]:
    one, other = _merged(before.dependencies), _merged(after.dependencies)
    for how, here, there in (("new", other, one), ("gone", one, other)):
        for key in sorted(here.keys() - there.keys()):
            yield _difference(how, here[key])
    days = _days(before, after)
    for key in sorted(one.keys() & other.keys()):
        changes = [*_changes(one[key], other[key], WATCHED), *_volume(one[key], other[key], *days)]
        if changes:
            yield _difference("changed", other[key], tuple(changes))


def _difference(how: str, row: Row, changes: tuple[tuple[str, str | None, str | None], ...] = ()) -> Difference:
    host, verdict = str(row["host"] or row.get("address") or ""), row.get("verdict")
    return Difference("dependency", how, host, str(row["asset_label"]), changes, _evidence([row]), verdict)


def _changes(one: Row, other: Row, columns: Iterable[str]) -> list[tuple[str, str | None, str | None]]:
    return [
        (column, _text(one.get(column)), _text(other.get(column)))
        for column in columns
        if one.get(column) != other.get(column)
    ]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _days(before: Side, after: Side) -> tuple[float, float]:
    """Return how many days each heard; where either is not known, both are one."""
    if not before.seconds or not after.seconds:
        return 1.0, 1.0
    return before.seconds / DAY, after.seconds / DAY


def _volume(one: Row, other: Row, days: float, days_after: float) -> list[tuple[str, str | None, str | None]]:
    """Return how the volume changed, in bytes a day, if it did."""
    was, now = one["bytes"] / days, other["bytes"] / days_after
    if max(was, now) < LEAST or (was <= TIMES * now and now <= TIMES * was):
        return []
    return [("bytes_per_day", f"{was:.0f}", f"{now:.0f}")]


def _assets(before: Side, after: Side) -> Iterable[Difference]:
    one, other = ({str(row["asset"]): row for row in side.assets} for side in (before, after))
    for how, here, there in (("new", other, one), ("gone", one, other)):
        for key in sorted(here.keys() - there.keys()):
            yield _asset(how, here[key])
    for key in sorted(one.keys() & other.keys()):
        changes = _changes(one[key], other[key], OF_ASSET)
        if changes:
            yield _asset("changed", other[key], tuple(changes))


def _asset(how: str, row: Row, changes: tuple[tuple[str, str | None, str | None], ...] = ()) -> Difference:
    of = " ".join(str(row[key]) for key in ("kind", "role", "vendor") if row.get(key))
    return Difference("asset", how, str(row["label"]), of, changes, _evidence([row]))


def rows_of(frame: Any) -> list[Row]:
    """Return the rows of a table of pandas, with ``None`` for what is not known."""
    rows: list[Row] = frame.to_dict("records")
    return [{key: None if _is_missing(value) else value for key, value in row.items()} for row in rows]


def _is_missing(value: Any) -> bool:
    return isinstance(value, float) and value != value
