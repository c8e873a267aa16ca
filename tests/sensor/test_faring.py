"""What the processes left word of, and what the store holds, becomes how the sensor fares."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kwel.model.window import Check, Losses, Proof
from kwel.sensor import health, proofs
from kwel.sensor.amiss import amiss
from kwel.sensor.faring import Seen, fare, tell
from kwel.sensor.plan import Plan, Post
from kwel.sensor.post import Teller
from kwel.store import Lost, Store
from tests.store.windows import tiny

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000_000_000_000
SECOND = 1_000_000_000


def test_word_of_the_processes_is_gathered_and_a_damaged_one_is_nothing(tmp_path: Path) -> None:
    plan = Plan(str(tmp_path), (Post(interface="span0"), Post(interface="span1")), health=str(tmp_path / "k.prom"))
    plan.state.mkdir(parents=True)
    told = {"process": os.getpid(), "at": NOW - SECOND, "packets": 7, "dropped": 1, "missed": 2, "link": "up"}
    (plan.state / "span0.json").write_text(json.dumps(told))
    (plan.state / "span1.json").write_text('{"pack')
    checks = (
        Check("no-address", True),
        Check("own-namespace", None),
        Check("egress-drop", False),
        Check("self-test-refused", True),
    )
    proofs.append(plan.proofs, Proof("span0", NOW - 9 * SECOND, NOW, 0, 4, checks))
    with Store(tmp_path, write=True) as store:
        tell(plan, store, NOW, Seen(0.25, False, 0.5), error="window 3 is lost")
        tell(plan, store, NOW + SECOND, None)
    made = health.read(health.place(tmp_path))
    first, second = made.sources

    assert (first.packets, first.dropped, first.missed, first.link, first.heard) == (7, 1, 2, True, NOW - SECOND)
    assert (first.sent, first.stopped, first.proved, first.unproved) == (0, 4, False, ("egress-drop",))
    assert first.memory
    assert (second.packets, second.link, second.proved) == (0, None, None)
    assert second.missed is None, "nobody told"
    assert (made.at, made.kept, made.one_way, made.dns, made.unnamed) == (NOW + SECOND, 0, 0.25, False, 0.5)
    assert (made.error, made.error_at) == ("window 3 is lost", NOW)
    assert "kwel_sensor_stopped_packets" in (tmp_path / "k.prom").read_text()


def test_when_the_sensor_began_and_what_was_started_again_the_supervisor_tells(tmp_path: Path) -> None:
    plan = Plan(str(tmp_path), (Post(interface="span0"),))
    plan.state.mkdir(parents=True)
    with Store(tmp_path, write=True) as store:
        assert fare(plan, store, NOW, None, None).started == NOW
        told = {"started": NOW - 9 * SECOND, "restarts": {"span0": 3, "span9": 1}}
        (plan.state / "supervisor.json").write_text(json.dumps(told))
        made = fare(plan, store, NOW, None, None)
        assert (made.started, made.sources[0].restarts) == (NOW - 9 * SECOND, 3)
        (plan.state / "supervisor.json").write_text('{"started": 1e400, "restarts": "none"}')
        assert fare(plan, store, NOW, made, None).started == made.started
        assert fare(plan, store, NOW - SECOND * 60, made, None).started == NOW - SECOND * 60, "the clock was set back"


def kept(store: Store, number: int, closed: int, losses: Losses, lasted: int = 3600 * SECOND) -> None:
    store.add(replace(tiny(number), opened=closed - lasted, closed=closed, lasted=lasted, losses=(losses,)), {})


def test_drops_are_told_of_the_newest_window_and_of_the_last_day(tmp_path: Path) -> None:
    plan = Plan(str(tmp_path), (Post(interface="span0"),))
    plan.state.mkdir(parents=True)
    with Store(tmp_path, write=True) as store:
        for number in range(1, 31):
            dropped = 10_000 if number == 2 else 0
            kept(store, number, NOW - (30 - number) * 3600 * SECOND, Losses("span0", 10_000, dropped, None))
        (source,) = fare(plan, store, NOW, None, None).sources
        assert (source.dropped_share, source.missed_share) == (0.0, None), "a burst of two days ago is past"
        kept(store, 31, NOW, Losses("span0", 10_000, 0, 0))
        kept(store, 32, NOW, Losses("span0", 99, 1, 100))
        (source,) = fare(plan, store, NOW, None, None).sources
        assert (source.dropped_share, source.missed_share) == (1 / 200, 0.5), "one of now is not thinned out"


def test_what_a_wrong_clock_put_in_the_future_hides_nothing(tmp_path: Path) -> None:
    plan = Plan(str(tmp_path), (Post(interface="span0"),))
    plan.state.mkdir(parents=True)
    (plan.state / "span0.json").write_text(json.dumps({"packets": 7, "at": NOW + 9 * 10**17}))
    (plan.state / "supervisor.json").write_text(json.dumps({"started": NOW - 10**14}))
    future = NOW + 9 * 10**17
    with Store(tmp_path, write=True) as store:
        kept(store, 1, future, Losses("span0", 1, 0, 0))
        store.lose(Lost("substation-7", "span0", 2, future, future, 1, "disk-full"))
        made = fare(plan, store, NOW, None, None)
        assert (made.newest, made.sources[0].heard, made.lost) == (None, NOW, 0)
        assert [one.key for one in amiss(made, NOW)] == ["late"]
        kept(store, 3, NOW - 3600 * SECOND, Losses("span0", 1, 0, 0))
        made = fare(plan, store, NOW, replace(made, error="disk", error_at=future), None)
        assert (made.newest, made.error_at) == (NOW - 3600 * SECOND, NOW)
        assert [one.key for one in amiss(made, NOW)] == ["error", "late"]


def test_what_a_driver_does_not_tell_is_not_told_as_nought(tmp_path: Path) -> None:
    plan = Plan(str(tmp_path), (Post(interface="span0"),))
    plan.state.mkdir(parents=True)
    watcher: Any = SimpleNamespace(sequence=1, windows=1, packets=7, heard=NOW, lost=0, losses=None)
    teller = Teller(plan, plan.posts[0])
    with Store(tmp_path, write=True) as store:
        for missed, told in ((None, None), (3, 3), (None, 3), (4, 7)):
            watcher.losses = Losses("span0", 7, 0, missed)
            teller(watcher, ended=True)
            assert fare(plan, store, NOW, None, None).sources[0].missed == told
