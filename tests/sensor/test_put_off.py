"""A report that cannot be made is put off, ever longer, and holds up no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.sensor.calendar import Due
from kwel.sensor.put_off import FILE, FIRST_PAUSE, LONGEST_PAUSE, PutOff

if TYPE_CHECKING:
    from pathlib import Path

BROKEN, OTHER = (Due("daily", name, 0, 1) for name in ("2026-11-24", "2026-11-25"))
NOW = 10**18


def test_one_that_fails_is_put_off_ever_longer_and_the_others_go_on(tmp_path: Path) -> None:
    now, pauses = NOW, []
    for _ in range(12):
        put_off = PutOff(tmp_path)
        assert put_off.first([BROKEN, OTHER], now) == BROKEN
        put_off.fail(BROKEN, [BROKEN, OTHER], now)
        again = PutOff(tmp_path)
        assert again.first([BROKEN, OTHER], now) == OTHER
        pause = next(n for n in range(1, 10**4) if again.first([BROKEN], now + n * FIRST_PAUSE))
        pauses.append(pause * FIRST_PAUSE)
        now += pauses[-1]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_what_waits_no_more_is_forgotten_and_a_clock_set_back_puts_nothing_off(tmp_path: Path) -> None:
    PutOff(tmp_path).fail(BROKEN, [BROKEN], NOW)
    assert PutOff(tmp_path).first([BROKEN], NOW - 2 * LONGEST_PAUSE) == BROKEN
    PutOff(tmp_path).fail(OTHER, [OTHER], NOW)
    assert PutOff(tmp_path).first([BROKEN], NOW) == BROKEN

    (tmp_path / FILE).write_bytes(b"[1")
    assert PutOff(tmp_path).first([OTHER], NOW) == OTHER
