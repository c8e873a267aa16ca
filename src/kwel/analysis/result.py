"""What the stages found in, an analysis out: everything that was concluded, as a report and as tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    import pandas as pd

    from kwel.model.assets import Asset
    from kwel.model.dependencies import Dependencies
    from kwel.model.findings import Finding
    from kwel.model.inventory import OwnInventory
    from kwel.model.limits import Policy
    from kwel.model.report import Report
    from kwel.model.site import Site
    from kwel.model.traffic import Traffic


class Options(NamedTuple):
    """What a user may choose about an analysis."""

    internal: tuple[str, ...] = ()
    """Prefixes that are the plant's own, beside the private ones."""
    bloc: str = "EEA"
    accepted: tuple[str, ...] = ()
    """Offerings called sovereign that count as what they promise: ids of rules/jurisdictions/sovereign.toml."""
    title: str = ""
    here: str = ""
    """Where the captures were made, a country or degrees: then round trips exclude places that are too far away."""
    max_flows: int = 2_000_000
    """Conversations that are kept; each takes 160 bytes, and as much again while conclusions are drawn. Beyond half of
    them, attempts that nobody answered make room for others. Packets of those without room are set aside."""
    rules: Path | None = None
    """A folder of rules of the user's own, laid over those that ship."""
    site: Site | None = None
    """What the user knows of the own plant: ``site.load``."""
    inventory: OwnInventory | None = None
    """The site's own inventory: ``site.load_inventory``."""
    on: datetime.date | None = None
    """The day on which overrides of the site are judged; by default the one on which the captures end."""
    policy: Policy | None = None
    """The site's own limits: ``limits.load``."""
    hash_files: bool = False
    command: str = ""
    """How to do it again, for the report."""

    @property
    def own_inventory(self) -> OwnInventory | None:
        """Return the inventory that was given, else that of the site file."""
        return self.inventory or (self.site.inventory if self.site else None)

    @property
    def place(self) -> str:
        """Return where the captures were made; empty where nobody says."""
        return self.here or (self.site.here if self.site else "")


@dataclass(frozen=True)
class Analysis:
    """Everything that was concluded from some captures."""

    options: Options
    traffic: Traffic
    report: Report
    """What a report may show: all that follows from the traffic."""

    @property
    def assets(self) -> tuple[Asset, ...]:
        """The devices of the plant."""
        return self.report.assets

    @property
    def dependencies(self) -> Dependencies:
        """What they depend on outside."""
        return self.report.dependencies

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What follows from that."""
        return self.report.findings

    @cached_property
    def rows_of(self) -> dict[str, int]:
        """The first dependency on each host and on each address."""
        rows = [(of.host, of.attribution.address) for of in self.dependencies]
        return {end: row for row in reversed(range(len(rows))) for end in rows[row] if end}

    def _frame(self, name: Any) -> pd.DataFrame:
        from kwel.export import frame

        return frame(name, self)

    @cached_property
    def flows(self) -> pd.DataFrame:
        """One row a flow, with the columns of ``kwel flows``."""
        return self._frame("flows")

    @cached_property
    def names(self) -> pd.DataFrame:
        """One row a name seen on the wire, with the columns of ``kwel names``."""
        return self._frame("names")

    @cached_property
    def hello_table(self) -> pd.DataFrame:
        """One row a ClientHello, with the columns of ``kwel hellos``."""
        return self._frame("hellos")

    @cached_property
    def lan_table(self) -> pd.DataFrame:
        """One row a conversation without IP, with the columns of ``kwel lan``."""
        return self._frame("lan")

    @cached_property
    def asset_table(self) -> pd.DataFrame:
        """One row an asset, with the columns of ``kwel assets``."""
        return self._frame("assets")

    @cached_property
    def fact_table(self) -> pd.DataFrame:
        """One row a fact of an asset, with the columns of ``kwel assets --facts``."""
        return self._frame("facts")

    @cached_property
    def zone_table(self) -> pd.DataFrame:
        """One row a zone, with the columns of ``kwel conduits --zones``."""
        return self._frame("zones")

    @cached_property
    def conduit_table(self) -> pd.DataFrame:
        """One row a conduit, with the columns of ``kwel conduits``."""
        return self._frame("conduits")

    @cached_property
    def inventory_table(self) -> pd.DataFrame:
        """One row an entry of the inventory, or an asset without one, with the columns of ``kwel inventory check``."""
        return self._frame("inventory")

    @cached_property
    def dependency_table(self) -> pd.DataFrame:
        """One row a dependency, with the columns of ``kwel dependencies``."""
        return self._frame("dependencies")

    @cached_property
    def interruption_table(self) -> pd.DataFrame:
        """One row an outage that the captures hold, with the columns of ``kwel interruptions``."""
        return self._frame("interruptions")

    @cached_property
    def need_table(self) -> pd.DataFrame:
        """One row a need, with the columns of ``kwel needs``."""
        return self._frame("needs")

    @cached_property
    def command_table(self) -> pd.DataFrame:
        """One row a sender, receiver, protocol and class, with the columns of ``kwel commands``."""
        return self._frame("commands")
