"""What was looked up or inferred in, steps of evidence out, each with its source and date.

The kinds and the keys of their values are a closed list: rules/vocabulary.toml, [evidence].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.claims import Evidence, Grade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.model.report import TableInfo
    from kwel.rulebook.model import Operator, Service

REGIONS = "rules/regions.toml"


class Steps:
    """Builds evidence; knows the dates of the tables."""

    def __init__(self, infos: Iterable[TableInfo]) -> None:
        self._tables = {info.name.partition(".")[0]: f"{info.name}, {info.date}" for info in infos}

    def looked_up(self, kind: str, table: str, **values: object) -> Evidence:
        """Return a step that rests on a table."""
        return Evidence("looked-up", kind, _texts(values), source=self._tables.get(table, table))


def inferred(kind: str, source: str, **values: object) -> Evidence:
    """Return a step that rests on a rule."""
    return Evidence("inferred", kind, _texts(values), source=source)


def _texts(values: dict[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple([(key, "" if value is None else str(value)) for key, value in values.items()])


def operator_rule(operator: Operator) -> str:
    """Return what to cite for a fact from an operator's file."""
    return f"rules/{operator.file}, {operator.reviewed}"


def service_rule(service: Service) -> str:
    """Return what to cite for a fact from a service's file."""
    return f"rules/{service.file}, {service.reviewed}"


def lowered(grade: Grade, *, unsourced: bool) -> Grade:
    """Return the grade, one lower where nobody can be named for the fact."""
    return Grade(max(grade - 1, Grade.U)) if unsourced else grade
