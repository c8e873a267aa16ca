"""A site file from the command line to the page: applied, shown, escaped, and the same bytes each time."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from kwel.site.example import quoted
from tests.site.test_database import FLAT, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

HOSTILE = '=cmd|x <img src=x onerror=alert(1)> \\u001b[2J\\u202e"'
SITE = f"""
name = "Plant West"
[[tenants]]
name = "plantgw-prod.azure-devices.net"
[[zones]]
name = {quoted(HOSTILE)}
prefixes = ["10.20.2.0/24"]
[[assets]]
name = "=1+1\\u001b[31m<b>"
address = "10.20.2.22"
[[overrides]]
prefix = "3.88.101.0/24"
operator = {{ name = "<b>Own\\u202e", jurisdiction = "NL" }}
place = "NL"
author = "<i>A. Author"
reason = "<script>why</script>"
date = 2026-01-20
[[overrides]]
host = "portal.vendor-iiot.example"
service = "Portal"
author = "A. Author"
reason = "until summer"
date = 2026-01-20
expires = 2026-06-30
[[overrides]]
asset = "10.20.2.21"
kind = "it"
author = "A. Author"
reason = "register"
date = 2026-01-20
"""


@pytest.fixture
def site(tmp_path: Path) -> str:
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    return str(path)


@pytest.fixture
def capture(samples: Path) -> str:
    return str(samples / "mixed_plant.pcapng")


def test_the_report_shows_each_override_and_what_would_stand_there_otherwise(cli: Cli, site: str, capture: str) -> None:
    first, again = (cli("report", "--json", "--site", site, capture) for _ in range(2))
    report = json.loads(first[1])
    applied, expired, device = report["site"]["overrides"]
    (dependency,) = [row for row in report["dependencies"] if row["overrides"]]

    assert first == again
    assert (report["title"], len(report["site"]["sha256"]), report["site"]["day"]) == ("Plant West", 64, "2026-11-24")
    assert "--site site.toml" in report["command"]
    assert (applied["state"], applied["count"], expired["state"], expired["count"]) == ("applies", 1, "expired", 0)
    assert applied["changed"][0]["before"]["verdict"] == dependency["verdict_without_site"] == "foreign"
    assert applied["changed"][0]["after"]["verdict"] == dependency["verdict"] == "eu-indicated"
    assert device["changed"][0]["after"] == {"kind": "it"}
    assert [row["host"] for row in report["dependencies"] if row["own"]] == ["plantgw-prod.azure-devices.net"]


def test_another_day_renews_what_had_expired(cli: Cli, site: str, capture: str) -> None:
    report = json.loads(cli("report", "--json", "--site", site, "--on", "2026-06-30", capture)[1])

    assert [of["state"] for of in report["site"]["overrides"]] == ["applies"] * 3
    assert "--on 2026-06-30" in report["command"]


def test_what_a_site_file_says_is_escaped_on_the_page(cli: Cli, site: str, capture: str) -> None:
    status, page, _ = cli("report", "--lang", "nl", "-o", "-", "--site", site, capture)

    assert status == 0
    for text in ("<b>Own", "<i>A. Author", "<script>why", "<img src=x", "\x1b", "\u202e"):
        assert text not in page
    assert "&lt;script&gt;why" in page
    assert "Wat de site zelf weet" in page
    assert "Verlopen: niet toegepast." in page
    assert "Eén asset valt door het sitebestand in een andere klasse" in page


def test_what_a_site_file_says_is_harmless_in_a_table(cli: Cli, site: str, capture: str) -> None:
    rows = cli("assets", "--format", "csv", "--site", site, capture)[1].splitlines()
    (row,) = [line for line in rows if "10.20.2.22" in line]

    assert "'=1+1\\x1b[31m<b>" in row
    assert "\x1b" not in row
    assert "\u202e" not in row


def test_explain_says_whose_word_it_is(cli: Cli, site: str) -> None:
    status, out, _ = cli("explain", "--json", "--site", site, "--on", "2026-11-24", "3.88.101.55")
    told = json.loads(out)

    assert (status, told["overrides"], told["without_overrides"]["operator"]) == (0, [1], "Amazon Web Services")
    assert "site file site.toml (<i>A. Author, 2026-01-20)" in told["sources"]
    shown = cli("explain", "--site", site, "--on", "2026-11-24", "3.88.101.55", "plantgw-prod.azure-devices.net")[1]
    assert "otherwise foreign (grade B: all-foreign), Amazon Web Services, US: without override 1 of the" in shown
    assert "own       plantgw-prod.azure-devices.net" in shown


def test_the_environment_may_name_the_file(cli: Cli, site: str, capture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWEL_SITE", site)

    assert '"overrides": ["1"]' in cli("dependencies", "--format", "jsonl", capture)[1]


@pytest.mark.parametrize("command", ["report", "flows", "names", "hellos", "assets", "dependencies", "explain"])
def test_a_wrong_site_file_is_one_line(cli: Cli, tmp_path: Path, capture: str, command: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text("[[overrides]]\nhost = 'a.example'\nplace = 'DE'\n", encoding="utf-8")
    status, out, err = cli(command, "--site", str(path), *(["a.example"] if command == "explain" else [capture]))

    assert (status, out) == (3, "")
    assert err.startswith(f"kwel: {path}:1: overrides[1].author: missing; write author = ")
    assert err.count("\n") == 1
    assert not (tmp_path / "mixed_plant.html").exists()


def test_check_names_what_is_wrong_and_its_status_says_so(cli: Cli, site: str, tmp_path: Path) -> None:
    status, out, _ = cli("site", "check", "--on", "2026-11-25", site)
    as_json = json.loads(cli("site", "check", "--json", "--on", "2026-01-20", site)[1])

    assert status == 1
    assert "overrides[2]: host portal.vendor-iiot.example: expired on 2026-06-30" in out
    assert {remark["level"] for remark in as_json["remarks"]} == {"note"}
    assert cli("site", "check", str(tmp_path / "none.toml"))[0] == 3


def test_check_tells_a_file_that_cannot_be_understood(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("internal = 1\n", encoding="utf-8")

    assert cli("site", "check", str(path)) == (1, f"{path}:1: internal: must be list, is int\n", "")
    assert json.loads(cli("site", "check", "--json", str(path))[1])["sha256"] is None


@pytest.mark.parametrize("sample", [None, "mixed_plant.pcapng", "vlan_trunk.pcap", "ipv6.pcap"])
def test_a_new_file_passes_the_check(cli: Cli, samples: Path, tmp_path: Path, sample: str | None) -> None:
    path = tmp_path / "site.toml"
    status, out, _ = cli("site", "new", *([str(samples / sample)] if sample else []), "-o", str(path))
    text = path.read_text(encoding="utf-8")

    assert (status, out) == (0, f"Site file: {path}\n")
    assert cli("site", "check", str(path))[0] == 0
    assert path.stat().st_mode & 0o077 == 0, "it says how a plant is built: nobody else may read it"
    assert bool(tomllib.loads(text).get("zones")) is (sample is not None)
    assert cli("site", "new", "-o", str(path))[0] == 3, "a file that is there is left alone"


def test_any_text_is_a_string_of_toml() -> None:
    text = "".join(map(chr, [*range(0x300), 0x202E, 0xD800, 0x1F600])) + '"\\'

    assert tomllib.loads(f"a = {quoted(text)}")["a"] == text.replace("\ud800", "\ufffd")


def test_the_report_names_the_database_and_its_digest(cli: Cli, tmp_path: Path, samples: Path) -> None:
    write(tmp_path / "own.mmdb", ("0.0.0.0/1", FLAT), ("128.0.0.0/1", FLAT), kind="<b>Own")
    path = tmp_path / "site.toml"
    path.write_text('[[databases]]\nfile = "own.mmdb"\n', encoding="utf-8")
    capture = str(samples / "mixed_plant.pcapng")
    first, again = (cli("report", "--json", "--site", str(path), capture) for _ in range(2))
    page = cli("report", "--lang", "en", "-o", "-", "--site", str(path), capture)[1]
    (database,) = json.loads(first[1])["site"]["databases"]

    assert first == again
    assert (database["file"], database["date"], database["unread"]) == ("own.mmdb", "2026-05-28", 0)
    assert database["sha256"] in page
    assert "&lt;b&gt;Own" in page
    assert "<b>Own" not in page


def test_a_database_that_is_none_ends_the_command_with_one_line(cli: Cli, tmp_path: Path, samples: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('[[databases]]\nfile = "none.mmdb"\n', encoding="utf-8")
    status, out, err = cli("dependencies", "--site", str(path), str(samples / "mixed_plant.pcapng"))

    assert (status, out, err.count("\n")) == (3, "", 1)
    assert err.startswith(f"kwel: {tmp_path / 'none.mmdb'}: No such file or directory")


def test_flows_tell_the_zones_of_both_ends_and_names_which_are_own(cli: Cli, site: str, capture: str) -> None:
    rows = [json.loads(line) for line in cli("flows", "--format", "jsonl", "--site", site, capture)[1].splitlines()]
    cells = cli("flows", "--format", "csv", "--site", site, capture)[1].splitlines()
    plain = cli("flows", "--format", "csv", capture)[1].splitlines()
    zone = tomllib.loads(SITE)["zones"][0]["name"]

    for row in rows:
        assert row["initiator_zone"] == (zone if row["initiator_address"].startswith("10.20.2.") else None)
        assert row["responder_zone"] == (zone if row["responder_address"].startswith("10.20.2.") else None)
    assert {row["initiator_zone"] for row in rows} == {zone, None}
    assert len(cells) == len(plain) == len(rows) + 1
    assert cells[0] == plain[0]
    assert plain[1].endswith(",,")
    for command in ("names", "hellos"):
        found = [
            json.loads(line) for line in cli(command, "--format", "jsonl", "--site", site, capture)[1].splitlines()
        ]
        assert {row["name"] for row in found if row["own"]} == {"plantgw-prod.azure-devices.net"}
