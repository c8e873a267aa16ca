"""``kwel store``: a store in, what it holds, whether it is whole, or an answer from its tables out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.outcome import Status, complain
from kwel.cli.stores import STORE_HELP, lines_of, moment, opened, since, until

if TYPE_CHECKING:
    from kwel.store.parts import Part
    from kwel.store.query import Rows

store_option = click.option("--store", "folder", required=True, metavar="DIR", help=STORE_HELP)
as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
WIDEST = 60
"""Characters of a cell on a terminal."""


@click.group(
    epilog="""\b
Example:
  kwel store list --store /var/lib/kwel/store
  kwel store query --store /var/lib/kwel/store "SELECT DISTINCT operator FROM dependencies"

What lies in a store is described in docs/store.md."""
)
def store() -> None:
    """Look into a store of windows: what it holds, whether it is whole, what its tables say."""


@store.command(
    "list",
    epilog="""\b
Example:
  kwel store list --store /var/lib/kwel/store --since 7d

\b
Exit status: 0 done; 2 the command was not understood; 3 the store could not be
read.""",
)
@store_option
@since
@until
@as_json_option
def list_(folder: str, since: str | None, until: str | None, as_json: bool) -> int:
    """List the parts of a store, and what of it is missing, lost or removed."""
    begin, end = moment(since), moment(until)
    with opened(folder) as store:
        parts, account = store.windows(begin, end), store.account(begin, end)
    if as_json:
        from dataclasses import asdict

        click.echo(json.dumps({"parts": [_told(part) for part in parts], **asdict(account)}, indent=1, default=list))
        return Status.DONE
    from kwel.export.cells import visible

    for part in parts:
        click.echo(visible(_line(part)))
    for line in lines_of(account):
        click.echo(visible(line))
    return Status.DONE


def _line(part: Part) -> str:
    from kwel.store.folder import TIERS
    from kwel.store.spans import spelt

    sizes = {tier: sum(file.size for file in part.present if file.tier == tier) for tier in TIERS}
    told = ", ".join(f"{tier} {size // 1000} kB" for tier, size in sizes.items() if size) or "nothing left"
    return (
        f"{part.level.value:6} {part.id:34} {spelt(part.opened)} {spelt(part.closed)} {part.packets:10} packets  {told}"
    )


def _told(part: Part) -> dict[str, Any]:
    return {"id": part.id, **part.said()}


@store.command(
    epilog="""\b
Example:
  kwel store check --store /var/lib/kwel/store

\b
Exit status: 0 all is as it was written; 1 something is not; 2 the command was
not understood; 3 the store could not be read."""
)
@store_option
@as_json_option
def check(folder: str, as_json: bool) -> int:
    """Read every byte of a store, and name what is not as it was written."""
    from kwel.export.cells import visible

    with opened(folder) as store:
        found = store.check()
        parts = len(store.windows())
    if as_json:
        click.echo(json.dumps({"parts": parts, "faults": found}, indent=1))
    else:
        for line in found:
            click.echo(visible(line))
        click.echo(f"{parts} parts, {len(found)} faults" if found else f"{parts} parts are as they were written")
    return Status.CHECK_FAILED if found else Status.DONE


@store.command(
    epilog="""\b
Example:
  kwel store compact --store /var/lib/kwel/store --months

\b
Exit status: 0 done; 2 the command was not understood; 3 the store could not be
read or written, or another process writes to it."""
)
@store_option
@click.option("--months", is_flag=True, help="Days to months as well. Default: windows to hours, hours to days.")
def compact(folder: str, months: bool) -> int:
    """Make hours of windows and days of hours: fewer files and rows, the same conclusions.

    Hours and days are those of this machine's time zone (TZ).
    A running sensor does so by itself.
    """
    from kwel.store import Level
    from kwel.store.compaction import LEVELS
    from kwel.store.compaction import compact as run

    with opened(folder, write=True) as store:
        before = len(store.windows())
        run(store, [*LEVELS, Level.MONTH] if months else LEVELS)
        click.echo(f"{before} parts were compacted to {len(store.windows())}")
    return Status.DONE


@store.command(
    epilog="""\b
Example:
  kwel store query --store DIR "SELECT operator, sum(bytes_out) FROM dependencies GROUP BY 1"
  kwel store query --store DIR --since 30d "SELECT name, count(*) FROM wire.flows GROUP BY 1" --json

The tables and their columns are described in docs/store.md.

\b
Exit status: 0 done; 2 the command was not understood; 3 the question could not
be answered."""
)
@store_option
@click.argument("sql", metavar="SQL")
@since
@until
@as_json_option
def query(folder: str, sql: str, since: str | None, until: str | None, as_json: bool) -> int:
    """Ask a question in SQL, of the tables of a store and of nothing else. DuckDB answers.

    The store is not changed, and nothing is fetched from anywhere.
    """
    from kwel.store.query import ask

    begin, end = moment(since), moment(until)
    with opened(folder) as store:
        answer = store.undisturbed(lambda: ask(store, sql, begin, end))
    if as_json:
        for row in answer.rows:
            click.echo(json.dumps(dict(zip(answer.columns, row, strict=True)), default=str))
    else:
        _show(answer)
    return Status.DONE


def _show(answer: Rows) -> None:
    """Print rows below their columns, each as wide as it has to be."""
    from kwel.export.cells import visible

    rows = [list(answer.columns), *([_cell(value) for value in row] for row in answer.rows)]
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [min(WIDEST, max(map(len, column))) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    if not answer.rows:
        complain("no row answers that")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
