"""A folder of reports gets a page that lists them, the newest first, and nothing else that lies there."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from kwel.sensor.shelf import clear, filed, write

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("2026-11-24.html", "2026-11-25.html", "2026-W47.html")


def filled(folder: Path) -> Path:
    for name in (*NAMES, "index.html", "2026-13-01.html", "2026-W54.html", "notes.html", "2026-11-25.json"):
        (folder / name).write_text("x" * 1000)
    return folder


def test_reports_are_told_from_other_files(tmp_path: Path) -> None:
    found = filed(filled(tmp_path))

    assert [one.name for one in found] == ["2026-11-25.html", "2026-11-24.html", "2026-W47.html"]
    assert (found[2].first, found[2].last) == (datetime.date(2026, 11, 16), datetime.date(2026, 11, 22))


def test_the_page_links_to_each(tmp_path: Path) -> None:
    write(filled(tmp_path), 'North <b>"substation"</b>', "en")
    page = (tmp_path / "index.html").read_text()

    assert [page.count(f'href="{name}"') for name in NAMES] == [1, 1, 1]
    assert "notes.html" not in page
    assert "<b>" not in page.split("<title>")[1].split("</title>")[0]
    assert "North &lt;b&gt;" in page
    assert "<script" not in page
    assert "default-src &#39;none&#39;" in page


def test_an_empty_folder_has_a_page_too(tmp_path: Path) -> None:
    write(tmp_path, "x", "nl")

    assert "0 rapporten" in (tmp_path / "index.html").read_text()


def test_the_oldest_go_and_nothing_else(tmp_path: Path) -> None:
    clear(filled(tmp_path), 1)

    assert [one.name for one in filed(tmp_path)] == ["2026-11-25.html"]
    assert (tmp_path / "notes.html").exists()
