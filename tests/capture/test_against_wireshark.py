"""Frames and their numbers against tshark's, on a collection of other projects' captures."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from kwel.capture.file import Reading
from tests.capture.making import block, frames, interface, option, packet, section, statistics, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read(path: Path) -> tuple[int, Reading]:
    reading = Reading(path)
    last = 0
    for batch in reading.batches():
        assert batch.first_frame > last
        last = batch.first_frame + len(batch.records) - 1
        stop = batch.records["start"].astype("int64") + batch.records["captured"]
        assert stop.max() <= len(batch.buffer)
    return last, reading


def test_every_capture_of_the_collection_has_the_frames_that_tshark_found(shared: Callable[[str], Path]) -> None:
    captures, truths = shared("corpus/captures"), shared("corpus/truth")
    seen, wrong = 0, list[tuple[object, ...]]()
    for path in sorted(captures.rglob("*")):
        if not path.is_file():
            continue
        seen += 1
        truth = json.loads((truths / f"{path.relative_to(captures)}.json").read_text())
        about, reading = truth["capture"], read(path)[1]
        if reading.index is None:
            if truth["frames"]:
                wrong.append((path.name, reading.problem))
            continue
        # Where the two disagree, tshark refused the file, or numbered blocks that hold no packet.
        if reading.index.packets not in (about["packets"], truth["frames"]):
            wrong.append((path.name, reading.index.packets, about["packets"], truth["frames"]))
        complained = any(note.startswith("A: ") for note in truth["notes"])
        if not complained and (reading.problem or reading.index.frame != truth["frames"]):
            wrong.append((path.name, reading.index.frame, truth["frames"], reading.problem))

    assert seen
    assert wrong == []


def test_numbers_lengths_and_times_are_tsharks(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    custom, journal = block(0xBAD, b"\0\0\0\1abcd"), block(9, b"__REALTIME_TIMESTAMP=1\n")
    path = write(
        tmp_path,
        section()
        + custom
        + interface()
        + packet(units=1_700_000_000_000_001, wire=1500)
        + journal
        + packet(units=1, wire=20)
        + statistics(0)
        + section(">")
        + interface(option(9, b"\x8a", ">"), option(14, bytes(7) + b"\x05", ">"), order=">")
        + packet(units=3 << 10 | 1 << 9, order=">"),
    )
    fields = ["frame.number", "frame.len", "frame.cap_len", "frame.time_epoch"]
    command = [require_tool("tshark"), "-n", "-r", str(path), "-T", "fields"]
    answer = subprocess.run(
        [*command, *[word for field in fields for word in ("-e", field)], "-Y", "eth"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert [line.split("\t") for line in answer.stdout.splitlines()] == [
        [str(f.number), str(f.wire), str(len(f.data)), f"{f.time // 10**9}.{f.time % 10**9:09d}"]
        for f in frames(Reading(path))
    ]


@pytest.mark.parametrize("form", ["pcap", "nsecpcap", "modpcap", "rh6_1pcap", "suse6_3pcap", "nokiapcap", "snoop"])
def test_what_wireshark_writes_is_read_as_it_was(
    tmp_path: Path, form: str, require_tool: Callable[[str], str], samples: Path
) -> None:
    for sample in (samples / "mixed_plant.pcapng", samples / "dhcp_dns_tls.pcap"):
        written = tmp_path / f"{sample.stem}.{form}"
        subprocess.run([require_tool("editcap"), "-F", form, str(sample), str(written)], check=True)
        one, other = Reading(sample), Reading(written)

        wanted = [frame._replace(interface=0, time=frame.time // 1000) for frame in frames(one)]
        found = [frame._replace(time=frame.time // 1000) for frame in frames(other)]

        assert found == wanted
        assert other.problem is None


@pytest.mark.parametrize("form", ["5views", "lanalyzer", "netmon2", "ngsniffer", "observer", "visual"])
def test_what_is_not_read_is_refused_in_one_line(
    tmp_path: Path, form: str, require_tool: Callable[[str], str], samples: Path
) -> None:
    written = tmp_path / form
    sample = samples / "dhcp_dns_tls.pcap"
    subprocess.run([require_tool("editcap"), "-F", form, str(sample), str(written)], check=True)
    reading = Reading(written)

    assert frames(reading) == []
    assert str(reading.problem).startswith("not a capture")
    assert "\n" not in str(reading.problem)
