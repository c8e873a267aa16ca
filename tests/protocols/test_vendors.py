"""Vendor numbers are said, and named where the rules know them; a damaged file is one clear line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from kwel.protocols import vendors
from kwel.rulebook.rulefile import RuleError

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = 'reviewed = 2026-11-25\nsources = ["A register (2024)"]\n'


def test_a_known_number_is_named_and_an_unknown_one_is_said() -> None:
    known, unknown = (list(vendors.named_vendor("cip", number)) for number in (1, 64999))

    assert [(said.kind, said.value) for said in known] == [
        ("identity", "cip-vendor/1"),
        ("vendor", "Rockwell Automation"),
    ]
    assert [(said.kind, said.value) for said in unknown] == [("identity", "cip-vendor/64999")]


@pytest.mark.parametrize("line", ['[cip]\none = "ACME"', "[cip]\n1 = 7", '[cip]\n1 = " "', '[profibus]\n1 = "ACME"'])
def test_a_wrong_line_is_refused_with_its_place(tmp_path: Path, line: str) -> None:
    (tmp_path / "devices").mkdir()
    (tmp_path / vendors.FILE).write_text(HEAD + line)

    with pytest.raises(RuleError, match=r"^devices/vendor_ids\.toml:\d+: (cip|profibus)"):
        vendors.load(tmp_path)


FIELDS: Final = {"bacapp.vendor_identifier": "bacnet", "cip.id.vendor_id": "cip"}
FOLDER: Final = re.compile(r"^Global configuration:\s*(.+)$", re.MULTILINE)


def test_every_number_is_whose_wireshark_says_it_is(require_tool: Callable[[str], str]) -> None:
    def printed(what: str) -> str:
        return subprocess.run([require_tool("tshark"), "-G", what], capture_output=True, text=True, check=True).stdout

    rows = (line.split("\t") for line in printed("values").splitlines())
    named = {(FIELDS[row[1]], int(row[2], 0)): row[3] for row in rows if row[0] == "V" and row[1] in FIELDS}
    folder = FOLDER.search(printed("folders"))
    file = Path(folder[1].strip() if folder else "", "enterprises.tsv")
    owners = (line.partition("#")[0].strip().split("\t") for line in file.read_text().splitlines())
    named |= {("enterprise", int(owner[0])): owner[1] for owner in owners if len(owner) > 1}

    known = vendors.installed()
    assert {key: name for key, name in known.items() if _start(name) not in _start(named.get(key, ""), 99)} == {}


def _start(name: str, letters: int = 3) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())[:letters]
