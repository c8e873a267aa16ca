"""Conversations without IP and devices in, who was seen in them and what it speaks there out.

Such a frame passes no router: its source is the sender's own MAC address. Some protocols run between the ports of
switches and bear the address of a port: these say something of a device that is known otherwise, and make none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kwel.assets.activity import Spoken
from kwel.model.kinds import Lan, LanSide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.assets.devices import Devices
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

ETHERCAT, PROFINET_RT = int(Lan.ETHERCAT), int(Lan.PROFINET_RT)
OF_PORTS: Final = frozenset({Lan.PROFINET_PTCP, Lan.MRP, Lan.PTP, Lan.PTP_POWER, Lan.STP, Lan.LLDP, Lan.CDP})
"""Protocols whose frames may come from the address of a port."""
RETURNED: Final = 0x02 << 40
"""The bit of the source's first octet that slaves of EtherCAT set in what they send back (IEC 61158-4-12)."""
GROUP: Final = 0x01 << 40
LABELS: Final = {int(lan): lan.label for lan in Lan}
SIDES: Final = {int(side): side.label for side in LanSide}
COLUMNS: Final = ["source", "destination", "protocol", "side", "first", "last", "vlan"]
ROLES: Final = {"io-controller": LanSide.MASTER, "io-device": LanSide.SLAVE}
"""What a station says of itself in DCP, and its part in cyclic data."""


@dataclass(slots=True)
class Station:
    """When and where a device was seen in conversations without IP."""

    first: int
    last: int
    row: int
    """Of its first conversation."""
    vlans: set[int] = field(default_factory=set)
    spoken: dict[tuple[str, str], Spoken] = field(default_factory=dict)


def find_stations(traffic: Traffic, devices: Devices) -> dict[int, Station]:
    """Return by device what it was seen doing without IP; devices that only do that are added, as far as there is room.

    The table is read in order of its rows, which is that of their first frames.
    """
    stations: dict[int, Station] = {}
    rows = traffic.lan[COLUMNS].tolist()
    sources = {row[0] for row in rows}
    controllers = _controllers(traffic.lan)
    known: dict[int, int] = {}
    for number, (source, _, protocol, side, first, last, vlan) in enumerate(rows):
        if protocol == ETHERCAT and source & RETURNED and source ^ RETURNED in sources:
            source ^= RETURNED  # the master's own frame, on its way back
        index = known.get(source)
        if index is None:
            index = devices.find(source) if protocol in OF_PORTS else devices.find_or_add(source)
            if index is None:
                continue
            known[source] = index
        if (seen := stations.get(index)) is None:
            seen = stations[index] = Station(first, last, number)
        seen.first, seen.last = min(seen.first, first), max(seen.last, last)
        seen.vlans.add(vlan)
        part, is_certain = side, True
        if protocol == PROFINET_RT:
            part, is_certain = _part(source, index, devices, controllers)
        key = LABELS[protocol], SIDES[part]
        if key not in seen.spoken:
            seen.spoken[key] = Spoken(*key, -1, is_certain, number)
    return stations


def _controllers(lan: Rows) -> dict[int, bool]:
    """Return, of everyone who exchanges cyclic data of PROFINET with one other, whether it is with more than one."""
    partners: defaultdict[int, set[int]] = defaultdict(set)
    for source, destination in _cyclic(lan):
        partners[source].add(destination)
        partners[destination].add(source)
    return {source: len(others) > 1 for source, others in partners.items()}


def _cyclic(lan: Rows) -> Iterator[tuple[int, int]]:
    rows = lan[lan["protocol"] == Lan.PROFINET_RT]
    for source, destination in zip(rows["source"].tolist(), rows["destination"].tolist(), strict=True):
        if not destination & GROUP:
            yield source, destination


def _part(source: int, index: int, devices: Devices, controllers: dict[int, bool]) -> tuple[LanSide, bool]:
    """Return a station's part in cyclic data: as it says itself in DCP, else by with how many it exchanges them."""
    said = {o.value for o in devices.devices[index].observed if o.kind == "role" and o.protocol == "profinet-dcp"}
    parts = {part for role, part in ROLES.items() if role in said}
    if len(parts) == 1:
        return parts.pop(), True
    return (LanSide.MASTER, False) if controllers.get(source) else (LanSide.STATION, True)
