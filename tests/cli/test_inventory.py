"""kwel inventory check, and --inventory elsewhere."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

PLANT = "mixed_plant.pcapng"
ROWS = """\
naam;ip;mac;eigenaar;zone;fabrikant
PLC ketelhuis;10.20.1.11;28-63-36-10-00-11;Energie;Cel 1;Siemens AG
=1+1;10.20.1.12;00-00-5e-00-53-01;;;
Weg;10.20.1.99;;;;
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    file = tmp_path / "assets.csv"
    file.write_text(ROWS)
    return str(file)


def test_differences_both_ways_are_listed_and_end_with_1(cli: Cli, own: str, samples: Path) -> None:
    status, out, err = cli("inventory", "check", str(samples / PLANT), "--inventory", own, "--format", "jsonl", "--all")
    rows = [json.loads(line) for line in out.splitlines()]
    state = {row["name"]: row["state"] for row in rows}

    assert (status, err) == (1, "")
    assert (state["PLC ketelhuis"], state["=1+1"], state["Weg"]) == ("seen", "differs", "unseen")
    assert sum(row["state"] == "uninventoried" for row in rows) == len(rows) - 3 > 5
    assert rows[1]["differences"] == ["mac: told 00:00:5e:00:53:01, seen 00:80:f4:10:00:12 (A)"]


def test_only_differences_are_listed_unless_all_is_asked_for_and_no_cell_calculates(
    cli: Cli, own: str, samples: Path
) -> None:
    _, out, _ = cli("inventory", "check", str(samples / PLANT), "--inventory", own, "--format", "csv")
    names = [row["name"] for row in csv.DictReader(io.StringIO(out))]

    assert "PLC ketelhuis" not in names
    assert "'=1+1" in names


def test_the_words_of_the_inventory_reach_assets_conduits_and_the_report(cli: Cli, own: str, samples: Path) -> None:
    capture = str(samples / PLANT)
    assets = cli("assets", capture, "--inventory", own, "--format", "jsonl")[1]
    conduits = cli("conduits", capture, "--inventory", own, "--format", "jsonl")[1]
    report = json.loads(cli("report", capture, "--inventory", own, "--json")[1])

    row = next(row for row in map(json.loads, assets.splitlines()) if "10.20.1.11" in row["addresses"])
    assert (row["names"][0], row["owner"], row["zone"]) == ("PLC ketelhuis", "Energie", "Cel 1")
    assert "Cel 1" in {json.loads(line)["to_zone"] for line in conduits.splitlines()}
    assert report["inventory"]["counts"]["unseen"] == 1
    assert report["inventory"]["files"][0]["entries"] == 3
    assert "--inventory assets.csv" in report["command"]


def test_a_site_file_may_name_the_inventory(cli: Cli, own: str, samples: Path, tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text('inventory = "assets.csv"\n')
    status, out, _ = cli("inventory", "check", str(samples / PLANT), "--site", str(site), "--format", "jsonl")

    assert status == 1
    assert '"Weg"' in out


def test_cells_that_are_not_understood_are_named_and_end_with_3(cli: Cli, samples: Path, tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text("name,ip\n" + "".join(f"plc {n},10.0.0.{n + 250}\n" for n in range(20)))
    status, _, err = cli("assets", str(samples / PLANT), "--inventory", str(file))

    assert status == 3
    assert err.splitlines()[0] == (
        "kwel: assets.csv:8: address: '10.0.0.256' is none; write 10.20.3.32 or 2001:db8::32"
    )
    assert err.splitlines()[-1] == "kwel: 4 more cells of the inventory could not be understood"


def test_what_is_no_inventory_ends_with_one_line(cli: Cli, samples: Path, tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text("colour\nred\n")
    status, out, err = cli("inventory", "check", str(samples / PLANT), "--inventory", str(file))

    assert (status, out) == (3, "")
    assert err.startswith("kwel: assets.csv:1: no column tells which device it is (colour)")


def test_without_an_inventory_the_command_is_not_understood(cli: Cli, samples: Path) -> None:
    status, _, err = cli("inventory", "check", str(samples / PLANT))

    assert status == 2
    assert "name one with --inventory" in err
