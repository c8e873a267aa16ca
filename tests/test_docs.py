"""The documentation says what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kwel.cli.outcome import Status

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sample_pcaps/**/*.md")])
ADRS = sorted(ROOT.glob("docs/adr/*.md"))


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "findings.md", "formats.md", "hosts.md", "modules.md"])
def test_generated_parts_are_those_of_today(name: str) -> None:
    page = ROOT / "docs" / name

    assert page.read_text() == load_generator().generated(page), "run make docs"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("adr", ADRS, ids=name_of)
def test_every_decision_says_context_choice_and_price(adr: Path) -> None:
    text = adr.read_text()

    assert re.match(rf"# {int(adr.name[:4])}\. \S", text)
    for part in ("## Context", "## Choice", "## Price"):
        assert part in text, part


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= 600


def test_the_page_of_commands_lists_every_exit_status() -> None:
    listed = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "commands.md").read_text(), flags=re.M)

    assert [int(status) for status in listed] == sorted(Status)


def test_readme_names_the_two_commands_and_they_exist() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()

    for command in ("report", "test"):
        assert f"make {command}" in readme
        assert re.search(rf"^{command}:", makefile, flags=re.M)


def test_the_licence_is_the_one_that_the_package_names() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    assert 'license = "EUPL-1.2"' in (ROOT / "pyproject.toml").read_text()
