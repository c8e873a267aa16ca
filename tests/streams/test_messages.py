"""DNS over TCP: messages in any number of segments, and what a capture lost of them."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from tests.streams.making import Talk, dns_answer, dns_question, hear, hello, names

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

HOSTS = [f"host{i}.example" for i in range(12)]


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack(">H", len(message)) + message for message in messages)


ANSWERS = framed(*(dns_answer(host, f"203.0.113.{i}") for i, host in enumerate(HOSTS)))


def answered(traffic: Traffic) -> list[str]:
    return [traffic.names[int(row["question"])] for row in traffic.answers]


def test_several_messages_in_one_segment_are_all_read(tmp_path: Path) -> None:
    talk = Talk(port=53)
    assert answered(hear(tmp_path, [*talk.handshake(), talk.down(ANSWERS, 0)])) == HOSTS


@pytest.mark.parametrize("size", [1, 2, 3, 13, 47, 200])
def test_a_message_may_begin_and_end_anywhere_in_a_segment(size: int, tmp_path: Path) -> None:
    talk = Talk(port=53)
    frames = [talk.down(ANSWERS[i : i + size], i) for i in range(0, len(ANSWERS), size)]
    assert answered(hear(tmp_path, [*talk.handshake(), *frames])) == HOSTS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(cuts=st.sets(st.integers(1, len(ANSWERS) - 1), max_size=9), order=st.randoms(use_true_random=False))
def test_segments_may_come_late_and_twice(cuts: set[int], order: object, tmp_path: Path) -> None:
    talk = Talk(port=53)
    edges = [0, *sorted(cuts), len(ANSWERS)]
    frames = [talk.down(ANSWERS[a:b], a) for a, b in itertools.pairwise(edges)]
    frames += frames[: len(frames) // 2]
    order.shuffle(frames)  # type: ignore[attr-defined]
    assert sorted(answered(hear(tmp_path, [*talk.handshake(), *frames]))) == sorted(HOSTS)


def test_a_long_lived_connection_is_read_to_its_end(tmp_path: Path) -> None:
    talk, at, frames = Talk(port=53), 0, []
    for i in range(600):
        message = framed(dns_answer(f"host{i}.example", "203.0.113.5", ["edge.example"]))
        frames.append(talk.down(message, at))
        at += len(message)
    traffic = hear(tmp_path, [*talk.handshake(), *frames])
    assert at > 32768
    assert len(traffic.answers) == 1200


def test_a_connection_joined_midway_is_read_from_the_next_message(tmp_path: Path) -> None:
    talk = Talk(port=53)
    frames = [talk.down(ANSWERS[5:60], 5), talk.down(framed(dns_answer("late.example", "203.0.113.9")), 60)]
    assert answered(hear(tmp_path, frames)) == ["late.example"]


def test_behind_a_lost_segment_reading_goes_on(tmp_path: Path) -> None:
    talk, frames, at = Talk(port=53), [], 20
    for i in range(300):
        message = framed(dns_answer(f"host{i}.example", "203.0.113.5", ["a-rather-long-edge-name.example"]))
        frames.append(talk.down(message, at))
        at += len(message)
    traffic = hear(tmp_path, [*talk.handshake(), *frames])
    assert "host299.example" in answered(traffic)
    assert traffic.coverage.notes["streams-given-up"] >= 1


def test_a_cut_segment_still_tells_what_was_asked(tmp_path: Path) -> None:
    talk = Talk(port=53)
    traffic = hear(tmp_path, [talk.down(framed(dns_answer("hub.example", "203.0.113.5")), 0)], snaplen=90)
    assert names(traffic) == [(NameSource.DNS, "hub.example")]
    assert traffic.answers["kind"].tolist() == [0]


def test_a_message_longer_than_the_budget_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    talk = Talk(port=53)
    message = framed(dns_answer("big.example", "203.0.113.5", [f"alias{i}.{'x' * 60}.example" for i in range(300)]))
    following = framed(dns_answer("next.example", "203.0.113.6"))
    stream = message + following
    frames = [talk.down(stream[i : i + 1400], i) for i in range(0, len(stream), 1400)]
    frames.append(talk.down(following, len(stream)))
    found = answered(hear(tmp_path, [*talk.handshake(), *frames]))
    assert found[0] == "big.example"
    assert found[-1] == "next.example"


def test_tls_on_port_53_is_tls(tmp_path: Path) -> None:
    talk = Talk(port=53)
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(hello("dot.example", 400), 0)])
    assert traffic.flows[0]["application"] == Application.TLS
    assert names(traffic) == [(NameSource.TLS_SNI, "dot.example")]


def test_questions_over_tcp_are_names(tmp_path: Path) -> None:
    talk = Talk(port=53)
    question = framed(dns_question("hub.example"))
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(question[:2], 0), talk.up(question[2:], 2)])
    assert names(traffic) == [(NameSource.DNS, "hub.example")]
