"""``kwel drill`` from end to end: a folder of rules and a protocol, a judgement, and what is wrong told in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.impact.drill.test_drill import part
from tests.impact.interruptions.making import CLOUD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    folder = tmp_path_factory.mktemp("drill")
    names = ("before", "during", "after")
    return tuple(str(part(folder, name, number * 600, cut=name == "during")) for number, name in enumerate(names))


def test_both_commands_from_end_to_end(captures: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    assert cli("drill", "plan", captures[0], "--scenario", "azure", "-o", str(folder), "--lang", "en")[0] == 0
    assert json.loads((folder / "plan.json").read_text())["targets"][0]["addresses"] == [CLOUD]
    assert "drill judge before.pcap" in (folder / "plan.html").read_text()

    status, lines, _ = cli("drill", "judge", *captures, "--scenario", "azure", "--lang", "nl")
    assert status == 0
    assert "als voorspeld" in lines
    status, lines, _ = cli("drill", "judge", captures[0], captures[0], captures[0], "--scenario", "azure", "--json")
    assert status == 1
    assert json.loads(lines)["not_cut_off"]


def test_rules_of_an_earlier_plan_do_not_stay(captures: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    for scenario in ("azure", "oracle"):
        assert cli("drill", "plan", captures[0], "--scenario", scenario, "-o", str(tmp_path / "x"))[0] == 0

    assert sorted(file.name for file in (tmp_path / "x").iterdir()) == ["plan.html", "plan.json"]


def test_an_unknown_scenario_is_one_line(captures: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    status, _, error = cli("drill", "plan", captures[0], "--scenario", "azzure", "-o", str(tmp_path / "x"))

    assert status in (2, 3)
    assert error.startswith("kwel: ")
    assert len(error.splitlines()) == 1


def test_a_judged_drill_is_shown_in_later_reports(captures: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    kept, page = tmp_path / "drill.json", tmp_path / "report.html"
    cli("drill", "judge", *captures, "--scenario", "azure", "--json", "-o", str(kept))
    assert cli("report", captures[2], "--drill", str(kept), "--lang", "en", "-o", str(page))[0] == 0
    text = page.read_text()
    assert "What was tried for real" in text
    assert "Microsoft Azure stops" in text
    status, lines, _ = cli("report", captures[2], "--drill", str(kept), "--json")
    (told,) = json.loads(lines)["drills"]

    assert (status, told["scenario"], told["came_back"]) == (0, "azure", 1)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"{}", b'{"assets": 1}', b"\xff\xfe", b"[" * 100_000,
        b'{"scenario": {"id": 1, "title": {}}, "assets": [], "begun": "x", "ended": "x"}',
        b'{"scenario": {"id": "\\ud800", "title": {"nl": "", "en": ""}}, "assets": [], "begun": "2026-03-02T09:14:07",'
        b' "ended": "2026-03-02T09:14:07", "not_cut_off": []}',
    ],
)  # fmt: skip
def test_a_file_that_is_no_judged_drill_is_one_line(
    content: bytes, captures: tuple[str, ...], cli: Cli, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(content)
    status, _, error = cli("report", captures[0], "--drill", str(bad), "-o", str(tmp_path / "x.html"))

    assert status == 3
    assert error.startswith("kwel: bad.json: ")
    assert len(error.splitlines()) == 1
