"""Vendors of MAC address blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.assets import oui
from kwel.assets.oui import vendor

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("mac", "name"),
    [
        (0x286336100011, "Siemens AG"),
        (0x001B1B100021, "Siemens AG"),
        (0x0080F4100012, "Telemecanique Electrique"),
        (0x000105100023, "Beckhoff Automation GmbH"),
        (0x5C8816100013, "Rockwell Automation"),
        (0x4419B6100031, "Hangzhou Hikvision Digital Technology Co.,Ltd."),
        (0x000327100033, "HMS Industrial Networks"),
        (0x0050C2000123, "T.L.S. Corp."),
    ],
)
def test_a_mac_address_tells_its_vendor(mac: int, name: str) -> None:
    assert vendor(mac) == name


def test_the_longest_block_decides() -> None:
    lines = [line.split("\t") for line in oui._table().decode().splitlines()]
    short = {digits for digits, _ in lines if len(digits) == 6}
    inside = [(digits, name) for digits, name in lines if len(digits) > 6 and digits[:6] in short]

    assert all(vendor(int(digits.ljust(12, "0"), 16)) == name for digits, name in inside)


def test_every_block_is_found_at_both_ends() -> None:
    lines = [line.split("\t") for line in oui._table().decode().splitlines()][::7]

    for digits, name in lines:
        assert vendor(int(digits.ljust(12, "0"), 16)) == name or len(digits) == 6
        assert vendor(int(digits.ljust(12, "F"), 16)) == name or len(digits) == 6


def test_a_block_sold_on_in_parts_names_only_the_owners_of_the_parts() -> None:
    assert b"IEEE Registration Authority" not in oui._table()


@pytest.mark.parametrize("mac", [0x020000005E01, 0xFFFFFFFFFFFF, 0x01005E0000FB, 0x333300000001, -1, 1 << 48])
def test_a_local_or_group_address_has_no_vendor(mac: int) -> None:
    assert vendor(mac) is None


def test_a_block_that_nobody_has_is_unknown() -> None:
    assert vendor(0xFCFFFFFFFFFF) is None


def test_the_table_is_that_of_the_edition_which_was_chosen(tmp_path: Path) -> None:
    (tmp_path / "oui.tsv").write_text("001B1B\tAnother Assignee\n")
    shipped = vendor(0x001B1B000001)
    oui.use(tmp_path)
    try:
        assert vendor(0x001B1B000001) == "Another Assignee"
    finally:
        oui.use(None)
    assert vendor(0x001B1B000001) == shipped


def test_a_missing_table_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oui, "TABLE", "absent.tsv")
    oui._table.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"^data table absent\.tsv: .*make data"):
            vendor(0x001122334455)
    finally:
        oui._table.cache_clear()


@pytest.mark.parametrize("table", [b"", b"\n", b"\t", b"001122", b"x" * 5000, b"001122\tA\xff\n", b"\n" * 99])
def test_a_damaged_table_gives_an_answer_or_none(table: bytes) -> None:
    assert oui._assignee(table, b"001122") in {None, "A\N{REPLACEMENT CHARACTER}"}
