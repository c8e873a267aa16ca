"""Windows that a sensor has heard and that wait are no secret: what a report is without, it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.window import Gap
from kwel.sensor.accounts import told
from kwel.sensor.plan import spool_of
from kwel.sensor.waiting import filed, waiting
from kwel.store import Store
from kwel.store.spool import write_window
from tests.store.windows import BEGIN, LENGTH, tiny

if TYPE_CHECKING:
    from pathlib import Path


def test_a_report_tells_of_the_windows_that_wait(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        store.add(tiny(1), {})
        for number in (1, 2, 3):
            write_window(spool_of(tmp_path), tiny(number), None)
        (spool_of(tmp_path) / "span0-0000000004").mkdir()  # damaged
        account = told(store.account(), waits := waiting(tmp_path))

    assert [one.first for one in waits] == [1, 2, 3]
    assert filed(waits[0]) == BEGIN + LENGTH + LENGTH // 2
    assert [one.first for one in waiting(tmp_path, filed(waits[1]), filed(waits[2]))] == [2]
    assert account
    opened = BEGIN + 2 * LENGTH
    assert account.gaps[0] == Gap("span0", 2, 2, "waiting", opened, opened + LENGTH, tiny(2).traffic.coverage.packets)
    assert [one.first for one in account.gaps] == [2, 3], "the first is stored, and about to leave the spool"


def test_where_nothing_waits_nothing_is_told(tmp_path: Path) -> None:
    assert waiting(tmp_path) == []
