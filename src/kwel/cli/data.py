"""``kwel data``: nothing in, the look-up tables that are installed out, with their age, source and licence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.outcome import Failure, Status

if TYPE_CHECKING:
    from kwel.attribution.editions import Edition


@click.group(
    invoke_without_command=True,
    epilog="""\b
Example:
  kwel data
  kwel data --json | jq '.[] | select(.age_days > 90)'
  kwel data --max-age 90

\b
Exit status: 0 done; 3 a table cannot be read; 4 the newest edition of a table
is older than --max-age.""",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--max-age", type=click.IntRange(0), metavar="DAYS", help="Fail where the newest of a table is older.")
@click.pass_context
def data(context: click.Context, as_json: bool, max_age: int | None) -> int:
    """Show which look-up tables are installed: editions, ages, sources, licences.

    A capture is judged by the edition of each table that is nearest to it in time.
    """
    if context.invoked_subcommand is not None:
        return Status.DONE
    from kwel.attribution import editions
    from kwel.attribution.tables import TableError
    from kwel.export.cells import visible

    try:
        rows = [row for edition in editions.editions() for row in _rows(edition)]
    except TableError as error:
        raise Failure(str(error)) from error
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            click.echo(visible(f"{row['table']:13} {row['date']}  {row['age_days']:4} days  {row['edition']}"))
            click.echo(visible(f"              {row['rows']} rows, {row['licence']}: {row['source']}"))
        click.echo(visible(f"Editions beside the shipped one lie in {editions.data_folder()}"))
    newest: dict[str, int] = {}
    for row in rows:
        newest[row["table"]] = min(row["age_days"], newest.get(row["table"], row["age_days"]))
    stale = [name for name, age in newest.items() if max_age is not None and age > max_age]
    if stale:
        click.echo(f"kwel: older than {max_age} days: {', '.join(stale)}; run `kwel update`", err=True)
        return Status.STALE
    return Status.DONE


@data.command(
    epilog="""\b
Example:
  kwel data key packs.pem

Exit status: 0 done; 3 the files could not be written."""
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def key(file: Path) -> int:
    """Make a key to sign data packs with: FILE stays with you, FILE.pub goes to whoever reads your packs."""
    from kwel.attribution.feeds import pack
    from kwel.attribution.feeds.formats import FeedError

    try:
        beside = pack.new_key(file)
    except FeedError as error:
        raise Failure(str(error)) from error
    click.echo(f"{file}: keep it secret\n{beside}: for the sites that read your packs")
    return Status.DONE


def _rows(edition: Edition) -> list[dict[str, Any]]:
    from kwel.attribution.editions import age_of
    from kwel.attribution.tables import Tables

    return [
        {
            "table": info.name,
            "edition": edition.name,
            "date": info.date,
            "age_days": age_of(info.date),
            "rows": info.rows,
            "licence": info.licence,
            "source": info.source,
            "inputs": list(edition.manifest[info.name].get("inputs", ())),
        }
        for info in Tables.infos_of(edition.manifest)
    ]
