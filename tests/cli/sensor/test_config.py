"""``kwel sensor config`` writes a configuration that it finds right, and names all that is wrong with another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kwel.cli.app import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    status = run(["sensor", "config", *map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_new_configuration_is_right_and_for_you_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sensor.toml"

    assert said(capsys, "new", "-o", file) == (0, "", "")
    assert file.stat().st_mode & 0o777 == 0o600
    status, out, err = said(capsys, "check", file)
    assert (status, err) == (0, "")
    assert "there is no interface span0 here now (note)" in out
    assert "nothing wrong" in out
    assert said(capsys, "new")[1] == file.read_text()


def test_a_file_that_is_there_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sensor.toml"
    file.write_text("name = 'mine'")
    status, _, err = said(capsys, "new", "-o", file)

    assert status == 3
    assert "File exists" in err
    assert file.read_text() == "name = 'mine'"


def test_what_is_wrong_around_it_is_told_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sensor.toml"
    file.write_text(
        'nam = 1\n[folder]\npath = "none"\n[analysis]\nsite = "site.toml"\npolicy = "no-such"\n'
        "[alerts]\nlearn_dayz = 3\n"
    )
    status, out, _ = said(capsys, "check", file, "--json")
    told = [remark["message"] for remark in json.loads(out)["remarks"] if remark["level"] == "fault"]

    assert status == 1
    assert len(told) == 5
    for part in ("did you mean name?", "learn_dayz", "site.toml: No such file", "none: no such folder", "no-such"):
        assert any(part in one for one in told), part


def test_how_large_the_store_may_become_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sensor.toml"
    for written, part in (("0", "a tenth of the disk stays free"), ("1000000", "is more than the"), ("1", None)):
        file.write_text(f'[folder]\npath = "."\n[store]\nfolder = "store"\nmost_gb = {written}\n')
        status, out, _ = said(capsys, "check", file, "--json")
        told = [remark["message"] for remark in json.loads(out)["remarks"] if remark["key"] == "store.most_gb"]
        assert status == 0
        assert [part in one for one in told if part] == [True] * (part is not None)


def test_a_file_that_is_not_there_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, err = said(capsys, "check", tmp_path / "none.toml")

    assert (status, out) == (3, "")
    assert "No such file or directory" in err
