"""Strings from anywhere in, text that is safe to show out: escaped, bidi-safe, in both languages of the report.

Names from the wire are hostile input: they may hold markup, control characters or Unicode bidirectional controls
(UAX #9; "Trojan Source", CVE-2021-42574) that make a line read otherwise than it is. Markup is escaped, invisible
characters are spelled out, and every such string is isolated in ``<bdi>``.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from markupsafe import Markup, escape

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = ("nl", "en")

LONGEST = 200
"""Characters shown of one string from the wire; a DNS name has at most 253 octets."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS_IN_A_ROW = 2


def visible(text: str, longest: int = LONGEST) -> str:
    r"""Return *text* with everything invisible spelled out, and its middle left out where it is too long.

    >>> visible("plc\u202egnp.exe")
    'plc\\u202egnp.exe'
    """
    text = elided(text, longest)
    if text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        hidden = category in _INVISIBLE or marks > _MARKS_IN_A_ROW
        out.append(_spelled(character) if hidden else character)
    return "".join(out)


def elided(text: str, longest: int) -> str:
    """Return *text* with its middle left out where it has more than *longest* characters.

    >>> elided("plantstore01.blob.core.example.net", 20)
    'plantst….example.net'
    """
    if len(text) <= longest:
        return text
    head = longest * 2 // 5 - 1
    return f"{text[:head]}…{text[len(text) - (longest - head - 1) :]}"


def _spelled(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"


@dataclass(frozen=True, slots=True)
class Text:
    """One thing to read, in both languages, as markup that is already safe."""

    nl: Markup
    en: Markup

    def __html__(self) -> Markup:
        """Return both languages, of which the page shows one; jinja2 calls this."""
        if self.nl == self.en:
            return self.nl
        return Markup(f'<span lang="nl">{self.nl}</span><span lang="en">{self.en}</span>')

    def __getitem__(self, language: Language) -> Markup:
        return self.nl if language == "nl" else self.en

    def __bool__(self) -> bool:
        return bool(self.nl)

    @property
    def same(self) -> bool:
        """Whether both languages read alike, so that one is enough."""
        return self.nl == self.en


_remembered = lru_cache(1 << 14, typed=True)
"""Hosts and operators come back in every chapter. Typed: markup is not the same as a string that reads so."""

NOTHING = Text(Markup(""), Markup(""))

Value = Text | Markup | str

DASH = "\N{EN DASH}"
NOT_ANY = Text(Markup(DASH), Markup(DASH))
"""Where a figure would stand if there were one."""


@_remembered
def plain(text: str) -> Text:
    """Return *text*, the same in both languages, without isolation: for what we ourselves wrote."""
    safe = escape(visible(text))
    return Text(safe, safe)


@_remembered
def wire(text: str, longest: int = LONGEST) -> Text:
    """Return a string that came from a capture, a rule file or the command line, isolated.

    >>> str(wire("<img>").en)
    '<bdi>&lt;img&gt;</bdi>'
    """
    safe = Markup(f"<bdi>{escape(visible(text, longest))}</bdi>")
    return Text(safe, safe)


@_remembered
def code(text: str, longest: int = LONGEST) -> Text:
    """Return *text* isolated and in the monospaced face: addresses, commands, digests."""
    safe = Markup(f"<code><bdi>{escape(visible(text, longest))}</bdi></code>")
    return Text(safe, safe)


def wrapped(before: str, text: Text, after: str) -> Text:
    """Return *text* between two pieces of our own markup."""
    return Text(Markup(f"{before}{text.nl}{after}"), Markup(f"{before}{text.en}{after}"))


def joined(texts: list[Text], separator: str = ", ") -> Text:
    """Return *texts* one after another."""
    between = str(escape(separator))
    return Text(Markup(between.join(text.nl for text in texts)), Markup(between.join(text.en for text in texts)))
