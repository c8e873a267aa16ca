"""Names that only the capture file says: shown where nothing better is known, and never judged by."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import Analysis, analyse
from kwel.model.records.columns import NameSource
from kwel.model.verdicts import Verdict
from tests.capture.making import interface, names, packet, section, write

if TYPE_CHECKING:
    from pathlib import Path

PLANT = "192.168.7.20"


def syn(to: str, port: int = 443) -> bytes:
    """Return a frame in which the plant begins a conversation."""
    tcp = struct.pack(">HHIIBBHHH", 40_000, port, 1, 0, 0x50, 2, 1024, 0, 0)
    ip = (
        struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
        + socket.inet_aton(PLANT)
        + socket.inet_aton(to)
    )
    return bytes.fromhex("020000000001020000000002 0800") + ip + tcp


def question(name: bytes, answer: str) -> bytes:
    """Return a frame with a DNS answer to the plant."""
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b".")) + b"\0"
    dns = struct.pack(">HHHHHH", 1, 0x8180, 1, 1, 0, 0) + labels + struct.pack(">HH", 1, 1)
    dns += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 300, 4) + socket.inet_aton(answer)
    udp = struct.pack(">HHHH", 53, 40_001, 8 + len(dns), 0) + dns
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    ends = socket.inet_aton("192.168.7.1") + socket.inet_aton(PLANT)
    return bytes.fromhex("020000000002020000000001 0800") + head + ends + udp


def read(folder: Path, *blocks: bytes) -> Analysis:
    return analyse(str(write(folder, section() + interface() + b"".join(blocks), "made.pcapng")))


def test_a_destination_without_a_name_bears_the_one_in_the_file_and_says_where_it_is_from(tmp_path: Path) -> None:
    told = read(tmp_path, packet(syn("203.0.113.9")), names(("203.0.113.9", b"Historian.Example\0second.example\0")))

    [one] = told.dependencies
    assert one.host == "historian.example"
    assert one.attribution.name == "historian.example"
    [evidence] = [step for step in one.evidence if step.kind == NameSource.CAPTURE.label]
    assert str(evidence.where) == "made.pcapng#1"
    assert told.flows["name_source"].tolist() == ["capture"]
    assert told.traffic.coverage.notes["outside-unnamed"] == 1
    assert len(told.names) == 0


def test_a_name_on_the_wire_stays(tmp_path: Path) -> None:
    told = read(
        tmp_path,
        names(("203.0.113.9", b"false.example\0")),
        packet(question(b"true.example", "203.0.113.9"), units=1),
        packet(syn("203.0.113.9"), units=2),
    )

    assert [one.host for one in told.dependencies] == ["true.example"]


@pytest.mark.parametrize("name", [b"login.microsoftonline.com", b"www.hetzner.com", b"s3.eu-central-1.amazonaws.com"])
def test_no_judgement_rests_on_a_name_that_only_the_file_says(tmp_path: Path, name: bytes) -> None:
    named = read(tmp_path, packet(syn("203.0.113.9")), names(("203.0.113.9", name + b"\0")))
    nameless = read(tmp_path, packet(syn("203.0.113.9")))

    [one], [other] = named.dependencies, nameless.dependencies
    assert one.host == name.decode()
    assert other.host == "203.0.113.9"
    assert one.attribution.verdict == other.attribution.verdict == Verdict.UNKNOWN
    assert one.attribution.operator == other.attribution.operator
    assert one.attribution.service == other.attribution.service
    assert one.attribution.grade == other.attribution.grade


def test_a_file_names_what_is_in_it_and_nothing_else(tmp_path: Path) -> None:
    one = write(tmp_path, section() + interface() + packet(syn("203.0.113.9")), "a.pcapng")
    other = write(tmp_path, section() + interface() + packet() + names(("203.0.113.9", b"x.example\0")), "b.pcapng")

    assert [found.host for found in analyse([str(one), str(other)]).dependencies] == ["203.0.113.9"]
