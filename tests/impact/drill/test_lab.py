"""Half an hour of the lab, ten minutes of it without American clouds: each host did what was written down before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kwel import rulebook
from kwel.analysis.stages import analyse
from kwel.impact.drill import judge
from kwel.impact.outage import simulate
from kwel.model.drill import AssetTested, Happened, Judgement
from kwel.rulebook import scenarios
from tests.truths import read_truth

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.drill import Trial

PARTS = ("before", "during", "after")
HOSTS = ("plc", "hmi", "hist", "ews", "backup", "cam", "gw")


@pytest.fixture(scope="module")
def truth(samples: Path) -> Any:
    return read_truth(samples / "drill" / "drill.yaml")


@pytest.fixture(scope="module")
def judged(samples: Path) -> tuple[Trial, dict[str, AssetTested]]:
    files = [str(samples / "drill" / f"{part}.pcap.gz") for part in PARTS]
    before, during, after = (analyse(file).report for file in files)
    book = rulebook.load()
    assert before.needs
    outcome = simulate(before.needs(), scenarios.choose("us-parent", scenarios.load(None, book), book))
    trial = judge(before, during, after, outcome, analyse(files).report)
    return trial, {before.assets[one.asset].addresses[0]: one for one in trial.assets}


@pytest.mark.parametrize("host", HOSTS)
def test_each_host_shares_the_fate_that_was_written_down(
    host: str, truth: Any, judged: tuple[Trial, dict[str, AssetTested]]
) -> None:
    told, one = truth["assets"][host], judged[1][truth["assets"][host]["ip"][0]]
    outside = [need for need in one.tested if not need.inside]

    assert one.fate == told["local"]
    assert [need.happened for need in outside] == (
        [] if told["cloud"] is None else [Happened.STOPPED if told["how"] else Happened.WENT_ON]
    )
    assert all(need.judgement == Judgement.AS_PREDICTED for need in outside)
    assert all(need.recovered for need in outside if need.happened == Happened.STOPPED)


def test_when_the_historian_stopped_and_where_the_backup_went(
    truth: Any, judged: tuple[Trial, dict[str, AssetTested]]
) -> None:
    def stop(host: str) -> Any:
        told = truth["assets"][host]
        return next(one for one in judged[1][told["ip"][0]].interruptions if one.host == told["cloud"])

    assert stop("hist").aftermath.stopped_after == pytest.approx(truth["assets"]["hist"]["after_s"], abs=20)
    assert stop("ews").aftermath.stopped_after == pytest.approx(0, abs=5)
    assert stop("backup").aftermath.fell_back == truth["assets"]["backup"]["fell_back"]
    assert {host: stop(host).sign.value for host in ("hist", "ews", "backup")} == {
        "hist": "refused", "ews": "no-name", "backup": "unanswered",
    }  # fmt: skip


def test_nothing_surprised(judged: tuple[Trial, dict[str, AssetTested]]) -> None:
    trial, _ = judged

    assert trial.surprises == 0
    assert trial.uncut == trial.unseen == ()
