"""kwel check and kwel limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

PLANT = "mixed_plant.pcapng"
FINE = 'default = "allow"\n'
CLOUD = FINE + '[[rules]]\nid = "cloud"\naction = "deny"\ncontrol = "non-european"\nstates = ["used", "attempted"]\n'


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return tmp_path / "limits.toml"


def test_breaches_name_rule_asset_destination_and_frames_and_end_with_1(cli: Cli, policy: Path, samples: Path) -> None:
    policy.write_text(CLOUD)

    status, out, err = cli("check", str(samples / PLANT), "--policy", str(policy))

    assert (status, err) == (1, "")
    line = next(line for line in out.splitlines() if "device.vpn.talk2m.com" in line)
    assert line.split()[:4] == ["breach", "cloud", "10.20.3.33", "device.vpn.talk2m.com"]
    assert "mixed_plant.pcapng#398" in line


def test_a_plant_in_order_ends_with_0(cli: Cli, policy: Path, samples: Path) -> None:
    policy.write_text(FINE)

    status, out, err = cli("check", str(samples / PLANT), "--policy", str(policy))

    assert (status, err) == (0, "")
    assert out.splitlines()[-1].startswith("in order on 2026-11-24")


@pytest.mark.parametrize("capture", ["nat_wan.pcap", "empty.pcap"])
def test_a_blind_or_empty_capture_is_incomplete_and_never_in_order(
    cli: Cli, policy: Path, samples: Path, tmp_path: Path, capture: str
) -> None:
    policy.write_text(FINE)
    path = samples / capture
    if not path.exists():
        path = tmp_path / capture
        path.write_bytes((samples / "one_way.pcap").read_bytes()[:24])

    status, out, _ = cli("check", str(path), "--policy", str(policy))

    assert status == 3
    assert out.splitlines()[-1].startswith("incomplete")


def test_an_expired_exception_is_a_breach_though_nothing_else_is(cli: Cli, policy: Path, samples: Path) -> None:
    policy.write_text(
        FINE + '[[rules]]\nid = "a"\naction = "deny"\nfunctions = "energy"\nkinds = "ot"\npaths = "control"\n'
        'hosts = "*.nowhere.example"\n[[exceptions]]\nrule = "a"\nassets = "x"\nowner = "o"\nreason = "r"\n'
        'ticket = "t"\nexpires = 2026-01-01\n'
    )
    capture = str(samples / "ot_clean.pcap")

    late = cli("check", capture, "--policy", str(policy), "--on", "2026-01-02")
    in_time = cli("check", capture, "--policy", str(policy), "--on", "2026-01-01")

    assert late[0] == 1
    assert "exception 1 from a expired on 2026-01-01" in late[1]
    assert in_time[0] == 0


def test_an_analysis_comes_to_what_its_captures_do(cli: Cli, policy: Path, samples: Path, tmp_path: Path) -> None:
    policy.write_text(CLOUD)
    analysis = tmp_path / "plant.json"
    cli("report", "--json", "-o", str(analysis), str(samples / PLANT))

    of_capture = cli("check", str(samples / PLANT), "--policy", str(policy), "--json")
    of_analysis = cli("check", str(analysis), "--policy", str(policy), "--json")

    assert of_analysis == of_capture
    assert json.loads(of_analysis[1])["counts"]["breach"] == 9


def test_what_an_analysis_cannot_heed_any_more_is_not_ignored(cli: Cli, policy: Path, tmp_path: Path) -> None:
    analysis = tmp_path / "plant.json"
    analysis.write_text(
        '{"coverage": {"grade": "good", "shortcomings": [], "used": 1}, "captures": [], "zones": [], "conduits": [], '
        '"assets": [], "dependencies": [], "commands": []}'
    )
    policy.write_text('default = "allow"')

    assert cli("check", str(analysis), "--policy", str(policy))[0] == 0
    code, _, err = cli("check", str(analysis), "--policy", str(policy), "--internal", "10.0.0.0/8")
    assert code == 2
    assert "give --internal to the `kwel report` behind it" in err


def test_junit_and_sarif_are_written_beside(cli: Cli, policy: Path, samples: Path, tmp_path: Path) -> None:
    policy.write_text(CLOUD)
    xml, log = tmp_path / "check.xml", tmp_path / "check.sarif"

    cli("check", str(samples / PLANT), "--policy", str(policy), "--junit", str(xml), "--sarif", str(log))

    assert xml.read_text().count("<failure ") == 9
    assert len(json.loads(log.read_text())["runs"][0]["results"]) > 9


def test_a_policy_that_ships_goes_by_its_name(cli: Cli, samples: Path) -> None:
    assert cli("check", str(samples / "ot_clean.pcap"), "--policy", "nothing-inbound")[0] == 0


@pytest.mark.parametrize(
    ("text", "said"), [("x", "not TOML"), (FINE + "rules = 1", "rules: must be list"), ("", "default: missing")]
)
def test_a_wrong_policy_is_one_line_and_3(cli: Cli, policy: Path, samples: Path, text: str, said: str) -> None:
    policy.write_text(text)

    status, out, err = cli("check", str(samples / PLANT), "--policy", str(policy))

    assert (status, out, err.count("\n")) == (3, "", 1)
    assert said in err


def test_what_is_no_analysis_is_one_line_and_3(cli: Cli, policy: Path) -> None:
    policy.write_text(FINE)
    policy.with_suffix(".json").write_text('{"a": 1}')

    status, out, err = cli("check", str(policy.with_suffix(".json")), "--policy", str(policy))

    assert (status, out, err.count("\n")) == (3, "", 1)


def test_limits_check_names_all_that_is_wrong(cli: Cli, policy: Path) -> None:
    policy.write_text(CLOUD + 'kinds = "plc"\n[[rules]]\nid = "x"\naction = "denny"\n')

    status, out, _ = cli("limits", "check", str(policy))
    as_json = json.loads(cli("limits", "check", "--json", str(policy))[1])

    assert status == 1
    assert len(out.splitlines()) == 2
    assert len(as_json["remarks"]) == 2


def test_limits_check_finds_nothing_wrong(cli: Cli, policy: Path) -> None:
    policy.write_text(CLOUD)

    assert cli("limits", "check", str(policy), "--on", "2026-11-25") == (
        0,
        f"{policy}: nothing wrong, judged on 2026-11-25\n",
        "",
    )
