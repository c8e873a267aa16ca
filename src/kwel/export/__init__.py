"""Traffic or a Report in, tables of rows out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from kwel.export.schema import Name
    from kwel.model.report import Report
    from kwel.model.site import Site
    from kwel.model.traffic import Traffic


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
    from kwel.export import flows, hellos, lan

    site = source.options.site
    if name == "flows":
        return flows.flows_table(source.traffic, site)
    if name == "names":
        return flows.names_table(source.traffic, site)
    if name == "hellos":
        return hellos.hellos_table(source.traffic, site)
    if name == "lan":
        return lan.lan_table(source.traffic)
    return concluded(name, source.report)


def concluded(name: Name, report: Report) -> pd.DataFrame:
    """Return a table of what follows from the traffic."""
    from kwel.export import commands, conclusions, interruptions, inventory, needs, zones

    makers: dict[Name, Callable[[Report], pd.DataFrame]] = {
        "assets": conclusions.assets_table,
        "facts": conclusions.facts_table,
        "zones": zones.zones_table,
        "conduits": zones.conduits_table,
        "commands": commands.commands_table,
        "interruptions": interruptions.interruptions_table,
        "inventory": inventory.inventory_table,
        "needs": needs.needs_table,
        "dependencies": conclusions.dependencies_table,
    }
    return makers[name](report)
