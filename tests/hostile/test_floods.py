"""A network that floods: what a capture of it costs in time and memory stays near what its size makes fair."""

from __future__ import annotations

import os
import struct
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.analysis.stages import Options, read_traffic
from kwel.kernel.build import jit
from kwel.streams.own_names import LOCAL, MOST_LOCAL_NAMES
from tests.hostile.making import big_endian, flood, letters, run
from tests.streams.making import (
    CLIENT,
    MAC_A,
    MAC_B,
    dns_name,
    dns_question,
    ethernet,
    hello,
    ip4,
    ipv4,
    ipv6,
    tcp,
    udp,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

SYN = ethernet(ipv4(tcp(b"", 1, 2), 6))
HOST_A, HOST_B = bytes.fromhex("fd" + "00" * 14 + "01"), bytes.fromhex("fd" + "00" * 6 + "01" + "00" * 7 + "01")
SYN6 = ethernet(ipv6(tcp(b"", 1, 2), 6, HOST_A, HOST_B), 0x86DD)
M = np.uint64(0x9E3779B97F4A7C15)
RESOLVER = "10.20.0.1"
SOURCE, DESTINATION, SOURCE6, DESTINATION6, PORT = 26, 30, 22, 38, 34
MANY = 20_000
THIRTY_BITS = np.uint64((1 << 30) - 1)
LONGER = int(os.environ.get("KWEL_FLOOD", "1"))
FAIR = 20
"""Times what an ordinary packet costs."""


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Compile first."""
    jit.load()


def _seconds(path: Path) -> float:
    since = time.process_time()
    read_traffic([str(path)], Options())
    return time.process_time() - since


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Return the seconds that as many ordinary packets take."""
    path = flood(tmp_path_factory.mktemp("flood") / "plain.pcap", SYN, MANY, [(SOURCE, big_endian(4))])
    return min(_seconds(path) for _ in range(3))


def _folded(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    product = numbers * M
    return product ^ (product >> np.uint64(32))


def _answer(kind: int, records: bytes, count: int, question: bytes = b"\1a\7example\0") -> bytes:
    return struct.pack(">HHHHHH", 7, 0x8180, 1, count, 0, 0) + question + struct.pack(">HH", kind, 1) + records


def _forged_client_answers(path: Path) -> Path:
    """Tell clients of addresses that take back what the clients' own addresses do to a hash."""
    message = _answer(28, b"\xc0\x0c" + struct.pack(">HHIH", 28, 1, 60, 16) + bytes(16), 1)
    frame = ethernet(ipv6(udp(message, 53, 50000), 17, HOST_A, HOST_B), 0x86DD)
    return flood(path, frame, MANY, [(DESTINATION6, big_endian(8)), (len(frame) - 16, big_endian(8))])


def _paired_names(path: Path) -> Path:
    """Ask for names in which each sixteen bytes are two words, of which the second takes back the first."""
    name = b"abcdefgh" * 30
    frame = ethernet(ipv4(tcp(hello("X" * 240), 1), 6))

    def rows(numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
        out = np.tile(np.frombuffer(name, np.uint8), (len(numbers), 1))
        for bit in range(15):
            flip = ((numbers >> np.uint64(bit)) & np.uint64(1)).astype(np.uint8) * np.uint8(0x80)
            for at in (0, 8, 12):
                out[:, 16 * bit + at] ^= flip
        return out

    return flood(path, frame, MANY, [(PORT, big_endian(2)), (frame.index(b"X" * 240), rows)])


COLLISIONS: dict[str, Callable[[Path], Path]] = {
    "the lower halves of two addresses": lambda path: flood(
        path, SYN6, MANY,
        [(SOURCE6 + 8, big_endian(8)), (DESTINATION6 + 8, lambda n: big_endian(8)(np.uint64(12345) - _folded(n)))],
    ),
    "the upper halves of two addresses": lambda path: flood(
        path, SYN6, MANY, [(SOURCE6, big_endian(8)), (DESTINATION6, lambda n: big_endian(8)(n ^ np.uint64(1 << 63)))]
    ),
    "answers and those who get them": _forged_client_answers,
    "names": _paired_names,
}  # fmt: skip


@pytest.mark.parametrize("kind", COLLISIONS)
def test_nobody_can_make_keys_collide(kind: str, ordinary: float, tmp_path: Path) -> None:
    path = COLLISIONS[kind](tmp_path / "made.pcap")

    assert _seconds(path) < FAIR * ordinary + 2


def test_a_full_flow_table_turns_away_and_counts(tmp_path: Path) -> None:
    frame = ethernet(ipv4(udp(b"x", 40000, 2000), 17))
    path = flood(tmp_path / "made.pcap", frame, MANY, [(SOURCE, big_endian(4))])
    traffic = read_traffic([str(path)], Options(max_flows=1000))

    assert len(traffic.flows) == 1000
    assert traffic.coverage.set_aside == {"table-full": MANY - 1000}


def test_handshakes_that_nobody_answers_make_room_and_are_counted(tmp_path: Path) -> None:
    path = flood(tmp_path / "made.pcap", SYN, MANY, [(SOURCE, big_endian(4))])
    coverage = read_traffic([str(path)], Options(max_flows=1000)).coverage

    assert coverage.used == coverage.packets == MANY
    assert coverage.notes["flows-evicted"] == MANY - 500


def test_messages_that_never_end_do_not_hide_one_that_does(tmp_path: Path) -> None:
    """Each takes a reassembly slot and gives none back; the counter says how many were given up."""
    begun = ethernet(ipv4(tcp(hello("x.example", 8000, name_last=True)[:100], 1), 6))
    path = flood(tmp_path / "made.pcap", begun, MANY, [(SOURCE, lambda n: big_endian(4)(n + np.uint64(0x0A000000)))])
    whole = ethernet(ipv4(tcp(hello("seen.example"), 1), 6, "10.99.0.1"))
    with path.open("ab") as file:
        file.write(struct.pack("<IIII", 1_700_000_100, 0, len(whole), len(whole)) + whole)
    traffic = read_traffic([str(path)])

    assert [traffic.names[int(row["name"])] for row in traffic.named] == ["seen.example"]
    assert traffic.coverage.notes["streams-given-up"] > MANY // 2


def _storm(path: Path, messages: int) -> Path:
    """Sixty-four names of its own in each mDNS response."""
    records, places = b"", []
    for i in range(64):
        places.append(12 + len(records) + 1)
        owner = (
            b"\x0cnnnnnnnnnnnn\5local\0"
            if i == 0
            else b"\x0cnnnnnnnnnn" + bytes([97 + i // 8, 97 + i % 8]) + b"\xc0\x19"
        )
        records += owner + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([10, 20, 1, i])
    message = struct.pack(">HHHHHH", 0, 0x8400, 0, 64, 0, 0) + records
    frame = ethernet(ipv4(udp(message, 5353, 5353), 17, RESOLVER, "224.0.0.251"))
    return flood(path, frame, messages, [(42 + at, letters(10)) for at in places])


def test_a_storm_of_mdns_is_cut_off_and_counted(tmp_path: Path) -> None:
    traffic = read_traffic([str(_storm(tmp_path / "made.pcap", 1000))])

    assert len(LOCAL) == 2
    assert sum(said.protocol == "mdns" for said in traffic.observed) == MOST_LOCAL_NAMES
    assert traffic.coverage.notes["local-names-not-kept"] == 64_000 - MOST_LOCAL_NAMES


def _dhcp(path: Path, count: int) -> Path:
    request = (
        b"\1\1\6\0" + bytes(24) + MAC_A + bytes(202) + bytes.fromhex("63825363 350103 36040a000001 32040a010203 0c08")
        + b"hhhhhhhh\xff"
    )  # fmt: skip
    frame = ethernet(ipv4(udp(request, 68, 67), 17, "10.20.1.5", "255.255.255.255"))
    return flood(
        path, frame, count,
        [(SOURCE, lambda n: big_endian(4)(n + np.uint64(0x0A000000))), (42 + 30, big_endian(4)),
         (frame.index(bytes([10, 1, 2, 3])), lambda n: big_endian(4)(n + np.uint64(0x0A000000))),
         (frame.index(b"hhhhhhhh"), letters(8))],
    )  # fmt: skip


def _arp(path: Path, count: int) -> Path:
    body = bytes.fromhex("0001080006040002") + MAC_A + ip4("10.20.1.5") + MAC_B + ip4("10.20.1.5")
    fields = [(24, big_endian(4)), (28, lambda n: big_endian(4)(n + np.uint64(0x0A000000)))]
    return flood(path, b"\xff" * 6 + MAC_A + b"\x08\x06" + body, count, fields)


def _lldp(path: Path, count: int) -> Path:
    body = b"\x02\x07\x04" + MAC_A + b"\x04\x03\x05p1\x06\x02\x00\x78\x0a\x08hhhhhhhh\0\0"
    frame = bytes.fromhex("0180c200000e") + MAC_A + b"\x88\xcc" + body
    return flood(path, frame, count, [(8, big_endian(4)), (19, big_endian(4)), (frame.index(b"hhhhhhhh"), letters(8))])


def _long_aliases(path: Path, count: int) -> Path:
    """A hundred and twenty-eight names of 240 bytes in 2 KB: a compression pointer stands for all but the beginning."""
    question = dns_name(".".join(["a" * 62] * 3 + ["b" * 40]))
    head, records, places = 12 + len(question) + 4, b"", []
    for i in range(128):
        places.append(head + len(records) + 1)
        records += b"\x06nnnn" + bytes([97 + i // 16, 97 + i % 16]) + b"\xc0\x0c"
        if i % 2 == 0:
            records += struct.pack(">HHIH", 5, 1, 60, 9)
    frame = ethernet(ipv4(udp(_answer(1, records, 64, question), 53, 50000), 17, RESOLVER, CLIENT))
    return flood(path, frame, count, [(42 + at, letters(4)) for at in places])


def _new_names(path: Path, count: int) -> Path:
    frame = ethernet(ipv4(tcp(hello("nnnnnnnnnn.example.com"), 1), 6))
    fields = [
        (PORT, big_endian(2)),
        (DESTINATION, lambda n: big_endian(4)((n >> np.uint64(16)) + np.uint64(0x08080000))),
    ]
    return flood(path, frame, count, [*fields, (frame.index(b"nnnnnnnnnn"), letters(10))])


def _outward(path: Path, count: int) -> Path:
    """Handshakes to a new address outside each, which nobody answers."""
    return flood(path, SYN, count, [(DESTINATION, lambda n: big_endian(4)((n * M & THIRTY_BITS) + np.uint64(1 << 30)))])


def _questions(path: Path, count: int) -> Path:
    """A new name from a new port each."""
    frame = ethernet(ipv4(udp(dns_question("nnnnnnnnnn.example.com"), 40000, 53), 17, CLIENT, RESOLVER))
    return flood(path, frame, count, [(PORT, big_endian(2)), (frame.index(b"nnnnnnnnnn"), letters(10)), _client(20)])


def _answers(path: Path, count: int) -> Path:
    """A new name with a new address each."""
    question = dns_name("nnnnnnnnnn.example.com")
    message = _answer(1, b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes(4), 1, question)
    frame = ethernet(ipv4(udp(message, 53, 50000), 17, RESOLVER, CLIENT))
    return flood(path, frame, count, [(len(frame) - 4, big_endian(4)), (frame.index(b"nnnnnnnnnn"), letters(10))])


def _client(bits: int) -> tuple[int, Callable[[NDArray[np.uint64]], NDArray[np.uint8]]]:
    """Return the field that lets clients of the plant take turns, 2 ** *bits* of them."""
    return SOURCE, lambda n: big_endian(4)(((n >> np.uint64(16)) & np.uint64((1 << bits) - 1)) + np.uint64(0x0A000000))


def _fragments(path: Path, count: int) -> Path:
    """The beginning of a datagram each, of which the end never comes (RFC 791 section 3.1)."""
    frame = bytearray(ethernet(ipv4(udp(bytes(1400), 40000, 2000), 17)))
    frame[20:22] = b"\x20\x00"
    return flood(path, bytes(frame), count, [(18, big_endian(2)), _client(20)])


def _datagrams(path: Path, count: int) -> Path:
    """One datagram each to another host and port, which nobody answers and which speaks nothing that is known."""
    frame = ethernet(ipv4(udp(bytes(60), 40000, 2000), 17))
    to = (DESTINATION, lambda n: big_endian(4)((n * M & THIRTY_BITS) + np.uint64(1 << 30)))
    return flood(path, frame, count, [(PORT, big_endian(2)), to])


def _initials(path: Path, count: int) -> Path:
    """A client's first packet of QUIC version 1 each (RFC 9000 section 17.2.2), which decrypts to nothing."""
    head = b"\xc3\0\0\0\x01\x08" + b"cccccccc" + b"\0\0" + b"\x44\x96"
    frame = ethernet(ipv4(udp(head + bytes(1174), 40000, 443), 17))
    at = frame.index(b"cccccccc")
    return flood(path, frame, count, [(PORT, big_endian(2)), (at, big_endian(8)), _client(20)])


def _copies(path: Path, count: int) -> Path:
    """The same segment over and over."""
    return flood(path, ethernet(ipv4(tcp(b"x" * 60, 1, 0x18), 6)), count, [])


FLOODS: dict[str, tuple[Callable[[Path, int], Path], int, float, float]] = {
    "SYN, to everywhere": (_outward, 2_000_000, 40, 600),
    "SYN, from everywhere": (lambda p, n: flood(p, SYN, n, [(SOURCE, big_endian(4))]), 2_000_000, 40, 700),
    "ARP": (_arp, 70_000, 30, 500),
    "DHCP": (_dhcp, 70_000, 40, 1000),
    "LLDP": (_lldp, 100_000, 20, 400),
    "mDNS": (_storm, 20_000, 20, 800),
    "server names": (_new_names, 600_000, 50, 800),
    "DNS questions": (_questions, 600_000, 50, 950),
    "DNS answers": (_answers, 600_000, 50, 900),
    "fragments": (_fragments, 300_000, 20, 600),
    "datagrams": (_datagrams, 2_500_000, 60, 950),
    "QUIC Initials": (_initials, 200_000, 20, 500),
    "copies": (_copies, 2_000_000, 20, 300),
    "aliases": (_long_aliases, 15_000, 40, 1000),
}
"""How to make it, frames, and what a report on it may cost: seconds of processor time and megabytes.

The frames are more than the tables keep: 65,536 claims of ARP and DHCP, half a million names, two million flows.

``KWEL_FLOOD=5 pytest -m slow tests/hostile/test_floods.py`` makes each five times as long: ten million handshakes,
three million names. The seconds grow with it; the megabytes do not.
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", FLOODS)
def test_a_report_on_a_flood_stays_within_bounds(kind: str, tmp_path: Path) -> None:
    make, count, seconds, megabytes = FLOODS[kind]
    path = make(tmp_path / "made.pcap", LONGER * count)
    done = run("report", path, "-o", tmp_path / "out.html", timeout=120 * LONGER)
    path.unlink()

    assert done.status == 0
    assert done.seconds < LONGER * seconds
    assert done.megabytes < megabytes
    assert (tmp_path / "out.html").stat().st_size < 4_000_000


@pytest.mark.slow
def test_the_table_of_flows_of_a_flood_stays_within_bounds(tmp_path: Path) -> None:
    path = _outward(tmp_path / "made.pcap", LONGER * 2_000_000)
    done = run("flows", path, "-o", tmp_path / "flows.csv", timeout=120 * LONGER)

    assert done.status == 0
    assert done.megabytes < 450
