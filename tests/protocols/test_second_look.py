"""How often a sender is read, and what is kept of what it says again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.streams.making import MAC_A, hear

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

MINUTE = 60_000_000
"""Microseconds."""
LLDP_TO = bytes.fromhex("0180c200000e")


def lldp(firmware: str) -> bytes:
    """Return a frame of a switch that tells its version in its description (IEEE 802.1AB-2016 section 8.5)."""

    def element(kind: int, body: bytes) -> bytes:
        return (kind << 9 | len(body)).to_bytes(2, "big") + body

    body = element(1, b"\4" + MAC_A) + element(2, b"\7p1") + element(3, b"\0x") + element(6, firmware.encode())
    return LLDP_TO + MAC_A + b"\x88\xcc" + body + b"\0\0"


def said(traffic: Traffic) -> list[tuple[str, int, int]]:
    products = [one for one in traffic.observed if one.kind == "product"]
    start = min(one.time for one in products)
    minute = 60_000_000_000
    return [(one.value, (one.time - start) // minute, (one.until - start) // minute) for one in products]


def test_what_is_said_again_is_kept_once_with_the_last_time(tmp_path: Path) -> None:
    """What a station repeats within the hour is not read again."""
    assert said(hear(tmp_path, [lldp("v1")] * 3, step=MINUTE)) == [("v1", 0, 0)]
    assert said(hear(tmp_path, [lldp("v1")] * 3, step=60 * MINUTE)) == [("v1", 0, 120)]


def test_a_sender_of_whom_enough_was_read_is_read_again_every_hour(tmp_path: Path) -> None:
    """Its firmware is new after an hour and a half."""
    frames = [lldp("v1")] * 90 + [lldp("v2")] * 90
    traffic = hear(tmp_path, frames, step=MINUTE)

    assert said(traffic) == [("v1", 0, 60), ("v2", 90, 150)]
    assert "lldp-not-looked-at" not in traffic.coverage.notes
