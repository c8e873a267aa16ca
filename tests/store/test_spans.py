from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.store.spans import SECOND, moment, spelt

NOW = 1_790_000_000 * SECOND


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7d", 1_790_000_000 - 7 * 86_400),
        ("90m", 1_790_000_000 - 5400),
        ("0h", 1_790_000_000),
        ("2026-09-21", 1_789_948_800),
        ("2026-09-21T16:13:20+02:00", 1_790_000_000),
        ("2026-09-21T14:13:20Z", 1_790_000_000),
        ("1790000000000000000", 1_790_000_000),
    ],
)
def test_a_moment_is_what_people_and_programs_write(text: str, seconds: int) -> None:
    assert moment(text, NOW) == seconds * SECOND


@given(
    st.text(alphabet="7dhw-: Tx\N{ARABIC-INDIC DIGIT ONE}", max_size=12).filter(lambda text: "x" in text or " " in text)
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write 7d"):
        moment(text, NOW)


@given(st.integers(0, 4_000_000_000))
def test_what_is_spelt_names_the_same_moment(seconds: int) -> None:
    assert moment(spelt(seconds * SECOND), NOW) == seconds * SECOND
