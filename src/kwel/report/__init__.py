"""A report in, one self-contained HTML file out, in Dutch and English.

``view`` makes the values to show, ``html/`` the templates that show them, ``html/catalogue.toml`` every sentence.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.report.text import LANGUAGES

if TYPE_CHECKING:
    from kwel.model import Report
    from kwel.report.text import Language


class ReportError(ValueError):
    """The report cannot be written: one line that says what, where and what to do."""


def render(report: Report, lang: Language) -> str:
    """Return the report as HTML; *lang* is the language that it opens in."""
    from kwel.report import catalogue, page, view

    if lang not in LANGUAGES:
        raise ReportError(f"no such language: {lang}; choose {' or '.join(LANGUAGES)}")
    say = catalogue.load()
    return page.document(view.build(report, say), say, lang)


def headline(report: Report, lang: Language) -> str:
    """Return the report's verdict as one sentence of plain text, for a terminal or a log."""
    from kwel.report import catalogue, relations, view

    totals = relations.total(report, relations.relate(report))
    return view.headline(report, totals, catalogue.load()).sentence[lang].striptags() + "."


def write(report: Report, path: str | os.PathLike[str], lang: Language) -> None:
    """Write the report as HTML to *path*: beside it first, then renamed, so there is never half a report.

    Raises:
        ReportError: the file cannot be written; what stood there before still stands.
    """
    data = render(report, lang).encode("utf-8", "backslashreplace")
    target = Path(path)
    try:
        _replace(target.resolve() if target.is_symlink() else target, data)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ReportError(f"cannot write the report to {target}: {reason}; choose another place with -o") from error


def _replace(target: Path, data: bytes) -> None:
    if target.exists() and not target.is_file() and not target.is_dir():
        target.write_bytes(data)  # a pipe or a device has no name to put another file under
        return
    beside = target.with_name(f".kwel-{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
