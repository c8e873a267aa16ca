"""What the processes left word of, and what the store holds, becomes how the sensor fares."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from kwel.model.window import Check, Proof
from kwel.sensor import health, proofs
from kwel.sensor.faring import Seen, tell
from kwel.sensor.plan import Plan, Post
from kwel.store import Store

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
    checks = (Check("no-address", True), Check("own-namespace", None), Check("egress-drop", False))
    proofs.append(plan.proofs, Proof("span0", NOW - 9 * SECOND, NOW, 0, 4, checks))
    with Store(tmp_path, write=True) as store:
        tell(plan, store, NOW, Seen(0.25, False))
        tell(plan, store, NOW + SECOND, None)
    made = health.read(health.place(tmp_path))
    first, second = made.sources

    assert (first.packets, first.dropped, first.missed, first.link, first.heard) == (7, 1, 2, True, NOW - SECOND)
    assert (first.sent, first.stopped, first.proved, first.unproved) == (0, 4, False, ("egress-drop",))
    assert first.memory
    assert (second.packets, second.link, second.proved) == (0, None, None)
    assert (made.at, made.kept, made.one_way, made.dns) == (NOW + SECOND, 0, 0.25, False)
    assert "kwel_sensor_stopped_packets" in (tmp_path / "k.prom").read_text()
