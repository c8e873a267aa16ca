"""Builds columns of contacts from a report: dependencies by path, conduits by service, and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.claims import Grade
from kwel.model.dependencies import STATES
from kwel.model.kinds import Application
from kwel.model.transports import transport_text
from kwel.model.zones import Origin
from kwel.policy.contacts import put_together
from kwel.policy.inside import CommandRow, ConduitRow, command_part, conduit_part
from kwel.policy.judge import Seen, judge
from kwel.policy.leaving import DependencyRows, dependency_part
from kwel.policy.values import AssetFacts, HostFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.model.assets import Asset
    from kwel.model.claims import Claim, Evidence
    from kwel.model.commands import Command
    from kwel.model.limits import Judgement, Policy
    from kwel.model.report import Report
    from kwel.model.verdicts import Attribution
    from kwel.model.zones import Conduit, Zone
    from kwel.policy.contacts import Contacts

LABELS: Final = {int(spoken): spoken.label if spoken else None for spoken in Application}


def hold(policy: Policy, report: Report, day: str | None) -> Judgement:
    """Hold a policy against a report; *day* is the one on which exceptions are judged (ISO 8601)."""
    contacts = contacts_of(report, count_proposals=policy.proposals == "count")
    return judge(policy, contacts, seen(report), day)


def contacts_of(report: Report, *, count_proposals: bool = False) -> Contacts:
    """Return everything of a report that a policy is held against."""
    zones: dict[int, list[str]] = {}
    for zone in report.zones:
        for index in zone.assets:
            zones.setdefault(index, []).append(zone.name)
    assets = [_asset(asset, tuple(zones.get(index, ()))) for index, asset in enumerate(report.assets)]
    passing = [_conduit_row(of, report.zones) for of in report.conduits if _is_inside(of, report.zones)]
    return put_together(
        [
            dependency_part(_dependency_rows(report), assets, count=count_proposals),
            conduit_part(passing, assets, count=count_proposals),
            command_part([_command_row(of) for of in report.commands], assets, _ends(report), count=count_proposals),
        ]
    )


def seen(report: Report) -> Seen:
    """Return how much of what happened a report rests on."""
    coverage = report.coverage
    return Seen(
        coverage.grade.value,
        tuple(of.key for of in coverage.shortcomings),
        tuple(f"{of.name}: {of.problem}" for of in report.captures if of.problem),
        coverage.is_empty,
    )


def _asset(asset: Asset, zones: tuple[str, ...]) -> AssetFacts:
    return AssetFacts(
        id=asset.id,
        label=asset.label,
        names=(*(claim.value for claim in asset.names), *asset.addresses, *(claim.value for claim in asset.macs)),
        kind=asset.kind.value,
        role=_value(asset.role),
        zones=zones,
        level=_value(asset.level),
        level_proposed=asset.level is not None and asset.level.grade < Grade.B,
        owner=asset.owner,
        criticality=asset.criticality,
    )


def _dependency_rows(report: Report) -> DependencyRows:
    found, ways = report.dependencies, report.dependencies.ways
    only = np.setdiff1d(np.arange(len(found)), ways.dependency)
    kinds = getattr(found.attributions, "alike", None)
    used, of = np.unique(found.attribution, return_inverse=True)
    alike = used if kinds is None else kinds[used]
    _, first, kind = np.unique(alike, return_index=True, return_inverse=True)
    captures = [capture.name for capture in report.captures]

    def frames(dependency: int, way: int) -> tuple[str, ...]:
        own = [f"{captures[int(ways.capture[way])]}#{int(ways.frame[way])}"] if way >= 0 else []
        return tuple(dict.fromkeys((*own, *frames_of(found[dependency].evidence))))

    return DependencyRows(
        asset=found.asset,
        end=kind[of],
        ends=[_end(found.attributions[int(used[k])]) for k in first.tolist()],
        host=of,
        hosts=[_host(report, int(index)) for index in used.tolist()],
        state=[STATES[int(state)].value for state in found.state[only]],
        only=only,
        dependency=ways.dependency,
        begun=ways.begun,
        used=ways.is_used,
        services=[
            (LABELS.get(spoken), transport_text(transport), port or None)
            for spoken, transport, port in zip(
                ways.application.tolist(), ways.transport.tolist(), ways.port.tolist(), strict=True
            )
        ],
        frames=frames,
    )


def _host(report: Report, index: int) -> tuple[str, ...]:
    """Return the name and the address of a destination, without writing down the rest of it."""
    seen = report.dependencies.attributions
    if hasattr(seen, "address"):
        both = seen.name(index), seen.address(index)  # type: ignore[attr-defined]
    else:
        both = seen[index].name, seen[index].address
    return tuple(dict.fromkeys(of for of in both if of))


def _end(at: Attribution) -> HostFacts:
    return HostFacts(
        operator=_value(at.operator),
        operator_jurisdiction=at.operator_jurisdiction,
        parent=_value(at.parent),
        parent_jurisdiction=at.parent_jurisdiction,
        supplier=at.supplier,
        supplier_jurisdiction=at.supplier_jurisdiction,
        service=_value(at.service),
        function=at.function,
        path=at.path,
        impact=at.impact,
        location=_value(at.location),
        region=at.region,
        verdict=at.verdict.value,
        front=at.front,
        unproven=at.unproven,
    )


def _ends(report: Report) -> dict[str, HostFacts]:
    """Return what is known of addresses outside that give or obey commands."""
    wanted = {end.address for of in report.commands for end in (of.source, of.target) if end.is_outside}
    if not wanted:
        return {}
    seen = report.dependencies.attributions
    found: dict[str, HostFacts] = {}
    for index in range(len(seen)):
        names = _host(report, index)
        if names and names[-1] in wanted:
            found.setdefault(names[-1], _end(seen[index]))
    return found


def _is_inside(conduit: Conduit, zones: tuple[Zone, ...]) -> bool:
    return Origin.OUTSIDE not in (zones[conduit.source].origin, zones[conduit.target].origin)


def _conduit_row(of: Conduit, zones: tuple[Zone, ...]) -> ConduitRow:
    source, target = zones[of.source], zones[of.target]
    return ConduitRow(
        zones=(source.name, target.name),
        levels=(source.level, target.level),
        proposed=(not source.level_told, not target.level_told),
        assets=(of.initiators.first, of.responders.first),
        counts=(of.initiators.count, of.responders.count),
        unproven=of.unsure > 0 and of.unsure == of.flows,
        services=tuple((at.protocol, at.transport, at.port, at.state.value, str(at.where)) for at in of.services),
        left_out=of.services_left_out,
        frames=frames_of(of.evidence),
    )


def _command_row(of: Command) -> CommandRow:
    return CommandRow(
        source=(of.source.asset, of.source.address, of.source.is_outside),
        target=(of.target.asset, of.target.address, of.target.is_outside),
        protocol=of.protocol,
        kind=of.kind.value,
        names=of.names,
        is_answered=of.is_answered,
        frames=(str(of.where),) if of.where else (),
    )


def frames_of(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """Return each frame once."""
    return tuple(dict.fromkeys(str(step.where) for step in evidence if step.where))


def _value(claim: Claim | None) -> str | None:
    return claim.value if claim else None
