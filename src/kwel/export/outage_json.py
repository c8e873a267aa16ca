"""What stops in, the members of JSON that hold it out. docs/formats.md describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kwel.model.graph import Graph
    from kwel.model.outage import Impact, Outcome, Outlook, Scenario
    from kwel.model.report import Report

MOST = 500
"""Impacts and undecided assets of one scenario that a report lists; `kwel outage --json` lists all."""


def outcome_json(report: Report, outcome: Outcome, most: int | None = None) -> dict[str, Any]:
    """Return what a scenario does."""
    graph, assets = outcome.graph, report.assets
    conduits = {conduit.id for conduit in report.conduits}
    zones = {zone.id: zone.name for zone in report.zones}
    return {
        "scenario": scenario_json(outcome.scenario),
        "affected": [assets[index].id for index in outcome.affected],
        "tried": [assets[index].id for index in outcome.tried],
        "undecided": [
            {"asset": assets[one.asset].id, "reason": one.reason, "need": graph.needs[one.need].id}
            for one in outcome.undecided[:most]
        ],
        "unaffected": outcome.unaffected,
        "stopped": [external_json(graph, index) for index in outcome.stopped],
        "zones": [{"zone": zone, "name": zones.get(zone)} for zone in outcome.zones],
        "conduits": [conduit for conduit in outcome.conduits if conduit in conduits],
        "impacts": [_impact(report, outcome, impact) for impact in outcome.impacts[:most]],
        "impacts_left_out": max(0, len(outcome.impacts) - most) if most is not None else 0,
    }


def scenario_json(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario."""
    return {
        "id": scenario.id,
        "title": scenario.title._asdict(),
        "kind": scenario.kind,
        "notice_days": scenario.notice,
        "duration_days": scenario.duration,
        "source": scenario.source,
        "reviewed": scenario.reviewed,
    }


def external_json(graph: Graph, index: int) -> dict[str, Any]:
    """Return a service outside."""
    external = graph.externals[index]
    keys = ("key", "service", "supplier", "operator", "parent", "parent_jurisdiction", "region", "location", "function")
    return {
        **{key: getattr(external, key) for key in keys},
        "verdict": external.verdict.value,
        "front": external.front,
        "hosts": list(external.hosts),
        "host_count": external.host_count,
    }


def step_label(report: Report, graph: Graph, row: int) -> str:
    """Return what a need leads to."""
    need = graph.needs[row]
    return report.assets[need.target].label if need.inside else graph.externals[need.target].label


def _impact(report: Report, outcome: Outcome, impact: Impact) -> dict[str, Any]:
    graph = outcome.graph
    frames = (str(step.where) for step in impact.why.evidence if step.where)
    other, behind = impact.alternative, report.assets[impact.asset].behind
    return {
        "asset": report.assets[impact.asset].id,
        "label": report.assets[impact.asset].label,
        "function": impact.function,
        "path": impact.path,
        "when": impact.impact,
        "because": dict(impact.why.evidence[-1].values)["by"],
        "hours": impact.hours,
        "within_duration": outcome.within(impact),
        "state": impact.state.value,
        "direct": impact.direct,
        "by_name": impact.by_name,
        "chain": [{"need": graph.needs[row].id, "to": step_label(report, graph, row)} for row in impact.chain],
        "alternative": None
        if other is None
        else {"need": graph.needs[other].id, "to": step_label(report, graph, other), "control": _control(graph, other)},
        "behind": behind.value if behind else None,
        "grade": impact.why.grade.name,
        "evidence": list(dict.fromkeys(frames)),
    }


def _control(graph: Graph, row: int) -> str:
    """Return under whose control a way lies: ``plant`` for a server of the plant."""
    need = graph.needs[row]
    return "plant" if need.inside else graph.externals[need.target].verdict.control.value


def outlook_json(report: Report, outlook: Outlook) -> dict[str, Any]:
    """Return every scenario, how concentrated dependence is, and the single points of failure."""
    graph = outlook.outcomes[0].graph if outlook.outcomes else None
    return {
        "outages": [outcome_json(report, outcome, MOST) for outcome in outlook.outcomes],
        "concentration": [
            {
                "axis": of.axis,
                "functions": of.units,
                "known": of.known,
                "hhi": round(of.hhi, 4),
                "top": round(of.top, 4),
                "shares": [{"name": name, "share": round(share, 4)} for name, share in of.shares],
            }
            for of in outlook.concentration
        ],
        "single_points": [
            {
                "inside": of.inside,
                "target": report.assets[of.target].id if of.inside or graph is None else graph.externals[of.target].key,
                "label": report.assets[of.target].label
                if of.inside or graph is None
                else graph.externals[of.target].label,
                "assets": of.assets,
                "functions": [{"function": name or None, "assets": count} for name, count in of.functions],
            }
            for of in outlook.points
        ],
        "single_points_left_out": outlook.points_left_out,
    }
