"""Dossiers in, pages out: what goes to a supplier, and the list of all of them.

A page is made of the dossier alone, which holds pseudonyms in place of everything internal. Both languages are in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kwel.report import catalogue, numbers
from kwel.report.page import paper
from kwel.report.text import NOTHING, Text, code, joined, plain, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kwel.report.catalogue import Catalogue
    from kwel.report.text import Language

Row = dict[str, Any]
"""As a dossier spells it."""
SHOWN = 60
"""Rows of each table of a page; the JSON holds all."""
COUNTRY = re.compile(r"[A-Z]{2}")
LONGEST = 2_000
"""Characters of an answer."""
TIMES = ("minute-0", "minutes", "hours", "days", "weeks")


class Item(NamedTuple):
    """Something with small print."""

    name: Text
    small: Text = NOTHING


@dataclass(frozen=True, slots=True)
class Service:
    """A service as the page shows it."""

    id: Text
    control: str
    name: Item
    function: Item
    hosted: list[Text]
    used: Item
    seen: Item
    grade: Text


@dataclass(frozen=True, slots=True)
class Comparison:
    """A service, what was answered of it, and what was seen."""

    service: Text
    lines: list[tuple[Text, Text, Text, Text]]
    """What it is about; what was seen; what was answered; whether they agree."""


@dataclass(frozen=True, slots=True)
class DossierPage:
    """Everything that the page of a dossier shows."""

    name: Text
    verdict: Text
    block: list[tuple[Text, Item]]
    services: list[Service]
    elsewhere: list[Service]
    products: list[tuple[Item, Text, Text, Text]]
    stops: list[tuple[Text, Text, Text, Text]]
    headings: list[tuple[Text, list[Item]]]
    instruments: list[Item]
    assets: list[tuple[Text, Item, Text, Text, Text]]
    evidence: list[tuple[Text, list[tuple[str, Text, Text, Text]]]]
    answer: Text | None
    statement: Text
    comparisons: list[Comparison]
    replies: list[tuple[Text, Text]]
    left_out: Text
    version: Text


def dossier(content: Row, reference: str, language: Language) -> str:
    """Return a dossier as one self-contained HTML document that opens in a language."""
    say = catalogue.load()
    page = _Writer(content, say).page(reference)
    return paper("dossier.html", page, say, say("dossier.title", name=page.name), language)


class _Writer:
    """Turns a dossier into text."""

    def __init__(self, content: Row, say: Catalogue) -> None:
        self._content, self._say = content, say

    def page(self, reference: str) -> DossierPage:
        """Return what the page shows."""
        content, say = self._content, self._say
        answers = content.get("answers") or {}
        left_out = content["left_out"]
        return DossierPage(
            name=wire(content["supplier"]["name"], 60),
            verdict=self._verdict(),
            block=self._block(reference),
            services=[self._service(row) for row in content["services"][:SHOWN]],
            elsewhere=[self._service(row) for row in content["elsewhere"][:SHOWN]],
            products=[self._product(row) for row in content["products"][:SHOWN]],
            stops=_stops(content["stops"], say),
            headings=self._headings(),
            instruments=[self._instrument(row) for row in content["instruments"]],
            assets=[self._asset(row) for row in content["assets"][:SHOWN]],
            evidence=[self._evidence(row) for row in [*content["services"], *content["elsewhere"]][:SHOWN]],
            answer=say("dossier.answers-date", date=numbers.date(answers["date"])) if answers else None,
            statement=wire(answers.get("statement") or "", LONGEST) if answers.get("statement") else NOTHING,
            comparisons=[self._comparison(row) for row in answers.get("services", ())[:SHOWN]],
            replies=[self._reply(row) for row in answers.get("answers", ())[:SHOWN]],
            left_out=say.count("dossier.left-out", left_out) if left_out else NOTHING,
            version=wire(content["basis"]["kwel"]),
        )

    def _verdict(self) -> Text:
        say, services = self._say, self._content["services"]
        if services:
            users = len({asset for row in services for asset in row["assets"]})
            return say.count("dossier.verdict-services", len(services), assets=say.count("dossier.assets", users))
        return say.count("dossier.verdict-devices", sum(row["count"] for row in self._content["products"]))

    def _block(self, reference: str) -> list[tuple[Text, Item]]:
        say, content = self._say, self._content
        head, period = content["supplier"], content["period"]
        known = joined([say(f"dossier.known-{kind}") for kind in head["known"]])
        rows = [
            (say("dossier.company"), Item(code(content["company"]), say("dossier.company-small"))),
            (say("dossier.known"), Item(known, joined([wire(text) for text in head["spellings"][:4]]))),
            (say("dossier.seen"), Item(_between(period["first"], period["last"], "dossier.seen-value", say))),
            (say("dossier.grade"), Item(say(f"grade.{head['grade']}"))),
            (
                say("dossier.rules"),
                Item(code(content["basis"]["rules"][:16]), wire(f"kwel {content['basis']['kwel']}")),
            ),
            (say("dossier.digest"), Item(code(reference))),
        ]
        if content["withheld"]:
            rows.append((say("dossier.withheld-head"), Item(say.count("dossier.withheld", content["withheld"]))))
        return rows

    def _service(self, row: Row) -> Service:
        say = self._say
        hosts = joined([code(text) for text in row["hosts"]])
        mine = row["supplier"] == self._content["supplier"]["name"]
        of = say("dossier.of", name=wire(row["supplier"])) if row["supplier"] and not mine else NOTHING
        named = wire(row["service"]) if row["service"] else hosts or say("dossier.unnamed")
        small = joined([text for text in (of, hosts if row["service"] else NOTHING) if text], " · ")
        names = joined([code(text) for text in row["assets"][:3]])
        return Service(
            id=code(row["id"]),
            control=row["control"],
            name=Item(named, small),
            function=Item(_term(row["function"], say), say(f"dossier.path-{row['path'] or 'unknown'}")),
            hosted=hosted(row, say),
            used=Item(say.count("dossier.assets", row["asset_count"]), names),
            seen=Item(_between(row["first"], row["last"], "dossier.when-value", say), self._volume(row)),
            grade=say(f"grade.{row['grade']}"),
        )

    def _volume(self, row: Row) -> Text:
        if row["state"] != "used":
            return self._say(f"dossier.state-{row['state']}")
        sizes = {"out": numbers.size(row["bytes_out"]), "in": numbers.size(row["bytes_in"])}
        return self._say.count("dossier.volume", row["flows"], **sizes)

    def _product(self, row: Row) -> tuple[Item, Text, Text, Text]:
        say = self._say
        name = wire(row["product"]) if row["product"] else say("dossier.not-told")
        firmware = wire(row["firmware"]) if row["firmware"] else say("dossier.not-told")
        assets = joined([code(text) for text in row["assets"][:6]])
        return Item(name, assets), firmware, numbers.number(row["count"]), say(f"grade.{row['grade']}")

    def _headings(self) -> list[tuple[Text, list[Item]]]:
        found: dict[str, tuple[Text, list[Item]]] = {}
        for row in self._content["questions"]:
            _, items = found.setdefault(row["heading"], (_both(row["heading_title"]), []))
            items.append(Item(_both(row["text"]), joined(self._articles(row), "; ")))
        return list(found.values())

    def _articles(self, row: Row) -> list[Text]:
        """Return what a question rests on, with whether that applies on the last day that was seen."""
        instrument = next(one for one in self._content["instruments"] if one["id"] == row["instrument"])
        seen = self._content["period"]["last"] or "9999"
        found = []
        for article in (one for one in instrument["articles"] if one["id"] in row["articles"]):
            key = "dossier.applies" if article["applies"] <= seen else "dossier.applies-later"
            reference = article["reference"]
            if instrument["reference"] not in reference and row["instrument"] not in ("rdi",):
                reference = f"{instrument['reference']}, {reference}"
            found.append(self._say(key, reference=wire(reference), date=numbers.date(article["applies"])))
        return found

    def _instrument(self, row: Row) -> Item:
        say = self._say
        title = joined([_both(row["title"]), wire(row["reference"])], ", ")
        asks = [
            joined([wire(one["reference"]), say("dossier.asks", what=_both(one["asks"]))], " ")
            for one in row["articles"]
        ]
        checked = say(f"dossier.checked-{row['checked']}")
        return Item(title, joined([joined(asks, "; "), checked, *(wire(text, 400) for text in row["sources"])], ". "))

    def _asset(self, row: Row) -> tuple[Text, Item, Text, Text, Text]:
        say = self._say
        kind = joined([say.term("kind.short", row["kind"])] + ([say.term("role", row["role"])] if row["role"] else []))
        zone = joined([code(text) for text in row["zones"]])
        level = say("dossier.level", level=wire(row["level"])) if row["level"] else NOTHING
        yours = say("dossier.yours") if row["yours"] else NOTHING
        return code(row["id"]), Item(kind, yours), zone, level, joined([code(text) for text in row["addresses"][:4]])

    def _evidence(self, row: Row) -> tuple[Text, list[tuple[str, Text, Text, Text]]]:
        say, lines = self._say, []
        for claim in row["evidence"]:
            for step in claim["steps"]:
                where = wire(step["source"] or "")
                if step["frame"]:
                    numbered = {"capture": numbers.number(step["capture"] or 0), "frame": numbers.number(step["frame"])}
                    where = say("dossier.frame", **numbered)
                lines.append((step["step"], say(f"step.{step['step']}"), plain(step["kind"].replace("-", " ")), where))
        return joined([code(row["id"]), wire(row["service"] or row["operator"] or "")], " "), lines

    def _comparison(self, row: Row) -> Comparison:
        say = self._say
        lines = [
            (say(f"dossier.field-{one['field']}"), _value(one["observed"], say), _value(one["answered"], say),
             say(f"dossier.{one['outcome']}"))
            for one in row["fields"]
        ]  # fmt: skip
        return Comparison(joined([code(row["service"]), wire(row["name"] or "")], " "), lines)

    def _reply(self, row: Row) -> tuple[Text, Text]:
        asked = next((one for one in self._content["questions"] if one["id"] == row["question"]), None)
        return _both(asked["text"]) if asked else code(row["question"]), wire(row["text"], LONGEST)


def hosted(row: Row, say: Catalogue) -> list[Text]:
    """Return where a service stands: operator, place, parent, what stands in front."""
    operator = wire(row["operator"], 60) if row["operator"] else say("dossier.no-operator")
    lines = [operator, place(row, say)]
    if row["parent"]:
        country = say.country(row["parent_jurisdiction"] or "") if row["parent_jurisdiction"] else say("word.unknown")
        lines.append(say("dossier.parent", name=wire(row["parent"], 60), country=country))
    else:
        lines.append(say("dossier.parent-unknown"))
    if row["front"]:
        lines.append(say("dossier.front", front=wire(row["front"])))
    return [line for line in lines if line]


def place(row: Row, say: Catalogue) -> Text:
    """Return where it stands: the operator's own name of the region, and the country."""
    countries = [say.country(part) for part in (row["location"] or "").split("/") if part]
    region = [wire(row["region"])] if row["region"] else []
    return joined([*region, *countries]) if region or countries else say("word.unknown")


def _stops(rows: Sequence[Row], say: Catalogue) -> list[tuple[Text, Text, Text, Text]]:
    """Return what stops, by function: when it is felt at the soonest, and by how many devices in which way."""
    by: dict[str, list[Row]] = {}
    for row in rows:
        by.setdefault(row["function"] or "", []).append(row)
    found = []
    for function, group in sorted(by.items(), key=lambda pair: (soonest(pair[1]), pair[0])):
        direct, behind = (len({row["asset"] for row in group if row["direct"] is way}) for way in (True, False))
        found.append((_term(function, say), felt(group, say), numbers.number(direct), numbers.number(behind)))
    return found


def soonest(rows: Iterable[Row]) -> int:
    """Return when something is felt first, as a place in ``TIMES``; beyond its end where nobody knows."""
    return min((TIMES.index(row["impact"]) for row in rows if row["impact"] in TIMES), default=len(TIMES))


def felt(rows: Iterable[Row], say: Catalogue) -> Text:
    """Return when something is felt first, in words."""
    first = soonest(rows)
    if first == 0:
        return say("dossier.at-once")
    return say.term("term", TIMES[first]) if first < len(TIMES) else say("word.unknown")


def _term(function: str | None, say: Catalogue) -> Text:
    return say.term("term", function) if function else say("word.unknown")


def _both(words: Mapping[str, str]) -> Text:
    return Text(plain_long(words["nl"]).nl, plain_long(words["en"]).en)


def plain_long(text: str) -> Text:
    """Return a sentence of a rule, whole."""
    return wire(text, LONGEST)


def _between(first: str | None, last: str | None, key: str, say: Catalogue) -> Text:
    if not first or not last:
        return say("word.unknown")
    return say(key, first=numbers.date(first), last=numbers.date(last))


def _value(value: Any, say: Catalogue) -> Text:
    if value is None or value in ("", []):
        return say("word.unknown")
    parts = value if isinstance(value, list) else str(value).split("/")
    if all(COUNTRY.fullmatch(str(part)) for part in parts):
        return joined([say.country(str(part)) for part in parts])
    if isinstance(value, list):
        return joined([wire(str(part)) for part in value])
    return say.first(f"dossier.said-{value}") or wire(str(value), LONGEST)


@dataclass(frozen=True, slots=True)
class Listed:
    """A supplier in the list of all of them."""

    control: str
    name: Item
    folder: str
    devices: Text
    services: Text
    dependents: Text
    answered: Item


@dataclass(frozen=True, slots=True)
class IndexPage:
    """Everything that the list of dossiers shows."""

    title: Text
    rows: list[Listed]
    notes: list[Text]
    version: Text


def index(rows: Sequence[Row], counted: Mapping[str, int], version: str, language: Language) -> str:
    """Return the list of all dossiers as one self-contained HTML document; *counted* is what is not among them."""
    say = catalogue.load()
    notes = [say.count(f"index.{key}", count) for key, count in counted.items() if count]
    title = say.count("index.title", len(rows))
    page = IndexPage(title, [_listed(row, say) for row in rows], notes, wire(version))
    return paper("dossiers.html", page, say, title, language)


def _listed(row: Row, say: Catalogue) -> Listed:
    small = joined([say(f"dossier.known-{kind}") for kind in row["known"]])
    if row["known"] == ["domain"]:
        small = say("index.by-domain")
    answered = Item(NOTHING)
    if row["answered"]:
        found = row["contradictions"]
        answered = Item(numbers.date(row["answered"]), say.count("index.contradictions", found) if found else NOTHING)
    return Listed(
        control=row["control"],
        name=Item(wire(row["name"], 60), small),
        folder=row["id"],
        devices=numbers.number(row["devices"]),
        services=numbers.number(row["services"]),
        dependents=numbers.number(row["dependents"]),
        answered=answered,
    )
