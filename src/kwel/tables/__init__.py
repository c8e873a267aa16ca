"""Traffic or a Report in, tables of rows out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from kwel.model.report import Report
    from kwel.model.traffic import Traffic
    from kwel.tables.schema import Name


class Source(Protocol):
    """What tables are made from: an analysis."""

    @property
    def traffic(self) -> Traffic:
        """What was on the wire."""

    @property
    def report(self) -> Report:
        """What follows from it."""


def frame(name: Name, source: Source) -> pd.DataFrame:
    """Return a table as a DataFrame, with the columns that ``schema`` lists for it."""
    from kwel.tables import conclusions, flows, hellos

    if name == "flows":
        return flows.flows_table(source.traffic)
    if name == "names":
        return flows.names_table(source.traffic)
    if name == "hellos":
        return hellos.hellos_table(source.traffic)
    if name == "assets":
        return conclusions.assets_table(source.report)
    return conclusions.dependencies_table(source.report)
