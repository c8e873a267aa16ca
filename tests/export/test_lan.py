"""The table of conversations without IP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.export.lan import LAN, lan_table
from tests.kernel import lan_frames as made
from tests.streams.making import ethernet, hear

if TYPE_CHECKING:
    from pathlib import Path


def test_a_row_tells_who_sent_what_to_whom(tmp_path: Path) -> None:
    tagged = ethernet(made.goose(), 0x88B8, b"\x81\0\0\x14")
    table = lan_table(hear(tmp_path, [tagged, tagged, ethernet(made.cyclic(), 0x8892)]))

    assert tuple(table.columns) == LAN.keys
    row = table.iloc[0]
    assert (row.protocol, row.side, row.source, row.vlan) == ("goose", "publisher", "00:1b:1b:10:00:21", "20")
    assert (row.destination, row.frames, row.bytes, row.first_frame) == ("00:09:0f:aa:00:01", 2, 2 * len(tagged), 1)
    assert table.protocol.tolist() == ["goose", "profinet-rt"]


def test_a_capture_without_ethernet_tells_no_station(tmp_path: Path) -> None:
    table = lan_table(hear(tmp_path, [bytes(14) + b"\x88\xb8" + made.goose()], link=113))

    assert table[["source", "destination", "vlan", "tunnel"]].isna().all(axis=None)


def test_a_capture_of_ip_alone_gives_an_empty_table(tmp_path: Path) -> None:
    assert lan_table(hear(tmp_path, [ethernet(b"\0" * 60, 0x9000)])).empty
