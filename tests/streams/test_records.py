"""DNS records beyond addresses: services, hints, outer names, reverse names, and answers that are none."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwel.model.kinds import RecordKind
from kwel.model.records.columns import NameSource, address_text
from tests.streams.making import (
    CLIENT,
    QUESTION,
    SERVER,
    Talk,
    dns_name,
    dns_record,
    dns_response,
    ech_config,
    ethernet,
    hear,
    ip4,
    ipv4,
    says,
    service,
    udp,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

HINTED = socket.inet_pton(socket.AF_INET6, "2001:db8::7")
RICH = dns_response(
    "shop.example",
    65,
    [
        dns_record(QUESTION, 5, dns_name("front.example")),
        dns_record(
            dns_name("front.example"),
            65,
            service("", (1, b"\2h2\2h3"), (4, ip4(SERVER) + ip4("198.51.100.8")), (5, ech_config("outer.example")),
                    (6, HINTED)),
        ),
    ],
    [dns_record(dns_name("ns.example"), 1, ip4("192.0.2.53")), b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)],
)  # fmt: skip


def rows(traffic: Traffic) -> list[tuple[int, str, str, str]]:
    """Return (kind, owner, target, address) of every answer."""
    return [
        (
            int(row["kind"]),
            traffic.names[int(row["owner"])],
            traffic.names[int(row["target"])],
            address_text(int(row["address_hi"]), int(row["address_lo"])) if row["address_lo"] else "",
        )
        for row in traffic.answers
    ]


def test_an_https_record_gives_hints_and_the_outer_name(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [says(RICH)])

    assert rows(traffic) == [
        (RecordKind.CNAME, "shop.example", "front.example", ""),
        (RecordKind.HTTPS, "front.example", "", ""),
        (RecordKind.HTTPS, "front.example", "", SERVER),
        (RecordKind.HTTPS, "front.example", "", "198.51.100.8"),
        (RecordKind.HTTPS, "front.example", "", "2001:db8::7"),
        (RecordKind.A, "ns.example", "", "192.0.2.53"),
    ]
    assert [traffic.names[int(row["outer"])] for row in traffic.answers][:2] == ["", "outer.example"]
    assert [traffic.names[int(row["question"])] for row in traffic.answers][-2:] == ["shop.example", "ns.example"]


def test_a_hint_names_the_flow_to_its_address(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [says(RICH), *Talk().handshake()])

    assert traffic.names[int(traffic.flows[1]["name"])] == "shop.example"
    assert traffic.answers["kind"][traffic.flows[1]["answer"] - 1] == RecordKind.HTTPS


def test_an_alias_of_a_service_points_to_its_host(tmp_path: Path) -> None:
    alias = dns_record(QUESTION, 64, service("pool.example", (4, ip4(SERVER)), priority=0))
    assert rows(hear(tmp_path, [says(dns_response("svc.example", 64, [alias]))])) == [
        (RecordKind.SVCB, "svc.example", "pool.example", "")
    ]


def test_an_unknown_version_of_ech_has_no_outer_name(tmp_path: Path) -> None:
    record = dns_record(QUESTION, 65, service("", (5, ech_config("outer.example", 0xFE09))))
    traffic = hear(tmp_path, [says(dns_response("shop.example", 65, [record]))])
    assert traffic.answers["outer"].tolist() == [0]


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("7.100.51.198.in-addr.arpa", RecordKind.PTR, dns_name("peer.example")),
        ("_sip._tcp.plant.example", RecordKind.SRV, struct.pack(">HHH", 0, 5, 5060) + dns_name("peer.example")),
        ("plant.example", RecordKind.MX, struct.pack(">H", 10) + dns_name("peer.example")),
    ],
)
def test_records_that_point_to_a_host_are_kept(name: str, kind: RecordKind, data: bytes, tmp_path: Path) -> None:
    traffic = hear(tmp_path, [says(dns_response(name, kind, [dns_record(QUESTION, kind, data)]))])
    assert rows(traffic) == [(kind, name, "peer.example", "")]


def test_a_pointer_that_is_no_reverse_name_is_left_out(tmp_path: Path) -> None:
    pointer = dns_record(dns_name("_http._tcp.plant.local"), 12, dns_name("Press 3._http._tcp.plant.local"))
    message = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + pointer
    assert len(hear(tmp_path, [ethernet(ipv4(udp(message, 5353, 5353), 17, CLIENT, "224.0.0.251"))]).answers) == 0


@pytest.mark.parametrize("code", [0, 2, 3, 5])
def test_an_answer_without_a_record_says_why(code: int, tmp_path: Path) -> None:
    traffic = hear(tmp_path, [says(dns_response("gone.example", 1, code=code))])

    (row,) = traffic.answers
    assert (row["kind"], row["code"]) == (RecordKind.NOTHING, code)
    assert traffic.names[int(row["question"])] == "gone.example"


def test_an_answer_that_is_to_come_over_tcp_is_none_yet(tmp_path: Path) -> None:
    assert len(hear(tmp_path, [says(dns_response("long.example", 1, flags=0x8380))]).answers) == 0


def test_the_case_of_a_name_does_not_count(tmp_path: Path) -> None:
    answer = dns_response("hUb.eXaMpLe", 1, [dns_record(dns_name("HuB.ExAmPlE"), 1, ip4(SERVER))])
    traffic = hear(tmp_path, [says(answer), *Talk().handshake()])
    assert {int(row["question"]) for row in traffic.answers} == {int(row["owner"]) for row in traffic.answers}
    assert traffic.flows[1]["name_source"] == NameSource.DNS


def test_a_record_with_a_thousand_hints_leaves_a_bounded_number_of_rows(tmp_path: Path) -> None:
    record = dns_record(QUESTION, 65, service("", (4, ip4(SERVER) * 300)))
    assert len(hear(tmp_path, [says(dns_response("many.example", 65, [record] * 4))]).answers) <= 96


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(size=st.integers(0, len(RICH)), place=st.integers(0, len(RICH) - 1), value=st.integers(0, 255))
def test_a_damaged_message_gives_a_part_of_its_answers_or_others(
    size: int, place: int, value: int, tmp_path: Path
) -> None:
    broken = bytearray(RICH)
    broken[place] = value
    traffic = hear(tmp_path, [says(RICH[:size]), says(bytes(broken))])
    assert len(traffic.answers) <= 2 * 96


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(pointers=st.lists(st.integers(0, 60), min_size=1, max_size=8), kind=st.sampled_from(list(RecordKind)))
def test_pointers_cannot_loop(pointers: list[int], kind: int, tmp_path: Path) -> None:
    knot = b"".join(b"\1a" + struct.pack(">H", 0xC000 | pointer) for pointer in pointers)
    message = struct.pack(">HHHHHH", 7, 0x8180, 1, 3, 0, 0) + knot + struct.pack(">HH", kind, 1)
    message += dns_record(b"\xc0\x0e", kind, b"\0\1" + knot) * 3
    hear(tmp_path, [says(message)])
