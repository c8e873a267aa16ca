"""The options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kwel.cli.outcome import Failure, Status, complain

if TYPE_CHECKING:
    from collections.abc import Callable

    from kwel.model.inventory import OwnInventory
    from kwel.model.site import Site
    from kwel.report.text import Language
    from kwel.rulebook.model import Rulebook

Command = TypeVar("Command", bound="Callable[..., Any]")


def _prefixes(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        return values
    import ipaddress

    for value in values:
        try:
            ipaddress.ip_network(value)
        except ValueError as error:
            raise click.BadParameter(f"{error}; write 198.51.100.0/24 or 2001:db8::/32") from error
    return values


captures = click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")

internal = click.option(
    "--internal",
    multiple=True,
    metavar="PREFIX",
    callback=_prefixes,
    help="Addresses that belong to the plant besides the private ones, such as 198.51.100.0/24. May be repeated.",
)

site = click.option(
    "--site",
    "site_file",
    envvar="KWEL_SITE",
    metavar="FILE",
    help="What you know of your own plant: a site.toml, see docs/site.md. Default: the file named in $KWEL_SITE.",
)

inventory = click.option(
    "--inventory",
    "inventory_files",
    multiple=True,
    metavar="FILE",
    help="Your own inventory of devices, CSV or an export of NetBox. May be repeated. Default: as the site file says.",
)

on = click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Judge the overrides of --site on this day. Default: the day on which the captures end.",
)


def load_site(file: str | None, book: Rulebook | None = None) -> Site | None:
    """Return what a site file says; end with one line where it cannot be read or is wrong."""
    if not file:
        return None
    from kwel.site import SiteError, load

    try:
        return load(file, book)
    except SiteError as error:
        raise Failure(str(error)) from error


def load_inventory(files: tuple[str, ...]) -> OwnInventory | None:
    """Return what an inventory says; end with one line where it cannot be read or is none."""
    if not files:
        return None
    from kwel.site import SiteError
    from kwel.site import load_inventory as load

    try:
        return load(files)
    except SiteError as error:
        raise Failure(str(error)) from error


rules = click.option(
    "--rules",
    "rules",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Rules of your own, laid over those that kwel ships: laws, offerings, operators, services; see docs/rules.md.",
)


def load_rules(folder: Path | None, accepted: tuple[str, ...]) -> Rulebook | None:
    """Return the rules with a user's folder over them; end with one line where they or a switch are wrong."""
    if folder is None and not accepted:
        return None
    from kwel import rulebook

    try:
        book = rulebook.load(folder)
    except rulebook.RuleError as error:
        raise Failure(f"{error}; `kwel rules lint --rules {folder}` names all that is wrong") from error
    try:
        book.law.check_accepted(accepted)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--accept-sovereign'") from error
    return book


def _place(_: click.Context, __: click.Parameter, value: str) -> str:
    if value:
        from kwel.rulebook import places
        from kwel.rulebook.rulefile import RuleError

        try:
            places.parse_here(value, places.circles())
        except RuleError as error:
            raise Failure(str(error)) from error
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return value


here = click.option(
    "--here",
    default="",
    metavar="PLACE",
    callback=_place,
    help="Where the captures were made: a country such as NL, or 52.1,5.1. Round trips then exclude places far away.",
)

accept_sovereign = click.option(
    "--accept-sovereign",
    "accepted",
    multiple=True,
    metavar="ID",
    callback=lambda _context, _option, values: tuple(sorted(set(values))),
    help="Count an offering called sovereign as what it promises, such as s3ns: said in the report. May be repeated.",
)


MOST_PROBLEMS = 10
"""Cells of an inventory that are named one by one."""


def status_with(site: Site | None, status: Status, own: OwnInventory | None = None) -> Status:
    """Name what of a site's databases and inventory could not be read, and return the status that follows."""
    problems = own.problems if own else ()
    for problem in problems[:MOST_PROBLEMS]:
        complain(problem)
        status = Status.INCOMPLETE
    if len(problems) > MOST_PROBLEMS:
        complain(f"{len(problems) - MOST_PROBLEMS} more cells of the inventory could not be understood")
    for database in site.databases if site else ():
        if database.unread:
            complain(f"{database.info.file}: {database.unread} addresses could not be read; get the file again")
            status = Status.INCOMPLETE
    return status


def refuse_own_capture(output: str, paths: tuple[str, ...]) -> None:
    """Stop before a result replaces one of the captures that it is made from."""
    for path in paths:
        if os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
            raise click.UsageError(f"{output} is one of the captures: choose another file with -o")


def language_of_environment() -> Language:
    """Return ``nl`` where the environment asks for Dutch, else ``en``."""
    for key in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(key, "")
        if value:
            return "nl" if value.lower().startswith("nl") else "en"
    return "en"
