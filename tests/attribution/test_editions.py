"""Each table is taken from the edition that is nearest to the capture."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from kwel.attribution.editions import Edition, data_folder, day_of, editions, nearest, open_tables
from kwel.attribution.tables import TableError

DAY = datetime.date.fromisoformat


def edition(date: str, *tables: str) -> Edition:
    return Edition(date, Path(), {table: {"date": date} for table in tables})


FOUND = (
    edition("2026-06-01", "cloud", "asn"),
    edition("2026-10-01", "cloud"),
    edition("2026-12-01", "cloud"),
)


@pytest.mark.parametrize(
    ("table", "day", "taken"),
    [
        ("cloud", "2020-01-01", "2026-06-01"),
        ("cloud", "2026-07-31", "2026-06-01"),
        ("cloud", "2026-08-01", "2026-10-01"),  # as far from one as from the other
        ("cloud", "2026-10-31", "2026-10-01"),
        ("cloud", "2026-11-01", "2026-12-01"),
        ("cloud", "2030-01-01", "2026-12-01"),
        ("asn", "2026-12-01", "2026-06-01"),
    ],
)
def test_the_nearest_edition_is_taken_and_of_two_the_later(table: str, day: str, taken: str) -> None:
    assert nearest(FOUND, table, DAY(day)).name == taken


def test_without_a_day_the_newest_is_taken() -> None:
    assert nearest(FOUND, "cloud", None).name == "2026-12-01"


def test_a_table_that_no_edition_has_is_an_error() -> None:
    with pytest.raises(TableError, match="oui: missing"):
        nearest(FOUND, "oui", None)
    with pytest.raises(TableError, match="tells no date"):
        nearest([Edition("x", Path(), {"cloud": {}})], "cloud", None)


def test_times_far_away_have_a_day_too() -> None:
    assert day_of(0) == DAY("1970-01-01")
    assert day_of(-1) == DAY("1970-01-01")
    assert day_of((1 << 63) - 1) == DAY("2262-04-11")
    assert day_of(1 << 80) == DAY("9999-12-31")


def test_where_there_is_no_folder_the_shipped_tables_are_used(tmp_path: Path) -> None:
    found = editions(tmp_path / "nowhere")

    assert [each.name for each in found] == ["shipped"]
    assert open_tables(DAY("2026-11-25"), found).lookup("8.8.8.8").asn == 15169


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWEL_DATA_DIR", "/srv/kwel")
    assert data_folder() == Path("/srv/kwel")
    monkeypatch.delenv("KWEL_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", "/home/x/.data")
    assert data_folder() == Path("/home/x/.data/kwel/data")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert data_folder() == Path("/dev/null/kwel/data")
