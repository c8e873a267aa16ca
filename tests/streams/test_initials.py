"""What kwel hears of QUIC clients: names out of Initials of every version, whole, in pieces, and damaged."""

from __future__ import annotations

import itertools
import random
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.traffic.quic import ZERO_RTT, Keys, crypto, initial, packet, scattered
from benchmarks.traffic.tls import client_hello
from hypothesis import given
from hypothesis import strategies as st

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols import quic
from kwel.streams import crypto as slots
from kwel.streams.initials import MAX_INITIALS
from tests.streams.making import CLIENT, SERVER, ethernet, hear, ipv4, names, udp

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

NAME = "h3.example.com"
FOUND = [(NameSource.QUIC_SNI, NAME)]
FIRST_ID, SERVERS_ID = bytes(range(8)), bytes(range(20, 28))
RANDOM = random.Random(9)
HELLO = client_hello(NAME, RANDOM)
LONG_HELLO = client_hello(NAME, RANDOM, post_quantum=True)


def up(payload: bytes, port: int = 50000, to: int = 443) -> bytes:
    return ethernet(ipv4(udp(payload, port, to), 17))


def down(payload: bytes, port: int = 50000) -> bytes:
    return ethernet(ipv4(udp(payload, 443, port), 17, SERVER, CLIENT))


def notes(traffic: Traffic) -> dict[str, int]:
    return {key: count for key, count in traffic.coverage.notes.items() if key.startswith("quic-") and count}


def applications(traffic: Traffic) -> set[Application]:
    return {Application(int(number)) for number in traffic.flows["application"]}


def pieces(hello: bytes, size: int) -> list[bytes]:
    return [crypto(at, hello[at : at + size]) for at in range(0, len(hello), size)]


def first_packets(hello: bytes, size: int, destination: bytes = FIRST_ID) -> list[bytes]:
    """Return Initials that carry a piece of the hello each."""
    keys = Keys.derived(FIRST_ID)
    return [packet(keys, destination, piece, number=i) for i, piece in enumerate(pieces(hello, size))]


def test_a_name_is_read_from_one_initial_on_any_port(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [up(initial(HELLO, RANDOM)), up(initial(HELLO, RANDOM), 50001, 4433)])
    assert names(traffic) == 2 * FOUND
    assert applications(traffic) == {Application.QUIC}
    assert [traffic.names[int(row["name"])] for row in traffic.hellos] == [NAME, NAME]
    assert {int(row["source"]) for row in traffic.hellos} == {NameSource.QUIC_SNI}
    assert not notes(traffic)


def test_a_name_in_the_third_initial_is_read(tmp_path: Path) -> None:
    at = LONG_HELLO.index(NAME.encode())
    cuts = [0, at // 2, at + 3, len(LONG_HELLO)]  # the name itself is cut in two
    frames = [crypto(start, LONG_HELLO[start:stop]) for start, stop in itertools.pairwise(cuts)]
    keys = Keys.derived(FIRST_ID)
    sent = [packet(keys, FIRST_ID, frame, number=i, size=1400) for i, frame in enumerate(frames)]
    assert names(hear(tmp_path, map(up, sent))) == FOUND
    assert names(hear(tmp_path, map(up, sent[:2]))) == []


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0, 0), (1, 1, 0, 2)])
def test_initials_may_come_in_any_order_and_twice(tmp_path: Path, order: tuple[int, ...]) -> None:
    sent = first_packets(HELLO, 200)
    assert names(hear(tmp_path, [up(sent[i]) for i in order])) == FOUND


def test_overlapping_frames_make_one_hello(tmp_path: Path) -> None:
    keys = Keys.derived(FIRST_ID)
    sent = [
        packet(keys, FIRST_ID, crypto(150, HELLO[150:]), number=0),
        packet(keys, FIRST_ID, crypto(0, HELLO[:200]) + crypto(100, HELLO[100:300]), number=1),
    ]
    assert names(hear(tmp_path, map(up, sent))) == FOUND


def test_a_hello_scattered_as_browsers_do_is_read(tmp_path: Path) -> None:
    flows = [scattered(client_hello(f"h{i}.example.com", RANDOM, post_quantum=True), RANDOM) for i in range(50)]
    frames = [up(datagram, 50000 + i) for i, pair in enumerate(flows) for datagram in pair]
    assert {name for _, name in names(hear(tmp_path, frames))} == {f"h{i}.example.com" for i in range(50)}


def test_packets_of_one_datagram_are_all_read(tmp_path: Path) -> None:
    keys = Keys.derived(FIRST_ID)
    early = packet(keys, FIRST_ID, b"\x08", number=9, size=300, kind=ZERO_RTT)
    parts = [packet(keys, FIRST_ID, piece, number=i, size=400) for i, piece in enumerate(pieces(HELLO, 300))]
    assert names(hear(tmp_path, [up(early + parts[1] + early + parts[0])])) == FOUND


def test_early_data_before_the_hello_changes_nothing(tmp_path: Path) -> None:
    early = packet(Keys.derived(FIRST_ID), FIRST_ID, b"\x08", kind=ZERO_RTT)
    sent = first_packets(HELLO, 300)
    assert names(hear(tmp_path, map(up, [early, sent[0], early, sent[1]]))) == FOUND


def test_after_a_retry_the_new_connection_id_gives_the_keys(tmp_path: Path) -> None:
    retry = b"\xf0" + struct.pack(">I", 1) + b"\0" + bytes([8]) + SERVERS_ID + bytes(40)
    keys = Keys.derived(SERVERS_ID)
    again = [
        packet(keys, SERVERS_ID, piece, number=5 + i, token=bytes(40)) for i, piece in enumerate(pieces(HELLO, 300))
    ]
    traffic = hear(tmp_path, [up(first_packets(HELLO, 300)[0]), down(retry), *map(up, again)])
    assert names(traffic) == FOUND
    assert not notes(traffic)


def test_a_connection_id_that_the_server_chose_leaves_the_keys_as_they_were(tmp_path: Path) -> None:
    sent = [first_packets(HELLO, 300)[0], first_packets(HELLO, 300, SERVERS_ID)[1]]
    assert names(hear(tmp_path, map(up, sent))) == FOUND


@pytest.mark.parametrize(
    ("version", "salt"),
    [
        (0xFF000016, quic.S_22),
        (0xFF000017, quic.S_23),
        (0xFF00001C, quic.S_23),
        (0xFF00001D, quic.S_29),
        (0xFF000020, quic.S_29),
        (0xFF000022, quic.S_1),
        (0xFACEB001, quic.S_22),
        (0xFACEB002, quic.S_23),
        (0x0A1A2A3A, quic.S_1),
        (0x0A1A2A3A, quic.S_29),
        (0x50435130, quic.S_1),
    ],
)
def test_every_version_is_read(tmp_path: Path, version: int, salt: int) -> None:
    keys = Keys.derived(FIRST_ID, quic.SALTS[salt])
    traffic = hear(tmp_path, [up(packet(keys, FIRST_ID, crypto(0, HELLO), version=version))])
    assert names(traffic) == FOUND
    assert applications(traffic) == {Application.QUIC}


def test_version_2_is_read(tmp_path: Path) -> None:
    keys = Keys.derived(FIRST_ID, quic.SALTS[quic.S_2], "quicv2")
    sent = packet(keys, FIRST_ID, crypto(0, HELLO), version=quic.VERSION_2, kind=0xD0)
    # The token that version 2's Initial has and version 1's 0-RTT does not have.
    ids = 1 + 4 + 1 + 8 + 1
    sealed = Keys.derived(FIRST_ID, quic.SALTS[quic.S_2], "quicv2").protect(
        b"\xd1" + sent[1:ids] + b"\0" + sent[ids : ids + 2],
        b"\0\1",
        crypto(0, HELLO).ljust(len(sent) - ids - 4 - 16, b"\0"),
    )
    assert names(hear(tmp_path, [up(sealed)])) == FOUND


def test_an_unknown_version_is_counted_and_not_named(tmp_path: Path) -> None:
    keys = Keys.derived(FIRST_ID, "00" * 20)
    traffic = hear(tmp_path, [up(packet(keys, FIRST_ID, crypto(0, HELLO), version=0x0ABCDEF0))])
    assert names(traffic) == []
    assert notes(traffic) == {"quic-initials-unread": 1}


def test_something_else_with_a_long_header_is_no_initial(tmp_path: Path) -> None:
    keys = Keys.derived(FIRST_ID, "00" * 20)
    short = packet(keys, FIRST_ID, crypto(0, HELLO), version=0x0ABCDEF0, size=800)
    named = packet(keys, FIRST_ID[:4], crypto(0, HELLO), version=0x0ABCDEF0)
    traffic = hear(tmp_path, [up(short), up(named, 50001)])
    assert applications(traffic) == {Application.UNKNOWN}
    assert not notes(traffic)


def test_an_initial_under_other_keys_is_counted_and_not_named(tmp_path: Path) -> None:
    sent = packet(Keys.derived(SERVERS_ID), FIRST_ID, crypto(0, HELLO))
    traffic = hear(tmp_path, [up(sent)])
    assert names(traffic) == []
    assert applications(traffic) == {Application.QUIC}
    assert notes(traffic) == {"quic-unreadable": 1}


def test_a_server_alone_is_quic_without_a_name_and_without_a_complaint(tmp_path: Path) -> None:
    sent = packet(Keys.derived(FIRST_ID), SERVERS_ID, b"\6\0\x05\2\0\0\1\0")
    traffic = hear(tmp_path, [down(sent)])
    assert names(traffic) == []
    assert applications(traffic) == {Application.QUIC}
    assert not notes(traffic)


def test_a_version_negotiation_is_quic(tmp_path: Path) -> None:
    listed = struct.pack(">II", 1, 0x0A0A0A0A)
    sent = b"\xca" + bytes(4) + bytes([8]) + FIRST_ID + bytes([8]) + SERVERS_ID
    assert applications(hear(tmp_path, [down(sent + listed)])) == {Application.QUIC}
    assert applications(hear(tmp_path, [down(sent + bytes(8))])) == {Application.UNKNOWN}


def test_an_initial_may_be_cut_anywhere(tmp_path: Path) -> None:
    sent = initial(HELLO, RANDOM)
    shortened = hear(tmp_path, [up(sent[:size], 40000 + size) for size in range(len(sent))])
    assert {name for _, name in names(shortened)} <= {NAME}
    whole = len(up(sent))
    for snaplen in (60, 200, 400, 700, 1000):
        cut = hear(tmp_path, [up(initial(HELLO, RANDOM), 40000 + i) for i in range(20)], snaplen=snaplen)
        assert {name for _, name in names(cut)} <= {NAME}
    assert whole > 700
    assert names(cut) == 20 * FOUND  # the bytes present hold the whole hello


def test_damage_gives_no_other_name(tmp_path: Path) -> None:
    frames = []
    for i in range(2000):
        damaged = bytearray(initial(HELLO, RANDOM))
        for _ in range(RANDOM.randrange(1, 4)):
            damaged[RANDOM.randrange(60)] = RANDOM.randrange(256)
        frames.append(up(bytes(damaged), 10000 + i))
    assert {name for _, name in names(hear(tmp_path, frames))} == {NAME}


def test_noise_with_a_long_header_gives_no_name(tmp_path: Path) -> None:
    head = b"\xc3" + struct.pack(">I", 1) + bytes([8])
    frames = [up(head + RANDOM.randbytes(8) + b"\0\0\x44\xd0" + RANDOM.randbytes(1232), 1024 + i) for i in range(3000)]
    traffic = hear(tmp_path, frames)
    assert names(traffic) == []
    assert notes(traffic)["quic-unreadable"] > 2900


def test_more_unfinished_hellos_than_slots_are_counted(tmp_path: Path) -> None:
    frames = [up(first_packets(HELLO, 300)[0], 10000 + i) for i in range(slots.SLOTS + 7)]
    assert notes(hear(tmp_path, frames)) == {"quic-given-up": 7}


def test_hellos_that_end_leave_the_slots_of_others_alone(tmp_path: Path) -> None:
    waiting, last = first_packets(HELLO, 300)[:2]
    others = [up(datagram, 10000 + i) for i in range(slots.SLOTS + 7) for datagram in first_packets(HELLO, 300)]
    traffic = hear(tmp_path, [up(waiting), *others, up(last)])
    assert len(names(traffic)) == slots.SLOTS + 8
    assert not notes(traffic)


def test_a_direction_that_never_ends_its_hello_is_given_up(tmp_path: Path) -> None:
    keys, first = Keys.derived(FIRST_ID), pieces(HELLO, 300)[0]
    sent = [packet(keys, FIRST_ID, first, number=number) for number in range(MAX_INITIALS + 40)]
    traffic = hear(tmp_path, map(up, sent))
    assert notes(traffic) == {"quic-given-up": 1}


def google_hello(name: str) -> bytes:
    """Return a CHLO message: its tags in order, each with the end of its value."""
    tags = {b"PAD\0": bytes(900), b"SNI\0": name.encode(), b"VER\0": b"Q043"}
    heads, end = b"", 0
    for tag, value in tags.items():
        end += len(value)
        heads += tag + struct.pack("<I", end)
    return b"CHLO" + struct.pack("<HH", len(tags), 0) + heads + b"".join(tags.values())


@pytest.mark.parametrize(
    "head",
    [
        b"\x0d" + FIRST_ID + b"Q025\1" + bytes(12) + b"\0\xa0\1\0\4",
        b"\x09" + FIRST_ID + b"Q035\1" + bytes(12) + b"\xa0\1\4\0",
        b"\x09" + FIRST_ID + b"Q043\1" + bytes(12) + b"\xa0\1\4\0",
        b"\xc3Q046\x50" + FIRST_ID + bytes(4) + bytes(12) + b"\xa0\1\4\0",
    ],
)
def test_googles_hello_in_the_clear_is_read(tmp_path: Path, head: bytes) -> None:
    traffic = hear(tmp_path, [up(head + google_hello(NAME))])
    assert names(traffic) == FOUND
    assert applications(traffic) == {Application.GQUIC}


def test_googles_encrypted_hello_is_read(tmp_path: Path) -> None:
    q050, keys = int.from_bytes(b"Q050", "big"), Keys.derived(FIRST_ID, quic.SALTS[quic.S_Q050])
    sent = packet(keys, FIRST_ID, crypto(0, google_hello(NAME), kind=8), version=q050, size=1350)
    traffic = hear(tmp_path, [up(sent)])
    assert names(traffic) == FOUND
    assert applications(traffic) == {Application.GQUIC}


@pytest.mark.parametrize("version", [quic.T050, quic.T051])
def test_tls_in_googles_frames_is_read(tmp_path: Path, version: int) -> None:
    keys = Keys.derived(FIRST_ID, quic.SALTS[quic.salt_of(version)])
    sent = [packet(keys, FIRST_ID, crypto(at, HELLO[at : at + 300], kind=8), version=version) for at in (0, 300)]
    assert names(hear(tmp_path, map(up, sent))) == FOUND


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=40))
def test_spans_hold_what_was_entered(spans: list[tuple[int, int]]) -> None:
    table = np.zeros(2 * slots.SLOT_WORDS, np.int64)
    table[: slots.SLOT_WORDS] = table[-1] = 7
    expected: set[int] = set()
    for start, size in spans:
        if slots.cover(table, 1, start, start + size):
            expected |= set(range(start, start + size))
    at = slots.SLOT_WORDS + slots.SPANS
    ends = table[at : at + 2 * table[slots.SLOT_WORDS + slots.COUNT]].tolist()
    assert ends == sorted(set(ends))  # in order, and apart
    assert {i for start, end in zip(ends[::2], ends[1::2], strict=True) for i in range(start, end)} == expected
    assert set(table[: slots.SLOT_WORDS]) == {7}
