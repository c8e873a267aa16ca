"""``kwel update``: official lists or a signed pack of them in, a new edition of the look-up tables out."""

from __future__ import annotations

import datetime
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwel.cli.outcome import Failure, Status, writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.attribution.feeds.renew import Outcome
    from kwel.attribution.feeds.update import Update

TABLES = {"ranges": "cloud.mmdb", "networks": "asn.mmdb", "places": "country.mmdb", "vendors": "oui.tsv"}
"""What a person calls each table."""


@click.command(
    epilog="""\b
Example:
  kwel update
  kwel update --only ranges --only networks
  kwel update --json | jq .kept
  kwel update --bundle kwel-data.zip --sign packs.pem
  kwel update --bundle kwel-data.zip --trust packs.pem.pub

\b
Exit status: 0 done; 2 the command was not understood; 3 a list was refused:
what was known before is kept, or nothing could be fetched or written."""
)
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A signed data pack: read with --trust, written with --sign.",
)
@click.option(
    "--sign", type=click.Path(dir_okay=False, path_type=Path), metavar="KEY", help="Private key that signs the pack."
)
@click.option(
    "--trust",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="KEY.pub",
    help="Public key of whoever signed the pack.",
)
@click.option(
    "--rules",
    "root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder whose feeds.toml says what to fetch, such as your own mirror. Default: the official lists.",
)
@click.option(
    "--only",
    type=click.Choice(tuple(TABLES)),
    multiple=True,
    help="Fetch only the ranges of clouds, the network numbers, the places or the vendors of MAC addresses.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: what became of each list, and the edition.")
def update(
    bundle: Path | None, sign: Path | None, trust: Path | None, root: Path | None, only: tuple[str, ...], as_json: bool
) -> int:
    """Fetch official lists of addresses, and add them as a new edition.

    These are the ranges that cloud providers publish, network numbers with
    their organisations, countries by geolocation, and vendors of MAC addresses.
    This is the only command of kwel that opens a connection. A list that
    shrank by half, or that contradicts what was known, is refused.
    """
    from kwel.attribution import editions
    from kwel.attribution.feeds.formats import FeedError
    from kwel.attribution.tables import TableError
    from kwel.rulebook.rulefile import RuleError

    if bundle is None and (sign or trust):
        raise click.UsageError("--sign and --trust say what to do with a --bundle")
    if bundle is not None and (sign is None) is (trust is None):
        raise click.UsageError("--bundle is written with --sign KEY or read with --trust KEY.pub")
    day = datetime.datetime.now(datetime.UTC).date()
    done: Update | None = None
    try:
        if bundle is not None and trust is not None:
            from kwel.attribution.feeds import pack

            edition = _install(pack.read(bundle, trust), editions.data_folder(), day)
        else:
            done = _fetch(root, day, [TABLES[name] for name in only], quiet=as_json)
            if bundle is not None and sign is not None:
                _write_pack(bundle, sign, done)
            edition = _install(done.files, editions.data_folder(), day)
    except (FeedError, TableError, RuleError) as error:
        raise Failure(str(error)) from error
    outcomes = done.outcomes if done else ()
    if as_json:
        told = {"edition": edition, "pack": bundle and str(bundle), "kept": list(done.kept) if done else []}
        click.echo(json.dumps({**told, "lists": [asdict(outcome) for outcome in outcomes]}, indent=2))
    else:
        if sign is not None:
            click.echo(f"Pack: {bundle}")
        click.echo(f"Edition: {edition}")
    return Status.INCOMPLETE if any(outcome.problem for outcome in outcomes) else Status.DONE


def _fetch(root: Path | None, day: datetime.date, only: Sequence[str], *, quiet: bool) -> Update:
    from importlib.resources import files

    from kwel.attribution import editions
    from kwel.attribution.feeds import lists
    from kwel.attribution.feeds.fetch import fetch
    from kwel.attribution.feeds.update import fetch_lists

    wanted = lists.load(root or files("kwel.rules"))
    done = fetch_lists(wanted, fetch, editions.editions(), day, partial(_say, quiet=quiet), only)
    if not done.files:
        raise Failure("no list could be used: nothing was changed")
    return done


def _say(outcome: Outcome, *, quiet: bool) -> None:
    from kwel.export.cells import visible

    name = outcome.id or outcome.provider
    if outcome.problem:
        click.echo(visible(f"kwel: {name}: {outcome.problem}; what was known before is kept"), err=True)
    elif not quiet:
        what = "prefixes" if outcome.provider else "rows"
        click.echo(visible(f"{name}: {outcome.rows} {what}" + (f" of {outcome.date}" if outcome.date else "")))


def _install(files: dict[str, bytes], folder: Path, day: datetime.date) -> str:
    from kwel.attribution.feeds.install import install

    return str(install(folder, files, day))


def _write_pack(bundle: Path, sign: Path, done: Update) -> None:
    from kwel.attribution.feeds import pack

    packed = pack.write(done.files, sign)
    with writing(str(bundle)):
        bundle.write_bytes(packed)
