"""One round of the keeper: what waits is stored, told and reported, and the next round finds nothing to do."""

from __future__ import annotations

import io
import json
import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kwel.sensor import keeper
from kwel.sensor.calendar import Due
from kwel.sensor.health import place, read
from kwel.sensor.plan import Plan, Post
from kwel.sensor.watcher import Watcher, Watching
from kwel.store import Store
from tests.sensor.sources import FileSource

if TYPE_CHECKING:
    from pathlib import Path


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


def run(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(plan.to_json() + "\n"))
    return keeper.main()


def test_what_waits_is_stored_told_and_reported(plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    now = time.time_ns()
    due = Due("daily", "2026-11-25", now - 86_400 * 10**9, now + 60 * 10**9)
    monkeypatch.setattr(keeper, "due", lambda _kinds, _now, _since, there: [] if due.name in there else [due])

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


def test_a_report_that_cannot_be_made_stops_nothing(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    now = time.time_ns()
    monkeypatch.setattr(keeper, "due", lambda *_: [Due("daily", "2026-11-25", now - 86_400 * 10**9, now + 10**9)])
    monkeypatch.setattr(keeper, "report_command", lambda *_: ["report", "--store", "/nowhere"])

    assert run(plan, monkeypatch) == 0
    assert "2026-11-25 could not be made" in capfd.readouterr().err
    assert "2026-11-25 could not be made" in read(place(plan.store)).error
    assert not list((tmp_path / "reports").glob("*.html.part"))


def test_a_store_that_somebody_else_keeps_is_left_alone(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from pathlib import Path

    with Store(Path(plan.store), write=True):
        assert run(plan, monkeypatch) == 3

    assert capfd.readouterr().err.count("\n") == 1
