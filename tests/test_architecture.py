"""Rules about the shape of the source, held for every module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src" / "kwel"
MODULES = sorted(SOURCES.rglob("*.py"))
LONGEST_MODULE = 600
LONGEST_FUNCTION = 40
LONGEST_KERNEL = 80
"""What numba compiles may be longer: a loop over packets or bytes keeps its state in local variables."""


def name_of(file: Path) -> str:
    return str(file.relative_to(SOURCES))


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_module_says_in_its_first_line_what_it_is(file: Path) -> None:
    text = ast.get_docstring(ast.parse(file.read_text()))

    assert text
    assert text.splitlines()[0].endswith((".", ":")), "one sentence"


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_module_can_be_read_in_one_sitting(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_functions_are_short(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = node.body[0].lineno
            compiled = any(ast.unparse(mark).startswith(("helper", "kernel")) for mark in node.decorator_list)
            length = (node.end_lineno or start) - start
            assert length < (LONGEST_KERNEL if compiled else LONGEST_FUNCTION), node.name


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_no_module_can_reach_a_network_but_the_two_that_are_meant_to(file: Path) -> None:
    """One fetches lists (ADR 9), one sends alerts to where the user said (ADR 22)."""
    if name_of(file) in ("attribution/feeds/fetch.py", "alerts/send.py"):
        return
    banned = {"requests", "urllib.request", "http.client", "ftplib", "smtplib", "scapy.all", "scapy.sendrecv"}
    imported = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}

    assert not imported & banned
    assert "kwel.attribution.feeds.fetch" not in imported or name_of(file) in (
        "cli/update.py",
        "attribution/feeds/update.py",
        "attribution/feeds/renew.py",
    )
    sends = {"kwel.alerts.send"} & imported
    assert not sends or name_of(file) in ("alerts/couriers.py", "cli/sensor/alerts.py")


def test_every_package_is_shipped_in_the_wheel() -> None:
    import tomllib

    listed = tomllib.loads((SOURCES.parents[1] / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {"kwel.rules"} | {
        ".".join(("kwel", *file.parent.relative_to(SOURCES).parts)) for file in MODULES if file.name == "__init__.py"
    }

    assert set(listed) == found
