"""What single assets did inside the plant: with whom they talked, and when they had which address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwel.model.claims import Where


@dataclass(frozen=True, slots=True)
class Talk:
    """All that an asset and another exchanged over one protocol, seen from the asset."""

    peer: int
    """Index into the report's assets."""
    asks: bool | None
    """Whether the asset begins; ``None`` where nothing shows who does."""
    application: str | None
    """By content; ``None`` where only the port is known."""
    transport: str
    port: int
    """Of whoever answers; 0 where the protocol has none."""
    flows: int
    bytes_out: int
    bytes_in: int
    first: int
    last: int
    where: Where
    """Its first frame."""


@dataclass(frozen=True, slots=True)
class Stay:
    """When traffic was seen from or to one address of an asset."""

    address: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Closeup:
    """One asset, seen from near."""

    talks: tuple[Talk, ...] = ()
    """The largest first."""
    more: int = 0
    """Talks that are not listed."""
    stays: tuple[Stay, ...] = ()
