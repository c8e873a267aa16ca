"""A dossier in, a letter out, as plain text and as a page: for the owner to sign, nothing is filled in for them."""

from __future__ import annotations

import html
import textwrap
from typing import TYPE_CHECKING, Any

from kwel.report import catalogue, numbers
from kwel.report.page import paper
from kwel.report.papers import felt, place, soonest
from kwel.report.text import Text, plain, wire

if TYPE_CHECKING:
    from kwel.report.catalogue import Catalogue
    from kwel.report.text import Language

ROWS = 12
"""Services that a letter names."""
WIDTH = 78
Part = tuple[str, list[str]]
"""A paragraph, or a list with what stands before it; of a list, whether its rows count."""


def letter(content: dict[str, Any], reference: str, language: Language) -> tuple[str, str]:
    """Return a letter as plain text and as one self-contained HTML document, in one language."""
    say = catalogue.load()
    parts = _Letter(content, reference, say, language).parts()
    return as_text(parts), page_of(parts, wire(content["supplier"]["name"], 60), say, language)


def page_of(parts: list[Part], title: Text, say: Catalogue, language: Language) -> str:
    """Return the paragraphs of a letter as one self-contained HTML document."""
    return paper("letter.html", _View(parts), say, title, language)


def in_language(text: Text, language: Language) -> str:
    """Return a text as a plain string: what is escaped in a page stands as it is."""
    return html.unescape(text[language].striptags())


class _View:
    """What the page of a letter shows."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts


class _Letter:
    """Writes the paragraphs, as plain strings in one language."""

    def __init__(self, content: dict[str, Any], reference: str, say: Catalogue, language: Language) -> None:
        self._content, self._reference, self._say, self._language = content, reference, say, language

    def parts(self) -> list[Part]:
        content, period = self._content, self._content["period"]
        name = wire(content["supplier"]["name"], 60)
        first, last = (
            numbers.date(period[end]) if period[end] else self._say("word.unknown") for end in ("first", "last")
        )
        return [
            (self._string("letter.sender"), []),
            (self._string("letter.addressee", name=name), []),
            (self._string("letter.date"), []),
            (self._string("letter.subject", name=name, reference=plain(self._reference)), []),
            (self._string("letter.greeting"), []),
            (self._string("letter.why", first=first, last=last), []),
            *self._seen(),
            *self._stops(),
            (self._string("letter.ask"), []),
            *self._questions(),
            (self._string("letter.reply"), []),
            (self._string("letter.pseudonyms"), []),
            (self._string("letter.regards"), []),
            (self._string("letter.signature"), []),
            (self._string("letter.enclosed"), []),
        ]

    def _string(self, key: str, **values: Text) -> str:
        return self._of(self._say(key, **values))

    def _of(self, text: Text) -> str:
        return in_language(text, self._language)

    def _seen(self) -> list[Part]:
        say, content = self._say, self._content
        services, devices = content["services"], sum(row["count"] for row in content["products"])
        parts: list[Part] = []
        if devices:
            parts.append((self._of(say.count("letter.products", devices)), []))
        if services:
            rows = [self._service(row) for row in services[:ROWS]]
            if len(services) > ROWS:
                rows.append(self._of(say.count("letter.more", len(services) - ROWS)))
            parts.append((self._of(say.count("letter.services", len(services))), rows))
        return parts

    def _service(self, row: dict[str, Any]) -> str:
        say = self._say
        unknown = say("word.unknown")
        named = row["service"] or ", ".join(row["hosts"])
        return self._string(
            "letter.row",
            service=wire(named) if named else say("dossier.unnamed"),
            operator=wire(row["operator"]) if row["operator"] else say("dossier.no-operator"),
            place=place(row, say),
            parent=wire(row["parent"]) if row["parent"] else unknown,
        )

    def _stops(self) -> list[Part]:
        by: dict[str, list[dict[str, Any]]] = {}
        for row in self._content["stops"]:
            if row["function"]:
                by.setdefault(row["function"], []).append(row)
        if not by:
            return []
        listed = [
            self._stop(function, by[function]) for function in sorted(by, key=lambda one: (soonest(by[one]), one))
        ]
        return [(self._string("letter.stops", functions=plain("; ".join(listed[:ROWS]))), [])]

    def _stop(self, function: str, rows: list[dict[str, Any]]) -> str:
        name, first = self._say.term("term", function), soonest(rows)
        if first == 0:
            return self._string("letter.function-at-once", function=name)
        return self._string("letter.function-felt", function=name, impact=felt(rows, self._say))

    def _questions(self) -> list[Part]:
        found: dict[str, Part] = {}
        for row in self._content["questions"]:
            _, rows = found.setdefault(row["heading"], (row["heading_title"][self._language], []))
            rows.append(row["text"][self._language])
        return list(found.values())


def as_text(parts: list[Part]) -> str:
    """Return a letter as plain text; the questions are numbered through."""
    lines: list[str] = []
    for paragraph, rows in parts:
        lines += [*textwrap.wrap(paragraph, WIDTH), ""]
        for row in rows:
            lines += textwrap.wrap(row, WIDTH, initial_indent="  - ", subsequent_indent="    ")
        if rows:
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"
