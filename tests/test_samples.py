"""Every sample capture has its truth, its line in the page, and is the file that the truth was written for."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest

from tests.truths import read_truth

SAMPLES = Path(__file__).parents[1] / "sample_pcaps"
CAPTURES = sorted(file for file in SAMPLES.iterdir() if file.suffix in {".pcap", ".pcapng"})
TRUTHS = sorted(SAMPLES.glob("*.yaml"))
PAGE = (SAMPLES / "README.md").read_text()


def count_packets(raw: bytes) -> int:
    """Count records of a little-endian pcap, or enhanced packet blocks of a little-endian pcapng."""
    count = 0
    if raw[:4] == b"\x0a\x0d\x0d\x0a":
        at = 0
        while at < len(raw):
            kind, length = struct.unpack_from("<II", raw, at)
            count += kind == 6
            at += length
        return count
    at = 24
    while at < len(raw):
        at += 16 + int.from_bytes(raw[at + 8 : at + 12], "little")
        count += 1
    return count


def test_there_are_captures_and_each_has_a_truth_of_its_name() -> None:
    assert CAPTURES
    assert [file.stem for file in CAPTURES] == [file.stem for file in TRUTHS]


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda file: file.stem)
def test_truth_was_written_for_this_very_file(truth: Path) -> None:
    said = read_truth(truth)
    raw = (SAMPLES / said["file"]).read_bytes()

    assert hashlib.sha256(raw).hexdigest() == said["sha256"]
    assert len(raw) == said["size_bytes"]
    assert count_packets(raw) == said["packets"]


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda file: file.stem)
def test_page_names_the_capture_and_its_packets(truth: Path) -> None:
    said = read_truth(truth)

    assert f"| `{said['file']}` | {said['packets']} |" in PAGE
