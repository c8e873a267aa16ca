"""A drill from plan to judgement, on captures of which the test knows what happened."""

from __future__ import annotations

import csv
import subprocess
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse
from kwel.impact.drill import block_rules, draw_plan, judge
from kwel.impact.drill.blocks import _cell
from kwel.impact.outage import simulate
from kwel.model.drill import Happened, Judgement, Plan, Predicted, Trial
from kwel.model.interruptions import Fate
from kwel.report.drills import plan_page
from kwel.rulebook.scenarios import choose, load
from tests.impact.interruptions.making import ANSWER, CLOUD, GATEWAY, NAME, Connection, Story
from tests.impact.interruptions.test_interruptions import HMI, PLC, SERVER, modbus
from tests.streams.making import hello

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.model.report import Report
    from kwel.rulebook import Rulebook
    from kwel.rulebook.scenarios import Form

    RequireTool = Callable[[str], str]

EUROPEAN, EUROPEAN_NAME = "116.202.40.7", "store.hz-fsn1.example"
MINUTES = 10
PART = 60 * MINUTES


def part(folder: Path, name: str, offset: int, *, cut: bool) -> Path:
    """Ten minutes: a gateway to Azure that reads on, a server that does not, a panel that needs neither."""
    story = Story()
    story._port += offset
    for address in (GATEWAY, HMI, PLC, SERVER):
        story.here(offset, address)
    for client in (GATEWAY, HMI, SERVER):
        if client == SERVER and cut:
            continue
        reading = Connection(story, client, PLC, 502)
        reading.open(offset + 0.5)
        for at in range(offset + 1, offset + PART - 1, 5):
            reading.exchange(at + 0.2, *modbus(at))
    for client in (GATEWAY, SERVER):
        for at in range(offset + 10, offset + PART - 10, 30):
            if cut:
                story.attempt(at, client, CLOUD, 8883, again=1)
            else:
                story.connection(at, client, CLOUD, 8883, hello(NAME), ANSWER)
    for at in range(offset + 15, offset + PART - 10, 60):
        story.connection(at, HMI, EUROPEAN, 443, hello(EUROPEAN_NAME), ANSWER)
    return story.write(folder / f"{name}.pcap")


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    folder = tmp_path_factory.mktemp("drill")
    before, during, after = (
        str(part(folder, name, number * PART, cut=name == "during"))
        for number, name in enumerate(("before", "during", "after"))
    )
    return before, during, after


@pytest.fixture(scope="module")
def before(captures: tuple[str, str, str]) -> Report:
    return analyse(captures[0]).report


def planned(report: Report, scenario: str = "azure") -> Plan:
    assert report.needs
    return draw_plan(report, simulate(report.needs(), choose(scenario, *rules())))


def rules() -> tuple[dict[str, Form], Rulebook]:
    from kwel import rulebook

    book = rulebook.load()
    return load(None, book), book


@pytest.fixture(scope="module")
def trial(captures: tuple[str, str, str], before: Report) -> Trial:
    during, after = (analyse(one).report for one in captures[1:])
    assert before.needs
    outcome = simulate(before.needs(), choose("azure", *rules()))
    return judge(before, during, after, outcome, analyse(list(captures)).report)


def test_a_plan_cuts_off_what_stops_and_nothing_else(before: Report) -> None:
    plan = planned(before)

    assert [address for target in plan.targets for address in target.addresses] == [CLOUD]
    assert {before.assets[watch.asset].addresses[0] for watch in plan.watches} == {GATEWAY, SERVER}
    assert HMI in {before.assets[index].addresses[0] for index in plan.rests}


def test_a_plan_of_what_nobody_uses_has_no_rules(before: Report) -> None:
    plan = planned(before, "oracle")

    assert not plan.targets
    assert not plan.watches
    assert block_rules(plan) == {}


def test_rules_name_every_address_and_can_be_undone(before: Report) -> None:
    files = block_rules(planned(before))

    assert f"elements = {{ {CLOUD} }}" in files["block.nft"]
    assert "kwel_drill" in files["roll-back.nft"]
    assert files["block.ps1"].count("New-NetFirewallRule") == 2
    assert "Remove-NetFirewallRule" in files["roll-back.ps1"]
    assert [row["address"] for row in csv.DictReader(files["block.csv"].splitlines())] == [CLOUD]


def test_nftables_takes_the_rules(before: Report, tmp_path: Path, require_tool: RequireTool) -> None:
    nft, unshare = require_tool("nft"), require_tool("unshare")
    for name, text in block_rules(planned(before)).items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [unshare, "-n", nft, "-f", str(tmp_path / "block.nft")], check=False, capture_output=True, text=True
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("this machine makes no namespaces")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "a\nb", "\x1b[31m"])
def test_a_name_from_the_wire_is_no_formula(text: str) -> None:
    cell = _cell(text)

    assert cell[:1] not in "=+-@"
    assert cell.isprintable()


def test_each_asset_is_judged_by_what_it_did(trial: Trial, before: Report) -> None:
    told = {before.assets[one.asset].addresses[0]: one for one in trial.assets if before.assets[one.asset].addresses}

    assert told[GATEWAY].fate == Fate.KEPT_RUNNING
    assert told[SERVER].fate == Fate.STOPPED
    assert told[SERVER].is_back is True
    assert told[HMI].fate == Fate.KEPT_RUNNING
    cloud = [one for one in told[GATEWAY].tested if not one.inside]
    assert [(one.predicted, one.happened, one.recovered) for one in cloud] == [
        (Predicted.STOPS, Happened.STOPPED, True)
    ]
    assert all(step.where for one in cloud for step in one.evidence)
    assert told[HMI].judgement == Judgement.AS_PREDICTED
    assert trial.uncut == ()
    assert trial.surprises == 0


def test_detail_comes_from_captures_that_follow_on_one_another(trial: Trial, before: Report) -> None:
    (gateway,) = (one for one in trial.assets if GATEWAY in before.assets[one.asset].addresses)
    (stop,) = (one for one in gateway.interruptions if one.host == NAME)

    assert stop.retries.interval == pytest.approx(30)
    assert stop.end


def test_a_cut_that_did_not_reach_is_told(captures: tuple[str, str, str], before: Report) -> None:
    assert before.needs
    outcome = simulate(before.needs(), choose("azure", *rules()))
    result = judge(before, before, before, outcome)

    assert result.uncut
    assert result.surprises == 2


def test_who_is_not_heard_while_the_cut_lasts_proves_nothing(
    captures: tuple[str, str, str], before: Report, tmp_path: Path
) -> None:
    story = Story()
    story.here(PART, HMI)
    story.connection(PART + 15, HMI, EUROPEAN, 443, hello(EUROPEAN_NAME), ANSWER)
    during = analyse(str(story.write(tmp_path / "during.pcap"))).report
    assert before.needs
    outcome = simulate(before.needs(), choose("azure", *rules()))
    result = judge(before, during, analyse(captures[2]).report, outcome)
    told = {before.assets[one.asset].addresses[0]: one for one in result.assets if before.assets[one.asset].addresses}

    assert {told[asset].judgement for asset in (GATEWAY, SERVER)} == {Judgement.NOT_TESTED}
    assert told[HMI].judgement == Judgement.AS_PREDICTED


def test_the_page_has_both_languages_and_no_script(before: Report) -> None:
    page = plan_page(before, planned(before), "nl")

    assert "<script" not in page
    assert "Terugdraaien" in page
    assert "Roll-back" in page
