"""How hosts open and accept TCP connections, as Wireshark reads it, within bounds."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.analysis.stages import read_traffic
from kwel.model.records.columns import address_text
from kwel.model.records.syn import Option, Shape
from kwel.streams import openings
from tests.streams.making import CLIENT, SERVER, ethernet, hear, ipv4, ipv6

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINUX = bytes.fromhex("020405b4 0402 080a0000abcd00000000 01 030307")


def syn(options: bytes = LINUX, flags: int = 2, port: int = 40000, window: int = 64240) -> bytes:
    options += bytes(-len(options) % 4)
    return struct.pack(">HHIIBBHHH", port, 443, 7, 0, (20 + len(options)) << 2, flags, window, 0, 0) + options


def spelt(options: int) -> str:
    """Return the options of a row in their order."""
    labels = {option.value: option.label for option in Option}
    return ",".join(labels.get(options >> shift & 15, "?") for shift in range(0, options.bit_length(), 4))


def test_a_syn_is_kept_with_its_options_in_their_order(tmp_path: Path) -> None:
    (row,) = hear(tmp_path, [ethernet(ipv4(syn(), 6, ttl=63))]).openings

    assert spelt(int(row["options"])) == "mss,sack,stamp,nop,scale"
    assert (row["segment"], row["scale"], row["stamp"], row["window"], row["hops"]) == (1460, 7, 0xABCD, 64240, 63)
    assert address_text(int(row["source_hi"]), int(row["source_lo"])) == CLIENT
    assert Shape(int(row["notes"])) == Shape.NUMBERED


def test_an_answer_is_told_from_a_question(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(syn(), 6)), ethernet(ipv4(syn(b"", 0x12), 6, SERVER, CLIENT))]
    rows = hear(tmp_path, frames).openings

    assert [Shape.ANSWER in Shape(int(row["notes"])) for row in rows] == [False, True]
    assert [int(row["scale"]) for row in rows] == [7, openings.NO_SCALE]


@pytest.mark.parametrize("options", [b"\2\1\5\xb4", b"\x08\x0a\0\0", b"\x03\x00\x00\x00", b"\x22"])
def test_damaged_options_are_marked_and_read_no_further(tmp_path: Path, options: bytes) -> None:
    header = syn()[:12] + bytes([(20 + len(options) + -len(options) % 4) << 2]) + syn()[13:20]
    (row,) = hear(tmp_path, [ethernet(ipv4(header + options.ljust(4, b"\x22"), 6))]).openings

    assert Shape.DAMAGED in Shape(int(row["notes"]))


def test_other_segments_are_not_kept(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(syn(flags=flags), 6)) for flags in (0x10, 0x18, 0x01, 0x04)]

    assert not len(hear(tmp_path, frames).openings)


def test_a_host_has_so_much_room_and_others_have_theirs(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(syn(port=1024 + i), 6)) for i in range(openings.MOST_OF_ONE + 50)]
    frames += [ethernet(ipv4(syn(), 6, "10.20.1.6"))]
    rows = hear(tmp_path, frames).openings

    assert len(rows) == openings.MOST_OF_ONE + 1


def test_without_room_openings_are_counted() -> None:
    full = openings.new_openings()
    full.counters[openings.REFUSED] = 3

    assert full.notes() == {"openings-not-kept": 3}


PUBLISHED = (
    "ntop+nDPI/tests/cfgs/default/pcap/teams.pcap",
    "zeek+zeek/testing/btest/Traces/var-services-std-ports.pcap",
)
FIELDS = (
    "frame.number",
    "tcp.option_kind",
    "tcp.window_size_value",
    "tcp.options.timestamp.tsval",
    "ip.ttl",
    "ipv6.hlim",
)


def test_wireshark_reads_the_same(shared: Callable[[str], Path], require_tool: Callable[[str], str]) -> None:
    numbers = {0: "end", 1: "nop", 2: "mss", 3: "scale", 4: "sack", 8: "stamp"}
    for path in (shared("corpus") / "captures" / name for name in PUBLISHED):
        command = [require_tool("tshark"), "-n", "-r", str(path), "-Y", "tcp.flags.syn==1 && !icmp", "-T", "fields"]
        command += [part for field in FIELDS for part in ("-e", field)]
        theirs = []
        for line in subprocess.check_output(command, text=True).splitlines():
            frame, kinds, window, stamp, ttl, hops = line.split("\t")
            options = ",".join(numbers.get(int(kind), "other") for kind in kinds.split(",") if kind)
            options = options.partition(",end")[0] + ",end" * (",end" in options)  # padding is no option
            theirs.append((int(frame), options, int(window), int(stamp or 0), int(ttl or hops)))
        rows = read_traffic(str(path)).openings
        ours = [
            (int(row["frame"]), spelt(int(row["options"])), int(row["window"]), int(row["stamp"]), int(row["hops"]))
            for row in rows
        ]
        assert ours
        assert set(ours) <= set(theirs), path.name
        assert len(ours) >= 0.9 * len(theirs), path.name


def test_ipv6_is_kept_too(tmp_path: Path) -> None:
    host = bytes.fromhex("fd00") + bytes(13)
    (row,) = hear(tmp_path, [ethernet(ipv6(syn(), 6, host + b"\1", host + b"\2"), 0x86DD)]).openings

    assert (row["version"], spelt(int(row["options"]))) == (6, "mss,sack,stamp,nop,scale")
    assert np.uint64(row["source_lo"]) == 1
