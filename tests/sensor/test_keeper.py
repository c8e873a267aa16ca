"""One round of the keeper: what waits is stored, told and reported, and the next round finds nothing to do."""

from __future__ import annotations

import io
import json
import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kwel.sensor import keeper
from kwel.sensor.calendar import Due
from kwel.sensor.digest import Digested, LostWindow
from kwel.sensor.health import place, read
from kwel.sensor.plan import Plan, Post
from kwel.sensor.watcher import Watcher, Watching
from kwel.store import Store
from tests.sensor.sources import FileSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.sensor.digest import Digesting


@pytest.fixture(scope="module")
def heard(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a sensor whose one window waits."""
    folder = tmp_path_factory.mktemp("heard")
    plan = Plan(str(folder), (Post("span0"),))
    for made in (plan.spool, plan.state):
        made.mkdir(parents=True)
    watching = Watching("sensor", "span0", plan.spool, state=plan.state)
    Watcher(watching).watch(FileSource(samples / "mixed_plant.pcapng"), lambda: False)
    return folder


@pytest.fixture
def plan(heard: Path, tmp_path: Path) -> Plan:
    shutil.copytree(heard, tmp_path / "store")
    alerts = {"learn_days": 0, "file": [{"path": str(tmp_path / "alerts.jsonl")}]}
    return Plan(
        str(tmp_path / "store"), (Post("span0"),), reports=("daily",), report_folder=str(tmp_path / "reports"),
        health=str(tmp_path / "kwel.prom"), alerts=alerts,
    )  # fmt: skip


@pytest.fixture
def idle(tmp_path: Path) -> Plan:
    """Return the plan of a sensor that has heard nothing yet."""
    made = Plan(str(tmp_path / "store"), (Post("span0"),), alerts={"file": [{"path": str(tmp_path / "alerts.jsonl")}]})
    for folder in (made.spool, made.state):
        folder.mkdir(parents=True)
    return made


def run(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(plan.to_json() + "\n"))
    return keeper.main()


def test_what_waits_is_stored_told_and_reported(plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    now = time.time_ns()
    due = Due("daily", "2026-11-25", now - 86_400 * 10**9, now + 60 * 10**9)
    monkeypatch.setattr(keeper, "due", lambda _kinds, _now, _since, there, _keep: [] if due.name in there else [due])
    monkeypatch.setattr(keeper, "ripe", lambda wanted, *_: wanted)

    assert run(plan, monkeypatch) == 0
    with Store(tmp_path / "store") as store:
        assert store.account().packets == 565
    page = (tmp_path / "reports" / "2026-11-25.html").read_text()
    assert 'id="sensor"' in page, "the chapter on the sensor"
    assert "2026-11-25.html" in (tmp_path / "reports" / "index.html").read_text()
    health = read(place(plan.store))
    assert (health.kept, health.waiting, health.report_name) == (1, 0, "2026-11-25")
    assert "kwel_sensor_" in (tmp_path / "kwel.prom").read_text()
    lines = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert {line["kind"] for line in lines} & {"new-operator", "new-asset", "new-jurisdiction", "many"}

    made = (tmp_path / "reports" / "2026-11-25.html").stat().st_mtime_ns
    assert run(plan, monkeypatch) == 0
    assert (tmp_path / "reports" / "2026-11-25.html").stat().st_mtime_ns == made


def test_where_nobody_says_how_large_the_store_may_become_its_disk_does(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kwel.store.quota.share", lambda _folder, _taken: 1)
    assert run(replace(plan, alerts={}, reports=(), health=""), monkeypatch) == 0

    with Store(plan.spool.parents[1]) as store:
        assert store.windows() == []


def test_settings_of_alerts_that_are_wrong_stop_nothing_and_are_told(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(replace(plan, alerts={"nonsense": 1}, reports=()), monkeypatch) == 0

    health = read(place(plan.store))
    assert health.kept == 1
    assert "nonsense" in health.alerts
    assert "nonsense" in capfd.readouterr().err


def alerts_of(tmp_path: Path) -> list[dict[str, Any]]:
    """Return what was told."""
    file = tmp_path / "alerts.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_window_that_was_stored_as_the_keeper_died_is_told_by_the_next_one(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    plan = replace(plan, reports=())
    with monkeypatch.context() as patched:
        patched.setattr("kwel.alerts.Alerter.see", die)
        with pytest.raises(SystemExit):
            run(plan, patched)
    with Store(tmp_path / "store") as store:
        assert len(store.windows()) == 1
    assert alerts_of(tmp_path) == []

    assert run(plan, monkeypatch) == 0
    told = alerts_of(tmp_path)
    assert "new-asset" in {of["kind"] for of in told}
    assert all("-0000000001.pcapng#" in frame for of in told for frame in of["evidence"])
    assert run(plan, monkeypatch) == 0
    assert alerts_of(tmp_path) == told, "once"


def test_one_that_is_damaged_meanwhile_is_passed_over_and_said_once(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = replace(plan, reports=())
    with monkeypatch.context() as patched:
        patched.setattr("kwel.alerts.Alerter.see", lambda *_: None)
        assert run(plan, patched) == 0
    flows = next((tmp_path / "store" / "windows").rglob("wire/flows.parquet"))
    flows.write_bytes(bytes(flows.stat().st_size))  # of another size it would be noticed as the store is opened
    for said in (1, 0):
        capfd.readouterr()
        assert run(plan, monkeypatch) == 0
        assert capfd.readouterr().err.count("is passed over") == said
    assert alerts_of(tmp_path) == []


def test_windows_that_were_stored_before_anybody_wanted_alerts_are_not_told(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run(replace(plan, reports=(), alerts={}), monkeypatch) == 0
    assert run(replace(plan, reports=()), monkeypatch) == 0

    assert alerts_of(tmp_path) == []


def test_a_window_that_is_lost_is_told_with_its_source(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (window,) = (path for path in plan.spool.iterdir() if not path.name.startswith("."))
    next(window.rglob("*.parquet")).write_bytes(b"damaged")

    assert run(replace(plan, reports=()), monkeypatch) == 0
    (told,) = (of for of in alerts_of(tmp_path) if of["kind"] == "window-lost")
    assert told["text"].startswith("1 windows of span0 were lost: span0-0000000001: ")


def test_room_is_made_and_health_told_before_anything_is_sent_whatever_becomes_of_it(
    idle: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(*_: object) -> None:
        order.append("sent")
        raise ZeroDivisionError("nobody foresaw it")

    order = list[str]()
    monkeypatch.setattr("kwel.store.quota.enforce", lambda *_: order.append("quotas"))
    monkeypatch.setattr("kwel.alerts.Alerter.deliver", send)
    monkeypatch.setattr("kwel.store.compaction.compact", lambda *_, **__: order.append("compacted"))
    monkeypatch.setattr("kwel.sensor.faring.tell", lambda *_: order.append("health"))

    assert run(idle, monkeypatch) == 3
    assert order == ["quotas", "compacted", "health", "sent"]


def test_what_waits_is_stored_before_alerting_looks_at_what_it_had_not_seen(
    idle: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking at an old window may kill the keeper; the store goes on all the same."""
    order = list[str]()

    def note(step: str, result: object) -> Callable[..., object]:
        def done(*_: object) -> object:
            order.append(step)
            return result

        return done

    monkeypatch.setattr(keeper, "unseen", note("looked for", []))
    monkeypatch.setattr(keeper, "digest_all", note("stored", Digested()))
    monkeypatch.setattr(keeper, "catch_up", note("looked at", 0))

    assert run(idle, monkeypatch) == 0
    assert order == ["looked for", "stored", "looked at"]


def test_a_window_that_is_lost_is_told_before_the_round_may_die_of_something_else(
    idle: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def die(how: Digesting, _: Store) -> Digested:
        assert how.lost
        how.lost([LostWindow("span0", "window 7 of span0: the disk is full")])
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(keeper, "digest_all", die)
        with pytest.raises(SystemExit):
            run(idle, patched)
    assert run(idle, monkeypatch) == 0
    (told,) = alerts_of(tmp_path)
    assert "window 7 of span0" in told["text"]


def test_trouble_with_alerts_is_said_once_for_as_long_as_it_is_the_same(
    idle: Plan, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = replace(idle, alerts={"nonsense": 1})
    said = list[str]()
    for one in (wrong, wrong, idle):
        run(one, monkeypatch)
        said.append(capfd.readouterr().err)

    assert [("nonsense" in err, "arrive again" in err) for err in said] == [
        (True, False),
        (False, False),
        (False, True),
    ]


def test_a_fault_of_kwel_is_one_line_and_a_trace_below_the_others(
    idle: Plan, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw it")

    monkeypatch.setattr(keeper, "digest_all", fail)
    assert run(idle, monkeypatch) == 3

    first, *others = capfd.readouterr().err.splitlines()
    assert first == "<2>kwel: a fault of kwel, please report it: ZeroDivisionError('nobody foresaw it')"
    assert "in go_round" in "".join(others)
    assert all(line.startswith("<7>") for line in others)


def test_a_report_that_cannot_be_made_stops_nothing(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    now = time.time_ns()
    monkeypatch.setattr(keeper, "due", lambda *_: [Due("daily", "2026-11-25", 0, now - 3600 * 10**9)])
    monkeypatch.setattr(keeper, "report_command", lambda *_: ["report", "--store", "/nowhere"])

    assert run(plan, monkeypatch) == 0
    assert "2026-11-25 could not be made" in capfd.readouterr().err
    assert "2026-11-25 could not be made" in read(place(plan.store)).error
    monkeypatch.setattr(keeper, "report_command", lambda *_: 1 / 0)
    assert run(plan, monkeypatch) == 0, "it is put off: the next round does not try it"
    assert not list((tmp_path / "reports").glob("*.html.part"))


def test_a_store_that_somebody_else_keeps_is_left_alone(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from pathlib import Path

    with Store(Path(plan.store), write=True):
        assert run(plan, monkeypatch) == 3

    assert capfd.readouterr().err.count("\n") == 1
