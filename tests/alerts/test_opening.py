"""A damaged ledger is put aside by its sensor alone, once, and whoever else had it open goes on with the new one."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kwel.alerts import Alerter, opening
from kwel.alerts.couriers import LATE, Courier
from kwel.alerts.ledger import Ledger
from kwel.alerts.opening import FILE, LedgerError
from kwel.alerts.settings import load
from tests.alerts.making import START

if TYPE_CHECKING:
    from pathlib import Path


def damage(folder: Path) -> None:
    for beside in folder.glob(f"{FILE}-*"):
        beside.unlink()
    (folder / FILE).write_bytes(b"not a database" * 1000)


def asides(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.damaged-*"))


def test_what_sends_apart_goes_on_with_the_new_file_once_the_old_one_is_put_aside(tmp_path: Path) -> None:
    lines, state = tmp_path / "lines", tmp_path / "state"
    settings = load({"apart": True, "file": [{"path": str(lines)}]})
    sensor = Alerter(settings, state, background=False)
    sensor.blind("disk-full", now=START, why="first")
    courier = Courier(settings.outputs[0], settings, state, (), "")
    assert courier.deliver()
    sensor.close()
    damage(state)

    anew = Alerter(settings, state, background=False)
    anew.blind("disk-full", now=START, why="second")
    anew.close()
    assert courier.deliver()
    courier.stop()
    assert [word in lines.read_text() for word in ("first", "damaged-1", "second")] == [True, True, True]


def test_what_sends_shuts_a_file_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load({"file": [{"path": str(tmp_path / "lines")}]})
    Alerter(settings, tmp_path, background=False).close()
    courier = Courier(settings.outputs[0], settings, tmp_path, (), "")
    assert courier.deliver()
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "waiting", lambda *_: 1 / 0)
        assert not courier.deliver()
        assert courier._ledger is None
    assert courier.deliver()
    courier.stop()


def test_where_another_process_sends_and_does_not_health_says_so(tmp_path: Path) -> None:
    settings = load({"apart": True, "file": [{"path": str(tmp_path / "lines")}]})
    one = Alerter(settings, tmp_path, background=False)
    one.blind("window-lost", "span0", count="1", why="just now")
    assert one.health().outputs[0].trouble == ""
    with closing(Ledger(tmp_path)) as ledger:
        ledger.db.execute("UPDATE outbox SET told = told - ?", (LATE + 1,))
    assert "1 alerts have waited since" in one.health().outputs[0].trouble
    assert "is kwel-alerts running" in one.health().outputs[0].trouble

    sends = Courier(settings.outputs[0], settings, tmp_path, (), "")
    assert sends.deliver()
    sends.stop()
    assert one.health().outputs[0].trouble == ""
    one.close()


def test_two_that_find_it_damaged_at_once_put_one_file_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, real = list[Ledger](), opening._put_aside
    other = threading.Thread(target=lambda: made.append(Ledger(tmp_path, mend=True)))

    def put_aside(path: Path) -> None:
        monkeypatch.setattr(opening, "_put_aside", real)
        other.start()
        other.join(0.2)  # it waits until this one is done
        real(path)

    Ledger(tmp_path, mend=True).close()
    damage(tmp_path)
    monkeypatch.setattr(opening, "_put_aside", put_aside)
    made.append(Ledger(tmp_path, mend=True))
    other.join()
    assert asides(tmp_path) == [f"{FILE}.damaged-1"]
    assert [ledger.is_current() for ledger in made] == [True, True]
    for ledger in made:
        ledger.close()


def test_whoever_is_not_its_sensor_reports_damage_and_mends_nothing(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is not there yet"):
        Ledger(tmp_path)
    assert list(tmp_path.iterdir()) == []
    Ledger(tmp_path, mend=True).close()
    damage(tmp_path)

    with pytest.raises(LedgerError, match="is damaged; the sensor puts it aside"):
        Ledger(tmp_path)
    assert asides(tmp_path) == []


def test_a_damage_whose_finder_died_before_it_made_the_new_file_is_told_by_the_next(tmp_path: Path) -> None:
    Ledger(tmp_path, mend=True).close()
    for number in (1, 2, 10):
        (tmp_path / FILE).rename(tmp_path / f"{FILE}.damaged-{number}")
        with closing(Ledger(tmp_path, mend=True)) as ledger:
            assert ledger.damaged() == str(tmp_path / f"{FILE}.damaged-{number}")
    damage(tmp_path)
    with closing(Ledger(tmp_path, mend=True)) as ledger:
        assert ledger.damaged().endswith("damaged-11")
