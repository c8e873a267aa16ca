"""Name resolution blocks and blocks that are passed over."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from kwel.capture.file import CaptureFile
from kwel.capture.resolved import MOST_BLOCKS, MOST_NAMES
from tests.capture.making import block, frames, interface, names, option, packet, section, write

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Capture


def described(folder: Path, *blocks: bytes) -> Capture:
    capture = CaptureFile("x", write(folder, b"".join(blocks)))
    frames(capture)
    assert capture.problem is None
    return capture.describe()


@pytest.mark.parametrize("order", ["<", ">"])
def test_names_of_both_sorts_of_address_are_kept_in_order(tmp_path: Path, order: str) -> None:
    told = described(
        tmp_path,
        section(order),
        names(("198.51.100.7", b"Historian.example.\0other.example\0"), ("2001:db8::1", b"six.example\0"), order=order),
        interface(order=order),
        packet(order=order),
        names(("198.51.100.7", b"historian.example\0"), ("192.0.2.1", b"late.example\0"), order=order),
        packet(order=order),
    )

    assert told.names == (
        ("198.51.100.7", "historian.example"),
        ("198.51.100.7", "other.example"),
        ("2001:db8::1", "six.example"),
        ("192.0.2.1", "late.example"),
    )
    assert told.packets == 2
    assert told.names_left_out == 0


def test_a_name_that_is_none_is_left_out_and_counted(tmp_path: Path) -> None:
    said = b"\xff\xfe\0a b\0" + b"x" * 300 + b"\0\x1b[31m\0.\0192.0.2.1\0fine\0"

    told = described(tmp_path, section(), interface(), names(("192.0.2.1", said)))

    assert told.names == (("192.0.2.1", "fine"),)
    assert told.names_left_out == 5


@pytest.mark.parametrize("body", [b"", b"\1\0\xff\xff", b"\1\0\4\0abcd", b"\1\0\0\0", b"\1", b"\7\0\1\0a\0\0\0"])
def test_a_damaged_record_ends_its_block_only(tmp_path: Path, body: bytes) -> None:
    told = described(tmp_path, section(), block(4, body), names(("192.0.2.1", b"fine\0"), end=False))

    assert told.names == (("192.0.2.1", "fine"),)


def test_names_have_a_bound_and_so_have_blocks(tmp_path: Path) -> None:
    many = b"".join(b"n%d\0" % n for n in range(200))
    blocks = [names((f"10.0.{n >> 8}.{n & 255}", many)) for n in range(400)]

    told = described(tmp_path, section(), *blocks, names() * MOST_BLOCKS, names(("192.0.2.1", b"late\0")))

    assert len(told.names) == MOST_NAMES
    assert told.names_left_out == 400 * 200 - MOST_NAMES
    assert dict(told.passed_over)["names"] == 401


def test_a_block_longer_than_what_is_kept_is_read_as_far_as_it_is_kept(tmp_path: Path) -> None:
    long = names(*[(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", b"host-%d.example\0" % n) for n in range(20_000)])

    told = described(tmp_path, section(), interface(), long, packet())

    assert told.names[0] == ("10.0.0.0", "host-0.example")
    assert 5_000 < len(told.names) < 20_000
    assert told.packets == 1


def test_blocks_that_are_not_read_are_counted_by_sort_and_secrets_are_kept_nowhere(tmp_path: Path) -> None:
    secret = b"CLIENT_RANDOM 0011223344 5566778899\n"
    told = described(
        tmp_path,
        section(),
        block(0xA, struct.pack("<II", 0x544C534B, len(secret)) + secret),
        block(0xBAD, b"\0\0\0\1abcd"),
        block(0x40000BAD, b"\0\0\0\1abcd"),
        block(9, b"__REALTIME_TIMESTAMP=1\n"),
        block(0x77, b"abcd"),
        interface(option(2, b"eth0")),
        packet(),
    )

    assert told.passed_over == (("custom", 2), ("secrets", 1), ("events", 1), ("unknown", 1))
    assert "CLIENT_RANDOM" not in repr(told)


def test_endless_blocks_without_a_packet_come_to_an_end(tmp_path: Path) -> None:
    told = described(tmp_path, section(), block(0xBAD, bytes(4)) * 500_000, interface(), packet())

    assert told.packets == 1
    assert dict(told.passed_over) == {"custom": 500_000}
