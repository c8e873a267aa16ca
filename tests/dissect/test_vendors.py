"""Vendor numbers are said, and named where the rules know them; a damaged file is one clear line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.dissect import vendors
from kwel.rulefile import RuleError

if TYPE_CHECKING:
    from pathlib import Path

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

    with pytest.raises(RuleError, match=r"^devices/vendor_ids\.toml: "):
        vendors.load(tmp_path)
