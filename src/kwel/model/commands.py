"""The noun of what one address told another to do, in a protocol of the plant."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwel.model.claims import Where


class CommandClass(enum.StrEnum):
    """What a command does to whoever obeys it. Ordered from gravest to lightest in this listing."""

    MODE = "mode"
    """Starts, stops or restarts a controller, or changes how it runs."""
    PROGRAM = "program"
    """Loads, reads out or changes a program, a configuration or a file."""
    WRITE = "write"
    """Changes values: outputs, set points, tags, the clock."""
    READ = "read"
    DIAGNOSE = "diagnose"
    """Asks what a device is, or how it is; tests and searches."""
    SESSION = "session"
    """Opens, keeps or closes what the others travel in."""
    OTHER = "other"
    """A code that no rule knows."""


ACTING = (CommandClass.MODE, CommandClass.PROGRAM, CommandClass.WRITE)
"""Classes that change something."""


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a command."""

    address: str
    asset: str | None
    """Asset id; ``None`` outside, and for a group of hosts (multicast, broadcast)."""
    label: str
    """What the asset is called, else the address."""
    is_outside: bool


@dataclass(frozen=True, slots=True)
class Command:
    """All commands of one class that one address gave another in one protocol."""

    source: Party
    target: Party
    protocol: str
    kind: CommandClass
    names: tuple[str, ...]
    """What the codes are called, the one seen most often first."""
    count: int
    """Messages; a message that carries several commands counts each."""
    first: int
    """Nanoseconds since the epoch."""
    last: int
    where: Where
    """The first one."""
    is_answered: bool
    """Whether the other side of any of these conversations sent anything at all."""
