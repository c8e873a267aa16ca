"""Mirror sessions in, their ends out: who copies frames and who collects them, and which flows are only about that.

What a collector sends itself, such as ARP and ICMP errors about frames that it did not ask for (RFC 792), says nothing
of the plant that it listens to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.records.columns import Tunnel, address_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kwel.assets.proofs import Host
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

COLLECTOR: Final = "collector"
SOURCE: Final = "mirror-source"

Address = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of every mirror session, by address, each with its first row of ``columns.MIRROR``."""

    sources: dict[Address, int]
    collectors: dict[Address, int]
    _traffic: Traffic

    def role_of(self, hosts: Iterable[Host]) -> Claim | None:
        """Return which end of a mirror session a device with these addresses is."""
        addresses = [(host[0], host[1]) for host in hosts]
        for role, ends in ((COLLECTOR, self.collectors), (SOURCE, self.sources)):
            if row := next((ends[address] for address in addresses if address in ends), None):
                return Claim(role, Grade.A, (self._step(row - 1),))
        return None

    def _step(self, index: int) -> Evidence:
        row = self._traffic.mirrors[index]
        values = (
            ("source", address_text(int(row["source_hi"]), int(row["source_lo"]))),
            ("collector", address_text(int(row["collector_hi"]), int(row["collector_lo"]))),
            ("tunnel", Tunnel(int(row["tunnel"]) >> 24).name.lower().replace("_", "-")),
        )
        where = Where(self._traffic.captures[int(row["capture"])].name, int(row["first_frame"]))
        return Evidence("observed", "mirrored-to", values, where)

    def own_flows(self) -> NDArray[np.bool_]:
        """Return which flows are a collector's own, seen outside of the mirror."""
        flows, mirrors = self._traffic.flows, self._traffic.mirrors
        own = np.zeros(len(flows), np.bool_)
        for index in self.collectors.values():
            own |= _has_end(flows, mirrors[index - 1])
        return own & ~np.isin(flows["tunnel"], mirrors["tunnel"]) if self.collectors else own


def _has_end(flows: Rows, mirror: Rows) -> NDArray[np.bool_]:
    found = np.zeros(len(flows), np.bool_)
    for side in ("initiator", "responder"):
        found |= (flows[f"{side}_hi"] == mirror["collector_hi"]) & (flows[f"{side}_lo"] == mirror["collector_lo"])
    return found


def find_ends(traffic: Traffic) -> Ends:
    """Return the ends of all mirror sessions."""
    sources, collectors = dict[Address, int](), dict[Address, int]()
    for number, row in enumerate(traffic.mirrors, 1):
        sources.setdefault((int(row["source_hi"]), int(row["source_lo"])), number)
        collectors.setdefault((int(row["collector_hi"]), int(row["collector_lo"])), number)
    return Ends(sources, collectors, traffic)
