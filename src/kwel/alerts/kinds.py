"""rules/alerts.toml in, what each kind of alert says and how grave it is out; an alert in, its sentences out."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Formatter
from typing import TYPE_CHECKING, Final

from kwel.model.findings import Severity
from kwel.rulebook.rulefile import RuleTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.alerts import Alert

FILE: Final = "alerts.toml"
UNKNOWN: Final = {"nl": "onbekend", "en": "not known"}
LONGEST: Final = 200
"""Characters of one value in a sentence."""
LANGUAGES: Final = ("nl", "en")
SEVERITIES: Final = tuple(severity.name.lower() for severity in Severity)


class Sort(enum.StrEnum):
    """What becomes of an alert once somebody acknowledged it."""

    NEWS = "news"
    """It is about an asset, and is known for ever."""
    STATE = "state"
    """It goes on: it is silent until it is over and begins anew."""
    EVENT = "event"
    """It happened: what was seen until then is covered, and what happens after that is told."""


SORTS: Final = tuple(sort.value for sort in Sort)


@dataclass(frozen=True, slots=True)
class Kind:
    """What alerts of one kind have in common."""

    id: str
    sort: Sort
    severity: Severity
    inside: Severity
    """Where all of it is under control inside the bloc."""
    unless_known: bool
    """Whether it is about something new: then the sensor learns first."""
    says: Mapping[str, str]
    """By language, with what is filled in, in braces."""
    to_do: Mapping[str, str]


@cache
def kinds() -> dict[str, Kind]:
    """Return all kinds of alert.

    Raises:
        RuleError: the rules of this installation are damaged.
    """
    table = RuleTable.parse((resources.files("kwel.rules") / FILE).read_bytes(), FILE)
    table.sources()
    table.date("reviewed")
    return {name: _kind(table.within(inner, name), name) for name, inner in table.rest()}


def _kind(table: RuleTable, name: str) -> Kind:
    sort, severity = Sort(table.one_of("sort", SORTS)), table.one_of("severity", SEVERITIES)
    inside = table.one_of("inside", SEVERITIES, severity)
    learns = table.take("unless_known", bool, False)
    says, to_do = (dict(zip(LANGUAGES, table.sentence(key), strict=True)) for key in ("says", "to_do"))
    table.finish()
    return Kind(name, sort, Severity[severity.upper()], Severity[inside.upper()], learns, says, to_do)


def sentence(alert: Alert, language: str) -> str:
    """Return what an alert says: nothing in it can move a cursor or turn the direction of reading."""
    values = {
        "asset": alert.asset_label or alert.asset,
        "operator": alert.operator,
        "host": alert.host,
        "source": alert.source,
        "sensor": alert.sensor,
        **alert.values,
    }
    out = []
    for literal, field, _, _ in Formatter().parse(kinds()[alert.kind].says[language]):
        out.append(literal)
        if field is not None:
            out.append(shown(values.get(field, "")) or UNKNOWN[language])
    return "".join(out)


def to_do(alert: Alert, language: str) -> str:
    """Return what to do about an alert."""
    return kinds()[alert.kind].to_do[language]


def shown(text: str, longest: int = LONGEST) -> str:
    r"""Return *text* on one line, with everything spelt out that is not seen, and cut where it is too long.

    >>> shown("plc\x1b[2J\u202egpj.exe")
    'plc\\x1b[2J\\u202egpj.exe'
    """
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
