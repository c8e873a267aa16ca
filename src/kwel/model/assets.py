"""The noun of a device on the plant's side of the tap."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.fast_dataclass import quick

if TYPE_CHECKING:
    from kwel.model.claims import Claim, Evidence
    from kwel.model.kinds import FactKind


class AssetKind(enum.StrEnum):
    """What sort of device an asset is."""

    OT = "ot"
    IT = "it"
    IIOT = "iiot"
    SHARED = "shared"
    UNKNOWN = "unknown"


@quick
@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that frames say of an asset."""

    kind: FactKind
    claim: Claim


@quick
@dataclass(frozen=True, slots=True)
class Asset:
    """A device on the plant's side of the tap."""

    id: str
    """The MAC address where one is proven, else the address, with ``@vlan`` where tagged."""
    label: str
    """What to call it: a host name, else an address."""
    kind: AssetKind
    kind_why: Claim | None
    role: Claim | None
    """From a closed vocabulary, rules/devices/roles.toml: controller, hmi, server, router, resolver, …"""
    addresses: tuple[str, ...]
    macs: tuple[Claim, ...]
    vendor: Claim | None
    product: Claim | None
    firmware: Claim | None
    names: tuple[Claim, ...]
    zone: str | None
    vlans: tuple[int, ...]
    protocols: tuple[Claim, ...]
    first: int
    """Nanoseconds since the epoch."""
    last: int
    evidence: tuple[Evidence, ...]
    facts: tuple[Fact, ...] = ()
    """Everything that it was heard to say of itself, and what others told of it in its name."""
    level: Claim | None = None
    """Purdue level, ``0`` to ``5`` or ``3.5``: from the site file, else proposed."""
    zone_why: Claim | None = None
    """Why it stands in its zone; the grade tells a proposal (D) from what the site says."""
    behind: Claim | None = None
    """Where others stand behind its address: up to how many, and why."""
    owner: str | None = None
    """From the site's own inventory, as ``criticality``."""
    criticality: str | None = None
    role_or: Claim | None = None
    """The role that it may have as well, where the evidence does not decide."""
