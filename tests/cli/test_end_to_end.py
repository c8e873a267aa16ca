"""Whole commands on real captures, good and bad: nothing here is made by hand."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kwel import analyse
from kwel.export.schema import TABLES, Table
from tests.export.plant import as_cell
from tests.impact.interruptions.making import outage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Cli

    RequireTool = Callable[[str], str]

PLANT = "mixed_plant.pcapng"


def test_the_same_capture_gives_the_same_report_wherever_and_whenever(cli: Cli, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / PLANT
    copy.write_bytes((samples / PLANT).read_bytes())
    for source, target in ((samples / PLANT, "a.html"), (copy, "b.html")):
        assert cli("report", str(source), "--lang", "en", "-o", str(tmp_path / target))[0] == 0

    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_the_same_capture_gives_the_same_tables_under_another_hash_seed_and_locale(samples: Path) -> None:
    outputs = set()
    for seed, locale in (("1", "C"), ("2", "nl_NL.UTF-8")):
        command = [sys.executable, "-m", "kwel", "report", str(samples / PLANT), "--json"]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": f"XXX{seed}"}
        outputs.add(subprocess.run(command, capture_output=True, env=environment, check=True).stdout)

    assert len(outputs) == 1


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_csv_json_lines_and_the_library_agree_on_a_real_capture(
    table: Table, cli: Cli, samples: Path, tmp_path: Path
) -> None:
    name = table.name
    capture = str(samples / ("lan/no_ip.pcap" if name == "lan" else PLANT))
    if name == "interruptions":
        capture = str(outage().write(tmp_path / "outage.pcap"))
    status, lines, _ = cli(*table.command, capture, "--format", "jsonl")
    cells = list(csv.DictReader(io.StringIO(cli(*table.command, capture, "--format", "csv")[1])))
    analysis = analyse([capture])
    frame = {
        "flows": analysis.flows, "names": analysis.names, "hellos": analysis.hello_table,
        "assets": analysis.asset_table, "facts": analysis.fact_table, "dependencies": analysis.dependency_table,
        "zones": analysis.zone_table, "conduits": analysis.conduit_table, "commands": analysis.command_table,
        "lan": analysis.lan_table, "interruptions": analysis.interruption_table, "needs": analysis.need_table,
    }[name]  # fmt: skip

    assert status == 0
    assert len(cells) == len(lines.splitlines()) == len(frame) > 0
    for line, row in zip(map(json.loads, lines.splitlines()), cells, strict=True):
        assert {key: cell.removeprefix("'") for key, cell in row.items()} == {
            key: as_cell(value) for key, value in line.items()
        }


def test_the_table_of_hellos_tells_real_ech_from_decoys(cli: Cli, samples: Path) -> None:
    cells = csv.DictReader(io.StringIO(cli("hellos", str(samples / "ech.pcap"), "--format", "csv")[1]))

    assert {(row["name"], row["ech"]) for row in cells} == {
        ("cloudflare-ech.com", "real"),
        ("portal.vendor-iiot.example", "grease-likely"),
    }


def test_every_piece_of_evidence_is_a_frame_of_the_capture(cli: Cli, samples: Path) -> None:
    made = json.loads(cli("report", str(samples / PLANT), "--json")[1])
    packets = made["captures"][0]["packets"]
    frames = [frame for row in [*made["assets"], *made["dependencies"]] for frame in row["evidence"]]

    assert frames
    for frame in frames:
        name, _, number = frame.partition("#")
        assert name == PLANT
        assert 1 <= int(number) <= packets


def test_packets_in_are_used_or_set_aside_by_reason(cli: Cli, samples: Path) -> None:
    made = json.loads(cli("report", str(samples), "--json")[1])
    coverage = made["coverage"]

    assert coverage["packets"] == coverage["used"] + sum(coverage["set_aside"].values())
    assert coverage["packets"] == sum(capture["packets"] for capture in made["captures"])


def test_a_folder_with_a_bad_file_gives_the_good_ones_and_names_the_bad(
    cli: Cli, samples: Path, tmp_path: Path
) -> None:
    (tmp_path / "good.pcap").write_bytes((samples / "ech.pcap").read_bytes())
    (tmp_path / "bad.pcap").write_bytes(b"\xd4\xc3\xb2\xa1no capture")
    status, out, err = cli("flows", str(tmp_path), "--format", "csv")

    assert status == 3
    assert len(out.splitlines()) > 1
    assert err.startswith("kwel: bad.pcap: ")
    assert err.count("\n") == 1


BAD = {
    "empty.pcap": b"",
    "text.pcap": b"this is no capture\n" * 100,
    "header.pcap": bytes.fromhex("d4c3b2a102000400"),
    "record.pcap": bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000 0000000000000000ff"),
    "absurd.pcap": bytes.fromhex(
        "d4c3b2a1020004000000000000000000ffff000001000000 0000000000000000ffffffffffffffff"
    ) + bytes(64),
    "block.pcapng": bytes.fromhex("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000 0600000000"),
    "half.gz": gzip.compress(os.urandom(1000))[:200],
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ["report", "flows"])
def test_bad_input_is_one_clear_line_and_leaves_no_report(name: str, command: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    status, out, err = cli(command, str(tmp_path / name))

    assert status == 3
    assert err.startswith(f"kwel: {name}: ")
    assert "Traceback" not in out + err
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_file_that_is_absent_is_named(cli: Cli, tmp_path: Path) -> None:
    status, _, err = cli("dependencies", str(tmp_path / "absent.pcap"))

    assert status == 3
    assert "absent.pcap" in err.splitlines()[0]


def test_standard_input_is_read_like_a_file(samples: Path) -> None:
    command = [sys.executable, "-m", "kwel", "names", "--format", "csv"]
    piped = subprocess.run([*command, "-"], input=(samples / PLANT).read_bytes(), capture_output=True, check=True)
    named = subprocess.run([*command, str(samples / PLANT)], capture_output=True, check=True)

    assert [row["name"] for row in csv.DictReader(io.StringIO(piped.stdout.decode()))] == [
        row["name"] for row in csv.DictReader(io.StringIO(named.stdout.decode()))
    ]


def test_a_reader_that_has_seen_enough_is_no_error(samples: Path) -> None:
    command = f"{sys.executable} -m kwel flows {samples} --format jsonl | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_nothing_is_half_written_when_the_disk_is_full(samples: Path, tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "from kwel.cli.app import run\nsys.exit(run(sys.argv[1:]))\n"
    )
    for command, suffix in (("report", "html"), ("flows", "csv"), ("flows", "parquet"), ("names", "jsonl")):
        target = tmp_path / f"out.{suffix}"
        target.write_text("before")
        done = subprocess.run(
            [sys.executable, "-B", "-c", script, command, str(samples / PLANT), "-o", str(target)],  # -B: no half .pyc
            capture_output=True, text=True, check=False,
        )  # fmt: skip

        assert done.returncode == 3, done.stderr
        assert done.stderr.startswith("kwel: cannot write ")
        assert done.stderr.count("\n") == 1
        assert target.read_text() == "before"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.csv", "out.html", "out.jsonl", "out.parquet"]


@pytest.mark.slow
def test_wireshark_agrees_on_every_name_of_the_mixed_plant(cli: Cli, samples: Path, require_tool: RequireTool) -> None:
    require_tool("tshark")
    status, out, err = cli("verify", str(samples / PLANT))

    assert (status, err) == (0, "")
    assert out == "kwel and Wireshark agree on 10 of 10 server names\n"
