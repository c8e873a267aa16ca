"""What a sensor keeps: windows of time, what was on the wire in each, what was lost, and proof that it sent nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kwel.model.traffic import Traffic


class Losses(NamedTuple):
    """What became of the frames of one interface in one window, as the kernel counts them."""

    interface: str
    frames: int
    """That the kernel handed to the sensor; each is in the window's coverage."""
    dropped: int
    """That the sensor was too slow for: the ring was full."""
    missed: int | None
    """That the card or its driver lost before the kernel had them; ``None`` where the driver does not say."""


class Check(NamedTuple):
    """One thing that was looked at to show that an interface cannot send."""

    key: str
    """Key of a sentence in the report's catalogue: ``no-address``, ``egress-drop``, ``self-test-refused``, …"""
    holds: bool | None
    """``None``: could not be looked at."""
    value: str = ""
    """What was found, such as a counter's value."""


class Proof(NamedTuple):
    """What shows that an interface sent nothing between two moments."""

    interface: str
    since: int
    """Nanoseconds since the epoch, UTC."""
    until: int
    sent: int | None
    """Frames that the interface sent meanwhile, by its own counter; 0 is what it should be."""
    stopped: int | None
    """Frames that the egress filter threw away meanwhile: somebody on this machine tried."""
    checks: tuple[Check, ...] = ()


MAY_BE_UNKNOWN = frozenset({"own-namespace", "no-pause-frames", "no-lldp-agent", "outside-software"})
"""Checks that prove nothing against an interface where they could not be made; each is told."""


class ClockStep(NamedTuple):
    """The wall clock was set while the sensor ran."""

    at: int
    """What it showed after the step, nanoseconds since the epoch."""
    by: int
    """Nanoseconds: positive is forward."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time of one sensor."""

    sensor: str
    """The sensor's own name; one machine has one."""
    source: str
    """Interface, folder or log that it was read from; ``span0/1`` is the second process of a fanout."""
    sequence: int
    """Grows by one with each window of a sensor's source, whatever the clock does: what tells that none is missing."""
    opened: int
    """Wall clock, nanoseconds since the epoch, UTC."""
    closed: int
    lasted: int
    """Nanoseconds by a clock that nobody can set."""
    traffic: Traffic
    """Its single capture is the file of evidence frames; frames are numbered as they stand there, and 0 is a frame that
    was not kept."""
    losses: tuple[Losses, ...] = ()
    proofs: tuple[Proof, ...] = ()
    clock_steps: tuple[ClockStep, ...] = ()
    grade: str = "packets"
    """``packets``, or the kind of log that another probe wrote: ``zeek``, ``eve``, ``nfdump``, ``ipfix``."""


class Gap(NamedTuple):
    """Windows of which nothing is kept."""

    source: str
    first: int
    """Number of the first window, and of the last."""
    last: int
    why: str
    """``missing``: it began, and nobody knows more; or a reason for which it was lost: ``disk-full``, ``damaged``, …"""
    opened: int | None = None
    """Wall clock, nanoseconds since the epoch; ``None`` where nobody knows."""
    closed: int | None = None
    packets: int | None = None


class Partly(NamedTuple):
    """Windows that were put together, of which only some are of a span of time: all of them are taken, or none."""

    source: str
    opened: int
    """Wall clock, nanoseconds since the epoch, UTC."""
    closed: int
    is_taken: bool
    """They begin before the span; else they go on beyond it."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a sensor answers for in a span of time: what it heard, what it lost, and that it sent nothing."""

    sensors: tuple[str, ...]
    opened: int
    """Of the first window; wall clock, nanoseconds since the epoch, UTC."""
    closed: int
    """Of the last window."""
    windows: int
    """That are kept, compacted ones counted as the windows that they were."""
    only_tables: int
    """Of those, windows of which only what was concluded is left: the report does not rest on them."""
    packets: int
    losses: tuple[Losses, ...]
    """One an interface or folder: the sum of all windows."""
    proofs: tuple[Proof, ...]
    """One an interface and spell in which it was watched without a break."""
    gaps: tuple[Gap, ...] = ()
    partly: tuple[Partly, ...] = ()
    clock_steps: tuple[ClockStep, ...] = ()
