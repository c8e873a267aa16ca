"""Packed captures: several members, damage, and bombs."""

from __future__ import annotations

import bz2
import gzip
import itertools
import lzma
import random
import struct
import tracemalloc
from typing import TYPE_CHECKING

import lz4.frame
import pytest
import zstandard

from kwel.capture.file import CaptureFile, Reading
from tests.capture.making import frames, pcap, record, section, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def lz4_frame(data: bytes) -> bytes:
    return bytes(lz4.frame.compress(data, content_checksum=True))


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstd,
    "lz4": lz4_frame,
    "xz": lzma.compress,
    "bz2": bz2.compress,
}
NOISE = random.Random(1).randbytes(1000)
PLAIN = pcap(*[record(NOISE[n:] + bytes(n), time=(n, 0)) for n in range(900)])


@pytest.mark.parametrize("suffix", PACK)
def test_a_packed_capture_reads_like_a_plain_one_whatever_its_name(tmp_path: Path, suffix: str) -> None:
    capture = CaptureFile("x", write(tmp_path, PACK[suffix](PLAIN)))

    assert frames(capture) == frames(Reading(write(tmp_path, PLAIN, "plain")))
    assert capture.problem is None
    assert capture.describe().format == f"pcap.{suffix}"


@pytest.mark.parametrize("suffix", PACK)
def test_several_members_are_one_stream(tmp_path: Path, suffix: str) -> None:
    cuts = [0, 10, 500, 500, 70_000, len(PLAIN)]
    members = [PACK[suffix](PLAIN[a:b]) for a, b in itertools.pairwise(cuts)]
    reading = Reading(write(tmp_path, b"".join(members)))

    assert len(frames(reading)) == 900
    assert reading.problem is None


def xxhash32(data: bytes) -> int:
    """Return what the header of an lz4 stream is checked by: xxHash, 32 bits, of less than 16 bytes."""

    def turned(value: int, bits: int) -> int:
        return (value << bits | value >> 32 - bits) & 0xFFFFFFFF

    value = 374761393 + len(data)
    words = len(data) & ~3
    for at in range(0, words, 4):
        lane = int.from_bytes(data[at : at + 4], "little")
        value = turned(value + lane * 3266489917 & 0xFFFFFFFF, 17) * 668265263 & 0xFFFFFFFF
    for byte in data[words:]:
        value = turned(value + byte * 374761393 & 0xFFFFFFFF, 11) * 2654435761 & 0xFFFFFFFF
    value = (value ^ value >> 15) * 2246822519 & 0xFFFFFFFF
    value = (value ^ value >> 13) * 3266489917 & 0xFFFFFFFF
    return value ^ value >> 16


SKIPPED = b"\x5a\x2a\x4d\x18" + struct.pack("<I", 5) + b"hello"


@pytest.mark.parametrize(("pack", "before"), [(zstd, SKIPPED), (lz4_frame, b"")])
def test_skippable_frames_are_skipped(tmp_path: Path, pack: Callable[[bytes], bytes], before: bytes) -> None:
    reading = Reading(write(tmp_path, before + pack(PLAIN[:1000]) + SKIPPED + pack(PLAIN[1000:]) + SKIPPED))

    assert len(frames(reading)) == 900
    assert reading.problem is None


@pytest.mark.parametrize("told", [0, 1, 1 << 40, (1 << 64) - 1])
def test_a_length_that_an_lz4_stream_promises_falsely_costs_no_memory(tmp_path: Path, told: int) -> None:
    packed = bytearray(lz4.frame.compress(PLAIN, store_size=True))
    assert packed[6:14] == struct.pack("<Q", len(PLAIN))
    assert packed[14] == xxhash32(bytes(packed[4:14])) >> 8 & 0xFF
    packed[6:14] = struct.pack("<Q", told)
    packed[14] = xxhash32(bytes(packed[4:14])) >> 8 & 0xFF
    tracemalloc.start()
    reading = Reading(write(tmp_path, bytes(packed)))
    found = frames(reading)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 0 < len(found) <= 900
    assert (reading.problem is None) == (told == 0)
    assert peak < 30_000_000


@pytest.mark.parametrize("suffix", PACK)
def test_zeros_after_the_packing_are_padding_and_anything_else_is_named(tmp_path: Path, suffix: str) -> None:
    padded = Reading(write(tmp_path, PACK[suffix](PLAIN) + bytes(1024)))
    followed = Reading(write(tmp_path, PACK[suffix](PLAIN) + b"something else", "followed"))

    assert len(frames(padded)) == len(frames(followed)) == 900
    assert padded.problem is None
    assert followed.problem == f"what follows the {suffix} packing is not {suffix}: 14 bytes were not read"


@pytest.mark.parametrize("suffix", PACK)
def test_a_packing_that_is_cut_off_keeps_what_was_read(tmp_path: Path, suffix: str) -> None:
    packed = PACK[suffix](PLAIN + PLAIN[24:])
    reading = Reading(write(tmp_path, packed[: len(packed) * 3 // 4]))

    found = frames(reading)

    assert found or suffix == "bz2"  # bzip2 gives nothing before a block of 900 KB is complete
    assert reading.problem is not None
    assert f"the {suffix} packing is cut off at byte" in reading.problem


@pytest.mark.parametrize("suffix", PACK)
def test_a_packing_without_its_last_byte_is_cut_off(tmp_path: Path, suffix: str) -> None:
    reading = Reading(write(tmp_path, PACK[suffix](PLAIN)[:-1]))
    frames(reading)

    assert reading.problem is not None
    assert "cut off" in reading.problem


@pytest.mark.parametrize("suffix", PACK)
def test_damage_in_a_packing_is_one_line(tmp_path: Path, suffix: str) -> None:
    packed = bytearray(PACK[suffix](PLAIN))
    packed[len(packed) // 2] ^= 0xFF
    packed[len(packed) // 2 + 1] ^= 0xFF
    reading = Reading(write(tmp_path, bytes(packed)))
    frames(reading)

    assert reading.problem is not None
    assert "\n" not in reading.problem


def test_a_capture_that_is_packed_twice_is_refused(tmp_path: Path) -> None:
    reading = Reading(write(tmp_path, zstd(gzip.compress(PLAIN))))

    assert frames(reading) == []
    assert reading.problem == "is packed twice, gz in zst; unpack it once"


def test_a_zstd_stream_that_wants_too_much_memory_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=30)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packer.compress(PLAIN) + packer.flush()
    reading = Reading(write(tmp_path, packed))

    assert frames(reading) == []
    assert reading.problem is not None
    assert "damaged" in reading.problem
    assert "memory" in reading.problem


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("head", [pcap(record()), section()], ids=["pcap", "pcapng"])
def test_a_bomb_ends_soon_and_never_fills_the_memory(tmp_path: Path, suffix: str, head: bytes) -> None:
    path = write(tmp_path, PACK[suffix](head + bytes(50_000_000)))
    tracemalloc.start()
    reading = Reading(path)
    frames(reading)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert reading.problem is not None
    assert peak < 30_000_000
