from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import SimpleNamespace

    from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of whoever runs the tests is none of their business."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_dossiers_are_written_and_the_key_is_made_at_first_use(
    cli: Cli, analysis: SimpleNamespace, tmp_path: Path
) -> None:
    out = tmp_path / "dossiers"
    status, said, err = cli("suppliers", "plant.pcapng", "-o", str(out), "--lang", "en")
    again = cli("suppliers", "plant.pcapng", "-o", str(out), "--lang", "en")

    assert status == again[0] == 0
    assert "made the key" in err
    assert "made the key" not in again[2]
    assert said.startswith(f"{len(list(out.glob('*/dossier.json')))} dossiers in ")
    assert (tmp_path / "config" / "kwel" / "supplier.key").stat().st_mode & 0o777 == 0o600
    assert (out / "index.html").exists()


def test_the_list_is_json_where_that_is_asked_for(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    _, said, _ = cli("suppliers", "plant.pcapng", "-o", str(tmp_path / "d"), "--json")

    assert {one["id"] for one in json.loads(said)["suppliers"]} == {
        file.parent.name for file in tmp_path.glob("d/*/dossier.json")
    }


def test_the_key_may_not_lie_where_it_would_be_sent_along(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    out = tmp_path / "d"
    status, _, err = cli("suppliers", "plant.pcapng", "-o", str(out), "--key", str(out / "my.key"))

    assert status == 2
    assert "keep the key elsewhere" in err
    assert not out.exists()


def test_a_link_to_the_key_may_not_lie_there_either(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    out = tmp_path / "d"
    out.mkdir()
    assert cli("suppliers", "plant.pcapng", "-o", str(tmp_path / "e"), "--key", str(tmp_path / "my.key"))[0] == 0
    (out / "link.key").symlink_to(tmp_path / "my.key")
    status, _, err = cli("suppliers", "plant.pcapng", "-o", str(out), "--key", str(out / "link.key"))

    assert status == 2
    assert "keep the key elsewhere" in err


def test_what_is_no_key_is_one_line(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "k").write_text("hello")
    (tmp_path / "k").chmod(0o600)
    status, _, err = cli("suppliers", "plant.pcapng", "-o", str(tmp_path / "d"), "--key", str(tmp_path / "k"))

    assert (status, err.count("\n")) == (3, 1)
    assert "is no key of kwel" in err


def test_a_folder_that_cannot_be_written_is_one_line(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "d").write_text("a file")
    status, _, err = cli("suppliers", "plant.pcapng", "-o", str(tmp_path / "d"))

    assert status == 3
    assert "cannot write" in err


def test_an_answer_that_is_wrong_is_one_line_that_names_the_place(
    cli: Cli, analysis: SimpleNamespace, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    answer = {
        "format": "kwel-answer",
        "version": 1,
        "supplier": "x",
        "date": "2026-12-01",
        "services": [{"service": 1}],
    }
    (tmp_path / "in" / "x.json").write_text(json.dumps(answer))
    status, _, err = cli("suppliers", "plant.pcapng", "-o", str(tmp_path / "d"), "--answers", str(tmp_path / "in"))

    assert status == 3
    assert "x.json: services[0].service: must be string" in err


def test_the_owner_can_ask_who_is_behind_a_pseudonym(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    cli("suppliers", "plant.pcapng", "-o", str(tmp_path / "d"))
    content = json.loads(next(tmp_path.glob("d/*/dossier.json")).read_text())
    asset = content["assets"][0]
    status, said, err = cli("suppliers", "plant.pcapng", "--who", asset["id"], "--who", asset["addresses"][0])

    assert (status, err) == (0, "")
    assert all(f"dossier of {content['supplier']['name']}" in line for line in said.splitlines())
    assert [line.split()[0] for line in said.splitlines()] == [asset["id"], asset["addresses"][0]]

    status, _, err = cli("suppliers", "plant.pcapng", "--who", "asset-nobody")
    assert status == 3
    assert "nothing in these captures has the pseudonym asset-nobody" in err


def test_without_a_folder_or_a_question_there_is_nothing_to_do(cli: Cli, analysis: SimpleNamespace) -> None:
    assert cli("suppliers", "plant.pcapng")[0] == 2


def test_dossiers_of_some_suppliers_only(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    cli("suppliers", "plant.pcapng", "-o", str(tmp_path / "all"))
    first, *others = sorted(file.parent.name for file in tmp_path.glob("all/*/dossier.json"))
    _, said, err = cli("suppliers", "plant.pcapng", "-o", str(tmp_path / "some"), "--only", first.upper())

    assert said.startswith("1 dossiers in ")
    assert f"{len(others)} suppliers have no dossier" in err
    assert [file.parent.name for file in tmp_path.glob("some/*/dossier.json")] == [first]


def test_companies_are_merged_and_what_is_no_dossier_is_named(
    cli: Cli, analysis: SimpleNamespace, tmp_path: Path
) -> None:
    for name in "abc":
        made = cli("suppliers", "plant.pcapng", "-o", str(tmp_path / name), "--key", str(tmp_path / f"{name}.key"))
        assert made[0] == 0
    out = tmp_path / "sector"
    status, said, err = cli("sector", *(str(tmp_path / name) for name in "abc"), "-o", str(out), "--lang", "nl")

    assert (status, err) == (0, "")
    assert "of 3 companies" in said
    shown = json.loads((out / "sector.json").read_text())
    assert shown["companies"] == 3
    for supplier in shown["suppliers"]:
        assert (out / supplier["id"] / "letter.txt").exists()

    (tmp_path / "a" / "dossier.json").write_text("{")
    status, _, err = cli("sector", *(str(tmp_path / name) for name in "abc"), "-o", str(out))
    assert status == 3
    assert "dossier.json: file: is no JSON" in err


def test_two_companies_show_nothing(cli: Cli, analysis: SimpleNamespace, tmp_path: Path) -> None:
    for name in "ab":
        cli("suppliers", "plant.pcapng", "-o", str(tmp_path / name), "--key", str(tmp_path / f"{name}.key"))
    status, said, err = cli("sector", str(tmp_path / "a"), str(tmp_path / "b"), "-o", str(tmp_path / "s"), "--json")

    assert status == 0
    assert json.loads(said)["suppliers"] == []
    assert "2 companies are fewer than 3" in err


def test_without_a_dossier_there_is_no_sector_view(cli: Cli, tmp_path: Path) -> None:
    status, _, err = cli("sector", str(tmp_path), "-o", str(tmp_path / "s"))

    assert (status, err.count("\n")) == (3, 1)
    assert not (tmp_path / "s").exists()
