"""Evidence in, sentences out: every kind of evidence has a sentence in the catalogue, filled in by name.

A kind that the catalogue does not know is printed as it is, with its values: nothing is left out because nobody
has written a sentence for it yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kwel.report import numbers
from kwel.report.places import zone_text
from kwel.report.text import LANGUAGES, NOTHING, Text, code, joined, plain, wire, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kwel.model.claims import Evidence, Grade, Where
    from kwel.model.dependencies import Dependency
    from kwel.report.catalogue import Catalogue

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECONDS = re.compile(r"\d{1,12}\.\d{6}")
NOT_COUNTED = "rejected"
"""A step that was considered and did not count."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a chain of evidence."""

    kind: str
    """``observed``, ``looked-up``, ``inferred`` or ``rejected``."""
    label: Text
    sentence: Text
    source: Text


class Phrases:
    """Turns values and evidence into text."""

    def __init__(self, say: Catalogue, *, one_capture: bool, logs: Mapping[str, str] | None = None) -> None:
        """*logs*: by the names of captures that are logs, the probes that wrote them; all others hold frames."""
        self.say = say
        self._one_capture = one_capture
        self._logs = logs or {}

    def value(self, name: str, value: str) -> Text:
        """Return a value the way its name asks for: a size, a number, a country, an address, else as it came."""
        if not value:
            return self.say("word.unknown")
        write = _WRITE.get(name)
        return wire(value) if write is None else write(self.say, value)

    def values(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Text]:
        """Return all values by name, ready to be filled in."""
        return {name: self.value(name, value) for name, value in pairs}

    def sentence(self, evidence: Evidence) -> Text:
        """Return what a piece of evidence says; ``kind-no-name`` where a sentence without that value exists."""
        keys = [f"evidence.{evidence.kind}-no-{name}" for name, value in evidence.values if not value]
        known = self.say.first(*keys, f"evidence.{evidence.kind}", **self._filling(evidence))
        return known or self._spelled_out(evidence)

    def _filling(self, evidence: Evidence) -> dict[str, Text]:
        values, raw = self.values(evidence.values), dict(evidence.values)
        for name in {key.removesuffix(f"_{LANGUAGES[0]}") for key in raw} - raw.keys():  # as a rule says it, in each
            values[name] = Text(*(plain(raw[f"{name}_{language}"])[language] for language in LANGUAGES))
        for name in _JURISDICTIONS.get(evidence.kind, ()):
            values[name] = _country(self.say, raw.get(name) or "") or self.say("word.unknown")
        return values

    def _spelled_out(self, evidence: Evidence) -> Text:
        pairs = [wire(f"{name}={value}") for name, value in evidence.values]
        kind = plain(evidence.kind.replace("-", " "))
        return joined([kind, joined(pairs)], ": ") if pairs else kind

    def step(self, evidence: Evidence, *, rejected: bool = False) -> Step:
        """Return a piece of evidence as one line of a chain."""
        kind = NOT_COUNTED if rejected else evidence.step
        source = self.where(evidence.where) if evidence.where is not None else _source(evidence.source)
        return Step(kind, self.say(f"step.{kind}"), self.sentence(evidence), source)

    def where(self, where: Where) -> Text:
        """Return a place in a capture, ``plant.pcapng #4711``; of a log, its line: ``Zeek ssl.log line 12``."""
        if probe := self._logs.get(where.capture):
            return self.say(
                "word.log-line", probe=self.say.term("probe", probe), log=wire(where.capture), n=plain(f"{where.frame}")
            )
        return wire(f"{where.capture} #{where.frame}") if where else self.say("word.frame-not-kept")

    def frame(self, evidence: Iterable[Evidence]) -> Text:
        """Return the first frame of some evidence for a table, without the file where there is only one."""
        places = [item.where for item in evidence if item.where is not None]
        where = next((place for place in places if place), places[0] if places else None)
        return NOTHING if where is None else self.place(where)

    def place(self, where: Where) -> Text:
        """Return a frame for a table, without the file where there is only one."""
        is_plain = self._one_capture and where and where.capture not in self._logs
        return plain(f"#{where.frame}") if is_plain else self.where(where)

    def grade(self, grade: Grade) -> Text:
        """Return how far the evidence carries, in words."""
        return self.say(f"grade.{grade.name}")

    def chain(self, *groups: Iterable[Evidence], longest: int) -> tuple[list[Step], int]:
        """Return the steps of some evidence, each once, and how many were left out."""
        distinct = list(dict.fromkeys(item for group in groups for item in group))
        return [self.step(item) for item in distinct[:longest]], max(0, len(distinct) - longest)

    def destination(self, dependency: Dependency) -> Text:
        """Return what a dependency leads to: the service and the host, or the address that has no name."""
        attribution = dependency.attribution
        host = wire(dependency.host)
        if attribution.service and attribution.service.value != dependency.host:
            return joined([wire(attribution.service.value), wrapped('<span class="mut">', host, "</span>")], " ")
        return host


def _source(text: str) -> Text:
    """Return a source with its date in one piece."""
    name, comma, date = text.rpartition(", ")
    if not _DATE.fullmatch(date):
        return wire(text)
    return joined([wire(name + comma), wrapped('<span class="nb">', plain(date), "</span>")], "")


def operator_name(operator: str | None, supplier: str | None, say: Catalogue) -> Text:
    """Return who answers for a destination, and where another hosts it, that too."""
    if operator is None and supplier is None:
        return say("word.unknown")
    if operator is None or supplier is None:
        return wire(operator or supplier or "", 60)
    host = wrapped('<span class="mut">', say("sankey.hosted", operator=wire(operator, 60)), "</span>")
    return joined([wire(supplier, 60), host], " ")


def integer(value: str) -> int | None:
    """Return a value that holds a whole number, or ``None``."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None


def _size(_: Catalogue, value: str) -> Text:
    count = integer(value)
    return wire(value) if count is None else numbers.size(count)


def _number(_: Catalogue, value: str) -> Text:
    count = integer(value)
    return wire(value) if count is None else numbers.number(count)


def _country(say: Catalogue, value: str) -> Text:
    codes = [part.strip() for part in value.replace("/", ",").split(",") if part.strip()]
    return joined([say.first(f"country.{part}", f"place.{part}") or wire(part) for part in codes])


def _term(say: Catalogue, value: str) -> Text:
    return say.first(f"term.{value.lower()}") or wire(value)


def _reason(say: Catalogue, value: str) -> Text:
    return say.first(f"reason.{value}") or wire(value.replace("-", " "))


def _bloc(say: Catalogue, value: str) -> Text:
    return say.first(f"bloc.{value}") or wire(value)


def _time(_: Catalogue, value: str) -> Text:
    try:
        when = datetime.fromisoformat(f"{value[:19]}+00:00")
    except ValueError:
        return wire(value)
    return numbers.time(int(when.timestamp()) * numbers.NANO, seconds=True)


def _duration(_: Catalogue, value: str) -> Text:
    return numbers.duration(round(float(value) * numbers.NANO)) if _SECONDS.fullmatch(value) else wire(value)


def _field(say: Catalogue, value: str) -> Text:
    return joined([say.term("site.field", name) for name in value.split(", ")])


def _trip(_: Catalogue, value: str) -> Text:
    return numbers.trip(round(float(value) * 1_000_000)) if _SECONDS.fullmatch(value) else wire(value)


def _code(_: Catalogue, value: str) -> Text:
    return code(value)


def _date(_: Catalogue, value: str) -> Text:
    return numbers.date(value)


_JURISDICTIONS = {"bloc": ("supplier", "parent", "operator", "location")}
"""Evidence in which these values are jurisdictions and not, as elsewhere, names."""

_WRITE: Mapping[str, Callable[[Catalogue, str], Text]] = {
    **dict.fromkeys(("bytes", "bytes_out", "bytes_in"), _size),
    **dict.fromkeys(
        ("count", "distance", "km", "flows", "packets", "times", "rows", "retries", "hosts", "names"), _number
    ),
    **dict.fromkeys(
        ("jurisdiction", "parent_jurisdiction", "supplier_jurisdiction", "country", "places", "here"), _country
    ),
    **dict.fromkeys(("transport", "protocol", "state", "role", "function", "impact", "kind", "what", "how"), _term),
    "reason": _reason,
    "bloc": _bloc,
    **dict.fromkeys(
        (
            "address",
            "mac",
            "macs",
            "prefix",
            "ot",
            "other",
            "initiator",
            "responder",
            "peer",
            "gateway",
            "ja4",
            "sha256",
        ),
        _code,
    ),
    **dict.fromkeys(("date", "reviewed", "expires", "begins", "day"), _date),
    "field": _field,
    "asked": _time,
    **dict.fromkeys(("wait", "began"), _duration),
    "trip": _trip,
    **dict.fromkeys(("zone", "to_zone"), lambda say, value: zone_text(value, say)),
}
