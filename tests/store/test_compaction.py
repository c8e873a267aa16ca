from __future__ import annotations

import datetime
import errno
import re
import shutil
import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwel.cli.app import run
from kwel.model.window import Losses, Partly
from kwel.sensor import calendar
from kwel.store import Damaged, Level, Lost, Store, compaction
from kwel.store.compaction import compact, groups
from kwel.store.files import Disk
from kwel.store.frames import count_frames
from kwel.store.merging import summed_losses
from kwel.store.parts import count_of, runs_of
from tests.store.disks import Full, Stops
from tests.store.windows import BEGIN, LENGTH, PLANT, few, stacked, tables_of, tiny, window, windows_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kwel.store import Part

HOUR = 3600 * 10**9
MOMENT = 50_000_000


def told(store: Store) -> dict[str, Any]:
    """What must never change, however often windows are compacted."""
    account = store.account()
    return {
        source.source: (source.sequences, source.packets, source.losses, source.lasted, len(source.clock_steps))
        for source in account.sources
    }


@pytest.fixture(autouse=True)
def joins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for ``kwel.merge`` where it is not there yet: rows and captures put together, and nothing more."""
    monkeypatch.setattr("kwel.merge.join", stacked, raising=False)
    monkeypatch.setattr("kwel.merge.condense", lambda traffic: traffic, raising=False)


@pytest.fixture(scope="module")
def sixteen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen windows of five minutes: the last ones of an hour, a whole one, and the first of another."""
    folder = tmp_path_factory.mktemp("sixteen")
    with Store(folder, write=True) as store:
        for number in range(1, 17):
            store.add(tiny(number), {}, PLANT if number % 3 else None)
    return folder


@pytest.fixture
def copy(sixteen: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sixteen, tmp_path / "store")


def test_hours_that_are_over_become_one_part_each(copy: Path) -> None:
    with Store(copy, write=True) as store:
        before = told(store)
        saved = compact(store, [Level.HOUR])

        levels = Counter(part.level for part in store.windows())
        assert levels[Level.HOUR] >= 1
        assert saved == 16 - sum(levels.values())
        assert told(store) == before
        assert sorted(one.name for one in (copy / "windows").iterdir()) == sorted(
            part.id for part in store.windows() if part.level is Level.WINDOW
        )
        assert store.check() == []
        assert not list((copy / "writing").iterdir())


def test_compacting_again_changes_nothing(copy: Path) -> None:
    with Store(copy, write=True) as store:
        compact(store, [Level.HOUR])
        parts = store.windows()
        assert compact(store, [Level.HOUR]) == 0
        assert store.windows() == parts


def test_a_window_that_waits_is_taken_in_before_the_next_group(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def is_to_pause() -> bool:
        asked.append(True)
        return True

    with Store(copy, write=True) as store:
        wire = sum(file.size for file in store.windows()[0].present if file.tier == "wire")
        monkeypatch.setattr(compaction, "MOST_BYTES", 3 * wire)
        saved = compact(store, [Level.HOUR], is_to_pause=is_to_pause)
        more = compact(store, [Level.HOUR])

    assert asked == [True]
    assert saved > 0, "one group at least, or it would never be done"
    assert more > 0, "the others waited"


def test_frames_of_a_compacted_part_are_those_of_its_windows(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """Every frame that is cited is, in the new file, byte for byte what it was in the old one."""
    tshark = require_tool("tshark")
    with Store(tmp_path, write=True) as store:
        for number in (1, 2, 20):
            store.add(window(number), tables_of(), PLANT)
        (hour,) = [part for part in [*_compacted(store)] if part.level is Level.HOUR]
        (_, capture) = store.place(hour), store.place(hour) / str(hour.evidence)
        traffic = store.read_part(hour)

    count = count_frames(PLANT)
    assert count_frames(capture) == 2 * count
    listed = [_frames(tshark, file) for file in (PLANT, capture)]
    assert listed[1] == listed[0] * 2
    assert set(traffic.flows["first_frame"].tolist()) <= set(range(1, 2 * count + 1))
    assert {one.where.capture for one in traffic.observed} == {capture.name}


def _compacted(store: Store) -> list[Any]:
    compact(store, [Level.HOUR])
    return store.windows()


def _frames(tshark: str, capture: Path) -> list[str]:
    fields = ["-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "ip.src", "-e", "ip.dst"]
    run = [tshark, "-n", "-r", str(capture), *fields]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()


def test_tables_below_one_another_name_frames_where_they_now_lie(tmp_path: Path) -> None:
    from pyarrow import parquet

    with Store(tmp_path, write=True) as store:
        for number in (1, 2, 20):
            store.add(window(number), _renamed(number), PLANT)
        (hour,) = [part for part in _compacted(store) if part.level is Level.HOUR]
        rows = parquet.read_table(store.place(hour) / "tables/dependencies.parquet").column("evidence").to_pylist()

    places = [re.fullmatch(r"(.*)#(\d+)", text) for row in rows for text in row]
    assert all(place and place[1] == f"{hour.id}.pcapng" for place in places)
    numbers = [int(place[2]) for place in places if place]
    half = len(numbers) // 2
    assert [number - count_frames(PLANT) for number in numbers[half:]] == numbers[:half]


def _renamed(number: int) -> dict[str, Any]:
    tables = {}
    for key, frame in tables_of().items():
        frame = frame.copy()
        for column in frame.columns:
            if isinstance(frame[column].iloc[0], list):
                name = f"span0-{number:010}.pcapng#"
                frame[column] = [[text.replace(f"{PLANT.name}#", name) for text in row] for row in frame[column]]
        tables[key] = frame
    return tables


@pytest.mark.parametrize("calls", [0, 3, 9, 20, 29, 40])
def test_compaction_may_be_cut_short_anywhere(calls: int, copy: Path) -> None:
    store = Store(copy, write=True)
    before, windows = told(store), windows_in(store)
    store.disk = store.manifest._disk = Stops(calls)
    with suppress(KeyboardInterrupt):
        compact(store, [Level.HOUR])
    store.close()

    with Store(copy, write=True) as again:
        assert told(again) == before
        assert windows_in(again) == windows
        assert again.check() == []
        compact(again, [Level.HOUR, Level.DAY])
        assert told(again) == before


@pytest.mark.parametrize("room", [10, 20_000, 60_000])
def test_where_there_is_no_room_to_compact_all_stays_as_it_is(room: int, copy: Path) -> None:
    with Store(copy, write=True) as store:
        before = told(store)
        store.disk = store.manifest._disk = Full(room)
        compact(store, [Level.HOUR])
        assert told(store) == before
        store.disk = store.manifest._disk = Full(10**9)
        compact(store, [Level.HOUR])
        assert told(store) == before
        assert store.check() == []


@given(order=st.permutations(range(1, 15)), stops=st.lists(st.integers(0, 13), max_size=2), step=st.integers(0, 12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)
def test_in_whatever_order_windows_come_the_account_is_the_same(
    order: list[int], stops: list[int], step: int, tmp_path: Path
) -> None:
    """Windows come late, the clock is set back, the store is opened again and compacted between: it adds up."""
    folder = tmp_path / "store"
    shutil.rmtree(folder, ignore_errors=True)
    store = Store(folder, write=True)
    for at, number in enumerate(order):
        if at in stops:
            compact(store, [Level.HOUR])
            store.close()
            store = Store(folder, write=True)
        shift = -2 * HOUR if number > step else 0
        store.add(window(number, opened=BEGIN + number * LENGTH + shift, traffic=few()), {})
    compact(store)

    assert windows_in(store) == Counter({("span0", number): 1 for number in range(1, 15)})
    (source,) = store.account().sources
    assert source.packets == 14 * few().coverage.packets
    assert source.sequences == ((1, 14),)
    assert not source.missing
    assert sum(loss.frames for loss in source.losses) == source.packets
    assert source.lasted == 14 * LENGTH
    store.close()


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def stand_in(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield stand_in
    monkeypatch.undo()
    time.tzset()


def together(parts: list[Part], level: Level) -> list[Part]:
    """Put parts together as ``compact`` does, without any files."""
    made = list(parts)
    for group in groups(parts, level):
        made = [part for part in made if part not in group]
        sequences = runs_of(run for part in group for run in part.sequences)
        lasted = sum(part.lasted for part in group)
        made.append(replace(group[-1], level=level, sequences=sequences, opened=group[0].opened, lasted=lasted))
    return made


@pytest.mark.parametrize("name", ["Europe/Amsterdam", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe"])
@pytest.mark.parametrize("day", ["2026-10-25", "2026-03-29", "2026-10-04"])
def test_a_day_that_is_put_together_is_a_day_of_the_place(
    name: str, day: str, zone: Callable[[str], None], sixteen: Path
) -> None:
    zone(name)
    first = int(datetime.datetime.fromisoformat(f"{day}T00:00").timestamp()) * 10**9 - 20 * HOUR
    with Store(sixteen) as store:
        (one, *_) = store.windows()
    parts = [
        replace(one, sequences=((n, n),), opened=first + n * LENGTH + MOMENT, closed=first + (n + 1) * LENGTH + MOMENT)
        for n in range(72 * 12)
    ]
    made = together(together(parts, Level.HOUR), Level.DAY)

    days = Counter(part.level for part in made)[Level.DAY]
    assert days == 3
    for part in made:
        here = [datetime.datetime.fromtimestamp(at // 10**9).date() for at in (part.opened + LENGTH, part.filed)]
        assert here[0] == here[1]
    (whole,) = [part for part in made if f"{datetime.datetime.fromtimestamp(part.filed // 10**9):%Y-%m-%d}" == day]
    due = calendar.due(["daily"], whole.closed + 30 * HOUR, [whole.filed], (), 400)
    (report,) = [one for one in due if one.name == day]
    assert count_of(whole.sequences) == (report.until - report.since) // LENGTH


def test_a_day_of_which_only_some_was_asked_for_is_told(
    tmp_path: Path, zone: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    zone("Europe/Amsterdam")
    midnight = int(datetime.datetime.fromisoformat("2026-11-25T00:00+01:00").timestamp()) * 10**9
    with Store(tmp_path, write=True) as store:
        for number in range(1, 7):
            shift = (number - 4) * LENGTH if number < 6 else 30 * HOUR  # the third ends at midnight, and a moment late
            made = window(number, opened=midnight + shift + MOMENT, traffic=few())
            store.add(replace(made, closed=made.closed + number), {})
        compact(store)

    with Store(tmp_path) as store:
        before, after, _ = store.windows()
        assert (before.sequences, after.sequences) == (((1, 3),), ((4, 5),))
        assert store.windows(midnight - 24 * HOUR, midnight) == [before]
        assert store.account(midnight - 24 * HOUR, midnight).sources[0].partly == ()
        assert store.account(midnight, midnight + 24 * HOUR).sources[0].partly == ()
        assert before.closed > midnight
        late = before.closed - LENGTH
        taken, left = store.account(late), store.account(None, late)
        assert next(part.closed for part in store.windows(late)) == before.closed
        assert [one.partly for one in (*taken.sources, *left.sources)] == [
            (Partly("span0", before.opened, before.closed, is_taken=True),),
            (Partly("span0", before.opened, before.closed, is_taken=False),),
        ]
        assert taken.is_whole
        assert not left.is_whole
    assert run(["store", "list", "--store", str(tmp_path), "--until", str(late)]) == 0
    assert "is left out, for it goes on beyond that time" in capsys.readouterr().out


def test_what_a_driver_did_not_tell_stays_not_known() -> None:
    untold, none, some = (Losses("span0", 1, 0, missed) for missed in (None, 0, 4))

    assert [one.missed for one in summed_losses([untold, none])] == [None]
    assert [one.missed for one in summed_losses([none, none])] == [0]
    assert [one.missed for one in summed_losses([untold, some])] == [4]


def test_what_is_rotten_is_set_aside_and_all_else_is_compacted(copy: Path) -> None:
    """Window 6 has a byte of the wire that is another, window 7 one of the evidence."""
    places = [copy / "windows" / f"span0-{number:010}" for number in (6, 7)]
    for file in (places[0] / "wire/flows.parquet", places[1] / "evidence/span0-0000000007.pcapng"):
        raw = bytearray(file.read_bytes())
        raw[len(raw) // 2] ^= 1
        file.write_bytes(bytes(raw))

    with Store(copy, write=True) as store:
        store.add(tiny(40), {})
        before = windows_in(store)
        with pytest.raises(Damaged, match=r"flows\.parquet.*set aside, and 1 more; all else was put together"):
            compact(store, [Level.HOUR])
        assert [part.sequences for part in store.windows() if part.level is Level.HOUR] == [((9, 16),)]
        compact(store, [Level.HOUR])
        assert compact(store, [Level.HOUR]) == 0
        assert windows_in(store) == before
        assert store.check() == []
        (source,) = store.account().sources
        assert (source.without_wire, source.damaged, source.gaps) == (1, 0, ())
        assert {(one.sequences, one.tier) for one in source.removed} == {(((6, 6),), "wire"), (((7, 7),), "evidence")}
        assert len(list((copy / "aside").iterdir())) == 2


def test_a_report_leaves_out_what_is_damaged_and_the_account_tells(copy: Path) -> None:
    file = copy / "windows/span0-0000000002/wire/flows.parquet"
    file.write_bytes(bytes(file.stat().st_size))
    with Store(copy) as store:
        (bad,) = [part for part in store.windows() if part.sequences == ((2, 2),)]
        assert len(store.read().captures) == 15
        account = store.account()
        assert (account.sources[0].without_wire, account.sources[0].damaged) == (1, 1)
        assert not account.is_whole
        with pytest.raises(Damaged):
            store.read(bad.filed, bad.filed + 1)


def test_a_disk_that_fails_as_the_manifest_switches_leaves_all_as_it_was(copy: Path) -> None:
    class Fails(Disk):
        def append(self, path: Path, data: bytes) -> None:
            if b'"swap"' in data:
                raise OSError(errno.EIO, "input/output error")
            super().append(path, data)

    with Store(copy, write=True) as store:
        before = windows_in(store)
        store.disk = store.manifest._disk = Fails()
        with pytest.raises(OSError, match="input/output"):
            compact(store, [Level.HOUR])
        assert store.manifest.pending == []
        store.disk = store.manifest._disk = Disk()
        store.add(tiny(17), {})
        assert windows_in(store) == before + Counter({("span0", 17): 1})
        assert not list((copy / "hours").iterdir())
    with Store(copy, write=True) as store:
        assert store.mended == []
        assert windows_in(store) == before + Counter({("span0", 17): 1})
        assert store.check() == []


def test_time_that_was_heard_is_no_time_in_which_the_sensor_did_not_run(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        for number in (1, 2, 4, 5, 7, 8, 40):  # 6 is missing
            store.add(tiny(number), {})
        store.lose(Lost("substation-7", "span0", 3, BEGIN, BEGIN, 5, "disk-full"))
        store.add(window(41, opened=BEGIN + 50 * LENGTH, traffic=few()), {})
        store.remove(store.windows()[1], "wire", "size")
        stopped = ((BEGIN + 41 * LENGTH, BEGIN + 50 * LENGTH),)
        assert store.account().sources[0].gaps == stopped
        compact(store)
        assert Level.HOUR in {part.level for part in store.windows()}
        (source,) = store.account().sources

    assert source.gaps == stopped
    assert [(gap.first, gap.last) for gap in source.missing] == [(6, 6), (9, 39)]


@pytest.mark.parametrize("between", ["has no wire", "is a day", "is of another grade"])
def test_parts_around_another_are_not_put_together(between: str, sixteen: Path) -> None:
    with Store(sixteen) as store:
        one = store.windows()[0]
    midnight = BEGIN - BEGIN % (24 * HOUR)
    parts = [
        replace(one, level=Level.HOUR, sequences=((n, n),), opened=midnight + n * HOUR, closed=midnight + n * HOUR + 1)
        for n in (1, 2, 3, 4, 5, 48)
    ]
    changed = {
        "has no wire": {"gone": frozenset({"wire"})},
        "is a day": {"level": Level.DAY},
        "is of another grade": {"grade": "flows"},
    }
    parts[2] = replace(parts[2], **changed[between])  # type: ignore[arg-type]

    assert [[part.sequences[0][0] for part in group] for group in groups(parts, Level.DAY)] == [[1, 2], [4, 5]]


def test_only_windows_of_one_source_and_one_period_are_joined(copy: Path) -> None:
    with Store(copy, write=True) as store:
        store.add(tiny(1, "span1"), {})
        for group in groups(store.windows(), Level.HOUR):
            assert len({part.source for part in group}) == 1
            assert len({part.closed // HOUR for part in group}) == 1
        assert all(count_of(part.sequences) == 1 for part in store.windows())


def test_what_is_too_large_to_be_joined_at_a_time_becomes_several_parts(copy: Path) -> None:
    with Store(copy, write=True) as store:
        size = sum(file.size for file in store.windows()[0].files if file.tier == "wire")
        assert all(len(group) <= 4 for group in groups(store.windows(), Level.HOUR, most_bytes=4 * size + 100))
