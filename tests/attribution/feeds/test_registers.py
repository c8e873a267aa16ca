"""Registries' lists are read exactly; what cannot be true refuses the list in one line."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.attribution.feeds.formats import FeedError
from kwel.attribution.feeds.mmdb import Range
from kwel.attribution.feeds.ranges import Block
from kwel.attribution.feeds.registers import Stretch, networks, places, stretches, tidy, unpacked, vendor_table, vendors
from tests.attribution.feeds.serving import COUNTRIES, IEEE, IP2ASN

HOLE = Block(0x0A000000, 0x0AFFFFFF, 8)


def test_a_network_has_its_number_its_name_and_the_country_of_most_of_its_addresses() -> None:
    rows = stretches("ip2asn", IP2ASN.encode())
    content = networks(rows, (HOLE,), ("EU",))
    by_first = {each.first: content.records[each.record] for each in content.ranges}

    assert len(rows) == content.rows == 5, "what nobody announces is no row"
    assert by_first[0xC6330000] == {
        "autonomous_system_number": 64500,
        "autonomous_system_organization": "EXAMPLE-NET Example B.V.",
        "registered_country": {"iso_code": "NL"},
    }
    assert "registered_country" not in by_first[0xCB007100], "EU is no country"
    assert HOLE.first not in by_first, "reserved"


def test_a_place_is_a_country_and_what_is_none_is_nowhere() -> None:
    content = places(stretches("range-countries", COUNTRIES.encode()), (HOLE,), ("EU",))
    found = [(each.first, content.records[each.record]) for each in content.ranges]

    assert found == [
        (0xC6330000, {"country": {"iso_code": "NL"}}),
        (0x2A05D014 << 96, {"country": {"iso_code": "DE"}}),
    ]


def test_vendors_are_sorted_by_their_blocks_and_placeholders_are_left_out() -> None:
    data, count = vendor_table(vendors(IEEE.encode()), ("IEEE Registration Authority", "Private"))

    assert data == b"001B1B\tSiemens AG\n0050C2001\tTwo Words\n"
    assert count == 2


def test_names_from_registries_become_one_visible_line() -> None:
    assert tidy("Siemens AG, ") == "Siemens AG"
    assert tidy("\u200bA\xa0 B\xad \u200e") == "A B"
    assert len(tidy("x" * 10_000)) == 200


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("0.0.0.0\t255.255.255.255\t64500\tNL\tAll", "no range that one network can have"),
        ("198.51.0.9\t198.51.0.1\t64500\tNL\tBackwards", "no range that one network can have"),
        ("2000::\t3fff:ffff::\t64500\tNL\tAll", "no range that one network can have"),
        ("::1\t::2\t64500\tNL\tIn the place of IPv4", "lies where IPv4 is kept"),
        ("198.51.0.0\t2a00::1\t64500\tNL\tMixed", "not in the format ip2asn"),
        ("198.51.0.0\t198.51.0.1\t-5\tNL\tNegative", "-5 is not a network number"),
        ("198.51.0.0\t198.51.0.1\t4294967296\tNL\tToo large", "4294967296 is not a network number"),
        ("198.51.0.0\t198.51.0.1\tsix\tNL\tNo number", "not in the format ip2asn"),
        ("198.51.0.0\t198.51.0.1\t64500\tNLD\tThree", "not a country: 'NLD'"),
        ("198.51.0.0\t198.51.0.1\t64500\tNL", "not in the format ip2asn"),
        ("<html>maintenance</html>", "not in the format ip2asn"),
        ("", "holds no range"),
    ],
)
def test_a_row_that_cannot_be_true_refuses_the_list(line: str, why: str) -> None:
    with pytest.raises(FeedError, match=why):
        stretches("ip2asn", line.encode())


@pytest.mark.parametrize("text", ["", "<html></html>", "Assignment,Organization Name\nxyz,A\n", "a,b\n1,2\n"])
def test_what_is_no_list_of_the_ieee_is_refused(text: str) -> None:
    with pytest.raises(FeedError):
        vendors(text.encode())


def test_a_packed_list_is_unpacked_within_its_limit_and_to_its_end() -> None:
    packed = gzip.compress(b"a" * 1000)

    assert unpacked(packed, 1000) == b"a" * 1000
    assert unpacked(b"plain", 1) == b"plain"
    with pytest.raises(FeedError, match="unpacks to more than 999 bytes"):
        unpacked(packed, 999)
    with pytest.raises(FeedError, match="cut off"):
        unpacked(packed[:-9], 1000)
    with pytest.raises(FeedError, match="not a gzip file"):
        unpacked(b"\x1f\x8b" + b"\xff" * 20, 1000)


def test_a_bomb_stops_at_the_limit() -> None:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = squeezer.compress(bytes(50_000_000)) + squeezer.flush()

    with pytest.raises(FeedError, match="unpacks to more than"):
        unpacked(bomb, 100_000)


@given(st.sampled_from(["ip2asn", "range-countries"]), st.binary(max_size=200))
def test_junk_is_refused_and_nothing_else_is_raised(form: str, data: bytes) -> None:
    found: list[Stretch] = []
    with contextlib.suppress(FeedError):
        found = stretches(form, data)

    assert all(row.first <= row.last for row in found)


def test_overlapping_rows_become_ranges_apart() -> None:
    text = "198.51.0.0,198.51.0.9,NL\n198.51.0.5,198.51.0.20,DE\n"
    content = places(stretches("range-countries", text.encode()), (), ())

    assert content.ranges == [Range(0xC6330000, 0xC6330009, 0), Range(0xC633000A, 0xC6330014, 1)]
