"""``kwel update``: official lists or a signed pack of them in, a new edition of the look-up tables out."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwel.cli.outcome import Failure, Status, writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.feeds.renew import Outcome
    from kwel.feeds.update import Update

TABLES = {"ranges": "cloud.mmdb", "networks": "asn.mmdb", "places": "country.mmdb", "vendors": "oui.tsv"}
"""What a person calls each table."""


@click.command(
    epilog="""\b
Example:
  kwel update
  kwel update --only ranges --only networks
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
def update(bundle: Path | None, sign: Path | None, trust: Path | None, root: Path | None, only: tuple[str, ...]) -> int:
    """Fetch official lists of addresses, and add them as a new edition.

    These are the ranges that cloud providers publish, network numbers with
    their organisations, countries by geolocation, and vendors of MAC addresses.
    This is the only command of kwel that opens a connection. A list that
    shrank by half, or that contradicts what was known, is refused.
    """
    from kwel.clouds import editions
    from kwel.clouds.tables import TableError
    from kwel.feeds.formats import FeedError
    from kwel.rulefile import RuleError

    if bundle is None and (sign or trust):
        raise click.UsageError("--sign and --trust say what to do with a --bundle")
    if bundle is not None and (sign is None) is (trust is None):
        raise click.UsageError("--bundle is written with --sign KEY or read with --trust KEY.pub")
    day = datetime.datetime.now(datetime.UTC).date()
    try:
        if bundle is not None and trust is not None:
            return _install_pack(bundle, trust, editions.data_folder(), day)
        done = _fetch(root, day, [TABLES[name] for name in only])
        if not done.files:
            raise Failure("no list could be used: nothing was changed")
        if bundle is not None and sign is not None:
            _write_pack(bundle, sign, done)
        _install(done.files, editions.data_folder(), day)
    except (FeedError, TableError, RuleError) as error:
        raise Failure(str(error)) from error
    return Status.INCOMPLETE if any(outcome.problem for outcome in done.outcomes) else Status.DONE


def _fetch(root: Path | None, day: datetime.date, only: Sequence[str]) -> Update:
    from importlib.resources import files

    from kwel.clouds import editions
    from kwel.feeds import lists
    from kwel.feeds.fetch import fetch
    from kwel.feeds.update import fetch_lists

    wanted = lists.load(root or files("kwel.rules"))
    return fetch_lists(wanted, fetch, editions.editions(), day, _say, only)


def _say(outcome: Outcome) -> None:
    from kwel.tables.cells import visible

    name = outcome.id or outcome.provider
    if outcome.problem:
        click.echo(visible(f"kwel: {name}: {outcome.problem}; what was known before is kept"), err=True)
    else:
        click.echo(
            visible(
                f"{name}: {outcome.rows} {'prefixes' if outcome.provider else 'rows'}"
                + (f" of {outcome.date}" if outcome.date else "")
            )
        )


def _install(files: dict[str, bytes], folder: Path, day: datetime.date) -> None:
    from kwel.feeds.install import install

    click.echo(f"Edition: {install(folder, files, day)}")


def _install_pack(bundle: Path, trust: Path, folder: Path, day: datetime.date) -> int:
    from kwel.feeds import pack

    _install(pack.read(bundle, trust), folder, day)
    return Status.DONE


def _write_pack(bundle: Path, sign: Path, done: Update) -> None:
    from kwel.feeds import pack

    packed = pack.write(done.files, sign)
    with writing(str(bundle)):
        bundle.write_bytes(packed)
    click.echo(f"Pack: {bundle}")
