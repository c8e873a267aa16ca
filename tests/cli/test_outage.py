"""``kwel needs`` and ``kwel outage``, on a capture whose truth is written beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


@pytest.fixture
def capture(samples: Path) -> str:
    return str(samples / "mixed_plant.pcapng")


def test_what_stops_without_azure_is_told_with_the_way_and_when(cli: Cli, capture: str) -> None:
    status, out, _ = cli("outage", capture, "--scenario", "azure", "--lang", "en")

    assert status == 0
    assert "Microsoft Azure stops (azure)" in out
    assert "2 of 14 assets affected" in out
    assert "10.20.3.32 > Azure IoT Hub" in out
    assert "another way goes on, not European: AWS IoT Core" in out
    assert "a front hides the origin" in out


def test_the_same_in_dutch(cli: Cli, capture: str) -> None:
    out = cli("outage", capture, "--scenario", "azure", "--lang", "nl")[1]

    assert "2 van 14 assets geraakt" in out
    assert "rechtstreeks" in out


def test_json_names_every_chain_and_frame(cli: Cli, capture: str) -> None:
    told = json.loads(cli("outage", capture, "--scenario", "region:westeurope", "--json")[1])["outages"][0]

    assert told["scenario"]["id"] == "region:westeurope"
    assert told["affected"] == ["28:63:36:10:00:11", "00:90:e8:10:00:32"]
    assert {one["function"] for one in told["impacts"]} == {"time", "monitoring"}
    for impact in told["impacts"]:
        assert impact["chain"]
        assert all(frame.startswith("mixed_plant.pcapng#") for frame in impact["evidence"])
        assert impact["evidence"]


def test_an_asset_behind_whose_address_others_stand_says_so(cli: Cli, samples: Path) -> None:
    from dataclasses import replace

    from kwel.analysis.stages import analyse
    from kwel.export.outage_text import outcome_lines
    from kwel.impact.outage import simulate
    from kwel.model.claims import Claim, Evidence, Grade
    from tests.impact.outage.plants import EVERYTHING

    report = analyse(str(samples / "azure_iot.pcap")).report
    several = Claim("3", Grade.D, (Evidence("inferred", "behind"),))
    shared = replace(report, assets=tuple(replace(asset, behind=several) for asset in report.assets))
    assert shared.needs is not None

    told = "\n".join(outcome_lines(shared, simulate(shared.needs(), EVERYTHING), "en"))

    assert "up to 3 stand behind this address" in told


def test_all_scenarios_are_a_line_each(cli: Cli, capture: str) -> None:
    lines = cli("outage", capture, "--all", "--lang", "en")[1].splitlines()

    assert lines[0].split() == ["scenario", "affected", "undecided", "first", "felt", "functions"]
    assert [line.split()[0] for line in lines[1:4]] == ["aws", "azure", "cdn"]
    assert next(line for line in lines if line.startswith("oracle")).split()[1] == "0"


def test_a_scenario_of_the_users_own(cli: Cli, capture: str, tmp_path: Path) -> None:
    file = tmp_path / "talk2m.toml"
    file.write_text(
        'title = { nl = "Weg", en = "Gone" }\nwhy = { nl = "x", en = "x" }\nkind = "supplier"\nsource = "us, 2026"\n'
        'reviewed = 2026-11-25\n[[takes]]\nservices = ["Talk2M"]\n'
    )

    told = json.loads(cli("outage", capture, "--scenario", str(file), "--json")[1])["outages"][0]

    assert told["affected"] == ["00:03:27:10:00:33"]


def test_what_is_wrong_is_one_line(cli: Cli, capture: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("title = 3")

    assert cli("outage", capture)[0] == 2
    for wanted in ("azur", "region:atlantis", str(broken), str(tmp_path / "absent.toml")):
        status, out, err = cli("outage", capture, "--scenario", wanted)
        assert (status, out) == (3, "")
        assert err.startswith("kwel: ")
        assert err.count("\n") == 1


def test_an_empty_capture_is_incomplete_and_never_fine(cli: Cli, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))

    assert cli("outage", str(empty), "--scenario", "azure")[0] == 3


def test_the_result_never_replaces_a_capture(cli: Cli, tmp_path: Path, capture: str) -> None:
    copy = tmp_path / "copy.pcapng"
    copy.symlink_to(capture)

    assert cli("outage", str(copy), "--scenario", "azure", "-o", str(copy))[0] == 2
