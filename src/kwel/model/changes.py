"""The noun of an identity that changed within the captures: what was said before, what after, and the frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kwel.model.kinds import FactKind

if TYPE_CHECKING:
    from kwel.model.claims import Evidence, Grade

ChangeKind = Literal["mac", "address-conflict"] | FactKind
"""``mac``: an address or a station's name was at one device, then at another; ``address-conflict``: at both at once.
Else the fact that one device says of itself otherwise than before."""


@dataclass(frozen=True, slots=True)
class Change:
    """An address, a name or a device is not what it was."""

    asset: str
    """Asset id: of a moved address or name, whoever has it afterwards."""
    what: ChangeKind
    subject: str
    """What changed: an address, a station's name, or the label of the asset."""
    before: str
    after: str
    when: int
    """When the new value was seen first, nanoseconds since the epoch."""
    grade: Grade
    evidence: tuple[Evidence, ...]
    """The frame of the old value, then that of the new one."""
    others: tuple[str, ...] = ()
    """Ids of other assets that it concerns: whoever had the address or the name before."""
