"""DNS and its kin, and the errors that ICMP reports."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource, State, address_text
from tests.streams.making import (
    CLIENT,
    SERVER,
    Talk,
    dns_answer,
    dns_question,
    ethernet,
    hear,
    hello,
    ipv4,
    names,
    resolver_says,
    udp,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_flow_bears_the_name_that_the_client_looked_up(tmp_path: Path) -> None:
    talk = Talk(port=8883)
    traffic = hear(tmp_path, [*resolver_says("hub.example", SERVER, ["edge.example", "lb.example"]), *talk.handshake()])

    flow = traffic.flows[1]
    assert traffic.names[int(flow["name"])] == "hub.example"
    assert flow["name_source"] == NameSource.DNS
    assert traffic.names[int(traffic.answers[flow["answer"] - 1]["owner"])] == "lb.example"
    assert traffic.answers["kind"].tolist() == [5, 5, 1]


def test_an_answer_to_another_client_names_nothing(tmp_path: Path) -> None:
    talk = Talk()
    traffic = hear(tmp_path, [*resolver_says("hub.example", SERVER, client="10.20.1.99"), *talk.handshake()])
    assert traffic.flows[1]["answer"] == 0


def test_an_answer_that_comes_after_the_flow_names_nothing(tmp_path: Path) -> None:
    talk = Talk()
    traffic = hear(tmp_path, [*talk.handshake(), *resolver_says("hub.example", SERVER)])
    assert traffic.flows[0]["answer"] == 0


def test_of_two_answers_the_later_one_names_the_flow(tmp_path: Path) -> None:
    frames = [*resolver_says("old.example", SERVER), *resolver_says("new.example", SERVER), *Talk().handshake()]
    traffic = hear(tmp_path, frames)
    assert traffic.names[int(traffic.flows[-1]["name"])] == "new.example"


def test_the_server_name_is_better_than_the_looked_up_one(tmp_path: Path) -> None:
    talk = Talk()
    frames = [*resolver_says("alias.example", SERVER), *talk.handshake(), talk.up(hello("real.example"), 0)]
    traffic = hear(tmp_path, frames)

    assert traffic.names[int(traffic.flows[1]["name"])] == "real.example"
    assert traffic.flows[1]["answer"] > 0


def test_a_question_and_its_answer_are_one_name(tmp_path: Path) -> None:
    assert names(hear(tmp_path, resolver_says("hub.example", SERVER))) == [(NameSource.DNS, "hub.example")]


def test_dns_over_tcp_in_two_segments_is_read(tmp_path: Path) -> None:
    talk = Talk(port=53)
    question = struct.pack(">H", len(dns_question("hub.example"))) + dns_question("hub.example")
    answer = struct.pack(">H", len(dns_answer("hub.example", "203.0.113.5"))) + dns_answer("hub.example", "203.0.113.5")
    frames = [talk.up(question, 0), talk.down(answer[:20], 0), talk.down(answer[20:], 20)]
    traffic = hear(tmp_path, [*talk.handshake(), *frames])

    (row,) = traffic.answers
    assert address_text(int(row["address_hi"]), int(row["address_lo"])) == "203.0.113.5"
    assert address_text(int(row["client_hi"]), int(row["client_lo"])) == CLIENT


def test_a_compression_pointer_cannot_loop(tmp_path: Path) -> None:
    looping = struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0) + b"\xc0\x0c" + struct.pack(">HH", 1, 1)
    traffic = hear(tmp_path, [ethernet(ipv4(udp(looping, 53, 50000), 17, SERVER, CLIENT))])

    assert len(traffic.answers) == 0
    assert names(traffic) == []


def test_an_answer_that_the_snap_length_cut_is_not_taken_for_none(tmp_path: Path) -> None:
    traffic = hear(tmp_path, resolver_says("hub.example", SERVER, ["edge.example"]), snaplen=90)

    assert traffic.answers["kind"].tolist() == [0]
    assert traffic.coverage.notes["dns-answers-cut"] == 1


def test_port_53_alone_is_no_dns(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [ethernet(ipv4(udp(b"\xff" * 60, 50000, 53), 17))])

    assert traffic.flows[0]["application"] == Application.UNKNOWN
    assert traffic.coverage.notes["malformed-dns"] == 1


def test_an_icmp_error_makes_an_attempt_refused(tmp_path: Path) -> None:
    syn = Talk().handshake()[0]
    quoted = syn[14 : 14 + 28]
    error = ethernet(ipv4(bytes([3, 13, 0, 0, 0, 0, 0, 0]) + quoted, 1, "10.20.0.1", CLIENT))
    traffic = hear(tmp_path, [syn, error])

    assert traffic.flows[0]["state"] == State.REFUSED
