"""What a coverage ledger lists one by one: shortcomings, mirrors, blind spots, systems behind one address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwel.model.claims import Where


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """One reason for which coverage is not good."""

    key: str
    """Key of a name in the report's catalogue, e.g. ``one-way``."""
    share: float
    """Of whatever it is a part of; above 1 where more was lost than was captured."""
    is_poor: bool


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirror session: a machine of the network sent copies of frames to another."""

    source: str
    collector: str
    tunnel: str
    """``erspan``, ``vxlan``: label of ``columns.Tunnel``."""
    frames: int
    where: Where


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """An asset takes part in encrypted tunnels: whom it talks to inside, and how much, nobody can see."""

    asset: str
    """Asset id."""
    kind: str
    """``wireguard``, ``openvpn``, ``esp``, …"""
    flows: int
    peer: str
    """Address at the other end of the first of them."""
    where: Where


@dataclass(frozen=True, slots=True)
class System:
    """One of several systems behind an address: connections that began near one TTL, or hop limit, *initial*."""

    asset: str
    address: str
    initial: int
    lowest: int
    highest: int
    flows: int
    changes: int
    """How often, in order of time, a connection of one system behind the address came after one of another."""
    where: Where
