"""Hostile strings become text that is safe to show."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from kwel.report.text import LONGEST, Text, code, elided, joined, plain, visible, wire, wrapped

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=400)


@given(ANYTHING)
def test_nothing_invisible_is_left_in_what_is_shown(text: str) -> None:
    assert not {unicodedata.category(character) for character in visible(text)} & INVISIBLE


@given(ANYTHING)
def test_whatever_is_shown_can_be_written_as_utf8(text: str) -> None:
    visible(text).encode("utf-8")


@given(ANYTHING)
def test_text_from_the_wire_holds_no_markup_but_its_own_isolation(text: str) -> None:
    shown = str(wire(text).en)

    inner = shown.removeprefix("<bdi>").removesuffix("</bdi>")
    assert len(inner) == len(shown) - len("<bdi></bdi>")
    assert not set(inner) & set("<>\"'")


@given(st.text(max_size=600), st.integers(4, 300))
def test_a_string_is_never_longer_than_asked_for(text: str, longest: int) -> None:
    assert len(elided(text, longest)) <= longest


def test_a_short_string_is_left_as_it_is() -> None:
    assert visible("plant.azure-devices.net") == "plant.azure-devices.net"


def test_a_long_string_loses_its_middle() -> None:
    shown = visible("a" * 300 + ".example")

    assert len(shown) == LONGEST
    assert shown.startswith("aaa")
    assert shown.endswith(".example")


def test_bidirectional_controls_are_spelled_out() -> None:
    assert visible("a\u202eb\u2066c\u200fd") == r"a\u202eb\u2066c\u200fd"


def test_letters_that_are_written_from_right_to_left_are_kept() -> None:
    assert visible("פלק") == "פלק"


def test_a_tower_of_accents_is_cut_down() -> None:
    assert visible("z\u0300\u0301\u0302") == "z\u0300\u0301\\u0302"


def test_astral_characters_without_a_glyph_are_spelled_out() -> None:
    assert visible("\U000e0041") == r"\U000e0041"


def test_both_languages_are_in_the_page_where_they_differ() -> None:
    text = Text(Markup("ja"), Markup("yes"))

    assert text.__html__() == '<span lang="nl">ja</span><span lang="en">yes</span>'
    assert not text.same
    assert text["nl"] == "ja"


def test_one_language_is_enough_where_they_agree() -> None:
    assert plain("a&b").__html__() == "a&amp;b"
    assert plain("a").same


def test_texts_are_joined_in_both_languages() -> None:
    pair = joined([Text(Markup("ja"), Markup("yes")), code("x<y")], " & ")

    assert pair.nl == "ja &amp; <code><bdi>x&lt;y</bdi></code>"
    assert pair.en.startswith("yes &amp; ")


def test_our_own_markup_can_stand_around_a_text() -> None:
    assert wrapped("<b>", plain("1<2"), "</b>").nl == "<b>1&lt;2</b>"
