"""Finds what needs an answer from the owner of the plant, and measures what limits all conclusions.

Kinds of findings are declared in ``kinds``, one record each, and listed in ``registry``; ``commands``, ``conduits``
and ``contacts`` hold the observations against them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.findings.columns import names_hidden
from kwel.findings.commands import find_commands
from kwel.findings.conduits import find_conduits
from kwel.findings.contacts import MOST, find_contacts
from kwel.findings.coverage import measure
from kwel.findings.identity import shortened

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
    *,
    bloc: Collection[str] = (),
    commands: Sequence[Command] = (),
    zones: Sequence[Zone] = (),
    conduits: Sequence[Conduit] = (),
    owner_of: Callable[[str], Attribution] | None = None,
) -> tuple[tuple[Finding, ...], int]:
    """Return the findings, gravest first, and how many more there were than fit.

    Among equally grave findings those about commands come first: there somebody acts on the plant.

    Args:
        assets: the inventory that ``dependencies.asset`` points into.
        dependencies: which asset needs which destination outside.
        coverage: what could not be seen.
        bloc: the countries that count as inside; without them suppliers are not judged.
        commands: the commands that were seen, with sender and target.
        zones: of the plant, and what lies outside.
        conduits: what passes between them.
        owner_of: returns the attribution of an address outside.
    """
    contacts, left_out = find_contacts(assets, dependencies, bloc)
    found = [*find_commands(commands, assets, owner_of), *find_conduits(zones, conduits), *contacts]
    ranked = sorted(found, key=lambda finding: -finding.severity)[:MOST]
    return shortened(ranked), left_out + len(found) - len(ranked)
