"""What tells a device's identity is found however late it comes in a stream, and in however many segments."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from kwel.streams.watch import MOST_PARTS
from tests.protocols.conftest import SAMPLES
from tests.streams.making import SERVER, Talk, ethernet, hear, ipv4, tcp, udp

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic


def sample(name: str) -> bytes:
    lines = (SAMPLES / f"{name}.hex").read_text().splitlines()
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#")))


HELLO = b"HELF" + (32).to_bytes(4, "little") + bytes(20) + b"\0\0\0\0"
ACKNOWLEDGE = b"ACKF" + (28).to_bytes(4, "little") + bytes(20)
CREATED = sample("opcua.session_created")
SETUP, SETUP_ANSWER = sample("s7comm.setup_request"), sample("s7comm.setup_response")
MODULE = sample("s7comm.module_identification")


def said(traffic: Traffic, kind: str) -> list[str]:
    return [one.value for one in traffic.observed if one.kind == kind and one.address == SERVER]


def opened() -> tuple[Talk, list[bytes]]:
    """Return a connection of OPC UA on which a channel was asked for, and its frames."""
    talk = Talk(port=4840)
    return talk, [*talk.handshake(), talk.up(HELLO, 0), talk.down(ACKNOWLEDGE, 0)]


def pieces(data: bytes, offset: int, size: int) -> list[tuple[bytes, int]]:
    return [(data[i : i + size], offset + i) for i in range(0, len(data), size)]


@pytest.mark.parametrize("size", [97, 200, 1000])
def test_a_message_in_several_segments_is_joined(tmp_path: Path, size: int) -> None:
    talk, frames = opened()
    parts = [talk.down(*part) for part in pieces(CREATED, 28, size)]

    assert said(hear(tmp_path, [*frames, *parts]), "uri") == ["urn:freeopcua:python:server"]


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_segments_behind_the_first_may_come_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    talk, frames = opened()
    parts = [talk.down(*part) for part in pieces(CREATED, 28, len(CREATED) // 4 + 1)]

    traffic = hear(tmp_path, [*frames, parts[0], *(parts[i] for i in order), parts[1]])
    assert said(traffic, "uri") == ["urn:freeopcua:python:server"]


def test_what_is_never_whole_is_read_as_far_as_it_came_and_counted(tmp_path: Path) -> None:
    talk, frames = opened()
    first, *_ = pieces(CREATED, 28, len(CREATED) - 60)

    traffic = hear(tmp_path, [*frames, talk.down(*first)])
    assert said(traffic, "uri") == ["urn:freeopcua:python:server"]
    assert traffic.coverage.notes["opcua-cut"] == 1


def test_messages_that_tell_nothing_come_first_however_many(tmp_path: Path) -> None:
    talk = Talk(port=102)
    frames = [*talk.handshake(), talk.up(SETUP, 0), talk.down(SETUP_ANSWER, 0)]
    at = len(SETUP_ANSWER)
    frames += [talk.down(SETUP_ANSWER, at + i * at) for i in range(60)]

    assert said(hear(tmp_path, [*frames, talk.down(MODULE, 61 * at)]), "order-number") == ["6ES7 315-2EH14-0AB0"]


def test_a_second_message_of_a_segment_is_found(tmp_path: Path) -> None:
    talk = Talk(port=102)
    frames = [*talk.handshake(), talk.up(SETUP, 0), talk.down(SETUP_ANSWER * 4 + MODULE, 0)]

    assert said(hear(tmp_path, frames), "order-number") == ["6ES7 315-2EH14-0AB0"]


def test_more_than_enough_of_one_direction_is_counted(tmp_path: Path) -> None:
    talk = Talk(port=102)
    frames = [*talk.handshake(), talk.up(SETUP, 0)]
    frames += [talk.down(MODULE, i * len(MODULE)) for i in range(MOST_PARTS + 3)]

    assert hear(tmp_path, frames).coverage.notes["ot-not-looked-at"] == 3


def test_an_answer_over_a_port_of_its_own_counts_too(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(tcp(sample("enip.identity_object"), 7001, source=2222), 6, SERVER))]

    assert said(hear(tmp_path, frames), "product") == ["1756-L61X"]


def test_bacnet_is_read_beyond_the_first_datagrams_of_its_socket(tmp_path: Path) -> None:
    value = bytes.fromhex("810a0017 0100 30010c 0c00000003 1955 3e 4442c80000 3f")
    frames = [ethernet(ipv4(udp(value, 47808, 47808), 17, SERVER)) for _ in range(200)]
    frames.append(ethernet(ipv4(udp(sample("bacnet.object_name"), 47808, 47808), 17, SERVER)))

    assert said(hear(tmp_path, frames), "hostname") == ["AHU-1"]


def test_a_flow_that_speaks_umas_is_read_as_modbus(tmp_path: Path) -> None:
    talk = Talk(port=502)
    question, answer = bytes.fromhex("000100000004 01 5a 0002"), bytes.fromhex("000100000014 01 5a 00fe 0102")
    answer += b"BMX P34 2020" + b"\0\1"
    frames = [*talk.handshake(), talk.up(question, 0), talk.down(answer, 0), talk.up(question, 10)]
    frames += [talk.down(answer, 26), talk.down(sample("modbus.device_identification"), 52)]

    assert said(hear(tmp_path, frames), "product") == ["BMX P34 2020", "PLC-1"]
