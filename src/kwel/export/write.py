"""A table's name, what it is about and a format in, the table out.

Nothing here imports pandas before it is needed: the fast way for flows does without.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from typing import BinaryIO

    import pandas as pd

    from kwel.export.schema import Name, Table
    from kwel.model.report import Report
    from kwel.model.site import Site
    from kwel.model.traffic import Traffic

Format = Literal["table", "csv", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = ("table", "csv", "jsonl", "parquet")
SUFFIXES: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def format_for(destination: str) -> Format:
    """Return the format that a file's name asks for.

    >>> format_for("out/flows.parquet"), format_for("-")
    ('parquet', 'table')
    """
    return SUFFIXES.get(Path(destination).suffix.lower(), "table")


def write_flows(
    traffic: Traffic, form: Format, out: BinaryIO, width: int | None = None, site: Site | None = None
) -> None:
    """Write one row a flow; CSV goes past pandas, for there may be millions."""
    if form == "csv" and not (site and site.zones):
        from kwel.export.flows_csv import write_flows_csv

        write_flows_csv(traffic, out)
        return
    from kwel.export.flows import flows_table
    from kwel.export.schema import FLOWS

    write_frame(flows_table(traffic, site), FLOWS, form, out, width)


def write_names(
    traffic: Traffic, form: Format, out: BinaryIO, width: int | None = None, site: Site | None = None
) -> None:
    """Write one row a name seen."""
    from kwel.export.flows import names_table
    from kwel.export.schema import NAMES

    write_frame(names_table(traffic, site), NAMES, form, out, width)


def write_hellos(
    traffic: Traffic, form: Format, out: BinaryIO, width: int | None = None, site: Site | None = None
) -> None:
    """Write one row a ClientHello."""
    from kwel.export.hellos import hellos_table
    from kwel.export.schema import HELLOS

    write_frame(hellos_table(traffic, site), HELLOS, form, out, width)


def write_lan(
    traffic: Traffic, form: Format, out: BinaryIO, width: int | None = None, site: Site | None = None
) -> None:
    """Write one row a conversation without IP."""
    from kwel.export.lan import LAN, lan_table

    write_frame(lan_table(traffic), LAN, form, out, width)


def write_concluded(name: Name, report: Report, form: Format, out: BinaryIO, width: int | None = None) -> None:
    """Write a table of what follows from the traffic."""
    from kwel.export import concluded
    from kwel.export.schema import TABLES

    table = next(table for table in TABLES if table.name == name)
    write_frame(concluded(name, report), table, form, out, width)


def write_inventory(
    report: Report, form: Format, out: BinaryIO, width: int | None = None, *, whole: bool = True
) -> None:
    """Write what became of the site's own inventory; without *whole*, only where it and the captures disagree."""
    from kwel.export.inventory import inventory_table
    from kwel.export.schema import INVENTORY

    write_frame(inventory_table(report, whole=whole), INVENTORY, form, out, width)


def write_dependencies(report: Report, form: Format, out: BinaryIO, width: int | None = None) -> None:
    """Write one row a dependency; where text is asked for, a part of them at a time."""
    from kwel.export import formats
    from kwel.export.conclusions import dependencies_table
    from kwel.export.schema import DEPENDENCIES

    if form not in ("csv", "jsonl"):
        write_frame(dependencies_table(report), DEPENDENCIES, form, out, width)
        return
    for number, part in enumerate(report.dependencies.parts(formats.CHUNK)):
        frame = dependencies_table(report, part)
        if form == "csv":
            formats.write_csv(frame, DEPENDENCIES, out, header=number == 0)
        else:
            formats.write_jsonl(frame, DEPENDENCIES, out)


def write_frame(frame: pd.DataFrame, table: Table, form: Format, out: BinaryIO, width: int | None = None) -> None:
    """Write a frame that has the columns of *table*."""
    from kwel.export import formats
    from kwel.export.terminal import write_terminal

    if form == "csv":
        formats.write_csv(frame, table, out)
    elif form == "jsonl":
        formats.write_jsonl(frame, table, out)
    elif form == "parquet":
        formats.write_parquet(frame, table, out)
    else:
        text = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
        write_terminal(frame, table, text, width)
        text.detach()
