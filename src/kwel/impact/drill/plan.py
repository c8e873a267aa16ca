"""A Report and what a scenario does to it in, a test protocol out: what to cut, what to watch, what must go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.dependencies import STATES, DependencyState
from kwel.model.drill import Plan, Target, Watch
from kwel.model.graph import TIMES

if TYPE_CHECKING:
    from kwel.model.graph import External, Graph
    from kwel.model.outage import Impact, Outcome
    from kwel.model.report import Report

USED = STATES.index(DependencyState.USED)
TRANSPORT = "tcp"


def draw_plan(report: Report, outcome: Outcome) -> Plan:
    """Return the protocol of a drill that makes the scenario come true, as far as rules of a firewall can."""
    graph = outcome.graph
    found = [_target(report, graph.externals[index]) for index in outcome.stopped]
    targets = tuple(target for target in found if target.addresses)
    told = {*outcome.affected, *outcome.open}
    return Plan(
        scenario=outcome.scenario,
        targets=targets,
        watches=_watches(report, outcome),
        undecided=outcome.open,
        rests=tuple(index for index in range(len(report.assets)) if index not in told),
        uncut=tuple(target.label for target in found if not target.addresses),
    )


def _target(report: Report, external: External) -> Target:
    """Return how assets were seen to reach a service outside."""
    rows = [report.dependencies[row] for row in external.dependencies]
    reached = [row for row in rows if row.attribution.address and row.state != DependencyState.RESOLVED_ONLY]
    number = {asset.id: index for index, asset in enumerate(report.assets)}
    return Target(
        key=external.key,
        label=external.label,
        operator=external.operator,
        hosts=tuple(sorted({row.attribution.name for row in rows if row.attribution.name})),
        addresses=tuple(sorted({row.attribution.address for row in reached if row.attribution.address})),
        ports=tuple(sorted({(_transport(row.application), row.port) for row in reached if row.port})),
        assets=tuple(sorted({number[row.asset] for row in rows if row.asset in number})),
    )


def _transport(application: str | None) -> str:
    """Return what carries an application, TCP where that is not known: for whoever reads; rules go by address."""
    return "udp" if application in ("quic", "ntp", "dns", "dtls") else TRANSPORT


def _watches(report: Report, outcome: Outcome) -> tuple[Watch, ...]:
    used = [impact for impact in outcome.impacts if impact.state == DependencyState.USED]
    found = [_watch(report, outcome.graph, impact) for impact in used]
    return tuple(sorted(found, key=lambda watch: (TIMES.index(watch.time), watch.asset, watch.function or "")))


def _watch(report: Report, graph: Graph, impact: Impact) -> Watch:
    return Watch(
        asset=impact.asset,
        function=impact.function,
        time=impact.impact,
        direct=impact.direct,
        through=tuple(called(report, graph, row) for row in impact.chain),
        alternative=None if impact.alternative is None else called(report, graph, impact.alternative),
    )


def called(report: Report, graph: Graph, row: int) -> str:
    """Return what to call the target of a need."""
    need = graph.needs[row]
    return report.assets[need.target].label if need.inside else graph.externals[need.target].label
