from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kwel.cli.app import run
from kwel.store import Store
from tests.store.windows import PLANT, SAMPLES, traffic_of, window

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]
CLEAN = SAMPLES / "ot_clean.pcap"
WEEK = 7 * 86_400 * 10**9


def test_two_captures_are_compared(capsys: Captured) -> None:
    assert run(["diff", str(CLEAN), str(PLANT)]) == 1

    out = capsys.readouterr().out
    assert "+ operator     Microsoft Azure (10.20.1.11, 10.20.3.32)  mixed_plant.pcapng#496" in out
    assert "+ dependency   iot-060a0c9b.mqtt.iothub.aliyuncs.com (cam-gate1) [foreign]" in out


def test_a_capture_does_not_differ_from_its_analysis(tmp_path: Path, capsys: Captured) -> None:
    assert run(["report", str(PLANT), "--json", "-o", str(tmp_path / "plant.json")]) == 0

    assert run(["diff", str(PLANT), str(tmp_path / "plant.json")]) == 0
    assert "nothing is new, gone or changed" in capsys.readouterr().out


def test_programs_are_told_the_same(capsys: Captured) -> None:
    assert run(["diff", str(PLANT), str(CLEAN), "--json"]) == 1

    told = json.loads(capsys.readouterr().out)
    assert told["before"]["whole"]
    assert {one["how"] for one in told["differences"] if one["what"] == "operator"} == {"gone"}


def test_spans_of_a_store_and_the_last_week_are_compared(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_800_000_000 * 10**9
    with Store(tmp_path, write=True) as store:
        store.add(window(1, opened=now - 10 * WEEK // 7, traffic=traffic_of("ot_clean.pcap")), {})
        store.add(window(2, opened=now - 2 * WEEK // 7), {})
    monkeypatch.setattr("kwel.cli.diff.time.time_ns", lambda: now)

    assert run(["diff", "--store", str(tmp_path), "--week"]) == 1
    week = capsys.readouterr().out
    assert run(["diff", "--store", str(tmp_path), "..7d", "7d.."]) == 1
    assert capsys.readouterr().out.splitlines()[2:] == week.splitlines()[2:]
    assert "+ operator     Microsoft Azure" in week
    assert "#" not in week  # no frame was kept, and none is named


@pytest.mark.parametrize(
    "words",
    [
        [],
        [str(PLANT)],
        [str(PLANT)] * 3,
        ["--week"],
        ["--store", "x"],
        ["--store", "x", "1d", "2d"],
        ["--week", "a", "b"],
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str], capsys: Captured) -> None:
    assert run(["diff", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_analysis_that_is_none_ends_with_one_line(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"version": "0.1.0", "captures": [], "rulebook": ""}')

    assert run(["diff", str(path), str(path)]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_a_capture_that_was_cut_makes_it_incomplete(tmp_path: Path, capsys: Captured) -> None:
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(PLANT.read_bytes()[:-10])

    assert run(["diff", str(PLANT), str(cut)]) == 3
    assert "cut.pcapng" in capsys.readouterr().err
