"""Finds conduits between zones of the plant, its offices and the outside that should not be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kwel.findings.identity import full_id
from kwel.findings.kind import Rows
from kwel.findings.registry import CONDUITS
from kwel.findings.subjects import Crossing, depth, is_plant
from kwel.model.findings import Finding, Severity
from kwel.model.zones import ConduitState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kwel.findings.kind import ConduitKind
    from kwel.model.zones import Conduit, Zone

SHOWN: Final = 4
"""Conduits of one finding whose frames are shown, and protocols that are named."""


def find_conduits(zones: Sequence[Zone], conduits: Sequence[Conduit]) -> list[Finding]:
    """Return findings about conduits, the gravest first."""
    groups: dict[tuple[int, int], list[Conduit]] = {}
    for conduit in conduits:
        plant = _plant_side(zones, conduit)
        if plant < 0:
            continue
        crossing = Crossing(zones[plant], zones[_other(conduit, plant)], from_plant=conduit.source == plant)
        for rank, kind in enumerate(CONDUITS):
            if kind.holds(crossing):
                groups.setdefault((rank, -1 if kind.evidence is Rows.ALL else plant), []).append(conduit)
    found = [(rank, _finding(CONDUITS[rank], zones, group)) for (rank, _), group in groups.items()]
    found.sort(key=lambda of: (-of[1].severity, of[0], of[1].asset))
    return [finding for _, finding in found]


def _plant_side(zones: Sequence[Zone], conduit: Conduit) -> int:
    """Return the index of the zone that is the plant's, the deeper one of two; -1 where neither is."""
    sides = [of for of in (conduit.source, conduit.target) if is_plant(zones[of])]
    return min(sides, key=lambda of: (depth(zones[of]) or 0.0, of), default=-1)


def _other(conduit: Conduit, side: int) -> int:
    return conduit.target if conduit.source == side else conduit.source


def _finding(kind: ConduitKind, zones: Sequence[Zone], group: list[Conduit]) -> Finding:
    """Return the finding about some conduits, of one zone of the plant or of all proposed ones."""
    group = sorted(group, key=lambda of: (of.state, -(of.bytes_out + of.bytes_in), of.source, of.target))
    used = [of for of in group if of.state is ConduitState.USED]
    chief = (used or group)[0]
    plant = _plant_side(zones, chief)
    zone, to = zones[plant], zones[_other(chief, plant)]
    sent = sum(of.bytes_out if of.source == plant else of.bytes_in for of in group)
    whole = sum(of.bytes_out + of.bytes_in for of in group)
    severity = kind.severity.ot
    return Finding(
        id=full_id(kind.id, zone.name),
        kind=kind.id,
        severity=severity if used or severity is Severity.LOW else Severity(severity - 1),
        grade=kind.grade,
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
    """Return the protocols that pass, each once, the first of each conduit first."""
    named = [service.label for rank in range(SHOWN) for of in group for service in of.services[rank : rank + 1]]
    return list(dict.fromkeys(named))[:SHOWN]
