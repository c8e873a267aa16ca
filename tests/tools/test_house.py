"""The measures of the source's layout count what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import house

if TYPE_CHECKING:
    from pathlib import Path


def test_words_of_a_name_are_split_at_underscores_and_capitals() -> None:
    assert house.words_of("_read_HTTPName") == ["read", "http", "name"]


def test_measures_count_rooms_imports_and_retired_words(tmp_path: Path) -> None:
    for room, text in {"a": "from kwel.b import x\ntold = x\n", "b": "x = 1\n"}.items():
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text(text)

    found = dict(house.measures(tmp_path))

    assert (found["names directly in src/kwel"], found["modules"]) == ("2", "2")
    assert (found["imports between rooms"], found["circles of rooms"]) == ("1", "0")
    assert house.retired_names(tmp_path) == [("a/__init__.py", 2, "told")]


def test_rooms_that_import_one_another_are_a_circle() -> None:
    assert house.circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c"]]


def test_src_has_at_most_24_rooms_and_no_circle() -> None:
    found = dict(house.measures())

    assert int(found["names directly in src/kwel"]) <= 24
    assert found["circles of rooms"] == "0"
