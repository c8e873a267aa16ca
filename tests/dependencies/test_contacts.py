"""Grouping by several columns at once gives what grouping by each of them in turn gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.model.grouping import distinct, first_seen, in_order

HALVES = st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1), st.integers(0xFFFF_0000_0000, 0xFFFF_0000_0003))
ROWS = st.lists(st.tuples(st.integers(-3, 3), HALVES, HALVES, st.integers(-(2**62), 2**62)), max_size=30)


def columns_of(rows: list[tuple[int, int, int, int]]) -> list[np.ndarray]:
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    kinds = (np.int64, np.uint64, np.uint64, np.int64)
    return [np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]


@given(ROWS)
def test_rows_are_one_group_where_all_their_columns_are_equal(rows: list[tuple[int, int, int, int]]) -> None:
    group, first = distinct(*columns_of(rows))

    wanted = sorted(set(rows))
    assert group.tolist() == [wanted.index(row) for row in rows]
    assert first.tolist() == [rows.index(row) for row in wanted]


@given(ROWS)
def test_groups_may_be_numbered_as_they_first_appear(rows: list[tuple[int, int, int, int]]) -> None:
    group, first = first_seen(*columns_of(rows))

    wanted = list(dict.fromkeys(rows))
    assert group.tolist() == [wanted.index(row) for row in rows]
    assert first.tolist() == [rows.index(row) for row in wanted]


@given(ROWS)
def test_rows_come_in_order_of_the_first_column_then_the_next(rows: list[tuple[int, int, int, int]]) -> None:
    order = in_order(*columns_of(rows)).tolist()

    assert order == sorted(range(len(rows)), key=lambda row: (rows[row], row))


@pytest.mark.parametrize("most", [2**21 - 1, 2**31, 2**62, 2**63 - 1])
def test_columns_that_are_wide_together_do_not_run_over(most: int) -> None:
    columns = [np.array([0, most, most, 0])] * 3

    assert distinct(*columns)[0].tolist() == [0, 1, 1, 0]
