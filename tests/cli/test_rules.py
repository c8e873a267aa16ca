from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel import rulebook

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
