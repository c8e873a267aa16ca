"""Zones and conduits in, the members of the JSON report that hold them out. docs/formats.md describes them."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.export.formats import write_jsonl
from kwel.export.schema import CONDUITS, ZONES
from kwel.export.zones import conduits_table, zones_table

if TYPE_CHECKING:
    import pandas as pd

    from kwel.export.schema import Table
    from kwel.model.report import Report
    from kwel.model.zones import Service


def zones(report: Report) -> list[dict[str, Any]]:
    """Return the rows of the table, each with the ids of the assets in ``members``."""
    return [
        {**row, "members": [report.assets[index].id for index in zone.assets]}
        for row, zone in zip(_rows(zones_table(report), ZONES), report.zones, strict=True)
    ]


def conduits(report: Report) -> list[dict[str, Any]]:
    """Return the rows of the table, each with its zones by number and its services."""
    return [
        {
            **row,
            "from": report.zones[of.source].id,
            "to": report.zones[of.target].id,
            "services": [_service(service) for service in of.services],
        }
        for row, of in zip(_rows(conduits_table(report), CONDUITS), report.conduits, strict=True)
    ]


def _rows(frame: pd.DataFrame, table: Table) -> list[dict[str, Any]]:
    lines = BytesIO()
    write_jsonl(frame, table, lines)
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def _service(of: Service) -> dict[str, Any]:
    numbers = ("flows", "packets_out", "packets_in", "bytes_out", "bytes_in")
    return {
        "protocol": of.protocol,
        "transport": of.transport,
        "port": of.port,
        "grade": of.grade.name,
        "state": of.state.value,
        **{key: getattr(of, key) for key in numbers},
        "first": f"{np.datetime64(of.first, 'ns')}Z",
        "last": f"{np.datetime64(of.last, 'ns')}Z",
        "where": of.where.cited,
    }
