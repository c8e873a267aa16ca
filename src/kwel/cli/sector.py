"""``kwel sector``: dossiers of several companies in, what they have in common out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwel.cli.options import language_of_environment
from kwel.cli.outcome import EXIT_STATUS, Failure, Status, complain, writing

if TYPE_CHECKING:
    from kwel.report.text import Language
    from kwel.suppliers.sector import Unusable

NAMED = 10
"""Files that are named one by one."""


@click.command(
    epilog=f"""\b
Example:
  kwel sector company-a/ company-b/ company-c/ -o sector --lang nl

{EXIT_STATUS}"""
)
@click.argument("dossiers", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder to write to."
)
@click.option("--lang", type=click.Choice(["nl", "en"]), help="Language. Default: as your environment asks.")
@click.option(
    "--k", type=click.IntRange(2), default=3, show_default=True, help="Companies that must share what is shown."
)
@click.option(
    "--rules", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR", help="Rules of your own."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def sector(
    dossiers: tuple[Path, ...], output: Path, lang: Language | None, k: int, rules: Path | None, as_json: bool
) -> int:
    """Merge dossiers of several companies: shared suppliers, services, clouds.

    Takes dossier.json files, or folders of them. Nothing is shown that fewer than K
    companies have in common, and each number is rounded down to a multiple of K.
    Writes the sector view, an agenda and a joint letter for each shared supplier.
    """
    from kwel.analysis.dossiers import write_sector
    from kwel.rulebook import crosswalk
    from kwel.rulebook.rulefile import RuleError
    from kwel.suppliers import sector as merging

    try:
        asked = crosswalk.load(rules)
        entries, unusable = merging.read(dossiers)
    except RuleError as error:
        raise Failure(f"{error}; `kwel rules lint` names all that is wrong") from error
    except OSError as error:
        raise Failure(f"{error.filename}: cannot be read: {error.strerror}") from error
    status = _name(unusable)
    if not entries:
        raise Failure("no dossier was read, so there is no sector view; give files dossier.json or folders of them")
    content = merging.merge(entries, asked, k)
    with writing(str(output)):
        text = write_sector(content, output, lang or language_of_environment())
    companies = len({entry.site[0] for entry in entries})
    if as_json:
        click.echo(text, nl=False)
    else:
        click.echo(
            f"{len(entries)} dossiers of {companies} companies; {len(content['suppliers'])} suppliers are shared"
        )
        click.echo(f"Sector view: {output / 'sector.html'}")
    if companies < k:
        complain(f"{companies} companies are fewer than {k}: nothing is shown")
    return status


def _name(unusable: list[Unusable]) -> Status:
    for one in unusable[:NAMED]:
        complain(f"{one.file}: {one.why}; left out")
    if len(unusable) > NAMED:
        complain(f"{len(unusable) - NAMED} more files are no dossiers and were left out")
    return Status.INCOMPLETE if unusable else Status.DONE
