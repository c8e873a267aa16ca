"""What became of the site's own inventory in, its table and its member of the JSON report out."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

from kwel.export.contract import framed
from kwel.export.formats import write_jsonl
from kwel.export.schema_zones import INVENTORY
from kwel.model.inventory import LineState

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from kwel.export.contract import Cell
    from kwel.model.assets import Asset
    from kwel.model.claims import Evidence
    from kwel.model.inventory import Difference, Line
    from kwel.model.report import Report

UNINVENTORIED = "uninventoried"


def inventory_table(report: Report, *, whole: bool = True) -> pd.DataFrame:
    """Return one row an entry and one an asset without entry, with the columns of ``schema.INVENTORY``.

    Args:
        report: what was concluded.
        whole: whether entries with which everything agrees are in it too.
    """
    use = report.inventory
    if use is None:
        return framed(INVENTORY, [])
    assets = {asset.id: asset for asset in report.assets}
    rows = [
        _line(line, assets.get(line.asset or "")) for line in use.lines if whole or line.state is not LineState.SEEN
    ]
    return framed(INVENTORY, [*rows, *(_asset(assets[key]) for key in use.uninventoried)])


def inventory_json(report: Report) -> dict[str, Any] | None:
    """Return the member of the JSON report; ``None`` where there is no inventory."""
    use = report.inventory
    if use is None:
        return None
    lines = BytesIO()
    write_jsonl(inventory_table(report), INVENTORY, lines)
    counts = {state.value: use.count(state) for state in LineState}
    return {
        "files": [{"file": of.file, "sha256": of.sha256, "entries": of.entries} for of in use.files],
        "not_understood": use.problems,
        "counts": {**counts, UNINVENTORIED: len(use.uninventoried)},
        "rows": [json.loads(line) for line in lines.getvalue().splitlines()],
    }


def _line(line: Line, asset: Asset | None) -> dict[str, Cell]:
    entry = line.entry
    steps = [step for difference in line.differences for step in difference.evidence]
    return {
        "state": line.state.value,
        "entry": entry.where,
        "name": entry.label,
        "asset": line.asset,
        "by": line.by.value if line.by else None,
        "others": list(line.others),
        "differences": [_spelt(difference) for difference in line.differences],
        "owner": entry.owner,
        "criticality": entry.criticality,
        "zone": asset.zone if asset else entry.zone,
        "location": entry.location,
        "addresses": list(asset.addresses if asset else entry.addresses),
        "macs": [claim.value for claim in asset.macs] if asset else list(entry.macs),
        "in_sight": line.in_sight or asset is not None,
        "evidence": _frames([*steps, *(asset.evidence if asset else ())]),
    }


def _asset(asset: Asset) -> dict[str, Cell]:
    nothing: dict[str, Cell] = dict.fromkeys(("entry", "by", "owner", "criticality", "location"))
    return {
        **nothing,
        "state": UNINVENTORIED,
        "name": asset.label,
        "asset": asset.id,
        "others": [],
        "differences": [],
        "zone": asset.zone,
        "addresses": list(asset.addresses),
        "macs": [claim.value for claim in asset.macs],
        "in_sight": True,
        "evidence": _frames(asset.evidence),
    }


def _spelt(difference: Difference) -> str:
    return f"{difference.field}: told {difference.told}, seen {difference.seen} ({difference.grade.name})"


def _frames(evidence: Iterable[Evidence]) -> list[str]:
    return list(dict.fromkeys(str(step.where) for step in evidence if step.where))
