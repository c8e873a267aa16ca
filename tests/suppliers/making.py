"""Plants with suppliers, made by hand and judged by the rules that ship."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from kwel import rulebook
from kwel.analysis.dossiers import Maker
from kwel.attribution import editions
from kwel.attribution.attribute import Attributor
from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from kwel.rulebook import crosswalk
from kwel.suppliers.pseudonyms import Key
from tests.report.fixtures import Plant, asset, claim

if TYPE_CHECKING:
    from kwel.model.report import Report
    from kwel.model.verdicts import Attribution

KEY = Key("company-abcdefghijklmnop", bytes(range(32)))
BOOK = rulebook.load()
CROSSWALK = crosswalk.load()


@cache
def attributor() -> Attributor:
    """Return what attributes, by the rules and tables that ship."""
    return Attributor(BOOK, editions.open_tables(None), "EEA", ())


def judged(name: str) -> Attribution:
    """Return what is known of a name."""
    made = attributor()(None, name)
    assert not hasattr(made, "without")
    return made


def plant(*contacts: tuple[int, str], vendors: tuple[str | None, ...] = ("Siemens AG",), **changes: Any) -> Report:
    """Return a report of assets, by their makers, and whom they contact."""
    made = Plant()
    for number, vendor in enumerate(vendors):
        one = asset(f"panel-{number:02}x", f"10.77.1.{number + 20}", AssetKind.OT, role="hmi", vendor=vendor)
        made.assets.append(replace(one, vendor=claim(vendor, grade=Grade.B) if vendor else None))
    for number, name in contacts:
        made.add(number, judged(name), 12_345, 6_789)
    return made.report(links=attributor().links.find, **changes)


def maker() -> Maker:
    """Return what makes dossiers."""
    return Maker(CROSSWALK, BOOK, KEY, "en")
