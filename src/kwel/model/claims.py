"""A statement and what it rests on: places in captures, evidence, grades."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from kwel.model.fast_dataclass import quick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.model.kinds import FactKind

NOT_KEPT = "frame not kept"
Step = Literal["observed", "looked-up", "inferred"]


@quick
@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a capture, precise enough to open it in Wireshark; in a log of another probe, a line of it."""

    capture: str
    frame: int
    """1-based, as Wireshark numbers frames; of a log, the line or the record; 0 is a frame that was not kept."""

    def __bool__(self) -> bool:
        """Whether the frame was kept: then it can be opened."""
        return self.frame > 0

    def __str__(self) -> str:
        return f"{self.capture}#{self.frame}" if self else f"{self.capture} ({NOT_KEPT})"

    @property
    def cited(self) -> str | None:
        """The place as tables tell it, ``plant.pcap#4711``; ``None`` where the frame was not kept."""
        return str(self) if self else None


class Grade(enum.IntEnum):
    """How far the evidence for a statement carries. Ordered: ``min()`` of several is the weakest link."""

    U = 0
    """Nothing is known."""
    D = 1
    """A geolocation table, a port, a heuristic."""
    C = 2
    """A name alone, or a network number (ASN) alone."""
    B = 3
    """An officially published range, or a name and a network number that agree."""
    A = 4
    """An officially published range and a name that agree."""


@quick
@dataclass(frozen=True, slots=True)
class Evidence:
    """One step of a chain of reasoning: what was observed, looked up or inferred."""

    step: Step
    kind: str
    """Key of a sentence in the report's catalogue, e.g. ``tls-sni``, ``published-range``."""
    values: tuple[tuple[str, str], ...] = ()
    """What the sentence fills in, by name."""
    where: Where | None = None
    """For an observation: the frame."""
    source: str = ""
    """For a look-up: table and date. For an inference: the rule's id and its review date."""


@quick
@dataclass(frozen=True, slots=True)
class Claim:
    """A value that we state, and why. A claim without evidence cannot be built."""

    value: str
    grade: Grade
    evidence: tuple[Evidence, ...]

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"no evidence for {self.value!r}")


TOLD = Evidence("inferred", "told-by-log", (("most", "C"),), source="docs/adr/0021")
"""Why a grade is no higher than C: another program says so, and no frame shows it."""


def is_told(evidence: Iterable[Evidence], logs: frozenset[str]) -> bool:
    """Return whether some evidence rests on observations, all of them in *logs*: captures that hold no frames."""
    places = [step.where.capture for step in evidence if step.where]
    return bool(places) and logs.issuperset(places)


def as_told(claim: Claim, logs: frozenset[str]) -> Claim:
    """Return a claim, graded no higher than C and with the reason where it rests on *logs* alone.

    >>> seen = Evidence("observed", "hostname", where=Where("dhcp.log", 9))
    >>> as_told(Claim("plc-7", Grade.A, (seen,)), frozenset({"dhcp.log"})).grade.name
    'C'
    """
    if not is_told(claim.evidence, logs):
        return claim
    return Claim(claim.value, min(claim.grade, Grade.C), (*claim.evidence, TOLD))


@quick
@dataclass(frozen=True, slots=True)
class Observed:
    """One thing that a frame says about a host, before anyone has drawn a conclusion from it."""

    kind: FactKind
    value: str
    protocol: str
    """Which dissector read it: ``dhcp``, ``modbus``."""
    where: Where
    time: int
    address: str | None = None
    """The host's address, where the frame tells it."""
    mac: int | None = None
    """The host's own MAC, where the frame proves it (DHCP client hardware address, LLDP chassis)."""
    vlan: int = 0
    last: int = 0
    """When it said so again, last; 0 where it said it once."""

    @property
    def until(self) -> int:
        """Until when it is known to have said so."""
        return max(self.time, self.last)

    def as_far_as(self, last: int) -> Observed:
        """Return the same saying, last heard at *last*."""
        return replace(self, last=last)
