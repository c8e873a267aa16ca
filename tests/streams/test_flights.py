"""Certificates of TLS 1.2 handshakes, however the server sends them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, NameSource
from tests.streams.making import (
    Talk,
    certificate,
    certificate_message,
    handshake,
    hear,
    hello,
    names,
    records,
    server_hello,
)

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from kwel.model.traffic import Traffic

LEAF = certificate("plant.example", ["plant.example", "*.plant.example"])
AUTHORITY = certificate("Test CA", padding=900)
DONE = handshake(14, b"")
NAMELESS = b"\x16\3\1\0\x2d\1\0\0\x29\3\3" + bytes(32) + b"\0\0\2\xc0\x2f\1\0"
"""A ClientHello without extensions."""
each_run_in_its_own_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def flight(size: int = 16384, *, together: bool = False) -> bytes:
    """Return a server's first flight, its messages in records of their own or all *together*."""
    messages = (server_hello(), certificate_message(LEAF, AUTHORITY), handshake(12, bytes(300)), DONE)
    return records(b"".join(messages), size) if together else b"".join(records(one, size) for one in messages)


def shown(traffic: Traffic) -> list[tuple[int, str, bool]]:
    """Return (frame, subject, whether a client's) of every certificate shown."""
    return [
        (int(row["frame"]), traffic.certificates[row["certificate"]].subject, bool(row["from_initiator"]))
        for row in traffic.shown
    ]


def answered(folder: Path, data: bytes, size: int = 1400) -> Traffic:
    """Return what is heard of a nameless hello that is answered with *data* in segments of *size* bytes."""
    talk = Talk()
    downs = [talk.down(data[i : i + size], i) for i in range(0, len(data), size)]
    return hear(folder, [*talk.handshake(), talk.up(NAMELESS, 0), *downs])


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(("record", "segment"), [(16384, 9000), (16384, 1400), (500, 1400), (16384, 100), (37, 9000)])
def test_the_certificate_names_a_server_that_nobody_named(
    tmp_path: Path, together: bool, record: int, segment: int
) -> None:
    traffic = answered(tmp_path, flight(record, together=together), segment)

    (seen,) = traffic.certificates
    assert (seen.subject, seen.names, seen.issuer) == ("plant.example", ("plant.example", "*.plant.example"), "Test CA")
    assert names(traffic) == [(NameSource.TLS_CERTIFICATE, "plant.example")]
    (flow,) = traffic.flows
    assert traffic.names[int(flow["name"])] == "plant.example"
    assert flow["name_source"] == NameSource.TLS_CERTIFICATE
    assert flow["name_frame"] == traffic.shown["frame"][0]


def test_the_name_that_was_asked_for_stands_above_the_certificates(tmp_path: Path) -> None:
    talk = Talk()
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(hello("asked.example"), 0), talk.down(flight(), 0)])

    assert traffic.names[int(traffic.flows["name"][0])] == "asked.example"
    assert names(traffic) == [(NameSource.TLS_SNI, "asked.example"), (NameSource.TLS_CERTIFICATE, "plant.example")]


def test_a_client_certificate_is_told_apart_and_names_the_client(tmp_path: Path) -> None:
    talk = Talk()
    own = records(certificate_message(certificate("gateway-7"))) + records(handshake(16, bytes(66)))
    asked = hello("iot.example")
    frames = [talk.up(asked, 0), talk.down(flight(), 0), talk.up(own, len(asked))]

    traffic = hear(tmp_path, [*talk.handshake(), *frames])
    assert shown(traffic) == [(5, "plant.example", False), (6, "gateway-7", True)]
    assert traffic.flows["name_source"].tolist() == [NameSource.TLS_SNI]
    (said,) = [o for o in traffic.observed if o.kind == "identity"]
    assert (said.value, said.address, said.where.frame) == ("gateway-7", "10.20.1.5", 6)


def test_a_client_certificate_is_found_where_only_the_client_was_captured(tmp_path: Path) -> None:
    talk, asked = Talk(), hello("iot.example")
    own = records(certificate_message(certificate("gateway-7", padding=2000)))
    frames = [talk.up(own[i : i + 1400], len(asked) + i) for i in range(0, len(own), 1400)]

    assert shown(hear(tmp_path, [talk.up(asked, 0), *frames])) == [(3, "gateway-7", True)]


def test_a_client_that_has_no_certificate_shows_none(tmp_path: Path) -> None:
    talk, asked = Talk(), hello("iot.example")
    empty = records(certificate_message()) + records(handshake(16, bytes(66)))

    traffic = hear(tmp_path, [*talk.handshake(), talk.up(asked, 0), talk.down(flight(), 0), talk.up(empty, len(asked))])
    assert [subject for _, subject, _ in shown(traffic)] == ["plant.example"]


@pytest.mark.parametrize(
    "data",
    [
        records(server_hello(0x0304)) + b"\x14\3\3\0\1\1" + b"\x17\3\3\0\x40" + bytes(64),
        records(server_hello()) + b"\x14\3\3\0\1\1" + b"\x16\3\3\0\x28" + bytes(40),
        records(server_hello()) + records(handshake(4, bytes(200))) + b"\x14\3\3\0\1\1",
        b"\x15\3\3\0\2\2\x28",
        records(server_hello()) + records(certificate_message(LEAF))[:-900],
        records(server_hello()) + records(handshake(11, b"\xff\xff\xff\xff\xff\xff" + bytes(100))),
        records(server_hello()) + records(certificate_message(b"\x30\x82\xff\xff" + bytes(90))),
    ],
    ids=["tls-1.3", "resumed", "resumed-by-ticket", "alert", "half", "absurd-length", "no-certificate"],
)
def test_where_no_certificate_is_shown_none_is_found(tmp_path: Path, data: bytes) -> None:
    traffic = answered(tmp_path, data)

    assert not len(traffic.shown)
    assert traffic.flows["application"].tolist() == [Application.TLS]
    assert traffic.flows["name"].tolist() == [0]


def test_a_certificate_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    broken = records(server_hello()) + records(certificate_message(b"\x30\x82\xff\xff" + bytes(90)))

    assert answered(tmp_path, broken).coverage.notes["certificates-malformed"] == 1


def test_a_certificate_that_the_snap_length_cut_is_counted(tmp_path: Path) -> None:
    talk = Talk()
    frames = [*talk.handshake(), talk.up(NAMELESS, 0), talk.down(flight(), 0)]

    assert hear(tmp_path, frames, snaplen=400).coverage.notes["certificates-cut"] == 1


@pytest.mark.parametrize("size", [100, 9000])
def test_a_warning_before_the_server_hello_is_stepped_over(tmp_path: Path, size: int) -> None:
    warned = b"\x15\3\1\0\2\1\x70" + flight()

    assert [one.subject for one in answered(tmp_path, warned, size).certificates] == ["plant.example"]


def test_one_certificate_on_many_connections_is_kept_once(tmp_path: Path) -> None:
    talks = [Talk(client_port=40000 + i) for i in range(5)]
    frames = [frame for talk in talks for frame in (talk.up(NAMELESS, 0), talk.down(flight(), 0))]

    traffic = hear(tmp_path, frames)
    assert len(traffic.certificates) == 1
    assert len(traffic.shown) == 5


def test_a_server_whose_client_was_not_captured_shows_its_certificate(tmp_path: Path) -> None:
    talk, data = Talk(), flight()
    frames = [talk.down(data[i : i + 1000], i) for i in range(0, len(data), 1000)]

    traffic = hear(tmp_path, frames)
    assert [subject for _, subject, _ in shown(traffic)] == ["plant.example"]
    assert shown(traffic)[0][2] is False
    assert traffic.flows["direction"].tolist() == [Direction.REQUEST]
    assert traffic.flows["responder_port"].tolist() == [443]


def test_a_certificate_after_a_cleartext_greeting_is_found(tmp_path: Path) -> None:
    talk, greeting = Talk(port=25), b"220 mail.example ESMTP\r\n"
    ask, ready = b"STARTTLS\r\n", b"220 ready\r\n"
    frames = [
        talk.down(greeting, 0), talk.up(ask, 0), talk.down(ready, len(greeting)), talk.up(NAMELESS, len(ask)),
        talk.down(flight(), len(greeting) + len(ready)),
    ]  # fmt: skip

    assert [s for _, s, _ in shown(hear(tmp_path, [*talk.handshake(), *frames]))] == ["plant.example"]


@each_run_in_its_own_folder
@given(cuts=st.lists(st.integers(1, 2600), max_size=6), seed=st.randoms(use_true_random=False), again=st.booleans())
def test_any_cutting_and_any_order_gives_the_same_certificate(
    tmp_path: Path, cuts: list[int], seed: Random, again: bool
) -> None:
    talk, data = Talk(), flight()
    edges = sorted({0, *cuts, len(data)})
    frames = [talk.down(data[a:b], a) for a, b in pairwise(edges)]
    frames += frames[:2] if again else []
    seed.shuffle(frames)

    traffic = hear(tmp_path, [*talk.handshake(), talk.up(NAMELESS, 0), *frames])
    assert [subject for _, subject, _ in shown(traffic)] == ["plant.example"]


@each_run_in_its_own_folder
@given(data=st.data())
def test_damage_anywhere_in_a_flight_does_no_harm(tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(flight(data.draw(st.sampled_from([16384, 300]))))
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=6)):
        damaged[at] = data.draw(st.integers(0, 255))

    traffic = answered(tmp_path, bytes(damaged), data.draw(st.sampled_from([200, 1400])))
    assert traffic.coverage.used == traffic.coverage.packets
