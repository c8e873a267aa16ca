"""The parts of the documentation that repeat the code: written from it, so that they cannot differ.

``python docs/generate.py`` (``make docs``) rewrites what stands between the markers; tests/test_docs.py compares.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "kwel"

STORY = (
    "cli",
    "sensor",
    "analysis",
    "merge",
    "store",
    "capture",
    "kernel",
    "streams",
    "protocols",
    "assets",
    "attribution",
    "dependencies",
    "findings",
    "policy",
    "impact",
    "suppliers",
    "report",
    "export",
    "evidence",
    "alerts",
    "logs",
    "site",
    "rulebook",
    "model",
)
"""Folders and modules in the order of the story; what is not named here comes last."""


def first_line(file: Path) -> str:
    """Return the first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(file.read_text()))
    return text.splitlines()[0] if text else ""


def modules() -> list[Path]:
    """Return every module, in the order of the story; a package before what is in it."""

    def key(file: Path) -> tuple[int, str, bool, str]:
        top = file.relative_to(SOURCES).parts[0]
        place = STORY.index(top) if top in STORY else len(STORY)
        return place, top, file.name != "__init__.py", str(file)

    return sorted(SOURCES.rglob("*.py"), key=key)


def module_table() -> str:
    """Return the table of modules in their own words."""
    rows = ["| module | in its own words |", "|---|---|"]
    for file in modules():
        name = str(file.relative_to(SOURCES)).removesuffix("__init__.py") or "__init__.py"
        words = first_line(file).replace("|", "\\|")
        rows.append(f"| `{name}` | {words} |")
    return "\n".join(rows)


def layers() -> str:
    """Return the order of the rooms, as the contract of import-linter in pyproject.toml holds it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    order = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return "\n".join(f"{place}. {layer.replace(' | ', ', ')}" for place, layer in enumerate(order, 1))


def columns(name: str) -> str:
    """Return the table of a table's columns."""
    from kwel.export.schema import INVENTORY, JSON, TABLES

    table = next(table for table in (*TABLES, INVENTORY) if table.name == name)
    rows = [f"One row is {table.row}.", "", "| key | JSON type | unit | meaning | example |", "|---|---|---|---|---|"]
    for column in table.columns:
        kind = JSON[column.kind] + (" or `null`" if column.optional else "")
        rows.append(f"| `{column.name}` | {kind} | {column.unit} | {column.meaning} | `{column.example}` |")
    return "\n".join(rows)


def hosts() -> str:
    """Return the table of hosts that were labelled by hand."""
    labels = tomllib.loads((ROOT / "tests" / "golden" / "hosts-61.toml").read_text())["hosts"]
    rows = [
        "| | host | captures | operator | parent's law | why | corrected after the comparison |",
        "|---|---|---|---|---|---|---|",
    ]
    for number, one in enumerate(labels, 1):
        host = f"`{one['name']}` `{one['address']}`"
        facts = (host, one["captures"], one["operator"], one["jurisdiction"], one["why"], one.get("first", ""))
        rows.append(f"| {number} | {' | '.join(map(str, facts))} |")
    return "\n".join(rows)


def store() -> str:
    """Return the columns of every table of the wire that a store keeps."""
    from kwel.store import codec

    rows = ["| table | columns |", "|---|---|"]
    for key in codec.KEYS:
        columns = ", ".join(f"`{field.name}` {_arrow(field.type)}" for field in codec.schema_of(key))
        rows.append(f"| `{key}` | {columns} |")
    return "\n".join(rows)


def _arrow(kind: Any) -> str:
    """Return what DuckDB calls a type of Arrow, as far as a reader needs it."""
    text = str(kind)
    if "list" in text:
        return "list"
    words = {"dictionary": "text", "string": "text", "timestamp": "time", "double": "number"}
    return next((word for begin, word in words.items() if text.startswith(begin)), "whole")


def findings() -> str:
    """Return a section for every kind of finding."""
    from kwel.findings import registry

    families = (
        ("Commands", registry.COMMANDS, "Where the asset never answered, one level less grave."),
        ("Conduits", registry.CONDUITS, "Where nothing was ever answered, one level less grave, but not below low."),
        ("Contacts with the outside", registry.CONTACTS, ""),
    )
    parts = []
    for head, kinds, note in families:
        parts += [f"## {head}", "", *([note, ""] if note else [])]
        for kind in kinds:
            parts += [f"### {kind.id}", "", kind.help, "", *_facts(kind), ""]
    return "\n".join(parts).rstrip()


def _facts(kind: Any) -> list[str]:
    """Return what a record of a finding says beside its help text, as list items."""
    grave = [severity.name.lower() for severity in kind.severity]
    severity = f"{grave[0]} about an OT asset, {grave[2]} about an IT asset, {grave[1]} about any other"
    if len(set(grave)) == 1:
        severity = grave[0]
    if getattr(kind, "graver_if_it_steers", False):
        severity += "; one level graver where the service can steer a device of the plant that is not an OT asset"
    return [
        f"- Severity: {severity}.",
        f"- Evidence: {kind.evidence.value}",
        f"- Title: {kind.title.en} / *{kind.title.nl}*",
        f"- Question: {kind.question.en} / *{kind.question.nl}*",
        *([f"- Remedy: {kind.remedy.en} / *{kind.remedy.nl}*"] if kind.remedy.en else []),
    ]


def generated(page: Path) -> str:
    """Return *page* with every generated part written anew."""

    def part(match: re.Match[str]) -> str:
        what = match["what"]
        whole = {"modules": module_table, "layers": layers, "hosts": hosts, "store": store, "findings": findings}.get(
            what
        )
        text = whole() if whole else columns(what.removeprefix("columns "))
        return f"<!-- generated: {what} -->\n{text}\n<!-- end -->"

    return re.sub(r"<!-- generated: (?P<what>[a-z ]+) -->\n.*?<!-- end -->", part, page.read_text(), flags=re.S)


PAGES = tuple(
    ROOT / "docs" / name
    for name in ("ARCHITECTURE.md", "findings.md", "formats.md", "hosts.md", "modules.md", "store.md")
)

if __name__ == "__main__":
    for page in PAGES:
        page.write_text(generated(page))
