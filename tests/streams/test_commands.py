"""Commands are counted once each, wherever segments begin and end, and whatever is missing."""

from __future__ import annotations

import struct
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import Options, conclude
from kwel.model.commands import CommandClass
from kwel.model.kinds import Application
from kwel.streams.commands import MOST_CODES, OTHER
from tests.streams.making import CLIENT, Talk, ethernet, hear, ipv4, udp

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

READ, WRITE = 3, 6


def modbus(function: int = READ, number: int = 1, size: int = 4) -> bytes:
    return struct.pack(">HHHBB", number, 0, 2 + size, 1, function) + bytes(size)


def counted(traffic: Traffic) -> Counter[int]:
    """Return how often whoever began asked for each code."""
    found: Counter[int] = Counter()
    for row in traffic.commands[traffic.commands["from_initiator"] == 1]:
        found[int(row["code"])] += int(row["count"])
    return found


def conversation(requests: bytes, pieces: list[int], port: int = 502) -> list[bytes]:
    """Return a connection in which *requests* are sent in segments that end at *pieces*."""
    talk = Talk(port)
    frames = [*talk.handshake(), talk.up(modbus(), 0), talk.down(modbus(), 0)]
    at = 0
    for end in [*pieces, len(requests)]:
        frames.append(talk.up(requests[at:end], 12 + at))
        at = end
    return frames


@pytest.mark.parametrize("cut", range(1, 36))
def test_a_message_that_segments_cut_anywhere_counts_once(tmp_path: Path, cut: int) -> None:
    traffic = hear(tmp_path, conversation(modbus(WRITE) * 2 + modbus(READ), [cut]))

    assert counted(traffic) == {READ: 2, WRITE: 2}


def test_messages_come_byte_by_byte(tmp_path: Path) -> None:
    requests = modbus(WRITE) + modbus(READ)
    traffic = hear(tmp_path, conversation(requests, list(range(1, len(requests)))))

    assert counted(traffic) == {READ: 2, WRITE: 1}
    assert "commands-lost" not in traffic.coverage.notes


def test_what_is_sent_again_counts_once(tmp_path: Path) -> None:
    talk = Talk(502)
    again = [talk.up(modbus(WRITE), 12), talk.up(modbus(WRITE) + modbus(WRITE), 12), talk.up(modbus(WRITE), 24)]
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(modbus(), 0), talk.down(modbus(), 0), *again])

    assert counted(traffic) == {READ: 1, WRITE: 2}


def test_behind_a_gap_the_count_goes_on(tmp_path: Path) -> None:
    talk = Talk(502)
    long = modbus(0x10, size=200)
    frames = [*talk.handshake(), talk.up(modbus(), 0), talk.down(modbus(), 0)]
    within = [talk.up(long[:60], 12), talk.up(long[150:] + modbus(WRITE), 162)]  # 90 bytes of one message are missing
    beyond = [talk.up(modbus(WRITE), 1000)]
    traffic = hear(tmp_path, [*frames, *within, *beyond])

    assert counted(traffic) == {READ: 1, 0x10: 1, WRITE: 2}


def test_a_capture_that_joins_midway_counts_from_there(tmp_path: Path) -> None:
    talk = Talk(502)
    frames = [talk.up(modbus(WRITE, n), 12 * n) for n in range(50)]
    traffic = hear(tmp_path, [frame for pair in zip(frames, frames, strict=True) for frame in pair[:1]])

    assert traffic.flows["application"].tolist() == [Application.MODBUS]
    assert counted(traffic) == {WRITE: 50}


def test_what_the_server_says_is_its_own(tmp_path: Path) -> None:
    talk = Talk(502)
    frames = [*talk.handshake(), talk.up(modbus(WRITE), 0), talk.down(modbus(WRITE), 0), talk.down(modbus(READ), 12)]
    rows = hear(tmp_path, frames).commands

    assert [(row["code"], row["count"], row["from_initiator"]) for row in rows] == [
        (WRITE, 1, 1), (WRITE, 1, 0), (READ, 1, 0),
    ]  # fmt: skip
    assert rows["frame"].tolist() == [4, 5, 6]


def test_what_only_seemed_a_protocol_has_no_commands(tmp_path: Path) -> None:
    talk = Talk(502)
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(modbus(WRITE), 0), talk.down(b"something else", 0)])

    assert len(traffic.commands) == 0


def test_codes_beyond_measure_are_counted_together(tmp_path: Path) -> None:
    frames = []
    for code in range(MOST_CODES + 40):  # of FINS in datagrams, of which each is one message
        frame = (
            bytes.fromhex("800002000100000200050101") if code < 2 else b"\x80\0\2\0\1\0\0\2\0\5" + b"\1" + bytes([code])
        )
        frames.append(ethernet(ipv4(udp(frame + bytes(6), 9600, 9600), 17)))
    rows = hear(tmp_path, frames).commands

    assert rows["count"].sum() == MOST_CODES + 40
    assert len(rows) == MOST_CODES + 1
    assert OTHER in rows["code"]


def test_datagrams_that_hold_no_message_are_told(tmp_path: Path) -> None:
    good = bytes.fromhex("8105 0006 003c")
    frames = [ethernet(ipv4(udp(data, 47808, 47808), 17, CLIENT)) for data in (good, good, b"\x55" * 3)]
    traffic = hear(tmp_path, frames)

    assert counted(traffic) == {0x205: 2}


def test_where_a_controller_was_heard_first_it_is_still_not_the_one_that_commands(tmp_path: Path) -> None:
    """Question and answer of Modbus bear the same function code: who asks is told by the port that it is known for."""
    talk = Talk(502, client_port=401)
    answers = [talk.down(modbus(WRITE, number), 12 * number) for number in range(3)]
    questions = [talk.up(modbus(WRITE, number), 12 * number) for number in range(1, 4)]
    frames = [frame for pair in zip(answers, questions, strict=True) for frame in pair]
    (command,) = conclude(hear(tmp_path, frames), Options()).report.commands

    assert (command.source.address, command.kind, command.count) == (CLIENT, CommandClass.WRITE, 3)
