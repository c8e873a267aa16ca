"""A Report in, one JSON object out: what the HTML report rests on, for programs. docs/formats.md describes it."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.export import law_json, zones_json
from kwel.export.commands import COMMANDS, commands_table
from kwel.export.conclusions import assets_table, dependencies_table, facts_table
from kwel.export.drill_json import told_json
from kwel.export.formats import write_jsonl
from kwel.export.interruptions import INTERRUPTIONS, interruptions_table
from kwel.export.inventory import inventory_json
from kwel.export.judgement import judgement_json
from kwel.export.outage_json import outlook_json
from kwel.export.schema import ASSETS, DEPENDENCIES, FACTS, Table
from kwel.model.report import days_older

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    import pandas as pd

    from kwel.model.changes import Change
    from kwel.model.claims import Evidence
    from kwel.model.coverage import Coverage
    from kwel.model.findings import Finding
    from kwel.model.links import Link
    from kwel.model.report import Report, TableInfo
    from kwel.model.site import Overruling, SiteUse
    from kwel.model.traffic import Capture

AT_A_TIME = 10_000
"""Rows of a table that are spelled out at a time."""


def write_report_json(report: Report, out: BinaryIO) -> None:
    """Write the report as JSON. The same report gives the same bytes."""
    content = {
        "version": report.version,
        "command": report.command,
        "title": report.title,
        "rulebook": report.rulebook,
        "bloc": {"name": report.bloc, "members": list(report.bloc_members), "others": law_json.blocs(report)},
        "internal": list(report.internal),
        **law_json.content(report),
        "site": _site(report.site),
        "captures": [_capture(capture) for capture in report.captures],
        "coverage": _coverage(report.coverage),
        "tables": [_table(of, report) for of in report.tables],
        "zones": zones_json.zones(report),
        "conduits": zones_json.conduits(report),
        "inventory": inventory_json(report),
        "findings": [_finding(finding, report) for finding in report.findings],
        "drills": [told_json(told) for told in report.drills],
        "interruptions_left_out": report.interruptions.left_out,
        "changes": [_change(change) for change in report.changes],
        **(outlook_json(report, report.outlook()) if report.outlook else {}),
        **({"judgement": judgement_json(report.judgement)} if report.judgement else {}),
    }
    out.write(json.dumps(content, indent=1).removesuffix("\n}").encode())
    _write_rows("assets", [assets_table(report)], ASSETS, out)
    _write_rows("facts", [facts_table(report)], FACTS, out)
    parts = (dependencies_table(report, part) for part in report.dependencies.parts(AT_A_TIME))
    _write_rows("dependencies", parts, DEPENDENCIES, out)
    _write_rows("commands", [commands_table(report)], COMMANDS, out)
    _write_rows("interruptions", [interruptions_table(report)], INTERRUPTIONS, out)
    out.write(b"\n}\n")


def _table(of: TableInfo, report: Report) -> dict[str, Any]:
    return {
        "name": of.name,
        "source": of.source,
        "date": of.date,
        "older_by_days": days_older(of, report.captures),
        "rows": of.rows,
        "licence": of.licence,
        "sha256": of.sha256,
    }


def _write_rows(name: str, frames: Iterable[pd.DataFrame], table: Table, out: BinaryIO) -> None:
    """Write one more member of the object, a list of rows, a few of them at a time: there may be a million."""
    out.write(f',\n "{name}": ['.encode())
    before, end = "", b"]"
    for frame in frames:
        lines = io.BytesIO()
        write_jsonl(frame, table, lines)
        rows = [json.loads(line) for line in lines.getvalue().splitlines()]
        if rows:  # all at once: json leaves a cycle of functions behind each time, and commands collect no garbage
            out.write((before + json.dumps(rows, indent=1)[1:-2].replace("\n", "\n ")).encode())
            before, end = ",", b"\n ]"
    out.write(end)


def _time(nanoseconds: int) -> str:
    return f"{np.datetime64(nanoseconds, 'ns')}Z"


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "packets": coverage.packets,
        "used": coverage.used,
        "set_aside": dict(sorted(coverage.set_aside.items())),
        "unread_links": dict(coverage.unread_links),
        "notes": dict(sorted(coverage.notes.items())),
        "grade": coverage.grade.value,
        "shortcomings": [{"key": of.key, "share": of.share, "poor": of.is_poor} for of in coverage.shortcomings],
        "pauses": [{"first": _time(first), "last": _time(last)} for first, last in coverage.pauses],
        "mirrors": [
            {
                "source": of.source,
                "collector": of.collector,
                "tunnel": of.tunnel,
                "frames": of.frames,
                "where": of.where.cited,
            }
            for of in coverage.mirrors
        ],
        "blind_spots": [
            {"asset": of.asset, "kind": of.kind, "flows": of.flows, "peer": of.peer, "where": of.where.cited}
            for of in coverage.blind_spots
        ],
        "systems": [
            {
                "asset": of.asset,
                "address": of.address,
                "ttl": of.initial,
                "seen": [of.lowest, of.highest],
                "flows": of.flows,
                "changes": of.changes,
                "where": of.where.cited,
            }
            for of in coverage.systems
        ],
    }


def _capture(capture: Capture) -> dict[str, Any]:
    return {
        "name": capture.name,
        "format": capture.format,
        "bytes": capture.bytes,
        "sha256": capture.sha256,
        "packets": capture.packets,
        "first": None if capture.first is None else _time(capture.first),
        "last": None if capture.last is None else _time(capture.last),
        "links": dict(capture.links),
        "dropped": capture.dropped,
        "passed_over": dict(capture.passed_over),
        "problem": capture.problem,
        "kind": capture.kind,
        "lines": capture.lines,
    }


def _site(use: SiteUse | None) -> dict[str, Any] | None:
    if use is None:
        return None
    site = use.site
    return {
        "file": site.file,
        "sha256": site.sha256,
        "name": site.name,
        "here": site.here,
        "internal": list(site.internal),
        "domains": list(site.domains),
        "tenants": [asdict(tenant) for tenant in site.tenants],
        "zones": [asdict(zone) for zone in site.zones],
        "assets": [asdict(asset) for asset in site.assets],
        "databases": [{**asdict(of.info), "unread": of.unread} for of in site.databases],
        "day": use.day,
        "overrides": [_overruling(of) for of in use.overrulings],
    }


def _overruling(of: Overruling) -> dict[str, Any]:
    return {
        **asdict(of.override),
        "sets": dict(of.override.sets),
        "state": of.state.value,
        "count": of.count,
        "held": of.held,
        "changed": [
            {"subject": at.subject, "before": {k: v or None for k, v in at.before}, "after": dict(at.after)}
            for at in of.effects
        ],
    }


def _finding(finding: Finding, report: Report) -> dict[str, Any]:
    first = finding.dependencies[0] if finding.dependencies else None
    links = report.links(first.attribution, first.evidence) if first and report.links else ()
    return {
        "id": finding.id,
        "kind": finding.kind,
        "severity": finding.severity.name.lower(),
        "grade": finding.grade.name,
        "asset": finding.asset,
        "values": dict(finding.values),
        "hosts": list(dict.fromkeys(dependency.host for dependency in finding.dependencies)),
        "evidence": _chain(finding.evidence),
        "links": [_link(link) for link in links],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "asset": change.asset,
        "others": list(change.others),
        "what": change.what,
        "subject": change.subject,
        "before": change.before,
        "after": change.after,
        "when": _time(change.when),
        "grade": change.grade.name,
        "evidence": _chain(change.evidence),
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "link": link.part,
        "name": link.name,
        "value": link.value,
        "by": link.by,
        "jurisdiction": link.jurisdiction,
        "grade": link.grade.name,
        "evidence": _chain(link.evidence),
    }


def _chain(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    return [
        {
            "step": step.step,
            "kind": step.kind,
            "values": dict(step.values),
            "where": str(step.where) if step.where else None,
            "source": step.source or None,
        }
        for step in evidence
    ]
