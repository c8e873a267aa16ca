"""Datagrams in fragments are read as if they were whole, and never counted twice or trusted when they contradict."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.kernel.fragments import SLOTS, STRIDE, TAIL, new_store
from kwel.kernel.layers import decode
from kwel.kernel.rows import PACKET, Stop
from kwel.model.records.columns import RECORD, address_text
from tests.streams.making import CLIENT, SERVER, dns_answer, ethernet, hear, ip4, ipv4, ipv6, names, tcp, udp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MORE = 0x2000


def piece(payload: bytes, offset: int, more: bool, *, ident: int = 77, protocol: int = 17, tags: bytes = b"",
          source: str = CLIENT, destination: str = SERVER, options: bytes = b"") -> bytes:  # fmt: skip
    """Return a frame with one IPv4 fragment; *offset* in bytes."""
    word = (MORE if more else 0) | offset >> 3
    size = 20 + len(options)
    head = struct.pack(">BBHHHBBH", 0x40 | size // 4, 0, size + len(payload), ident, word, 64, protocol, 0)
    return ethernet(head + ip4(source) + ip4(destination) + options + payload, tags=tags)


def pieces(payload: bytes, cuts: Sequence[int], **how) -> list[bytes]:  # type: ignore[no-untyped-def]
    """Return a datagram in fragments that end at *cuts* and at its end."""
    bounds = [0, *cuts, len(payload)]
    return [piece(payload[a:b], a, b < len(payload), **how) for a, b in itertools.pairwise(bounds)]


def piece6(payload: bytes, offset: int, more: bool, ident: int = 9) -> bytes:
    a, b = bytes.fromhex("20010db8" + "00" * 11 + "05"), bytes.fromhex("20010db8" + "00" * 11 + "07")
    return ethernet(ipv6(struct.pack(">BBHI", 17, 0, offset | more, ident) + payload, 44, a, b), 0x86DD)


ANSWER = udp(dns_answer("plant.example", "203.0.113.5", [f"alias{i}.plant.example" for i in range(30)]), 53, 5000)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_dns_answer_in_fragments_is_read_in_whatever_order_they_come(tmp_path: Path, order: tuple[int, ...]) -> None:
    frames = pieces(ANSWER, [400, 800], source=SERVER, destination=CLIENT)
    traffic = hear(tmp_path, [frames[i] for i in order])

    (flow,) = traffic.flows
    assert (flow["packets_in"], flow["bytes_in"]) == (3, sum(map(len, frames)))
    assert flow["payload_in"] == len(ANSWER) - 8
    assert len(traffic.answers) == 31
    assert traffic.coverage.used == 3
    assert not traffic.coverage.set_aside


def test_an_ipv6_datagram_in_fragments_is_read(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [piece6(ANSWER[:800], 0, True), piece6(ANSWER[800:], 800, False)])
    assert len(traffic.answers) == 31
    assert traffic.coverage.used == 2


def test_an_ipv6_datagram_in_a_single_fragment_is_read(tmp_path: Path) -> None:
    assert len(hear(tmp_path, [piece6(ANSWER, 0, False)]).answers) == 31  # RFC 6946


def test_tunnels_are_opened_inside_of_what_was_in_fragments(tmp_path: Path) -> None:
    inner = ethernet(ipv4(tcp(bytes(1000), 1, 0x02), 6, "10.0.0.1", "10.0.0.2"))
    vxlan = udp(bytes.fromhex("0800000000106800") + inner, 5000, 4789)
    frames = pieces(vxlan, [24, 600])
    (flow,) = hear(tmp_path, frames).flows

    assert address_text(int(flow["initiator_hi"]), int(flow["initiator_lo"])) == "10.0.0.1"
    assert (flow["packets_out"], flow["bytes_out"], flow["payload_out"]) == (3, sum(map(len, frames)), 1000)
    assert flow["tunnel"] == 3 << 24 | 0x1068


def test_fragments_inside_of_fragments_are_put_together(tmp_path: Path) -> None:
    outer = [
        fragment
        for i, part in enumerate(pieces(ANSWER, [400]))
        for fragment in pieces(part[14:], [240], protocol=4, ident=900 + i, source="192.0.2.1", destination="192.0.2.2")
    ]
    traffic = hear(tmp_path, outer)

    assert len(traffic.answers) == 31
    (flow,) = traffic.flows
    assert flow["packets_out"] + flow["packets_in"] == 4
    assert flow["bytes_out"] + flow["bytes_in"] == sum(map(len, outer))


def test_a_first_fragment_alone_shows_its_flow_and_no_payload(tmp_path: Path) -> None:
    traffic = hear(tmp_path, pieces(ANSWER, [400, 800], source=SERVER, destination=CLIENT)[:2])

    (flow,) = traffic.flows
    assert (flow["packets_in"], flow["payload_in"]) == (1, 0)
    assert traffic.coverage.set_aside == {"fragment": 1}
    assert traffic.coverage.notes["fragments-incomplete"] == 1
    assert not len(traffic.answers)


def test_a_first_fragment_too_small_for_the_ports_waits_for_the_others(tmp_path: Path) -> None:
    segment = tcp(b"", 5, 0x02)
    frames = [piece(segment[:8], 0, True, protocol=6), piece(segment[8:], 8, False, protocol=6)]
    (flow,) = hear(tmp_path, frames).flows

    assert (flow["packets_out"], flow["flags_out"], flow["bytes_out"]) == (2, 2, sum(map(len, frames)))


def test_a_fragment_that_comes_twice_is_a_duplicate(tmp_path: Path) -> None:
    first, second, third = pieces(ANSWER, [400, 800])
    traffic = hear(tmp_path, [first, second, second, third, third])

    assert traffic.coverage.set_aside == {"duplicate": 2}
    assert traffic.coverage.used == 3
    assert len(traffic.answers) == 31


def test_fragments_that_contradict_one_another_are_not_trusted(tmp_path: Path) -> None:
    first, second, third = pieces(ANSWER, [400, 800])
    liar = piece(b"\xff" * 400, 400, True)
    traffic = hear(tmp_path, [first, second, liar, third])

    assert traffic.coverage.set_aside == {"fragment-overlap": 3}
    assert traffic.coverage.used == 1
    assert not len(traffic.answers)


def test_fragments_that_overlap_and_agree_are_put_together(tmp_path: Path) -> None:
    frames = [piece(ANSWER[:600], 0, True), piece(ANSWER[400:], 400, False)]
    assert len(hear(tmp_path, frames).answers) == 31


@pytest.mark.parametrize("late", [piece(bytes(8), 2000, True), piece(bytes(8), 200, False)])
def test_a_fragment_beyond_the_end_or_a_second_end_is_not_trusted(tmp_path: Path, late: bytes) -> None:
    frames = [piece(ANSWER[800:], 800, False), late]
    assert hear(tmp_path, frames).coverage.set_aside == {"fragment-overlap": 2}


def test_a_number_that_is_used_again_is_another_datagram(tmp_path: Path) -> None:
    other = udp(dns_answer("other.example", "203.0.113.9", [f"alias{i}.other.example" for i in range(30)]), 53, 5000)
    frames = pieces(ANSWER, [400]) + pieces(other, [400])
    traffic = hear(tmp_path, frames)

    assert {name for _, name in names(traffic)} >= {"plant.example", "other.example"}
    assert traffic.coverage.used == 4


def test_vlans_and_numbers_keep_datagrams_apart(tmp_path: Path) -> None:
    first = pieces(ANSWER, [400])[0]
    elsewhere = pieces(ANSWER, [400], tags=bytes.fromhex("81000014"))
    later = pieces(ANSWER, [400], ident=78)
    traffic = hear(tmp_path, [first, elsewhere[1], later[1]])

    assert traffic.coverage.set_aside == {"fragment": 2}
    assert traffic.coverage.notes["fragments-incomplete"] == 3


def test_a_capture_that_cut_the_fragments_still_counts_them_whole(tmp_path: Path) -> None:
    frames = pieces(ANSWER, [400, 800])
    (flow,) = hear(tmp_path, frames, snaplen=100).flows
    assert flow["packets_out"] + flow["packets_in"] == 3
    assert flow["bytes_out"] + flow["bytes_in"] == sum(map(len, frames))


@pytest.mark.parametrize(
    "frame", [piece(bytes(7), 0, True), piece(b"", 8, False), piece(bytes(800), 65400, False)],
    ids=["odd size", "empty", "too long"],
)  # fmt: skip
def test_an_impossible_fragment_is_invalid(tmp_path: Path, frame: bytes) -> None:
    assert hear(tmp_path, [frame]).coverage.set_aside == {"bad-network": 1}


def test_a_flood_of_fragments_makes_room_and_is_counted(tmp_path: Path) -> None:
    count = 4 * SLOTS
    traffic = hear(tmp_path, [piece(bytes(64), 8, True, ident=i) for i in range(count)])

    assert traffic.coverage.set_aside == {"fragment": count}
    assert traffic.coverage.notes["fragments-incomplete"] == count
    assert traffic.coverage.notes["fragments-crowded-out"] >= count - SLOTS


def test_many_large_datagrams_fill_the_room_behind_the_batch_many_times(tmp_path: Path) -> None:
    body = udp(bytes(60000), 40000, 2000)
    frames = [frame for i in range(60) for frame in pieces(body, range(1480, 60000, 1480), ident=i)]
    traffic = hear(tmp_path, frames)

    (flow,) = traffic.flows
    assert flow["packets_out"] == len(frames) == traffic.coverage.used
    assert flow["bytes_out"] == sum(map(len, frames))
    assert flow["payload_out"] == 60 * 60000


def test_without_room_behind_the_batch_fragments_are_only_counted() -> None:
    frame = piece(bytes(64), 0, True)
    data, store = np.frombuffer(bytearray(frame), np.uint8), new_store()
    record, packet, stops = np.zeros(1, RECORD), np.zeros(1, PACKET), np.zeros(len(Stop), np.int64)
    record["captured"], record["wire"], record["link"] = len(frame), len(frame), 1
    store[-1][TAIL] = len(data)
    assert decode(data, record, 1, 1, 0, packet, stops, *store) == 1
    assert packet["stop"][0] == Stop.FRAGMENT


@given(st.data())
def test_any_fragments_of_a_datagram_are_accounted_for(data: st.DataObject) -> None:
    """Fragments at random, in any order, some twice: whole if every byte was there, and every frame in one count."""
    cuts = sorted(
        data.draw(st.sets(st.integers(1, (len(ANSWER) - 1) // 8).map(lambda n: n * 8), min_size=1, max_size=6))
    )
    frames = data.draw(st.permutations(pieces(ANSWER, cuts)))
    frames = [frame for frame in frames for _ in range(data.draw(st.integers(0, 2)))]
    bounds = np.cumsum([0, *map(len, frames)])
    buffer = np.zeros(bounds[-1] + 8 * STRIDE, np.uint8)
    buffer[: bounds[-1]] = np.frombuffer(b"".join(frames), np.uint8)
    records, packets, stops = (
        np.zeros(len(frames), RECORD),
        np.zeros(len(frames) + 1, PACKET),
        np.zeros(len(Stop), np.int64),
    )
    records["start"], records["captured"], records["wire"] = bounds[:-1], np.diff(bounds), np.diff(bounds)
    records["link"] = 1
    store = new_store()
    store[-1][TAIL] = bounds[-1]
    decode(buffer, records, len(frames), 1, 0, packets, stops, *store)

    used = packets[: len(frames)][packets["stop"][: len(frames)] == Stop.USED]
    is_whole = len(set(frames)) == len(cuts) + 1
    assert stops.sum() == len(frames)
    assert stops[Stop.USED] == used["frames"].sum()
    if frames:
        assert is_whole == bool((used["end"] - used["payload"] == len(ANSWER) - 8).any())
    if is_whole:
        assert stops[Stop.USED] == len(cuts) + 1
        assert used["wire"].sum() == sum(map(len, set(frames)))
