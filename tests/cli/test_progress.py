from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.cli import progress

if TYPE_CHECKING:
    import pytest


def test_nothing_is_shown_where_standard_error_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.Progress("Reading") as bar:
        bar(1, 2)

    assert capsys.readouterr() == ("", "")


def test_short_work_shows_nothing_and_long_work_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress.Progress("Reading") as bar:
        bar(1, 2)
    assert capsys.readouterr().err == ""

    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    with progress.Progress("Reading") as bar:
        bar(1, None)
        bar(2, 2)
    assert "Reading" in capsys.readouterr().err
