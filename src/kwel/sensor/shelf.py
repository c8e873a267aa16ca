"""A folder of reports in, a page that lists them out: what a web server shows who opens the folder."""

from __future__ import annotations

import datetime
import os
import re
from typing import TYPE_CHECKING

from kwel import __version__
from kwel.report import shelf as page
from kwel.sensor.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
WEEK = re.compile(r"(\d{4})-W(\d{2})")
Filed = page.Filed


def filed(folder: Path) -> list[Filed]:
    """Return the reports of a folder, the newest first."""
    found = []
    for name in os.listdir(folder):
        stem, ending = os.path.splitext(name)
        first = _first_day(stem) if ending == ".html" else None
        if first:
            days = 7 if "W" in stem else 1
            found.append(Filed(name, first, first + datetime.timedelta(days=days - 1), (folder / name).stat().st_size))
    return sorted(found, key=lambda one: (one.last, one.first), reverse=True)


def _first_day(stem: str) -> datetime.date | None:
    """Return the day with which the period of a report begins; ``None`` for a file that is none."""
    try:
        if DAY.fullmatch(stem):
            return datetime.date.fromisoformat(stem)
        if of := WEEK.fullmatch(stem):
            return datetime.date.fromisocalendar(int(of[1]), int(of[2]), 1)
    except ValueError:
        pass
    return None


def clear(folder: Path, keep: int) -> None:
    """Remove all but the newest *keep* reports."""
    for one in filed(folder)[keep:]:
        (folder / one.name).unlink(missing_ok=True)


def write(folder: Path, title: str, language: str) -> None:
    """Write the page that lists the reports of a folder."""
    content = page.render(filed(folder), title, "nl" if language == "nl" else "en", __version__)
    replace_file(folder / "index.html", content.encode())
