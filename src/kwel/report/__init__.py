"""A report in, one self-contained HTML file out, in Dutch and English.

``view`` makes the values to show, ``html/`` the templates that show them, ``html/catalogue.toml`` every sentence.
"""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.report.text import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.report import Report
    from kwel.report.text import Language
    from kwel.report.view import Headline


class ReportError(ValueError):
    """The report cannot be written: one line that says what, where and what to do."""


def render(report: Report, lang: Language) -> str:
    """Return the report as HTML; *lang* is the language that it opens in."""
    return _made(report, lang)[0]


def headline(report: Report, lang: Language) -> str:
    """Return the report's verdict as one sentence of plain text, for a terminal or a log."""
    from kwel.report import catalogue, relations, view

    totals = relations.total(report, relations.relate(report))
    return _plain(view.headline(report, totals, catalogue.load()), lang)


def write(report: Report, path: str | os.PathLike[str], lang: Language) -> str:
    """Write the report as HTML to *path*: beside it first, then renamed, so there is never half a report.

    Returns:
        The headline, as ``headline`` gives it.

    Raises:
        ReportError: the file cannot be written; what stood there before still stands.
    """
    html, sentence = _made(report, lang)
    target = Path(path)
    try:
        _replace(target.resolve() if target.is_symlink() else target, html.encode("utf-8", "backslashreplace"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ReportError(f"cannot write the report to {target}: {reason}; choose another place with -o") from error
    return sentence


def _made(report: Report, lang: Language) -> tuple[str, str]:
    """Return the page and its headline."""
    if lang not in LANGUAGES:
        raise ReportError(f"no such language: {lang}; choose {' or '.join(LANGUAGES)}")
    with _no_collecting():
        from kwel.report import catalogue, page, view

        say = catalogue.load()
        shown = view.build(report, say)
        return page.document(shown, say, lang), _plain(shown.headline, lang)


def _plain(verdict: Headline, lang: Language) -> str:
    return verdict.sentence[lang].striptags() + "."


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Hold the garbage collector: a page is a hundred thousand small objects without a cycle among them.

    Going through them again and again costs a third of the time and frees nothing.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


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
