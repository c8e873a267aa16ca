"""A ring forgets what was added first, whatever the digests are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kwel.kernel.ring import add, new_ring, newest

ROW = np.dtype([("digest", np.uint64), ("back", np.uint64), ("number", np.int64)])
PLACES = 8


@given(st.lists(st.integers(0, 40), max_size=200), st.integers(0, 4))
def test_a_ring_holds_the_last_rows_and_no_other(added: list[int], low_bits: int) -> None:
    rows, heads = new_ring(PLACES, ROW)
    view = rows.view(np.recarray)
    for number, digest in enumerate(added):
        word = np.uint64(digest << low_bits)  # the more low bits are zero, the fewer chains there are
        view[add(word, view, heads)].number = number

        last = {other: at for at, other in enumerate(added[: number + 1]) if at > number - PLACES}
        for other in set(added):
            place = newest(np.uint64(other << low_bits), view, heads)
            assert (view[place].number if place >= 0 else None) == last.get(other)
