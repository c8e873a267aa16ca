from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from kwel import rulebook
from kwel.assets import rules as devices

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


@pytest.mark.parametrize("command", ["lint", "test"])
def test_faults_are_named_and_the_status_is_one(
    command: str, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def check(root: Path | None) -> list[str]:
        asked.append(root)
        return ["operators/x.toml: sources: missing"]

    monkeypatch.setattr(rulebook, command, check)

    assert cli("rules", command, "--rules", str(tmp_path)) == (1, "operators/x.toml: sources: missing\n", "")
    assert asked == [tmp_path]


@pytest.mark.parametrize("command", ["lint", "test"])
def test_without_faults_nothing_is_said(command: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, command, lambda root: [])

    assert cli("rules", command) == (0, "", "")


OPTIONS = {
    "operator": ("--country", "NL", "--domain", "acme.example"),
    "service": ("--country", "NL", "--function", "monitoring"),
    "device": ("--role", "drive"),
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_new_rule_passes_lint_and_its_own_examples(kind: str, cli: Cli, tmp_path: Path) -> None:
    root = ("--rules", str(tmp_path))

    status, out, _ = cli("rules", "new", kind, "acme", *root, *OPTIONS[kind])

    assert status == 0
    assert "kwel rules lint" in out
    assert cli("rules", "lint", *root) == (0, "", "")
    assert cli("rules", "test", *root) == (0, "", "")


def test_a_new_operator_and_its_service_are_applied(cli: Cli, tmp_path: Path) -> None:
    root = ("--rules", str(tmp_path))
    before = json.loads(cli("explain", "--json", "www.acme.example")[1])
    for kind in ("operator", "service"):
        assert cli("rules", "new", kind, "acme", *root, *OPTIONS[kind])[0] == 0

    after = json.loads(cli("explain", "--json", "www.acme.example", *root)[1])

    assert "Acme" not in json.dumps(before)
    assert after["operator"] == "Acme"
    assert after["supplier"] == "Acme"


def test_a_new_device_rule_is_applied(cli: Cli, tmp_path: Path) -> None:
    assert cli("rules", "new", "device", "acme-drive", "--rules", str(tmp_path), *OPTIONS["device"])[0] == 0

    (rule,) = (rule for rule in devices.installed(tmp_path).known if rule.id == "acme-drive")

    assert rule.holds("says product ACME Drive 3")
    assert not rule.holds("says hostname acme-drive")


@pytest.mark.parametrize(
    ("kind", "field"), [("operator", "jurisdiction"), ("service", "jurisdiction"), ("device", "role")]
)
def test_lint_names_the_field_of_a_new_rule_that_is_not_filled_in(
    kind: str, field: str, cli: Cli, tmp_path: Path
) -> None:
    cli("rules", "new", kind, "acme", "--rules", str(tmp_path))

    status, out, _ = cli("rules", "lint", "--rules", str(tmp_path))

    assert status == 1
    assert re.search(rf"acme\.toml:[1-9][0-9]*: (rules\[0\]\.|parent\.)?{field}: '\?' is not", out)


def test_a_rule_that_is_there_is_not_overwritten(cli: Cli, tmp_path: Path) -> None:
    cli("rules", "new", "operator", "acme", "--rules", str(tmp_path))
    file = tmp_path / "operators" / "acme.toml"
    file.write_text("mine", encoding="utf-8")

    status, _, error = cli("rules", "new", "operator", "acme", "--rules", str(tmp_path))

    assert (status, file.read_text(encoding="utf-8")) == (3, "mine")
    assert "File exists" in error
    assert cli("rules", "new", "operator", "../up", "--rules", str(tmp_path))[0] == 2
