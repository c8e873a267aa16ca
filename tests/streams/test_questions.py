"""A DNS question and its answer find one another, and what was never answered is known."""

from __future__ import annotations

import struct
from random import Random
from typing import TYPE_CHECKING

import pytest
from benchmarks.traffic.quic import initial
from benchmarks.traffic.tls import client_hello

from kwel.model.kinds import Asked
from kwel.model.records.columns import NameSource
from kwel.streams.unanswered import MOST_OPEN, PATIENCE
from tests.streams.making import (
    CLIENT,
    SERVER,
    Talk,
    dns_answer,
    dns_question,
    ethernet,
    hear,
    ipv4,
    names,
    resolver_says,
    udp,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

RESOLVER = "10.20.0.1"
MILLISECOND = 1_000_000
LATER = PATIENCE // 1000 + 1_000_000
"""Microseconds between frames, when each is to come too late for the one before."""


def asks(name: str, message: int = 7, kind: int = 1, port: int = 50000) -> bytes:
    question = struct.pack(">H", message) + dns_question(name, kind)[2:]
    return ethernet(ipv4(udp(question, port, 53), 17, CLIENT, RESOLVER))


def answers(name: str, message: int = 7, port: int = 50000, *, to: str = CLIENT, by: str = RESOLVER) -> bytes:
    answer = struct.pack(">H", message) + dns_answer(name, SERVER)[2:]
    return ethernet(ipv4(udp(answer, 53, port), 17, by, to))


def outcomes(traffic: Traffic) -> list[tuple[str, Asked]]:
    return [(traffic.names[int(row["name"])], Asked(int(row["state"]))) for row in traffic.questions]


def waits(traffic: Traffic) -> list[int]:
    """Return how long each question waited, in milliseconds."""
    waited: list[int] = ((traffic.questions["answered"] - traffic.questions["time"]) // MILLISECOND).tolist()
    return waited


def test_an_answer_bears_the_time_of_its_question(tmp_path: Path) -> None:
    traffic = hear(tmp_path, resolver_says("hub.example", SERVER, ["edge.example"]), step=3000)

    assert outcomes(traffic) == [("hub.example", Asked.ANSWERED)]
    assert waits(traffic) == [3]
    assert traffic.questions["frame"].tolist() == [1]
    assert traffic.answers["asked"].tolist() == [1, 1]
    assert traffic.named["question"].tolist() == [1]


def test_a_question_sent_again_waits_from_the_first_time(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [asks("hub.example"), asks("hub.example"), answers("hub.example")])

    assert outcomes(traffic) == [("hub.example", Asked.ANSWERED)]
    assert waits(traffic) == [2]


def test_a_device_that_asks_with_one_port_and_message_for_ever_waits_from_the_last_time(tmp_path: Path) -> None:
    again = asks("hub.example")
    traffic = hear(tmp_path, [again, again, answers("hub.example")], step=LATER)

    assert [state for _, state in outcomes(traffic)] == [Asked.UNANSWERED, Asked.ANSWERED]
    assert waits(traffic)[1] == LATER // 1000


def test_a_second_answer_changes_nothing(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [asks("hub.example"), answers("hub.example"), answers("hub.example")])

    assert waits(traffic) == [1]
    assert traffic.answers["asked"].tolist() == [1, 1]


def test_the_same_question_after_its_answer_is_another(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [*resolver_says("hub.example", SERVER), *resolver_says("hub.example", SERVER)])

    assert outcomes(traffic) == [("hub.example", Asked.ANSWERED)] * 2
    assert traffic.answers["asked"].tolist() == [1, 2]
    assert names(traffic) == [(NameSource.DNS, "hub.example")]


def test_two_questions_of_one_port_are_told_apart_in_whatever_order_the_answers_come(tmp_path: Path) -> None:
    frames = [asks("a.example", 1), asks("b.example", 2), answers("b.example", 2), answers("a.example", 1)]
    traffic = hear(tmp_path, frames)

    assert waits(traffic) == [3, 1]
    assert traffic.answers["asked"].tolist() == [2, 1]


@pytest.mark.parametrize(
    "other",
    [
        answers("hub.example", 8),
        answers("hab.example"),
        answers("hub.example", port=50001),
        answers("hub.example", by="10.20.0.2"),
        answers("hub.example", to="10.20.1.99"),
        ethernet(ipv4(udp(dns_answer("hub.example", SERVER), 50000, 53), 17, CLIENT, RESOLVER)),
    ],
    ids=["message", "name", "port", "resolver", "client", "direction"],
)
def test_what_answers_another_question_answers_none(tmp_path: Path, other: bytes) -> None:
    traffic = hear(tmp_path, [asks("hub.example"), other, asks("end.example", port=50009)], step=LATER)

    assert outcomes(traffic)[0] == ("hub.example", Asked.UNANSWERED)
    assert outcomes(traffic)[1][1] == Asked.UNSEEN
    assert traffic.answers["asked"].tolist() == [2]


def test_an_answer_of_another_type_answers_none(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [asks("hub.example", kind=28), answers("hub.example")])

    assert [state for _, state in outcomes(traffic)] == [Asked.UNSURE, Asked.UNSEEN]


def test_a_question_without_an_answer_is_unanswered_unless_the_capture_ends_too_soon(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [asks("lost.example"), asks("late.example", port=50001)], step=LATER)

    assert outcomes(traffic) == [("lost.example", Asked.UNANSWERED), ("late.example", Asked.UNSURE)]
    assert traffic.coverage.notes["dns-unanswered"] == 1


def test_of_too_many_questions_open_at_once_nobody_says_that_they_were_unanswered(tmp_path: Path) -> None:
    many = [asks(f"n{i}.example", i) for i in range(MOST_OPEN + 1)]
    frames = [*many, answers("n1.example", 1), answers("n0.example", 0)]
    traffic = hear(tmp_path, [*frames, *[asks("end.example", port=50001)] * 20], step=PATIENCE // 1000 // 40)

    states = dict(outcomes(traffic)[: MOST_OPEN + 1])
    assert states.pop("n0.example") == Asked.UNSURE
    assert states.pop("n1.example") == Asked.ANSWERED
    assert set(states.values()) <= {Asked.UNANSWERED, Asked.UNSURE}


def test_questions_over_tcp_are_joined_too(tmp_path: Path) -> None:
    talk = Talk(port=53)
    question, answer = dns_question("hub.example"), dns_answer("hub.example", "203.0.113.5")
    frames = [
        talk.up(struct.pack(">H", len(question)) + question, 0),
        talk.down(struct.pack(">H", len(answer)) + answer[:20], 0),
        talk.down(answer[20:], 22),
    ]
    traffic = hear(tmp_path, [*talk.handshake(), *frames])

    assert outcomes(traffic) == [("hub.example", Asked.ANSWERED)]
    assert waits(traffic) == [2]


def test_answers_alone_leave_each_name_once(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [answers("hub.example"), answers("hub.example"), answers("other.example")])

    assert outcomes(traffic) == [("hub.example", Asked.UNSEEN), ("other.example", Asked.UNSEEN)]
    assert names(traffic) == [(NameSource.DNS, "hub.example"), (NameSource.DNS, "other.example")]


def test_names_of_another_sort_on_the_port_of_the_dns_are_no_questions(tmp_path: Path) -> None:
    random = Random(9)
    first = initial(client_hello("quic.example", random), random)
    frames = [ethernet(ipv4(udp(first, 50000, 53), 17, CLIENT, RESOLVER)), *resolver_says("hub.example", SERVER)]
    traffic = hear(tmp_path, frames)

    assert names(traffic)[-1] == (NameSource.DNS, "hub.example")
    assert outcomes(traffic) == [("hub.example", Asked.ANSWERED)]
