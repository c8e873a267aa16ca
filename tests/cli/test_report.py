from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.cli.report import command_line
from kwel.model.coverage import Coverage
from tests.export import plant

if TYPE_CHECKING:
    from types import SimpleNamespace

    import pytest

    from tests.cli.conftest import Cli


def test_report_is_written_beside_the_capture_and_its_headline_printed(
    cli: Cli, analysis: SimpleNamespace, tmp_path: Path
) -> None:
    status, out, err = cli("report", str(tmp_path / "plant.pcapng"), "--lang", "en")

    assert (status, err) == (0, "")
    assert re.fullmatch(r".+ assets? .+\nReport: .+plant\.html\n", out)
    assert "<!doctype html>" in (tmp_path / "plant.html").read_text().lower()


def test_headline_is_in_the_language_of_the_environment(
    cli: Cli, analysis: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(key, raising=False)
    headlines = {}
    for lang in ("nl_NL.UTF-8", "en_IE.UTF-8", "C.UTF-8"):
        monkeypatch.setenv("LANG", lang)
        headlines[lang] = cli("report", "plant.pcapng", "-o", str(tmp_path / "out.html"))[1].splitlines()[0]

    assert headlines["en_IE.UTF-8"] == headlines["C.UTF-8"] != headlines["nl_NL.UTF-8"]


def test_json_holds_assets_dependencies_and_findings(cli: Cli, analysis: SimpleNamespace) -> None:
    status, out, err = cli("report", "plant.pcapng", "--json")
    made = json.loads(out)

    assert (status, err) == (0, "")
    assert [asset["asset"] for asset in made["assets"]] == ["00:90:e8:10:00:32", "10.20.3.12"]
    assert made["dependencies"][0]["verdict"] == "foreign"
    assert made["findings"][0]["evidence"][0]["where"] == "plant.pcapng#118"
    counts = {"packets": 21, "used": 20, "set_aside": {"link-type": 1}, "notes": {"midstream": 1}}
    assert {key: made["coverage"][key] for key in counts} == counts


def test_report_tells_how_to_make_it_again(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    cli("report", str(tmp_path / "line 3.pcap"), "--title", "Line 3", "--lang", "nl")

    assert analysis.asked[0][1].command == "kwel report --lang nl --title 'Line 3' 'line 3.pcap'"
    assert analysis.asked[0][1].title == "Line 3"
    assert analysis.asked[0][1].hash_files


def test_without_a_packet_there_is_no_report(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    empty = plant.make_report(problem="the file is empty; capture again")
    analysis.report = replace(empty, coverage=Coverage(0, 0, {}, {}))
    status, out, err = cli("report", str(tmp_path / "plant.pcap"))

    assert (status, out) == (3, "")
    assert err.splitlines()[0] == "kwel: plant.pcapng: the file is empty; capture again"
    assert list(tmp_path.iterdir()) == []


def test_packets_that_could_not_be_used_give_a_report_and_status_three(
    cli: Cli, analysis: SimpleNamespace, tmp_path: Path
) -> None:
    analysis.report = replace(analysis.report, coverage=Coverage(5, 0, {"link-type": 5}, {}))
    status, _, err = cli("report", "x.pcap", "-o", str(tmp_path / "x.html"))

    assert status == 3
    assert err == "kwel: no packet could be used: 5 link-type\n"
    assert (tmp_path / "x.html").exists()


def test_a_report_that_cannot_be_written_is_one_line(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    status, out, err = cli("report", "x.pcap", "-o", str(tmp_path / "absent" / "x.html"))

    assert (status, out) == (3, "")
    assert re.fullmatch(r"kwel: .+absent.+\n", err)


def test_tables_further_from_the_captures_than_allowed_give_status_four_and_the_report_all_the_same(
    cli: Cli, analysis: SimpleNamespace, tmp_path: Path
) -> None:
    out = str(tmp_path / "out.html")
    days = 1  # captured on 2 March 2026, judged by a table of the day before

    assert cli("report", "plant.pcapng", "-o", out, "--max-age", str(days))[0] == 0
    status, _, err = cli("report", "plant.pcapng", "-o", out, "--max-age", str(days - 1))
    assert status == 4
    assert err == f"kwel: further than {days - 1} days from the captures: cloud by {days} days; run `kwel update`\n"
    assert (tmp_path / "out.html").exists()


def test_switches_and_rules_that_were_used_are_in_the_command_that_makes_it_again() -> None:
    made = command_line(("/data/plant.pcapng",), None, (), "", ("s3ns", "bleu"), rules=Path("my rules"))

    assert made == "kwel report --accept-sovereign s3ns --accept-sovereign bleu --rules 'my rules' plant.pcapng"


def test_an_offering_is_accepted_once_and_by_an_id_that_exists(cli: Cli, analysis: SimpleNamespace) -> None:
    cli("report", "plant.pcapng", "--json", "--accept-sovereign", "s3ns", "--accept-sovereign", "s3ns")
    assert analysis.asked[0][1].accepted == ("s3ns",)

    status, _, err = cli("report", "plant.pcapng", "--json", "--accept-sovereign", "all")
    assert status == 2
    assert "no sovereign offering 'all': the rules know aws-european-sovereign-cloud, " in err
