"""A folder of reports in, a page that lists them out: what a web server shows who opens the folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kwel.model.version import __version__
from kwel.report import shelf as page
from kwel.sensor.calendar import days_of
from kwel.sensor.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

Filed = page.Filed


def filed(folder: Path) -> list[Filed]:
    """Return the reports of a folder, the newest first."""
    found = []
    for name in os.listdir(folder):
        stem, ending = os.path.splitext(name)
        days = days_of(stem) if ending == ".html" else None
        if days:
            found.append(Filed(name, days.first, days.last, (folder / name).stat().st_size))
    return sorted(found, key=lambda one: (one.last, one.first), reverse=True)


def clear(folder: Path, keep: int) -> None:
    """Remove all but the newest *keep* reports."""
    for one in filed(folder)[keep:]:
        (folder / one.name).unlink(missing_ok=True)


def write(folder: Path, title: str, language: str) -> None:
    """Write the page that lists the reports of a folder."""
    content = page.render(filed(folder), title, "nl" if language == "nl" else "en", __version__)
    replace_file(folder / "index.html", content.encode())
