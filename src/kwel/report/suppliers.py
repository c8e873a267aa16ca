"""A report in, the chapter on suppliers out: who supplies what, where that stands, and how many assets hang on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.dependencies import DependencyState
from kwel.report import numbers
from kwel.report.relations import RANKED
from kwel.report.text import NOTHING, Text, joined, wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.report import Report
    from kwel.model.suppliers import Supplier, Suppliers, Use
    from kwel.model.verdicts import Control
    from kwel.report.catalogue import Catalogue

ROWS = 20
MAKERS = 20
"""Makers that are named of whom no service was seen."""
"""Suppliers in the table."""
EACH = 3
"""Services and places that are named of one supplier."""


@dataclass(frozen=True, slots=True)
class Row:
    """A supplier, what it answers for and where that stands."""

    control: Control
    name: Text
    small: Text
    assets: Text
    services: list[tuple[Text, Text]]
    more: Text
    hosted: list[tuple[Control, Text]]
    devices: Text
    products: Text


@dataclass(frozen=True, slots=True)
class Chapter:
    """Everything on suppliers."""

    headline: Text
    rows: list[Row]
    makers: Text
    """Those of whom only devices were seen, and how many."""
    left_out: int
    nobody: Text


def chapter(report: Report, say: Catalogue) -> Chapter | None:
    """Return the chapter; nothing where nobody was asked who supplies."""
    if report.suppliers is None:
        return None
    found = report.suppliers()
    with_services = [one for one in found.all if one.uses]
    return Chapter(
        headline=_headline(found, say),
        rows=[_row(one, say) for one in with_services[:ROWS]],
        makers=_makers([one for one in found.all if not one.uses], say),
        left_out=max(0, len(with_services) - ROWS),
        nobody=say.count("suppliers.nobody", found.nobody) if found.nobody else NOTHING,
    )


def foreign(found: Suppliers) -> int:
    """Return how many suppliers answer for a service in use that is under control outside the bloc."""
    used = ([use for use in one.uses if use.state is DependencyState.USED] for one in found.all)
    return sum(_worst(uses) == len(RANKED) - 1 for uses in used)


def _headline(found: Suppliers, say: Catalogue) -> Text:
    if not found.all:
        return say("suppliers.none")
    services = sum(bool(one.uses) for one in found.all)
    return say(
        "suppliers.headline",
        all=say.count("index.title", len(found.all)),
        services=numbers.number(services),
        foreign=numbers.number(foreign(found)),
    )


def _worst(uses: Sequence[Use]) -> int:
    return max((RANKED.index(use.control) for use in uses), default=0)


def _makers(makers: Sequence[Supplier], say: Catalogue) -> Text:
    if not makers:
        return NOTHING
    most = sorted(makers, key=lambda one: (-len(one.devices), one.id))
    named = [say("suppliers.maker", name=wire(one.name, 40), n=numbers.number(len(one.devices))) for one in most]
    more = [say.count("suppliers.more", len(named) - MAKERS)] if len(named) > MAKERS else []
    return say("suppliers.makers", names=joined([*named[:MAKERS], *more]))


def _row(one: Supplier, say: Catalogue) -> Row:
    users = {asset for use in one.uses for asset in use.assets}
    known = joined([say(f"dossier.known-{kind}") for kind in one.known])
    seat = say.country(one.jurisdiction) if one.jurisdiction else NOTHING
    services = list(dict.fromkeys((use.service, use.function) for use in one.uses))
    names = [product.name for product in one.products if product.name]
    places = {_place(use, say): use.control for use in reversed(one.uses)}
    return Row(
        control=RANKED[_worst(one.uses)],
        name=wire(one.name, 60),
        small=joined([text for text in (seat, known) if text], " · "),
        assets=numbers.number(len(users)),
        services=[_service(service, function, say) for service, function in services[:EACH]],
        more=say.count("suppliers.more", len(services) - EACH) if len(services) > EACH else NOTHING,
        hosted=[(control, place) for place, control in list(places.items())[::-1][:EACH]],
        devices=numbers.number(len(one.devices)) if one.devices else NOTHING,
        products=joined([wire(name.value, 40) for name in names[:EACH]]),
    )


def _service(service: str | None, function: str | None, say: Catalogue) -> tuple[Text, Text]:
    named = wire(service, 60) if service else say("suppliers.unnamed")
    return named, say.term("term", function) if function else say("suppliers.no-function")


def _place(use: Use, say: Catalogue) -> Text:
    operator = wire(use.operator, 60) if use.operator else say("dossier.no-operator")
    countries = [say.country(part) for part in (use.location or "").split("/") if part]
    return joined([operator, *countries])
