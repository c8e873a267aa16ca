"""Two clocks in, when a window ends out: on the minute by the wall clock, but measured by one that nobody can set.

Windows end at multiples of their length by the wall clock, so that those of several sources match. When somebody sets
the wall clock (NTP after a long time alone, an operator, summer time set by hand), the window ends at once: within one
window times are comparable.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from kwel.model.window import ClockStep

SECOND = 1_000_000_000
SLIVER = 10
"""A window of less than this part of its length would be one."""
STEP = SECOND
"""A difference of the two clocks that no slewing makes within a window: 1 s."""


class Clock:
    """The two clocks of this machine, nanoseconds."""

    def wall(self) -> int:
        """Return the time since the epoch, UTC; may be set."""
        return time.time_ns()

    def steady(self) -> int:
        """Return the time since some moment; goes on while the machine sleeps, and nobody can set it."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class Span:
    """One window's time."""

    clock: Clock
    length: int
    opened: int = 0
    """Wall clock."""
    began: int = 0
    """Steady clock."""
    ends: int = 0
    """Steady clock."""
    apart: int = 0
    """The wall clock minus the steady one, as they stood last."""
    steps: list[ClockStep] = field(default_factory=list)

    @classmethod
    def begin(cls, clock: Clock, length: int) -> Span:
        """Return a span that begins now and ends at the next multiple of *length* by the wall clock."""
        wall, steady = clock.wall(), clock.steady()
        rest = length - wall % length
        if (
            rest < length // SLIVER
        ):  # the last one ended a moment too early, or the clock was set: no sliver of a window
            rest += length
        return cls(clock, length, wall, steady, steady + rest, wall - steady)

    def is_over(self) -> bool:
        """Return whether the span has ended: its time is up, or the wall clock was set."""
        wall, steady = self.clock.wall(), self.clock.steady()
        by = wall - steady - self.apart
        if abs(by) >= STEP:
            self.steps.append(ClockStep(wall, by))
            self.apart = wall - steady
            self.ends = steady
        return steady >= self.ends

    def is_no_sliver(self) -> bool:
        """Return whether the span has lasted long enough to be ended before its time."""
        return self.lasted() >= self.length // SLIVER

    def lasted(self) -> int:
        """Return the nanoseconds since it began, by the steady clock."""
        return self.clock.steady() - self.began
