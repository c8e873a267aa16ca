"""kwel flows, names, assets, dependencies."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from kwel.export.schema import TABLES, Table
from kwel.model.claims import Claim, Grade
from tests.export import plant
from tests.export.plant import SEEN

if TYPE_CHECKING:
    from pathlib import Path
    from types import SimpleNamespace

    from tests.cli.conftest import Cli

NAMES = [table.name for table in TABLES]


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
def test_json_lines_have_the_keys_of_the_contract_in_order(table: Table, cli: Cli, analysis: SimpleNamespace) -> None:
    status, out, err = cli(*table.command, "plant.pcapng", "--format", "jsonl")

    assert (status, err) == (0, "")
    assert [tuple(json.loads(line)) for line in out.splitlines()] == [table.keys] * len(out.splitlines())


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
def test_suffix_of_the_output_chooses_the_format(
    table: Table, cli: Cli, analysis: SimpleNamespace, tmp_path: Path
) -> None:
    file = tmp_path / "out.csv"
    status, out, err = cli(*table.command, "plant.pcapng", "-o", str(file))

    assert (status, out, err) == (0, "", "")
    assert "," in file.read_text().splitlines()[0]
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_options_reach_the_analysis(cli: Cli, analysis: SimpleNamespace) -> None:
    cli("flows", "a.pcap", "b.pcap", "--internal", "198.51.100.0/24", "--internal", "2001:db8::/32")

    paths, options = analysis.asked[0]
    assert paths == ("a.pcap", "b.pcap")
    assert options.internal == ("198.51.100.0/24", "2001:db8::/32")


def test_a_capture_with_a_problem_is_named_and_the_others_are_shown(cli: Cli, analysis: SimpleNamespace) -> None:
    analysis.traffic = plant.make_traffic(problem="record 7 is cut; the 6 before it were read")
    status, out, err = cli("names", "plant.pcapng")

    assert status == 3
    assert "iot.cloud.example" in out
    assert err == "kwel: plant.pcapng: record 7 is cut; the 6 before it were read\n"


@pytest.mark.parametrize("place", ["absent/out.csv", "/dev/full"])
def test_output_that_cannot_be_written_is_one_line(
    place: str, cli: Cli, analysis: SimpleNamespace, tmp_path: Path
) -> None:
    target = place if place.startswith("/") else str(tmp_path / place)
    status, out, err = cli("flows", "plant.pcapng", "-o", target)

    assert (status, out) == (3, "")
    assert re.fullmatch(r"kwel: cannot write .+: .+; choose another place with -o\n", err)


def test_output_never_replaces_a_capture(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    capture = tmp_path / "plant.pcap"
    capture.write_bytes(b"capture")
    status, _, err = cli("flows", str(capture), "-o", str(capture))

    assert status == 2
    assert "is one of the captures" in err
    assert capture.read_bytes() == b"capture"


def test_hostile_names_cannot_move_the_cursor(cli: Cli, analysis: SimpleNamespace) -> None:
    asset = plant.make_asset(32, vendor=Claim("\x1b[2J\u202evendor", Grade.D, (SEEN,)))
    analysis.report = plant.make_report()
    object.__setattr__(analysis.report, "assets", (asset,))

    for form in ("table", "csv", "jsonl"):
        _, out, _ = cli("assets", "plant.pcapng", "--format", form)
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "vendor" in out
