"""The writer of look-up tables, held against the reader that everybody uses."""

from __future__ import annotations

import io
import ipaddress
from typing import Any

import maxminddb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from maxminddb.decoder import Decoder

from kwel.attribution.feeds import mmdb
from kwel.attribution.feeds.mmdb import Encoder, Range, write

EPOCH = 1792972800
V6 = 0x2A00 << 112
CUTS = st.lists(
    st.one_of(st.integers(0, (1 << 32) - 1), st.integers(V6, V6 + (1 << 80)), st.integers(0, (1 << 128) - 1)),
    min_size=2,
    max_size=30,
    unique=True,
)


def opened(data: bytes, mode: int = maxminddb.MODE_FD) -> maxminddb.Reader:
    return maxminddb.open_database(io.BytesIO(data), mode)


def found(database: maxminddb.Reader, address: int) -> object:
    small = address < 1 << 32
    return database.get(ipaddress.IPv4Address(address) if small else ipaddress.IPv6Address(address))


@given(CUTS, st.lists(st.integers(0, 3), min_size=30, max_size=30))
def test_every_range_is_found_from_its_first_to_its_last_address(cuts: list[int], which: list[int]) -> None:
    cuts.sort()
    pieces = zip(cuts, cuts[1:], which, strict=False)
    ranges = [Range(first, last - 1, record) for first, last, record in pieces if record]
    database = opened(write(ranges, [{"n": n} for n in range(4)], "test", "test", EPOCH))

    for first, last, record in ranges:
        assert found(database, first) == found(database, last) == {"n": record}
    for first, last, record in zip(cuts, cuts[1:], which, strict=False):
        if not record:
            assert found(database, first) is found(database, last - 1) is None
    if cuts[0]:
        assert found(database, cuts[0] - 1) is None


def test_the_compiled_reader_agrees_with_the_python_reader(tmp_path: Any) -> None:
    ranges = [Range(n << 20, (n << 20) + 77 * n, n % 7) for n in range(1, 300)]
    records: list[dict[str, mmdb.Value]] = [{"text": "x" * n, "list": ["a", n]} for n in range(7)]
    file = tmp_path / "t.mmdb"
    file.write_bytes(write(ranges, records, "test", "test", EPOCH))

    with maxminddb.open_database(file, maxminddb.MODE_MMAP_EXT) as compiled, opened(file.read_bytes()) as plain:
        for first, last, _ in ranges:
            for address in (first - 1, first, last, last + 1):
                assert found(compiled, address) == found(plain, address)


def test_an_empty_table_and_a_table_of_everything_can_be_read() -> None:
    assert found(opened(write([], [], "test", "test", EPOCH)), 1) is None
    everything = write([Range(0, (1 << 128) - 1, 0)], [{"all": "x"}], "test", "test", EPOCH)
    assert found(opened(everything), 1) == {"all": "x"}


def test_equal_subtrees_are_stored_once() -> None:
    alternating = [Range(n, n, n % 2) for n in range(1 << 10)]
    database = opened(write(alternating, [{"n": 0}, {"n": 1}], "test", "test", EPOCH))

    assert database.metadata().node_count == 128


def test_the_longest_ipv6_prefix_is_a_choice_and_the_larger_part_wins() -> None:
    site = V6 >> 64 << 64
    ranges = [Range(5, 5, 2), Range(site, site + 9, 0), Range(site + 10, site + 99, 1)]
    records: list[dict[str, mmdb.Value]] = [{"n": n} for n in range(3)]
    database = opened(write(ranges, records, "test", "test", EPOCH, finest_v6=64))

    assert found(database, site) == found(database, site + (1 << 64) - 1) == {"n": 1}
    assert (found(database, 5), found(database, 4)) == ({"n": 2}, None)


def test_the_metadata_is_what_readers_expect() -> None:
    metadata = opened(write([Range(1, 2, 0)], [{"n": 1}], "kwel-Test", "A test", EPOCH)).metadata()

    assert (metadata.database_type, metadata.ip_version, metadata.build_epoch) == ("kwel-Test", 6, EPOCH)
    assert metadata.description == {"en": "A test"}
    assert (metadata.binary_format_major_version, metadata.binary_format_minor_version) == (2, 0)


@pytest.mark.parametrize("size", [0, 1, 28, 29, 284, 285, 65820])
def test_texts_of_every_length_form_are_read_back(size: int) -> None:
    encoder = Encoder()
    offset = encoder.add({"text": "é" * (size // 2) + "x" * (size % 2)})

    value, _ = Decoder(bytes(encoder.data)).decode(offset)
    assert isinstance(value, dict)
    assert len(str(value["text"]).encode()) == size


def test_a_text_that_no_length_form_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        Encoder().add({"text": "x" * 65821})


@pytest.mark.parametrize("offset", [0, 2047, 2048, 526335, 526336, 134744063, 134744064])
def test_pointers_take_the_four_forms_of_the_specification(offset: int) -> None:
    pointer = mmdb._pointer(offset)
    form = pointer[0] >> 3 & 3
    high = 0 if form == 3 else pointer[0] & 7

    assert pointer[0] >> 5 == 1
    assert len(pointer) == form + 2
    assert (high << 8 * len(pointer[1:])) + int.from_bytes(pointer[1:]) + (0, 2048, 526336, 0)[form] == offset


def test_texts_that_lie_far_apart_are_found_again() -> None:
    texts = [f"{n} {'x' * 60_000}" for n in range(12)]
    encoder = Encoder()
    for text in texts:
        encoder.add({"text": text})

    offsets = [encoder.add({"again": text}) for text in texts]
    assert len(encoder.data) < 61_000 * 12
    decoder = Decoder(bytes(encoder.data))
    assert [decoder.decode(offset)[0] for offset in offsets] == [{"again": text} for text in texts]


@pytest.mark.parametrize("number", [0, 1, 255, 256, 65535, 65536, (1 << 32) - 1])
def test_numbers_are_read_back(number: int) -> None:
    encoder = Encoder()
    offset = encoder.add({"n": number, "again": "n"})

    assert Decoder(bytes(encoder.data)).decode(offset)[0] == {"n": number, "again": "n"}


@pytest.mark.parametrize("size", [24, 28, 32])
def test_nodes_of_every_width_hold_both_pointers(size: int) -> None:
    left, right = (1 << size) - 2, (1 << size) - 0x1234
    node = mmdb._node(left, right, size)

    assert len(node) * 4 == size
    if size == 28:
        assert int.from_bytes(node[:3]) | node[3] >> 4 << 24 == left
        assert int.from_bytes(node[4:]) | (node[3] & 15) << 24 == right
    else:
        assert (int.from_bytes(node[: size // 8]), int.from_bytes(node[size // 8 :])) == (left, right)


def test_the_node_width_grows_with_the_table() -> None:
    assert [mmdb._record_size(1 << bits) for bits in (10, 24, 28)] == [24, 28, 32]
    with pytest.raises(ValueError, match="too large"):
        mmdb._record_size(1 << 32)
