"""What is amiss with a file in, lines or JSON on standard output and an exit status out."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kwel.cli.outcome import Status

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from kwel.model.remarks import Remark


def tell(file: str, sha256: str | None, day: datetime.date, remarks: Sequence[Remark], *, as_json: bool) -> Status:
    """Say what is amiss with *file*, judged on a day; with a fault among it the check has failed."""
    from kwel.export.cells import visible

    failed = any(remark.level == "fault" for remark in remarks)
    if as_json:
        about = {"file": file, "sha256": sha256, "day": day.isoformat()}
        click.echo(json.dumps({**about, "remarks": [asdict(remark) for remark in remarks]}, indent=1))
        return Status.CHECK_FAILED if failed else Status.DONE
    for remark in remarks:
        where = remark.message if remark.key == "file" else f"{file}: {remark.key}: {remark.message}"
        click.echo(visible(where if remark.level == "fault" else f"{where} (note)"))
    if not failed:
        click.echo(visible(f"{file}: nothing wrong, judged on {day}"))
    return Status.CHECK_FAILED if failed else Status.DONE
