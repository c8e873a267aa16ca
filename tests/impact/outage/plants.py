"""Graphs by hand: assets by number, services outside by what matters of them."""

from __future__ import annotations

from typing import Any

from kwel.model.claims import Claim, Evidence, Grade
from kwel.model.dependencies import DependencyState
from kwel.model.graph import External, Graph, Need, Server
from kwel.model.law import Words
from kwel.model.outage import Scenario, Takes
from kwel.model.verdicts import Verdict

WHY = Claim("seen", Grade.C, (Evidence("inferred", "need"),))
RESOLVER = Server("dns", ("name-resolution",), unseen=True)
BROKER = Server("broker", ("monitoring", "storage"), hands_on=True)
DEVICE = Server("devices", alone=True)
DATABASE = Server("database")
EVERYTHING = Scenario("all", Words("x", "x"), "internet", (), 0, "test 2026", "2026-11-25", everything=True)
NOTHING_ELSE: dict[str, Any] = dict.fromkeys(
    (
        "service", "supplier", "supplier_jurisdiction", "operator_jurisdiction", "parent", "parent_jurisdiction",
        "region", "location", "path", "front",
    )
)  # fmt: skip


def service(operator: str | None, function: str | None = "monitoring", impact: str = "hours", **more: Any) -> External:
    """Return a service of an operator."""
    given = {**NOTHING_ELSE, "verdict": Verdict.FOREIGN, "hosts": (), "host_count": 1, "dependencies": (), **more}
    return External(
        key=f"S-{operator}", operator=operator, operator_id=operator, function=function, impact=impact, **given
    )


def need(
    source: int,
    target: int,
    function: str | None = "monitoring",
    *,
    inside: bool = False,
    impact: str = "hours",
    state: DependencyState = DependencyState.USED,
    **more: Any,
) -> Need:
    """Return a need of which little else matters."""
    given = {"group": "", "rhythm": None, "evidence": (), "path": "data", "why": WHY, **more}
    times: dict[str, Any] = {"first": 0, "last": 0, "flows": 1, "bytes_out": 1, "bytes_in": 1}
    name = f"N-{source}-{target}-{function}"
    return Need(name, source, target, inside, function, state=state, impact=impact, **times, **given)


def graph_of(externals: list[External], needs: list[Need], assets: int = 0) -> Graph:
    """Return a graph with what rules/needs.toml says of servers that stop serving."""
    return Graph(externals, needs, assets=assets, may_stop_serving=("identity", "computing"))


def without(*operators: str) -> Scenario:
    """Return the scenario in which operators stop."""
    return Scenario("x", Words("x", "x"), "operator", (Takes(operators=operators),), 0, "test 2026", "2026-11-25")
