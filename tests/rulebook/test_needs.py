"""rules/needs.toml and rules/scenarios: what they say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwel import rulebook
from kwel.impact.outage import examples
from kwel.rulebook import needs, scenarios
from kwel.rulebook.rulefile import RuleError, RuleTable

ROOT = Path(__file__).parents[2] / "rules"
NEEDS = (ROOT / "needs.toml").read_text()
SCENARIO = (ROOT / "scenarios" / "azure.toml").read_text()


def test_every_row_and_every_scenario_is_proven_by_its_examples() -> None:
    assert needs.lint() == needs.test() == []
    assert examples.lint() == examples.test() == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('applications = ["ntp"]', 'applications = ["ntpp"]', "no protocol"),
        ('ports = ["udp/123"]', 'ports = ["udp/0"]', "not a port"),
        ('ports = ["udp/123"]', 'ports = ["udp/53"]', "two rows"),
        ('function = "time"', 'function = "clock"', "vocabulary"),
        ('carries = ["time"]', 'carries = ["clock"]', "no function"),
        ('id = "ntp"', 'id = "dns"', "twice"),
        ("alone = true", "alonely = true", "unknown key"),
        ('"dns udp/53 = dns"', '"dns udp/53 is dns"', "not like"),
    ],
)
def test_a_wrong_row_is_refused(old: str, new: str, words: str) -> None:
    book = rulebook.load()
    text = NEEDS.replace(old, new, 1)
    assert text != NEEDS

    with pytest.raises(RuleError, match=words):
        needs.read(RuleTable.parse(text.encode(), "needs.toml"), book.vocabulary.functions)


def test_an_example_that_does_not_hold_is_named(tmp_path: Path) -> None:
    for file in ROOT.glob("*.toml"):
        (tmp_path / file.name).write_text(file.read_text())
    for folder in ("jurisdictions", "operators", "services"):
        (tmp_path / folder).mkdir()
        for file in (ROOT / folder).glob("*.toml"):
            (tmp_path / folder / file.name).write_text(file.read_text())
    (tmp_path / "needs.toml").write_text(NEEDS.replace('"dns udp/53 = dns"', '"dns udp/53 = ntp"'))

    assert needs.test(tmp_path) == ["needs.toml: examples.matches: dns udp/53 is dns, not ntp"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('["azure"]', '["azur"]', "know no 'azur'"),
        ('["azure"]', "[]", "is empty"),
        ("reviewed = 2026-11-25", "", "reviewed: missing"),
        ('kind = "operator"', 'kind = "cloud"', "vocabulary"),
        ("notice = 0", "notice = -1", "number of days"),
        ("notice = 0", "everything = true\nnotice = 0", "either"),
        ('misses = ["operator=microsoft-365", "operator=aws"]', "misses = []", "does not"),
        ("notice = 0", "notise = 0", "unknown key"),
    ],
)
def test_a_wrong_scenario_is_refused(old: str, new: str, words: str) -> None:
    text = SCENARIO.replace(old, new, 1)
    assert text != SCENARIO

    with pytest.raises(RuleError, match=words):
        scenarios.read(RuleTable.parse(text.encode(), "scenarios/azure.toml"), "azure", rulebook.load())


def test_a_region_is_taken_from_those_who_call_it_so() -> None:
    book = rulebook.load()
    scenario = scenarios.choose("region:westeurope", scenarios.load(None, book), book)

    assert "azure" in scenario.matches[0].operators
    assert "aws" not in scenario.matches[0].operators
    assert scenario.title.en == "Region westeurope stops"


@pytest.mark.parametrize(
    "wanted", ["azur", "region", "region:", "region:nowhere", "azure:x", "operator:x", "./no.toml"]
)
def test_a_scenario_that_is_not_there_is_refused_with_what_there_is(wanted: str) -> None:
    book = rulebook.load()

    with pytest.raises(scenarios.ScenarioError, match=r"there are|write|know no|no operator|No such file"):
        scenarios.choose(wanted, scenarios.load(None, book), book)


def test_a_scenario_of_the_users_own_is_read_from_a_file(tmp_path: Path) -> None:
    book = rulebook.load()
    file = tmp_path / "Own-Cloud.toml"
    file.write_text(SCENARIO.partition("[examples]")[0])

    scenario = scenarios.choose(str(file), {}, book)

    assert (scenario.id, scenario.kind) == ("own-cloud", "file")
