"""What a sensor is to do survives the way to its processes, and a configuration says all of it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from kwel.sensor.config import load
from kwel.sensor.plan import Plan, Post, from_json
from kwel.sensor.planning import plan_of

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """
name = "north"
user = "kwel"

[[interfaces]]
name = "span0"
namespace = "kwel"
filter = "not port 22"
fanout = 2

[[interfaces]]
name = "span1"

[store]
folder = "/srv/kwel"
window_seconds = 60
most_gb = 20
days = 400
evidence_days = 30
wire_days = 90

[analysis]
internal = ["198.51.100.0/24"]
here = "NL"
language = "nl"

[health]
prometheus = "/run/kwel.prom"

[reports]
folder = "/srv/reports"
daily = false
"""


def test_a_configuration_becomes_a_plan(tmp_path: Path) -> None:
    (tmp_path / "sensor.toml").write_text(TEXT)
    plan = plan_of(load(tmp_path / "sensor.toml"))

    assert [post.source for post in plan.posts] == ["span0.0", "span0.1", "span1"]
    first, second, third = (post.group for post in plan.posts)
    assert first == second != third
    assert {post.filter for post in plan.posts[:2]} == {"not port 22"}
    assert (plan.sensor, plan.user, plan.window, plan.most_bytes) == ("north", "kwel", 60, 20_000_000_000)
    assert (plan.evidence_days, plan.wire_days, plan.most_days) == (30, 90, 400)
    assert plan.reports == ("weekly",)
    assert plan.internal == ("198.51.100.0/24",)
    assert (plan.here, plan.language, plan.health) == ("NL", "nl", "/run/kwel.prom")


def test_a_plan_comes_back_as_it_was() -> None:
    post = Post("span0", "", "kwel", "port 53", 2, 1, 9, ("egress-filter",))
    plan = Plan("/srv/kwel", (post,), reports=("daily",), internal=("10.0.0.0/8",), alerts={"file": [{"path": "/x"}]})

    assert from_json(plan.to_json()) == plan
    assert all(getattr(plan, field.name) is not None for field in fields(plan))
