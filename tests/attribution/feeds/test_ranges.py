"""Arithmetic on address ranges, held against counting address by address."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kwel.attribution.feeds.mmdb import Range
from kwel.attribution.feeds.ranges import Block, apart, block, majority, nested, outside, without

SPACE = 64
BLOCKS = st.lists(
    st.integers(0, 6).flatmap(
        lambda bits: st.integers(0, (SPACE >> bits) - 1).map(
            lambda n: Block(n << bits, (n << bits) + (1 << bits) - 1, 32 - bits)
        )
    ),
    unique=True,
)
RANGES = st.lists(
    st.tuples(st.integers(0, SPACE), st.integers(0, 9), st.integers(0, 3)).map(lambda r: Range(r[0], r[0] + r[1], r[2]))
)


@given(BLOCKS, BLOCKS)
def test_what_is_outside_lies_in_no_other_as_a_whole(blocks: list[Block], others: list[Block]) -> None:
    kept = list(outside(blocks, others))

    assert kept == [each for each in blocks if not any(o.first <= each.first and each.last <= o.last for o in others)]


@given(BLOCKS)
def test_nested_prefixes_flatten_to_who_covers_each_address(blocks: list[Block]) -> None:
    def within(around: tuple[Block, ...], inner: Block, _: tuple[Block, ...]) -> tuple[Block, ...]:
        return (*around, inner)

    outside: tuple[Block, ...] = ()
    published = [(each, outside) for each in blocks]
    flat = list(nested(published, outside, within))

    for first, last, covering in flat:
        for address in range(first, last + 1):
            assert set(covering) == {each for each in blocks if each.first <= address <= each.last}
    covered = [address for first, last, _ in flat for address in range(first, last + 1)]
    assert covered == sorted({address for each in blocks for address in range(each.first, each.last + 1)})


@given(RANGES)
def test_ranges_set_apart_keep_every_address_and_the_one_that_came_first(ranges: list[Range]) -> None:
    result = apart(ranges)

    assert all(before.last < after.first for before, after in pairwise(result))
    assert {a for r in result for a in range(r.first, r.last + 1)} == {
        a for r in ranges for a in range(r.first, r.last + 1)
    }


@given(RANGES, BLOCKS)
def test_holes_are_cut_out_and_nothing_else(ranges: list[Range], blocks: list[Block]) -> None:
    holes: list[Block] = []
    for each in sorted(blocks):
        if not holes or each.first > holes[-1].last:
            holes.append(each)
    left = {a for r in without(ranges, holes) for a in range(r.first, r.last + 1)}

    assert left == {a for r in ranges for a in range(r.first, r.last + 1)} - {
        a for hole in holes for a in range(hole.first, hole.last + 1)
    }


def test_the_majority_of_addresses_decides() -> None:
    of = [Range(0, 99, 7), Range(100, 109, 8), Range(200, 209, 9)]
    votes = [Range(0, 29, 1), Range(30, 104, 2), Range(105, 150, 3)]

    assert majority(of, votes) == {7: 2, 8: 2}


def test_an_ipv6_block_does_not_outvote_the_ipv4_addresses() -> None:
    v6 = 0x2A00 << 112
    of = [Range(0, 99, 7), Range(v6, v6 + (1 << 96), 7)]

    assert majority(of, [Range(0, 99, 1), Range(v6, v6 + (1 << 96), 2)]) == {7: 1}


def test_a_prefix_becomes_numbers_and_ipv4_lies_at_the_bottom() -> None:
    assert block("10.0.0.0/8") == Block(0x0A000000, 0x0AFFFFFF, 8)
    assert block("2001:db8::/32").first == 0x20010DB8 << 96
