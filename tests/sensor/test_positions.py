"""A folder is read on from where the last window that is there ended, whenever the process was killed."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

import pytest

from kwel.sensor import scribe
from kwel.sensor.digest import Digesting, digest_all
from kwel.sensor.folder import FolderSource
from kwel.sensor.plan import Plan, Post
from kwel.sensor.positions import Positions
from kwel.sensor.spans import SECOND
from kwel.sensor.watcher import Watcher, Watching
from kwel.store import Store, spool

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "captures"


class Killed(Exception):
    """In place of a signal that nobody can catch."""


@pytest.fixture
def plan(tmp_path: Path, samples: Path) -> Plan:
    (tmp_path / SOURCE).mkdir()
    shutil.copy(samples / "mixed_plant.pcapng", tmp_path / SOURCE)
    made = Plan(str(tmp_path / "store"), (Post(folder=str(tmp_path / SOURCE)),))
    for folder in (made.spool, made.state):
        folder.mkdir(parents=True)
    return made


def read(plan: Plan, windows: int = 1000) -> None:
    """Read the folder as a post does; be killed when more than some windows are over."""
    positions = Positions(plan, SOURCE)
    sequence, resume = positions.last()
    source = FolderSource(plan.posts[0].folder, once=True, resume=resume)

    def mark(number: int, back: int) -> None:
        positions.mark(number, source.position(back))
        if number > windows:
            raise Killed

    watching = Watching("s", SOURCE, plan.spool, length=5 * SECOND, by_frames=True, state=plan.state, mark=mark)
    Watcher(watching, sequence).watch(source, lambda: False)


def stored(plan: Plan) -> int:
    from kwel.analysis.stages import Options

    with Store(tmp := plan.spool.parents[1], write=True) as store:
        digest_all(Digesting(plan.spool, tmp / "proofs", Options()), store)
        account = store.account()
        assert (account.missing, account.lost) == (0, 0)
        return account.packets


@pytest.mark.parametrize("is_stored", [False, True])
def test_no_frame_twice_and_none_left_out(plan: Plan, is_stored: bool) -> None:
    for windows in (1, 3):
        with pytest.raises(Killed):
            read(plan, windows)
        assert len(spool.waiting(plan.spool)) <= windows
        if is_stored:
            stored(plan)
    read(plan)

    assert stored(plan) == 565
    read(plan)
    assert stored(plan) == 565, "there is nothing new"


def test_however_many_windows_are_lost_in_a_row_it_goes_on_after_the_last_that_is_there(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = scribe._write

    def write_the_first(draft: scribe.Draft, folder: Path) -> None:
        if draft.lost.sequence > 1:
            raise OSError(errno.ENOSPC, "full")
        write(draft, folder)

    monkeypatch.setattr(scribe, "_write", write_the_first)
    with pytest.raises(Killed):
        read(plan, 5)
    assert len(spool.waiting(plan.spool)) == 1
    monkeypatch.undo()
    read(plan)

    assert stored(plan) == 565


def test_positions_are_kept_as_long_as_they_may_be_needed_and_no_longer(plan: Plan) -> None:
    positions = Positions(plan, SOURCE)
    for number in range(1, 200):
        positions.mark(number, {"at": number})
        if number in {1, 100}:
            (plan.spool / f"{SOURCE}-{number:010}").mkdir()
        assert positions.last()[1] == {"at": 100 if number >= 100 else 1}
    for number in range(200, 400):
        positions.mark(number, {"at": number})
        (plan.spool / f"{SOURCE}-{number:010}").mkdir()
    assert positions.last() == (399, {"at": 399})
    assert len(list(plan.state.iterdir())) < 300
    for number in range(400, 500):
        positions.mark(number, {"at": number})
        (plan.spool / f"{SOURCE}-{number:010}").mkdir()
    assert len(list(plan.state.iterdir())) < 40


def test_what_comes_later_is_read_later(plan: Plan, samples: Path) -> None:
    read(plan)
    shutil.copy(samples / "ot_clean.pcap", plan.posts[0].folder)
    read(plan)

    assert stored(plan) == 565 + 273


def test_where_nobody_knows_how_far_it_was_read_it_does_not_go_on(plan: Plan) -> None:
    read(plan)
    count = len(spool.waiting(plan.spool))
    (plan.state / f"{SOURCE}-position.{count}").write_bytes(b"{")

    with pytest.raises(ValueError, match="how far captures was read"):
        read(plan)
    assert len(spool.waiting(plan.spool)) == count
