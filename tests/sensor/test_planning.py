"""A configuration becomes what the processes are to do, all of it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.cli.app import run
from kwel.sensor.config import parse
from kwel.sensor.plan import Plan, from_json
from kwel.sensor.planning import plan_of

if TYPE_CHECKING:
    import pytest

WHOLE = """
name = "substation-7"
user = "kwel"
[[interfaces]]
name = "span0"
namespace = "kwel"
filter = "not ether proto 0x88ba"
fanout = 2
without = ["egress-filter"]
[[interfaces]]
name = "span1"
[store]
folder = "/s"
window_seconds = 60
most_gb = 5
days = 700
wire_days = 90
evidence_days = 30
evidence_mb = 3
candidates_mb = 4
[analysis]
site = "site.toml"
policy = "no-foreign-cloud"
internal = ["198.51.100.0/24"]
here = "NL"
language = "nl"
title = "Onderstation 7"
[reports]
folder = "/r"
weekly = false
keep = 9
[health]
prometheus = "/p/kwel.prom"
[alerts]
learn_days = 3
"""


def planned(text: str) -> Plan:
    config, faults = parse(text.encode(), Path("/etc/kwel/sensor.toml"))
    assert faults == []
    return plan_of(config)


def test_every_field_of_a_plan_comes_from_the_configuration() -> None:
    plan = planned(WHOLE)
    default = Plan("", ())

    untouched = {one.name for one in fields(Plan) if getattr(plan, one.name) == getattr(default, one.name)}
    assert untouched == {"once", "extra"} & {one.name for one in fields(Plan)}
    assert (plan.window, plan.most_bytes, plan.evidence, plan.reports) == (60, 5_000_000_000, 3_000_000, ("daily",))
    assert plan.site == "/etc/kwel/site.toml"
    assert from_json(plan.to_json()) == plan


def test_each_part_of_a_fanout_is_a_post() -> None:
    posts = planned(WHOLE).posts

    assert [post.source for post in posts] == ["span0.0", "span0.1", "span1"]
    assert posts[0].group == posts[1].group != posts[2].group
    assert posts[1].without == ("egress-filter",)


def test_a_folder_is_one_post_and_no_report_folder_no_report() -> None:
    plan = planned('[folder]\npath = "/captures"\n')

    assert [post.folder for post in plan.posts] == ["/captures"]
    assert plan.reports == ()


def test_a_configuration_stands_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sensor.toml"
    file.write_text('nam = 1\n[folder]\npath = "x"\n')

    assert run(["sensor", "run", "--config", str(file), "--store", "x"]) == 2
    assert "leave out store" in capsys.readouterr().err
    assert run(["sensor", "run", "--config", str(file)]) == 3
    assert "did you mean name?" in capsys.readouterr().err
