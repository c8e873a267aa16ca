"""Proofs together say no less than each of them, and count no frame twice."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.model.proofs import NEAR, prove, spells, together, unproved
from kwel.model.window import Check, Proof

GOOD, BAD, UNSEEN = (Check("arp-off", holds) for holds in (True, False, None))


def of(since: int, until: int, sent: int | None = 0, stopped: int | None = 0, *checks: Check) -> Proof:
    return Proof("a", since, until, sent, stopped, checks)


def test_a_lock_that_was_begun_again_counts_nothing_twice() -> None:
    """A proof from before the restart, one whose beginning overlaps it, and the same proof in another window."""
    proofs = [of(0, 300, 2, 1), of(290, 600, 2), of(0, 300, 2, 1), of(600, 900, 4, 5)]

    found = together(proofs)
    assert found
    assert (found.since, found.until, found.sent, found.stopped) == (0, 900, 6, 6)


def test_both_members_of_a_fanout_tell_of_one_interface() -> None:
    first, second = [of(0, 300, 1), of(300, 600, 1)], [of(0, 301, 1), of(301, 602, 1)]

    (found,) = spells([*spells(first), *spells(second)])
    assert found.sent == 2


def test_what_failed_once_failed_and_nothing_sent_tells_the_sum() -> None:
    nothing = [Check("nothing-sent", count == 0, str(count)) for count in (0, 2, 1)]
    found = together(of(n * 10, n * 10 + 10, int(one.value), 0, GOOD, one) for n, one in enumerate(nothing))
    worse = together([of(0, 1, 0, 0, GOOD), of(1, 2, 0, 0, UNSEEN), of(2, 3, 0, 0, GOOD)])

    assert found
    assert found.checks == (GOOD, Check("nothing-sent", False, "3"))
    assert worse
    assert worse.checks == (UNSEEN,)


def test_a_check_that_one_proof_lacks_was_not_looked_at() -> None:
    sealed = Check("sealed", True)
    bare = together([of(0, 1, 0, 0, GOOD, sealed), of(1, 2)])
    tested = Check("self-test-refused", True)
    seen = together([of(0, 1, 0, 0, GOOD, tested), of(1, 2, 0, 0, GOOD, tested, sealed)])
    failed = together([of(0, 1, 0, 0, BAD), of(1, 2)])

    assert bare
    assert seen
    assert failed
    assert bare.checks == (UNSEEN, sealed)
    assert not prove(bare.checks)
    assert prove(seen.checks), "while nobody hears there is nobody to seal"
    assert failed.checks == (BAD,)


def test_a_count_that_is_not_known_is_not_nought_and_hides_none() -> None:
    assert [one and one.sent for one in (together([of(0, 1, None), of(1, 2, 0)]), together([of(0, 1, None)]))] == [
        None,
        None,
    ]
    found = together([of(0, 1, None), of(1, 2, 3)])
    assert found
    assert found.sent == 3
    assert together([]) is None


def test_a_spell_ends_where_nobody_watched() -> None:
    proofs = [of(0, 300, 1), of(250, 400, 0), of(400 + NEAR, 500 + NEAR, 1), of(502 + 2 * NEAR, 600 + 2 * NEAR, 1)]

    assert [(one.since, one.until, one.sent) for one in spells(proofs)] == [
        (0, 500 + NEAR, 2),
        (502 + 2 * NEAR, 600 + 2 * NEAR, 1),
    ]


def test_a_clock_that_was_set_back_hides_no_frame() -> None:
    found = together([of(100, 40, 1), of(40, 60, 0)])

    assert found
    assert (found.since, found.until, found.sent) == (40, 100, 1)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5), st.integers(0, 3)), min_size=1, max_size=7))
def test_the_sum_is_the_most_that_proofs_tell_which_do_not_overlap(told: list[tuple[int, int, int]]) -> None:
    proofs = list(dict.fromkeys(of(since, since + length, count) for since, length, count in told))
    ways = (way for size in range(len(proofs) + 1) for way in combinations(proofs, size))
    apart = (
        sum(one.sent or 0 for one in way)
        for way in ways
        if all(a.until <= b.since or b.until <= a.since for a, b in combinations(way, 2))
    )

    found = together(proofs)
    assert found
    assert found.sent == max(apart)


def test_what_matters_and_was_not_looked_at_proves_nothing() -> None:
    tested = Check("self-test-refused", True)
    checks = [tested, GOOD, Check("outside-software", None), Check("sealed", None), Check("no-route", False)]

    assert unproved(checks) == ("sealed", "no-route")
    assert prove(checks[:3])
    assert not prove(checks[:4])
    assert not prove([])


def test_a_test_that_nobody_made_proves_nothing() -> None:
    assert unproved([GOOD]) == ("self-test-refused",)
    assert not prove([GOOD])
