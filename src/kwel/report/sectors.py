"""What companies have in common in, a page, an agenda and joint letters out. Figures are "at least", never exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kwel.report import catalogue, numbers
from kwel.report.letters import as_text, in_language, page_of
from kwel.report.page import paper
from kwel.report.papers import place
from kwel.report.text import NOTHING, Text, joined, wire

if TYPE_CHECKING:
    from kwel.report.catalogue import Catalogue
    from kwel.report.letters import Part
    from kwel.report.text import Language

    Row = dict[str, Any]

SHOWN = 60
POINTS = 12
"""Suppliers on the agenda."""
EACH = 6
"""Rows of a kind that the page shows of one supplier or cloud."""


class Cloud(NamedTuple):
    """An operator that companies depend on."""

    operator: Text
    parent: Text
    companies: Text
    functions: Text
    suppliers: Text


class Shared(NamedTuple):
    """A supplier that companies share."""

    name: Text
    small: Text
    companies: Text
    functions: Text
    services: list[tuple[Text, Text]]
    hosted: list[tuple[str, Text]]


@dataclass(frozen=True, slots=True)
class SectorPage:
    """Everything that the sector's page shows."""

    verdict: Text
    lead: Text
    suppliers: list[Shared]
    clouds: list[Cloud]
    agenda: list[tuple[Text, list[Text]]]
    version: Text


def page(content: Row, version: str, language: Language) -> str:
    """Return the sector view as one self-contained HTML document."""
    say = catalogue.load()
    names = {row["id"]: row["name"] for row in content["suppliers"]}
    view = SectorPage(
        verdict=_verdict(content, say),
        lead=say("sector.lead", k=numbers.number(content["k"])),
        suppliers=[_shared(row, say) for row in content["suppliers"][:SHOWN]],
        clouds=[_cloud(row, names, say) for row in content["clouds"][:SHOWN]],
        agenda=_agenda(content, say),
        version=wire(version),
    )
    return paper("sector.html", view, say, say("sector.product"), language)


def agenda(content: Row, language: Language) -> str:
    """Return the agenda of the talks as plain text."""
    say = catalogue.load()
    parts: list[Part] = [(in_language(say("sector.agenda-head"), language), [])]
    for title, points in _agenda(content, say):
        parts.append((in_language(title, language), [in_language(point, language) for point in points]))
    return as_text(parts)


def letter(content: Row, supplier: Row, language: Language) -> tuple[str, str]:
    """Return a joint letter to a supplier, as plain text and as a page."""
    say = catalogue.load()

    def string(key: str, **values: Text) -> str:
        return in_language(say(key, **values), language)

    name = wire(supplier["name"], 60)
    at_least = _at_least(supplier, say)
    services = [in_language(_service(row, say), language) for row in supplier["services"][:POINTS]]
    hosted = [in_language(_place(row, say), language) for row in supplier["hosted"][:POINTS]]
    parts: list[Part] = [
        (string("sector.letter-sender"), []),
        (string("letter.addressee", name=name), []),
        (string("letter.date"), []),
        (string("sector.letter-subject", name=name), []),
        (string("letter.greeting"), []),
        (string("sector.letter-why", companies=at_least, name=name), []),
        *([(string("sector.letter-services"), services)] if services else []),
        *([(string("sector.letter-hosted"), hosted)] if hosted else []),
        (string("sector.letter-ask"), []),
        *_questions(supplier, language),
        (string("sector.letter-reply"), []),
        (string("letter.regards"), []),
        (string("letter.signature"), []),
    ]
    return as_text(parts), page_of(parts, name, say, language)


def _questions(supplier: Row, language: Language) -> list[Part]:
    found: dict[str, Part] = {}
    for row in supplier["questions"]:
        _, rows = found.setdefault(row["heading"], (row["heading_title"][language], []))
        rows.append(row["text"][language])
    return list(found.values())


def _verdict(content: Row, say: Catalogue) -> Text:
    if not content["companies"]:
        return say("sector.too-few", k=numbers.number(content["k"]))
    suppliers = say.count("sector.suppliers", len(content["suppliers"]))
    return say("sector.verdict", companies=catalogue.capitalised(_at_least(content, say)), suppliers=suppliers)


def _at_least(row: Row, say: Catalogue) -> Text:
    return say("sector.at-least", n=numbers.number(row["companies"]))


def _shared(row: Row, say: Catalogue) -> Shared:
    seat = say.country(row["jurisdiction"]) if row["jurisdiction"] else NOTHING
    products = joined([wire(one["product"]) for one in row["products"][:EACH]])
    return Shared(
        name=wire(row["name"], 60),
        small=joined([text for text in (seat, products) if text], " · "),
        companies=_at_least(row, say),
        functions=_functions(row, say),
        services=[(_service(one, say), _at_least(one, say)) for one in row["services"][:EACH]],
        hosted=[(one["control"], _place(one, say)) for one in row["hosted"][:EACH]],
    )


def _functions(row: Row, say: Catalogue) -> Text:
    return joined([say.term("term", one["function"]) for one in row["functions"][:EACH]])


def _service(row: Row, say: Catalogue) -> Text:
    function = say.term("term", row["function"]) if row["function"] else say("word.unknown")
    return say("sector.service", service=wire(row["service"], 60), function=function)


def _place(row: Row, say: Catalogue) -> Text:
    parent = say("word.unknown")
    if row["parent"]:
        seat = say.country(row["parent_jurisdiction"]) if row["parent_jurisdiction"] else say("word.unknown")
        parent = say("dossier.parent", name=wire(row["parent"], 60), country=seat)
    values = {"operator": wire(row["operator"], 60), "place": place(row, say), "parent": parent}
    return say("sector.hosted-at", companies=_at_least(row, say), **values)


def _cloud(row: Row, names: dict[str, str], say: Catalogue) -> Cloud:
    seat = say.country(row["parent_jurisdiction"]) if row["parent_jurisdiction"] else say("word.unknown")
    behind = [wire(names[one["id"]], 60) for one in row["suppliers"][:EACH] if one["id"] in names]
    return Cloud(
        operator=wire(row["operator"], 60),
        parent=say("dossier.parent", name=wire(row["parent"], 60), country=seat) if row["parent"] else NOTHING,
        companies=_at_least(row, say),
        functions=_functions(row, say),
        suppliers=joined(behind),
    )


def _agenda(content: Row, say: Catalogue) -> list[tuple[Text, list[Text]]]:
    """Return the points of the talks: one for each supplier, then the clouds that they share."""
    points = []
    for row in content["suppliers"][:POINTS]:
        lines = [_service(one, say) for one in row["services"][:EACH]]
        lines += [_place(one, say) for one in row["hosted"][:EACH]]
        lines += [
            Text(wire(one["text"]["nl"], 400).nl, wire(one["text"]["en"], 400).en) for one in row["questions"][:EACH]
        ]
        points.append((say("sector.point", name=wire(row["name"], 60), companies=_at_least(row, say)), lines))
    shared = [
        say("sector.cloud-point", operator=wire(row["operator"], 60), companies=_at_least(row, say))
        for row in content["clouds"][:POINTS]
    ]
    if shared:
        points.append((say("sector.clouds"), shared))
    return points
