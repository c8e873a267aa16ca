"""Names in TCP streams, however the segments come."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, NameSource
from tests.streams.making import Talk, hear, hello, hello_message, names, records

if TYPE_CHECKING:
    from pathlib import Path

SNI = (NameSource.TLS_SNI, "plant.example")
each_run_in_its_own_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def test_a_hello_in_one_segment_names_the_flow(tmp_path: Path) -> None:
    talk = Talk()
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(hello("Plant.Example."), 0)])

    assert names(traffic) == [SNI]
    (flow,) = traffic.flows
    assert traffic.names[int(flow["name"])] == "plant.example"
    assert flow["name_frame"] == 4
    assert flow["application"] == Application.TLS


@pytest.mark.parametrize("name_last", [False, True])
def test_a_post_quantum_hello_in_three_segments_is_joined(tmp_path: Path, name_last: bool) -> None:
    talk, data = Talk(), hello("plant.example", 3000, name_last=name_last)
    frames = [talk.up(data[i : i + 1400], i) for i in range(0, len(data), 1400)]

    assert len(frames) == 3
    assert names(hear(tmp_path, [*talk.handshake(), *frames])) == [SNI]


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2), (0, 2, 1), (2, 0, 1)])
def test_segments_out_of_order_are_put_in_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    talk, data = Talk(), hello("plant.example", 3000, name_last=True)
    frames = [talk.up(data[i : i + 1400], i) for i in range(0, len(data), 1400)]

    assert names(hear(tmp_path, [*talk.handshake(), *(frames[i] for i in order)])) == [SNI]


def test_retransmitted_segments_name_the_flow_once(tmp_path: Path) -> None:
    talk, data = Talk(), hello("plant.example", 2000, name_last=True)
    first, second = talk.up(data[:1400], 0), talk.up(data[1400:], 1400)

    assert names(hear(tmp_path, [*talk.handshake(), first, first, second, second, first])) == [SNI]


def test_of_overlapping_bytes_the_first_copy_counts(tmp_path: Path) -> None:
    talk, data = Talk(), hello("plant.example", 2000, name_last=True)
    forged = hello("forged.example", 1999, name_last=True)
    frames = [talk.up(data[:1400], 0), talk.up(forged[:1600], 0), talk.up(data[1300:], 1300)]

    (seen,) = names(hear(tmp_path, [*talk.handshake(), *frames]))
    assert seen == SNI


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_a_hello_spread_over_many_records_is_joined(tmp_path: Path, size: int) -> None:
    talk, data = Talk(), records(hello_message("plant.example", 300, name_last=True), size)
    frames = [talk.up(data[i : i + 1400], i) for i in range(0, len(data), 1400)]

    assert names(hear(tmp_path, [*talk.handshake(), *frames])) == [SNI]


def test_sequence_numbers_may_wrap_within_a_hello(tmp_path: Path) -> None:
    talk, data = Talk(isn=0xFFFFFFFF - 700), hello("plant.example", 2000, name_last=True)

    traffic = hear(tmp_path, [*talk.handshake(), talk.up(data[:1400], 0), talk.up(data[1400:], 1400)])
    assert names(traffic) == [SNI]


@pytest.mark.parametrize(
    "before",
    [
        [b"EHLO plc7\r\n", b"STARTTLS\r\n"],
        [b"a1 STARTTLS\r\n"],
        [b"\0\0\0\x08\x04\xd2\x16\x2f"],
        [b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0"],
        [b"PROXY TCP4 10.0.0.1 10.0.0.2 40000 443\r\n"],
    ],
    ids=["smtp", "imap", "postgresql", "rdp", "proxy-protocol"],
)
def test_a_hello_after_another_protocol_is_found(tmp_path: Path, before: list[bytes]) -> None:
    talk, frames, at = Talk(port=2500), [], 0
    for data in (*before, hello("plant.example")):
        frames.append(talk.up(data, at))
        at += len(data)

    assert SNI in names(hear(tmp_path, [*talk.handshake(), *frames]))


def test_the_destination_of_a_proxied_flow_is_the_connect_name(tmp_path: Path) -> None:
    talk, request = Talk(port=8888), b"CONNECT Cloud.Example:8443 HTTP/1.1\r\nHost: proxy.example\r\n\r\n"
    frames = [
        talk.up(request, 0),
        talk.down(b"HTTP/1.1 200 OK\r\n\r\n", 0),
        talk.up(hello("sni.example"), len(request)),
    ]

    traffic = hear(tmp_path, [*talk.handshake(), *frames])
    assert names(traffic) == [(NameSource.HTTP_CONNECT, "cloud.example"), (NameSource.TLS_SNI, "sni.example")]
    assert traffic.named["port"].tolist() == [8443, 0]


@pytest.mark.parametrize(
    ("request_head", "host"),
    [
        (b"GET / HTTP/1.1\r\nAccept: */*\r\nhOsT:  Web.Example:8080 \r\n\r\n", "web.example"),
        (b"GET http://old.example/a?b=http://c.example HTTP/1.0\r\n\r\n", "old.example"),
        (b"POST /x HTTP/1.1\r\nHost: [2001:db8::7]:80\r\n\r\n", "2001:db8::7"),
        (b"M-SEARCH * HTTP/1.1\r\nHost: web.example\r\n\r\n", "web.example"),
    ],
)
def test_an_http_request_names_its_host(tmp_path: Path, request_head: bytes, host: str) -> None:
    talk = Talk(port=8080)
    assert names(hear(tmp_path, [*talk.handshake(), talk.up(request_head, 0)])) == [(NameSource.HTTP_HOST, host)]


def test_a_request_to_a_proxy_tells_the_port_that_it_is_to_reach(tmp_path: Path) -> None:
    talk, head = Talk(port=3128), b"GET http://web.example/x HTTP/1.1\r\nHost: web.example\r\n\r\n"
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(head, 0)])

    assert names(traffic) == [(NameSource.HTTP_HOST, "web.example")]
    assert traffic.named["port"].tolist() == [80]


def test_an_http_head_in_pieces_is_joined(tmp_path: Path) -> None:
    talk, head = Talk(port=80), b"GET / HTTP/1.1\r\nUser-Agent: plc\r\nHost: web.example\r\n\r\n"
    frames = [talk.up(head[i : i + 9], i) for i in range(0, len(head), 9)]

    assert names(hear(tmp_path, [*talk.handshake(), *frames])) == [(NameSource.HTTP_HOST, "web.example")]


@pytest.mark.parametrize(
    "data", [b"GET nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\nHost: body.example\r\n\r\n", b"\x16\3\1"]
)
def test_what_is_no_request_names_nothing(tmp_path: Path, data: bytes) -> None:
    talk = Talk(port=80)
    assert names(hear(tmp_path, [*talk.handshake(), talk.up(data, 0)])) == []


def test_a_socks_request_names_its_host(tmp_path: Path) -> None:
    talk, request = Talk(port=1080), b"\5\1\0\3\x0bweb.example\x01\xbb"
    frames = [talk.up(b"\5\1\0", 0), talk.up(request, 3), talk.up(hello("plant.example"), 3 + len(request))]

    assert names(hear(tmp_path, [*talk.handshake(), *frames])) == [(NameSource.SOCKS, "web.example"), SNI]


def test_a_hello_tells_who_began_a_flow_joined_midway(tmp_path: Path) -> None:
    talk = Talk(port=50000, client_port=40000)
    (flow,) = hear(tmp_path, [talk.up(hello("plant.example"), 0)]).flows

    assert flow["direction"] == Direction.REQUEST
    assert flow["initiator_port"] == 40000


def test_a_segment_that_was_lost_does_not_stop_the_next_request(tmp_path: Path) -> None:
    talk = Talk(port=80)
    frames = [talk.up(b"GET / HTTP/1.1\r\nHost: one.example\r\n\r\n", 0), talk.up(hello("plant.example"), 9000)]

    assert names(hear(tmp_path, [*talk.handshake(), *frames])) == [(NameSource.HTTP_HOST, "one.example"), SNI]


def test_modbus_is_recognised_by_content_on_any_port(tmp_path: Path) -> None:
    talk = Talk(port=1502)
    request, answer = bytes.fromhex("000100000006010300000002"), bytes.fromhex("000100000007010304000a000b")
    frames = [talk.up(request, 0), talk.down(answer, 0)]

    (flow,) = hear(tmp_path, [*talk.handshake(), *frames]).flows
    assert flow["application"] == Application.MODBUS


def test_port_502_alone_is_no_modbus(tmp_path: Path) -> None:
    talk = Talk(port=502)
    (flow,) = hear(
        tmp_path, [*talk.handshake(), talk.up(b"hello there, plc", 0), talk.down(b"go away now, ok?", 0)]
    ).flows
    assert flow["application"] == Application.UNKNOWN


@each_run_in_its_own_folder
@given(cuts=st.lists(st.integers(1, 2600), max_size=12, unique=True), data=st.data())
def test_any_cutting_and_any_order_gives_the_same_name(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], data: st.DataObject
) -> None:
    talk, whole = Talk(), hello("plant.example", 2500, name_last=True)
    edges = [0, *sorted(cuts), len(whole)]
    pieces = [talk.up(whole[a:b], a) for a, b in pairwise(edges)]
    pieces = data.draw(st.permutations(pieces))

    assert names(hear(tmp_path_factory.mktemp("cut"), [*talk.handshake(), *pieces])) == [SNI]
