"""``kwel suppliers``: captures in, a folder with a dossier and a letter for each supplier out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwel.cli.options import (
    accept_sovereign,
    captures,
    here,
    internal,
    inventory,
    language_of_environment,
    load_inventory,
    load_rules,
    load_site,
    on,
    rules,
    site,
    status_with,
)
from kwel.cli.outcome import EXIT_STATUS, Failure, Status, complain, say_when_compiling, status_of, writing
from kwel.cli.progress import Progress

if TYPE_CHECKING:
    import datetime

    from kwel.analysis.dossiers import Maker, Written
    from kwel.report.text import Language
    from kwel.suppliers.answers import Answer
    from kwel.suppliers.pseudonyms import Key


@click.command(
    epilog=f"""\b
Example:
  kwel suppliers plant.pcapng -o dossiers
  kwel suppliers plant.pcapng -o dossiers --lang nl --answers replies
  kwel suppliers plant.pcapng --who asset-4taaczwz5p

{EXIT_STATUS}"""
)
@captures
@click.option("-o", "--output", metavar="DIR", help="Folder to write to; it may exist.")
@click.option("--lang", type=click.Choice(["nl", "en"]), help="Language. Default: as your environment asks.")
@click.option(
    "--key",
    "key_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Key to the pseudonyms; made at first use, never overwritten. Default: ~/.config/kwel/supplier.key.",
)
@click.option(
    "--answers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of answers of suppliers (JSON or TOML), to be shown beside what was observed.",
)
@internal
@accept_sovereign
@rules
@here
@site
@inventory
@on
@click.option(
    "--only", multiple=True, metavar="SUPPLIER", help="Dossiers of these only, by id or name. May be repeated."
)
@click.option(
    "--who",
    "asked",
    multiple=True,
    metavar="PSEUDONYM",
    help="Write nothing, say what of your own plant stands behind a pseudonym of a dossier. May be repeated.",
)
@click.option("--title", default="", metavar="TEXT", help="Which of your sites this is; leaves as a pseudonym.")
@click.option("--json", "as_json", is_flag=True, help="Print the list of dossiers as JSON.")
def suppliers(
    captures: tuple[str, ...],
    output: str | None,
    lang: Language | None,
    key_file: Path | None,
    answers: Path | None,
    internal: tuple[str, ...],
    accepted: tuple[str, ...],
    rules: Path | None,
    here: str,
    site_file: str | None,
    inventory_files: tuple[str, ...],
    on: datetime.datetime | None,
    only: tuple[str, ...],
    asked: tuple[str, ...],
    title: str,
    as_json: bool,
) -> int:
    """Write a dossier, a letter and an answer form for each supplier.

    A supplier made a device, answers for a service outside, or has the domain that
    is asked for. Nothing internal leaves: addresses, names, zones and tenants are
    replaced by pseudonyms that only your key can turn back.
    """
    from kwel.analysis.stages import Options, analyse

    if not output and not asked:
        raise click.UsageError("say with -o DIR where to write the dossiers, or with --who what to look up")
    folder = Path(output) if output else None
    key, replies = _key(key_file, folder), _answers(answers)
    say_when_compiling()
    known, day = load_site(site_file, load_rules(rules, accepted)), on.date() if on else None
    options = Options(
        internal=internal,
        accepted=accepted,
        rules=rules,
        here=here,
        site=known,
        inventory=load_inventory(inventory_files),
        on=day,
        title=title or (known.name if known else ""),
    )
    with Progress("Reading captures") as progress:
        made = analyse(captures, options, progress).report
    status = status_of(made.captures, made.coverage)
    if made.coverage.packets == 0 and made.coverage.is_empty:
        raise Failure("no packet was read, so there are no dossiers")
    maker = _maker(rules, key, lang or language_of_environment(), only)
    if folder is None or asked:
        return _look_up(maker.who(made, asked), asked)
    with writing(str(folder)):
        written = maker.write(made, folder, replies)
    _tell(written, folder, as_json=as_json)
    return status_with(known, status, options.own_inventory)


def _maker(rules: Path | None, key: Key, lang: Language, only: tuple[str, ...]) -> Maker:
    """Return what makes dossiers, by the rules that ship and the user's own."""
    from kwel import rulebook
    from kwel.analysis import dossiers
    from kwel.rulebook import crosswalk

    try:
        return dossiers.Maker(
            crosswalk.load(rules), rulebook.load(rules), key, lang, frozenset(map(str.casefold, only))
        )
    except rulebook.RuleError as error:
        raise Failure(f"{error}; `kwel rules lint` names all that is wrong") from error


def _look_up(found: dict[str, list[str]], asked: tuple[str, ...]) -> int:
    """Print what stands behind pseudonyms; for the owner's eyes."""
    from kwel.export.cells import visible

    for word in asked:
        for line in found.get(word, []):
            click.echo(f"{visible(word)}  {visible(line)}")
    lost = [word for word in asked if word not in found]
    if lost:
        raise Failure(f"nothing in these captures has the pseudonym {', '.join(lost)} under this key")
    return Status.DONE


def _key(file: Path | None, folder: Path | None) -> Key:
    """Return the key to the pseudonyms; make it at first use, never where it would be sent along."""
    from kwel.suppliers.pseudonyms import KeyFileError, default_file, open_key

    place = file or default_file()
    # A link in the folder is followed by whatever packs or sends it.
    lies = (place.resolve(), place.parent.resolve() / place.name)
    if folder and any(where.is_relative_to(folder.resolve()) for where in lies):
        raise click.UsageError(f"{place} lies in {folder}, which is to be sent: keep the key elsewhere with --key")
    try:
        key, is_new = open_key(place)
    except KeyFileError as error:
        raise Failure(str(error)) from error
    if is_new:
        complain(f"made the key {place}: keep it, give it to nobody; it alone turns pseudonyms back")
    return key


def _answers(folder: Path | None) -> dict[str, Answer]:
    if folder is None:
        return {}
    from kwel.suppliers.answers import AnswerError, load

    try:
        return load(folder)
    except AnswerError as error:
        raise Failure(f"{error}; ask the supplier for a form as answer.json") from error
    except OSError as error:
        raise Failure(f"{error.filename or folder}: cannot be read: {error.strerror}") from error


def _tell(written: Written, folder: Path, *, as_json: bool) -> None:
    from kwel.export.cells import visible

    if as_json:
        click.echo((folder / "index.json").read_text("utf-8"), nl=False)
        return
    click.echo(f"{len(written.dossiers)} dossiers in {visible(str(folder))}; begin with index.html")
    domains = [one["supplier"]["name"] for one in written.dossiers if one["supplier"]["known"] == ["domain"]]
    if domains:
        complain(f"known as a domain only, make sure that none is your own: {', '.join(domains[:6])}")
    if written.withheld:
        complain(
            f"{written.withheld} suppliers left out: their name came from the network and names something internal"
        )
    if written.left_out:
        complain(f"{written.left_out} suppliers have no dossier: ask for them with --only")
    if written.suppliers.nobody:
        complain(f"of {written.suppliers.nobody} destinations nobody knows who supplies them")
    for stranger in written.strangers[:6]:
        complain(f"an answer is of {stranger}, who is not in these captures")
