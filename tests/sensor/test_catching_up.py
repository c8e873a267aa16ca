"""Whatever a stored window does to whoever looks at it, the others are looked at, and it is said which was not."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kwel.alerts import Alerter, Settings
from kwel.analysis.stages import Options
from kwel.sensor.catching_up import DEADLY, catch_up, unseen
from kwel.sensor.telling import Telling
from kwel.store import Damaged, Level
from tests.alerts.making import window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Shelf:
    """A store that holds windows by number, and fails as it is told to."""

    def __init__(self, *numbers: int, level: Level = Level.WINDOW) -> None:
        self.parts = [
            SimpleNamespace(id=f"span0-{n}", source="span0", sequences=((n, n),), level=level, has_wire=False)
            for n in numbers
        ]
        self.fails: Callable[[int], object] = lambda _: None

    def windows(self, **_: object) -> list[Any]:
        return self.parts

    def read_with_head(self, part: Any) -> tuple[Any, dict[str, Any]]:
        number = part.sequences[0][0]
        self.fails(number)
        return None, {"window": number}


@pytest.fixture
def alerter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Alerter]:
    monkeypatch.setattr("kwel.store.head.read_window", lambda number, *_: window(number))
    one = Alerter(Settings(), tmp_path, background=False)
    one.missed({"span0": ((1, 1),)})
    yield one
    one.close()


def left(shelf: Any, alerter: Alerter) -> list[str]:
    """Return the windows that were not seen, after one round."""
    catch_up(shelf, unseen(shelf, Telling(alerter), ["span0"]), Telling(alerter), Options())
    return [part.id for part in unseen(shelf, Telling(alerter), ["span0"])]


@pytest.mark.parametrize("error", [ZeroDivisionError("nobody foresaw it"), Damaged("flows.parquet: 3 bytes")])
def test_one_that_cannot_be_looked_at_is_passed_over_with_one_line_and_counted(
    alerter: Alerter, error: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(number: int) -> None:
        if number == 2:
            raise error

    shelf = Shelf(1, 2, 3)
    shelf.fails = fail
    assert left(shelf, alerter) == []
    said = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("<7>")]
    assert len(said) == 1
    assert "span0-2 is passed over" in said[0]
    assert alerter.health().trouble.startswith("1 stored windows were never looked at: span0-2: ")


def test_one_that_cannot_be_read_now_is_tried_again(alerter: Alerter) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    shelf = Shelf(1, 2)
    shelf.fails = fail
    for _ in range(2 * DEADLY):
        assert left(shelf, alerter) == ["span0-2"]
    shelf.fails = lambda _: None
    assert left(shelf, alerter) == []
    assert alerter.health().trouble == ""


def test_one_that_kills_whoever_looks_at_it_is_passed_over(alerter: Alerter, tmp_path: Path) -> None:
    shelf = Shelf(1, 2, 3)
    shelf.fails = lambda number: os._exit(0) if number == 2 else None
    for _ in range(DEADLY):
        if not (child := os.fork()):
            left(shelf, Alerter(Settings(), tmp_path, background=False))
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0

    shelf.fails = lambda number: pytest.fail("looked at") if number == 2 else None
    assert left(shelf, alerter) == []
    assert "died, 2 times" in alerter.health().trouble


def test_what_is_a_day_already_or_lies_too_far_back_is_counted(
    alerter: Alerter, capfd: pytest.CaptureFixture[str]
) -> None:
    assert left(Shelf(2, 3, level=Level.DAY), alerter) == []
    assert alerter.health().trouble.startswith("2 stored windows were never looked at: span0-3: it was put together")
    assert capfd.readouterr().err.count("is passed over") == 2

    left(Shelf(4, 5, 1000), alerter)
    assert alerter.health().trouble.startswith("4 stored windows were never looked at: it lay more than 300 windows")


def test_a_fault_in_looking_for_them_keeps_nothing_else_from_being_done(
    alerter: Alerter, capfd: pytest.CaptureFixture[str]
) -> None:
    assert unseen(SimpleNamespace(), Telling(alerter), ["span0"]) == []  # type: ignore[arg-type]
    assert "cannot be found" in capfd.readouterr().err
