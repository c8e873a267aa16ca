"""Zones and conduits in, findings about conduits that should not be there out.

Where the site has drawn both zones and said their levels, a conduit is held against the Purdue reference model, as IEC
62443-3-2 asks (business and control systems apart). Where zones are only proposed, nothing is broken: then it is one
question, at grade D.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from kwel.model.findings import Finding, Severity
from kwel.model.zones import ConduitState, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kwel.model.zones import Conduit, Zone

SEVERITIES: Final = {
    "conduit-skips-levels": Severity.HIGH,
    "zone-reached-from-outside": Severity.HIGH,
    "office-without-dmz": Severity.MEDIUM,
    "zone-reaches-outside": Severity.MEDIUM,
    "office-without-dmz-proposed": Severity.LOW,
}
"""By kind, in order of rank. Where nothing was ever answered, one less."""
CELL: Final = 1.0
"""Levels up to this are those of controllers and what they steer."""
DMZ: Final = 3.5
PLANT_KINDS: Final = (AssetKind.OT, AssetKind.IIOT)
SHOWN: Final = 4
"""Conduits of one finding whose frames are shown, and protocols that are named."""


def find_conduits(zones: Sequence[Zone], conduits: Sequence[Conduit]) -> list[Finding]:
    """Return what should not pass, the gravest first; numbers are given later."""
    groups: dict[tuple[str, int], list[Conduit]] = {}
    for conduit in conduits:
        plant = _plant_side(zones, conduit)
        if plant < 0:
            continue
        kind = _kind(zones[plant], zones[_other(conduit, plant)], from_plant=conduit.source == plant)
        if kind:
            of_all = kind.endswith("-proposed")
            groups.setdefault((kind, -1 if of_all else plant), []).append(conduit)
    found = [_finding(kind, zones, group) for (kind, _), group in groups.items()]
    rank = list(SEVERITIES)
    return sorted(found, key=lambda of: (-of.severity, rank.index(of.kind), of.asset))


def _depth(zone: Zone) -> float | None:
    """Return the level that the site says; ``None`` where it does not."""
    return float(zone.level) if zone.level and zone.level_told else None


def _is_plant(zone: Zone) -> bool:
    """Return whether a zone is one of the plant: by its level, else by what most of its assets are."""
    if (depth := _depth(zone)) is not None:
        return depth < DMZ
    return bool(zone.kinds) and zone.kinds[0][0] in PLANT_KINDS


def _is_office(zone: Zone) -> bool:
    if (depth := _depth(zone)) is not None:
        return depth > DMZ
    return bool(zone.kinds) and zone.kinds[0][0] is AssetKind.IT


def _plant_side(zones: Sequence[Zone], conduit: Conduit) -> int:
    """Return which side is the plant's, the deeper one of two; -1 where neither is."""
    sides = [of for of in (conduit.source, conduit.target) if _is_plant(zones[of])]
    return min(sides, key=lambda of: (_depth(zones[of]) or 0.0, of), default=-1)


def _other(conduit: Conduit, side: int) -> int:
    return conduit.target if conduit.source == side else conduit.source


def _kind(plant: Zone, other: Zone, *, from_plant: bool) -> str | None:
    """Return what is the matter with a conduit between a zone of the plant and another one; ``None`` for nothing."""
    depth = _depth(plant)
    outside = other.origin is Origin.OUTSIDE
    if depth is None or (not outside and _depth(other) is None):
        return "office-without-dmz-proposed" if _is_office(other) else None
    if not outside and not _is_office(other):
        return None
    if outside and not from_plant:
        return "zone-reached-from-outside"
    if depth <= CELL:
        return "conduit-skips-levels"
    return "zone-reaches-outside" if outside else "office-without-dmz"


def _finding(kind: str, zones: Sequence[Zone], group: list[Conduit]) -> Finding:
    """Return the finding about some conduits, of one zone of the plant or of all proposed ones."""
    group = sorted(group, key=lambda of: (of.state, -(of.bytes_out + of.bytes_in), of.source, of.target))
    used = [of for of in group if of.state is ConduitState.USED]
    chief = (used or group)[0]
    plant = _plant_side(zones, chief)
    zone, to = zones[plant], zones[_other(chief, plant)]
    sent = sum(of.bytes_out if of.source == plant else of.bytes_in for of in group)
    whole = sum(of.bytes_out + of.bytes_in for of in group)
    severity = SEVERITIES[kind]
    return Finding(
        id="",
        kind=kind,
        severity=severity if used or severity is Severity.LOW else Severity(severity - 1),
        grade=Grade.D if kind.endswith("-proposed") else Grade.B,
        asset=zone.id,
        asset_label=zone.name,
        values=(
            ("zone", zone.name),
            ("level", zone.level or ""),
            ("to_zone", to.name),
            ("to_level", to.level or ""),
            ("zones", str(len({_other(of, _plant_side(zones, of)) for of in group}))),
            ("conduits", ", ".join(of.id for of in group[:SHOWN])),
            ("protocols", ", ".join(_protocols(group))),
            ("flows", str(sum(of.flows for of in group))),
            ("bytes_out", str(sent)),
            ("bytes_in", str(whole - sent)),
        ),
        dependencies=(),
        evidence=(
            *(step for of in group[:SHOWN] for step in of.evidence[:1]),
            *(step for side in (zone, to) for step in side.why.evidence[:1]),
        ),
    )


def _protocols(group: Iterable[Conduit]) -> list[str]:
    """Return what passes, each once, the first of each conduit first."""
    named = [service.label for rank in range(SHOWN) for of in group for service in of.services[rank : rank + 1]]
    return list(dict.fromkeys(named))[:SHOWN]
