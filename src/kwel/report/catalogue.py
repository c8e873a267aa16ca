"""html/catalogue.toml and its companions in, every sentence out, in Dutch and in English at once."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from string import Formatter
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

from kwel.findings import registry
from kwel.report import numbers
from kwel.report.text import LANGUAGES, Language, Text, Value, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Pieces = tuple[tuple[str, str | None], ...]
"""A sentence as literal markup, each piece followed by the name of what is filled in there."""


class Catalogue:
    """Sentences by key, ``section.name``. A key that is missing is a fault of ours and raises KeyError."""

    def __init__(self, sentences: Mapping[str, Mapping[Language, str]]) -> None:
        self._pieces = {
            key: {language: _pieces(entry[language]) for language in LANGUAGES} for key, entry in sentences.items()
        }
        self.sentences = sentences
        self._fixed: dict[str, Text] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._pieces

    def __call__(self, key: str, **values: Value) -> Text:
        """Return a sentence with *values* filled in; a value that is not known says so."""
        known = None if values else self._fixed.get(key)
        if known is None:
            pieces = self._pieces[key]
            known = Text(*(self._fill(pieces[language], language, values) for language in LANGUAGES))
            if not values:
                self._fixed[key] = known
        return known

    def _fill(self, pieces: Pieces, language: Language, values: Mapping[str, Value]) -> Markup:
        out: list[str] = []
        for literal, field in pieces:
            out.append(literal)
            if field is not None:
                out.append(self._value(values.get(field), language))
        return Markup("".join(out))

    def _value(self, value: Value | None, language: Language) -> str:
        if value is None:
            return self("word.unknown")[language]
        return value[language] if isinstance(value, Text) else escape(value)

    def first(self, *keys: str, **values: Value) -> Text | None:
        """Return the sentence of the first key that exists."""
        key = next((key for key in keys if key in self), None)
        return None if key is None else self(key, **values)

    def count(self, key: str, count: int, **values: Value) -> Text:
        """Return the singular or the plural of a sentence, with ``{n}`` in figures."""
        form = "one" if count == 1 else "other"
        return self(f"{key}.{form}", **{"n": numbers.number(count), **values})

    def words(self, count: int) -> Text:
        """Return a number in words up to twelve, above that in figures."""
        return self.first(f"number.n{count}") or numbers.number(count)

    def capital_words(self, count: int) -> Text:
        """Return the same for the start of a sentence."""
        return self.first(f"number.N{count}") or capitalised(self.words(count))

    def country(self, code: str) -> Text:
        """Return the name of a country; a code that is none, as it is."""
        return self.first(f"country.{code}") or plain(code)

    def term(self, group: str, value: str) -> Text:
        """Return a word of a closed vocabulary; one that the catalogue does not know, as it is."""
        return self.first(f"{group}.{value}") or plain(value.replace("-", " "))


def _pieces(sentence: str) -> Pieces:
    return tuple((str(escape(literal)), field) for literal, field, _, _ in Formatter().parse(sentence))


def capitalised(text: Text) -> Text:
    """Return *text* beginning with a capital: for a number in words at the start of a sentence."""
    return Text(*(text[language][:1].upper() + text[language][1:] for language in LANGUAGES))


FILES: Final = ("catalogue.toml", "judged.toml", "papers.toml", "drills.toml", "passive.toml", "sensor.toml")
"""Of the report; its chapter on limits; papers that leave the house; drills; silent interfaces; sensors."""


@cache
def load() -> Catalogue:
    """Return the sentences of the report, of the findings, and of the letters and pages for suppliers."""
    folder = resources.files("kwel.report") / "html"
    texts = (tomllib.loads((folder / name).read_text("utf-8")) for name in FILES)
    return Catalogue({key: entry for text in texts for key, entry in _sentences("", text)} | dict(_of_findings()))


def _of_findings() -> Iterator[tuple[str, Mapping[Language, str]]]:
    """Yield title and question of every kind of finding."""
    for kind in registry.KINDS:
        yield f"finding.{kind.id}.title", {"nl": kind.title.nl, "en": kind.title.en}
        yield f"finding.{kind.id}.question", {"nl": kind.question.nl, "en": kind.question.en}


def _sentences(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[Language, str]]]:
    for key, value in table.items():
        if set(value) == set(LANGUAGES):
            yield prefix + key, value
        else:
            yield from _sentences(f"{prefix}{key}.", value)
