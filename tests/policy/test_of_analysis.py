"""An analysis in a file is checked as the captures are that it was made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import Options, analyse
from kwel.cli.policies import load_policy
from kwel.export.report_json import write_report_json
from kwel.model.limits import Decision
from kwel.policy.judge import judge
from kwel.policy.of_analysis import AnalysisError, looks_like, read
from kwel.policy.of_report import contacts_of, seen
from kwel.policy.shipped import shipped
from tests.policy.making import known

if TYPE_CHECKING:
    from kwel.model.limits import Judged, Policy
    from kwel.model.report import Report
    from kwel.policy.contacts import Contacts

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"


@pytest.fixture(scope="module", params=["mixed_plant.pcapng", "nat_wan.pcap", "one_way.pcap"])
def report(request: pytest.FixtureRequest) -> Report:
    return analyse([str(SAMPLES / request.param)], Options()).report


def written(report: Report, folder: Path) -> Path:
    path = folder / "analysis.json"
    with path.open("wb") as out:
        write_report_json(report, out)
    return path


def rows(policy: Policy, contacts: Contacts, report: Report, day: str | None) -> list[Judged]:
    return list(judge(policy, contacts, seen(report), day).rows(*Decision))


def test_file_and_report_come_to_the_same_under_every_policy(report: Report, tmp_path: Path) -> None:
    told = read(written(report, tmp_path))
    whole = contacts_of(report)

    assert told.seen == seen(report)
    assert len(told.contacts) == len(whole)
    for name in shipped():
        policy = load_policy(name, known())
        assert rows(policy, told.contacts, report, told.day) == rows(policy, whole, report, told.day)


@pytest.mark.parametrize("name", ["dmz-only", "cell-levels-closed"])
def test_levels_that_nobody_of_the_site_has_told_break_no_limit(report: Report, tmp_path: Path, name: str) -> None:
    policy = load_policy(name, known())

    for contacts in (contacts_of(report), read(written(report, tmp_path)).contacts):
        assert judge(policy, contacts, seen(report), None).count(Decision.BREACH) == 0


def test_the_order_of_members_and_the_spelling_of_the_file_are_of_no_account(report: Report, tmp_path: Path) -> None:
    path = written(report, tmp_path)
    content = json.loads(path.read_text())
    other = tmp_path / "other.json"
    other.write_text(json.dumps(dict(reversed(content.items()))))
    policy = load_policy("no-foreign-cloud", known())

    first, second = read(path), read(other)

    assert rows(policy, first.contacts, report, None) == rows(policy, second.contacts, report, None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "ends in the middle"),
        ("{}", "'coverage' is missing"),
        ('{"version": "1"}', "'coverage' is missing"),
        ('{"dependencies": [{"asset": 1}]}', "dependencies"),
        ('{"dependencies": {}}', "'[' was expected"),
        ('{"assets": [' + "[" * 100_000, "assets"),
        ('{"coverage": 1e999, "x" 3}', "':' was expected"),
    ],
)
def test_what_is_no_analysis_is_told_in_one_line(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)

    with pytest.raises(AnalysisError, match="give captures") as told:
        read(path)

    assert looks_like(path)
    assert why in str(told.value)
    assert "\n" not in str(told.value)


def test_a_damaged_analysis_is_told_in_one_line(report: Report, tmp_path: Path) -> None:
    text = written(report, tmp_path).read_text()
    path = tmp_path / "cut.json"
    for end in range(1, len(text) - 3, max(1, len(text) // 12)):
        path.write_text(text[:end])
        with pytest.raises(AnalysisError):
            read(path)
