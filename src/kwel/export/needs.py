"""A Report in, the table of needs out: the graph of who needs what as its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.export.contract import EVIDENCE, Column, Table, first_and_last, framed
from kwel.model.graph import TIMES

if TYPE_CHECKING:
    import pandas as pd

    from kwel.export.contract import Cell
    from kwel.model.graph import Graph, Need
    from kwel.model.report import Report

NEEDS = Table(
    "needs",
    "one need: of an asset for another asset, or for a service outside, for one function",
    (
        Column("need", "text", "Number within this table.", '"N-0001"', rank=1),
        Column("source", "text", "Asset that needs, as in `assets`.", '"00:90:e8:10:00:32"', rank=3),
        Column("source_label", "text", "What it is called.", '"gw-line1"', rank=1),
        Column("inside", "flag", "Whether what is needed is an asset of the plant.", "false", rank=2),
        Column("target", "text", "Asset, as in `assets`, or service outside, numbered here.", '"S-12"', rank=3),
        Column("target_label", "text", "What it is called: the service, else its operator.", '"Azure IoT Hub"', rank=1),
        Column("function", "text", "What for, from rules/vocabulary.toml.", '"monitoring"', optional=True, rank=1),
        Column("path", "text", "`data` or `control`.", '"data"', optional=True),
        Column("state", "text", "`used`, `attempted` or `resolved-only`.", '"used"', rank=1),
        Column("seen", "text", "Protocol or port inside; outside the service.", '"dns"'),
        Column("grade", "text", "`C` by protocol, `D` by port; outside that of the service.", '"C"', rank=1),
        Column("alternatives", "text", "Needs of one source with the same text stand in for one another.",
               '"name-resolution"', optional=True, rank=3),
        Column("server", "text", "Row of rules/needs.toml.", '"dns"', optional=True, rank=3),
        Column("carries", "list", "Functions that such a server passes on.", '["name-resolution"]', rank=3),
        Column("through", "text", "Proxy of the plant that it goes through, as in `assets`.", '"00:90:e8:10:00:40"',
               optional=True, rank=3),
        Column("named", "flag", "Whether the target was found by a name.", "true", rank=3),
        Column("operator", "text", "Outside: who runs the hosts.", '"Microsoft Azure"', optional=True),
        Column("parent_jurisdiction", "text", "Outside: seat of the ultimate parent.", '"US"', optional=True),
        Column("region", "text", "Outside: the operator's name for the place.", '"westeurope"', optional=True),
        Column("hosts", "list", "Outside: the first hosts.", '["plantgw-prod.azure-devices.net"]', rank=3),
        Column("conduit", "text", "Conduit that it passes.", '"C-11"', optional=True, rank=3),
        Column("impact", "text", "How soon an outage is usually felt.", '"hours"', optional=True),
        Column("felt", "text", "When it is felt here: by site or rhythm, else as usual; `minute-0` to `weeks`.",
               '"hours"'),
        Column("hours", "text", "For so long the source goes on without it, as the site says.", '"72"', optional=True,
               rank=3),
        Column("period", "text", "Seconds between regular contacts.", '"60.004"', optional=True, rank=3),
        Column("flows", "whole", "Flows that it is made of.", "12", "flows", rank=3),
        Column("bytes_out", "whole", "Bytes from the source.", "18204", "bytes", rank=3),
        Column("bytes_in", "whole", "Bytes to it.", "9402", "bytes", rank=3),
        *first_and_last("it"),
        EVIDENCE,
        Column("behind", "text", "Up to how many stand behind the source's address: their needs are one.",
               '"3"', optional=True, rank=3),
    ),
)  # fmt: skip


def needs_table(report: Report) -> pd.DataFrame:
    """Return one row a need, with the columns of ``NEEDS``."""
    graph = report.needs() if report.needs else None
    return framed(NEEDS, [_row(report, graph, need) for need in graph.needs] if graph else [])


def _row(report: Report, graph: Graph, need: Need) -> dict[str, Cell]:
    source, external = report.assets[need.source], None if need.inside else graph.externals[need.target]
    server = report.assets[need.target] if need.inside else None
    return {
        "need": need.id,
        "source": source.id,
        "source_label": source.label,
        "inside": need.inside,
        "target": server.id if server else external.key if external else "",
        "target_label": server.label if server else external.label if external else "",
        "function": need.function,
        "path": need.path,
        "state": need.state.value,
        "seen": need.why.value,
        "grade": need.why.grade.name,
        "alternatives": need.group or None,
        "server": need.server.id if need.server else None,
        "carries": list(need.carries),
        "through": report.assets[need.through].id if need.through is not None else None,
        "named": need.named,
        "operator": external.operator if external else None,
        "parent_jurisdiction": external.parent_jurisdiction if external else None,
        "region": external.region if external else None,
        "hosts": list(external.hosts) if external else [],
        "conduit": need.conduit,
        "impact": need.impact,
        "felt": TIMES[need.felt],
        "hours": None if need.hours is None else f"{need.hours:g}",
        "period": f"{need.rhythm.period:g}" if need.rhythm else None,
        **{key: getattr(need, key) for key in ("flows", "bytes_out", "bytes_in", "first", "last")},
        "evidence": list(dict.fromkeys(str(step.where) for step in need.evidence if step.where)),
        "behind": source.behind.value if source.behind else None,
    }
