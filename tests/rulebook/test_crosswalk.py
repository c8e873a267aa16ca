"""The rules on suppliers prove themselves, and wrong ones are refused with file, key and reason."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest

from kwel.model.suppliers import FACTS
from kwel.rulebook import crosswalk
from kwel.rulebook.crosswalk import Names
from kwel.rulebook.rulefile import RuleError

if TYPE_CHECKING:
    from pathlib import Path

BOOK = crosswalk.load()
NAMES = Names(BOOK)
FOLDER = resources.files("kwel.rules") / "crosswalk"


def test_the_shipped_rules_are_in_order_and_their_examples_hold() -> None:
    assert crosswalk.lint() == []
    assert crosswalk.test() == []


def test_every_heading_of_the_inspection_has_questions() -> None:
    assert {heading.id for heading in BOOK.headings} == {question.heading for question in BOOK.questions}
    assert len(BOOK.headings) == 5


def test_every_article_is_asked_about_and_says_from_when_it_applies() -> None:
    asked = {(question.instrument, article) for question in BOOK.questions for article in question.articles}

    assert asked == {(one.id, article.id) for one in BOOK.instruments for article in one.articles}


def test_every_fact_raises_a_question() -> None:
    assert {fact for question in BOOK.questions for fact in question.when} == set(FACTS)


def test_questions_come_in_the_order_of_the_headings() -> None:
    order = [heading.id for heading in BOOK.headings]
    places = [order.index(question.heading) for question in BOOK.asked(frozenset(FACTS))]

    assert places == sorted(places)
    assert len(places) == len(BOOK.questions)


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("Foo B.V.", "foo"),
        ("FOO, Inc.", "foo"),
        ("Foo GmbH & Co. KG", "foo"),
        ("AG", "ag"),
        ("../../etc/passwd", "etc-passwd"),
        ("plant.example", "plant-example"),
        ("Müller GmbH", "muller"),
    ],
)
def test_an_id_is_a_word_that_a_file_may_have(name: str, id_: str) -> None:
    assert NAMES.id(NAMES.of(name)[0]) == id_


def test_names_without_a_letter_of_ascii_stay_apart() -> None:
    one, other = NAMES.id("公司"), NAMES.id("企业")

    assert one != other
    assert one.isascii()


WRONG = {
    'reviewed = 2026-01-01\nsources = ["x"]\n': "sources: 'x' carries no date",
    'reviewed = 2026-01-01\nsources = ["x 2026"]\n[[suppliers]]\nname = "A"\nspellings = ["Siemens X"]\n'
    'matches = ["a"]\nmisses = ["b"]\n': "is not words in lower case",
    'reviewed = 2026-01-01\nsources = ["x 2026"]\n[[suppliers]]\nname = "A"\nspellings = ["siemens"]\n'
    'matches = ["a"]\nmisses = ["b"]\n': "'siemens' is already 'Siemens'",
    'reviewed = 2026-01-01\nsources = ["x 2026"]\n[[suppliers]]\nname = "A"\nspellings = ["aa"]\n'
    'matches = ["a"]\nmisses = []\n': "needs one that matches and one that does not",
}


@pytest.mark.parametrize(("text", "why"), WRONG.items(), ids=list(WRONG.values()))
def test_wrong_names_are_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "crosswalk").mkdir()
    (tmp_path / "crosswalk" / "suppliers-own.toml").write_text(text)

    with pytest.raises(RuleError, match=r"^crosswalk/suppliers-own.toml(:\d+)?: ") as error:
        crosswalk.load(tmp_path)
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('heading = "exit"', 'heading = "exist"', "no heading 'exist'"),
        ('when = ["service"]', 'when = ["servant"]', "'servant' is not one of"),
        ('articles = ["28"]', 'articles = ["99"]', "'99' is not one of"),
        ('articles = ["28"]', "articles = []", "a question that no article asks"),
        ('misses = ["da-access"]', 'misses = ["da-axes"]', "no question 'da-axes'"),
        ('id = "28"', 'id = "25"', "'25' is there twice"),
        ("applies = 2027-01-12", 'applies = "soon"', "must be date"),
    ],
)
def test_wrong_questions_are_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    text = (FOLDER / "questions-data-act.toml").read_text()
    (tmp_path / "crosswalk").mkdir()
    (tmp_path / "crosswalk" / "questions-data-act.toml").write_text(text.replace(old, new, 1))

    with pytest.raises(RuleError, match=r"^crosswalk/questions-data-act.toml(:\d+)?: ") as error:
        crosswalk.load(tmp_path)
    assert why in str(error.value)
    assert crosswalk.lint(tmp_path) == crosswalk.test(tmp_path) == [str(error.value)]
