from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kwel.cli.app import run
from kwel.store import Store
from tests.store.windows import PLANT, tables_of, window

if TYPE_CHECKING:
    from pathlib import Path

AT = ("2026-09-21T14:20", "2026-09-21T14:25")
"""Before the first window closed, and before the second did."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("store")
    with Store(folder, write=True) as store:
        for number in (1, 2, 4):
            store.add(window(number), tables_of(), PLANT)
    return str(folder)


Captured = pytest.CaptureFixture[str]


def test_list_says_what_is_there_and_what_is_missing(folder: str, capsys: Captured) -> None:
    assert run(["store", "list", "--store", folder]) == 0

    out = capsys.readouterr().out
    assert "span0-0000000004" in out
    assert "1 windows are missing, the first after 2026-09-21T14:28:20Z" in out


def test_list_tells_programs_the_same(folder: str, capsys: Captured) -> None:
    assert run(["store", "list", "--store", folder, "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert [part["id"][-1] for part in told["parts"]] == ["1", "2", "4"]
    (source,) = told["sources"]
    assert source["missing"] == [[3, 3, source["missing"][0][2], source["missing"][0][3]]]
    assert source["proofs"][0][3] == 0


def test_check_finds_a_single_bit(folder: str, tmp_path: Path, capsys: Captured) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert run(["store", "check", "--store", str(copy)]) == 0
    evidence = copy / "windows/span0-0000000002/evidence/span0-0000000002.pcapng"
    data = bytearray(evidence.read_bytes())
    data[1000] ^= 1
    evidence.write_bytes(data)

    assert run(["store", "check", "--store", str(copy), "--json"]) == 1
    told = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert [str(evidence) in fault for fault in told["faults"]] == [True]


def test_query_answers_people_and_programs(folder: str, capsys: Captured) -> None:
    sql = "SELECT host, evidence FROM dependencies ORDER BY host LIMIT 1"
    assert run(["store", "query", "--store", folder, sql]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert run(["store", "query", "--store", folder, sql, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert lines[0].split() == ["host", "evidence"]
    assert lines[1].split()[0] == told["host"]
    assert isinstance(told["evidence"], list)


def test_a_question_that_is_none_ends_with_one_line(folder: str, capsys: Captured) -> None:
    assert run(["store", "query", "--store", folder, "DROP VIEW dependencies"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("command", ["list", "check", "compact"])
def test_what_is_no_store_ends_with_one_line(command: str, tmp_path: Path, capsys: Captured) -> None:
    place = tmp_path / "file"
    place.write_text("")

    assert run(["store", command, "--store", str(place)]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_a_moment_that_is_none_is_refused(folder: str, capsys: Captured) -> None:
    assert run(["store", "list", "--store", folder, "--since", "yesterday"]) == 2
    assert "write 7d" in capsys.readouterr().err


def test_the_report_on_a_window_is_the_report_on_its_capture(folder: str, tmp_path: Path, capsys: Captured) -> None:
    """But for what captures are called."""
    stored, made = tmp_path / "stored.json", tmp_path / "made.json"
    chosen = ["--since", AT[0], "--until", AT[1]]
    status = run(["report", "--store", folder, *chosen, "--json", "-o", str(stored)])
    assert run(["report", str(PLANT), "--json", "-o", str(made)]) == 0

    one, other = json.loads(stored.read_text()), json.loads(made.read_text())
    assert one.pop("command") == "kwel report --store store0 --since 2026-09-21T14:20:00Z --until 2026-09-21T14:25:00Z"
    other.pop("command")
    named = json.dumps(one).replace("span0-0000000001.pcapng", PLANT.name)
    assert json.loads(named) == other
    assert status == 0
    assert "3 frames were dropped" in capsys.readouterr().err


def test_a_report_on_a_span_with_a_gap_says_so_in_its_status(
    folder: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kwel.merge.join", lambda parts: parts[0], raising=False)

    assert run(["report", "--store", folder, "-o", str(tmp_path / "out.html")]) == 3
    assert "1 windows are missing" in capsys.readouterr().err


def test_a_span_without_a_window_has_no_report(folder: str, tmp_path: Path, capsys: Captured) -> None:
    assert run(["report", "--store", folder, "--since", "2030-01-01", "-o", str(tmp_path / "out.html")]) == 3
    assert "no window of that time" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["report"], ["report", "--store", "x", str(PLANT)], ["report", "--since", "7d", str(PLANT)]]
)
def test_captures_or_a_store_and_not_both(words: list[str], capsys: Captured) -> None:
    assert run(words) == 2
    assert capsys.readouterr().err.count("\n") == 1
