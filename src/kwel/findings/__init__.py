"""Assets, dependencies, commands and conduits in, findings out; and the ledger of what limits all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kwel.findings.commands import find_commands
from kwel.findings.contacts import MOST, find_contacts, names_hidden
from kwel.findings.coverage import measure
from kwel.findings.zones import find_conduits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from kwel.model.assets import Asset
    from kwel.model.commands import Command
    from kwel.model.coverage import Coverage
    from kwel.model.dependencies import Dependencies
    from kwel.model.findings import Finding
    from kwel.model.verdicts import Attribution
    from kwel.model.zones import Conduit, Zone

__all__ = ["find", "measure", "names_hidden"]


def find(
    assets: Sequence[Asset],
    dependencies: Dependencies,
    coverage: Coverage,
    bloc: Collection[str] = (),
    commands: Sequence[Command] = (),
    zones: Sequence[Zone] = (),
    conduits: Sequence[Conduit] = (),
    whose: Callable[[str], Attribution] | None = None,
) -> tuple[tuple[Finding, ...], int]:
    """Return what needs an answer, gravest first, and how many findings there was no room for.

    Of equally grave ones those come first in which somebody acts on the plant.

    Args:
        assets: the inventory that ``dependencies.asset`` points into.
        dependencies: who needs what outside.
        coverage: what could not be seen.
        bloc: the countries that count as inside; without them nothing is said of suppliers.
        commands: who told whom to do what.
        zones: of the plant, and what lies outside.
        conduits: what passes between them.
        whose: returns whose an address outside is.
    """
    contacts, left_out = find_contacts(assets, dependencies, coverage, bloc)
    found = [*find_commands(commands, assets, whose), *find_conduits(zones, conduits), *contacts]
    ranked = sorted(found, key=lambda finding: -finding.severity)[:MOST]
    numbered = tuple(replace(finding, id=f"F-{number:02d}") for number, finding in enumerate(ranked, 1))
    return numbered, left_out + len(found) - len(ranked)
