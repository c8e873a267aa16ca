"""Traffic or a Report in, tables of rows out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from kwel.model.report import Report
    from kwel.model.site import Site
    from kwel.model.traffic import Traffic
    from kwel.tables.schema import Name


class Wishes(Protocol):
    """What tables need to know of a user's choices."""

    @property
    def site(self) -> Site | None:
        """What the user knows of the own plant."""


class Source(Protocol):
    """What tables are made from: an analysis."""

    @property
    def traffic(self) -> Traffic:
        """What was on the wire."""

    @property
    def options(self) -> Wishes:
        """What the user chose."""

    @property
    def report(self) -> Report:
        """What follows from it."""


def frame(name: Name, source: Source) -> pd.DataFrame:
    """Return a table as a DataFrame, with the columns that ``schema`` lists for it."""
    from kwel.tables import commands, conclusions, flows, hellos, inventory, lan, zones

    site = source.options.site
    if name == "flows":
        return flows.flows_table(source.traffic, site)
    if name == "names":
        return flows.names_table(source.traffic, site)
    if name == "hellos":
        return hellos.hellos_table(source.traffic, site)
    if name == "lan":
        return lan.lan_table(source.traffic)
    if name == "assets":
        return conclusions.assets_table(source.report)
    if name == "facts":
        return conclusions.facts_table(source.report)
    if name == "zones":
        return zones.zones_table(source.report)
    if name == "conduits":
        return zones.conduits_table(source.report)
    if name == "commands":
        return commands.commands_table(source.report)
    if name == "inventory":
        return inventory.inventory_table(source.report)
    return conclusions.dependencies_table(source.report)
