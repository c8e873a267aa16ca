"""Addresses and proofs in, devices out: which addresses are one device, and which device is on either side of a flow.

Rules of identity, in order:

1. An address that a MAC was proven to hold belongs to the device with that MAC, from the proof on; before the first
   proof, to the first. One MAC is one device, in whatever VLAN and with however many addresses.
2. The same address seen in a VLAN without a proof of its own came through a router: it belongs to the device that was
   proven elsewhere, if that is one VLAN or one MAC. Link-local addresses are of one link only.
3. An IPv6 address made from a MAC (EUI-64, RFC 4291 appendix A) belongs to the device with that MAC, if such a MAC was
   proven otherwise. Alone it proves none: a router forwards it.
4. Any other address is a device of its own, once a VLAN.
5. Devices that ``sameness`` finds to be one are one, with several MACs or addresses.
6. An address that captures of the same time show at different MACs is of two networks: in each capture its own device.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kwel.assets.hosts import sort_key
from kwel.assets.sameness import find_same
from kwel.model.records.columns import MAPPED, address_halves, is_ipv4

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from kwel.assets.hosts import Hosts
    from kwel.assets.proofs import Host, Proof, Proofs
    from kwel.assets.senders import Carried
    from kwel.model.claims import Evidence, Observed
    from kwel.model.records.columns import Rows

Key = int | tuple[int, int, int]
"""What tells devices apart: a MAC, or an address and VLAN."""

UNIVERSAL = 0x02 << 40
"""The bit of the first octet that an EUI-64 address has inverted."""
GROUP = 0x01 << 40
"""The bit of the first octet that makes a MAC address one of many hosts."""
MOST_SILENT = 10_000
"""Devices known only by a MAC that a frame tells. Beyond, a capture shows a flood; they are counted."""


@dataclass(slots=True)
class Device:
    """What belongs to one device. Filled while grouping, read-only afterwards."""

    key: Key
    hosts: list[Host] = field(default_factory=list)
    proofs: list[tuple[Host, Proof]] = field(default_factory=list)
    observed: list[Observed] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    """MACs beside the one that it is known by."""
    carries: Carried | None = None
    """What shows that it is a router."""
    one_because: list[Evidence] = field(default_factory=list)
    """What proves that several MACs or addresses are this one device."""

    @property
    def mac(self) -> int | None:
        """The proven MAC that it is known by."""
        return self.key if isinstance(self.key, int) else None

    @property
    def macs(self) -> list[int]:
        """All proven MACs, the one that it is known by first."""
        return [] if self.mac is None else [self.mac, *self.others]


class Devices:
    """All devices in a reader's order, and each flow's two sides pointing to them."""

    def __init__(self, hosts: Hosts, proofs: Proofs, flows: Rows, observed: Sequence[Observed] = ()) -> None:
        self._timelines = _Timelines(proofs)
        self._silent = 0
        self.left_out = set[int]()
        """MAC addresses for which there was no room."""
        self._same = find_same(observed, self._timelines.key_of)
        self._other_macs = self._same.other_macs()
        self._by_capture = proofs.by_capture
        self._index: dict[Key, int] = {}
        self.devices: list[Device] = []
        self.keys_of: dict[Host, list[tuple[int, Key]]] = {}
        """Per address and VLAN: from when it belonged to which device."""
        for host in hosts.keys:
            self._add(host)
        for host in proofs.of_host:
            self._add(host)
        for host, found in proofs.of_host.items():
            for proof in found:
                self.devices[self._index[self._same(proof.mac)]].proofs.append((host, proof))
        order = sorted(range(len(self.devices)), key=lambda i: _order(self.devices[i]))
        self.devices = [self.devices[i] for i in order]
        self._index = {device.key: i for i, device in enumerate(self.devices)}
        self.of_initiator = self._of_side(hosts.keys, hosts.of_initiator, flows)
        self.of_responder = self._of_side(hosts.keys, hosts.of_responder, flows)

    def _add(self, host: Host) -> None:
        if host in self.keys_of:
            return
        timeline = [(time, self._same(key)) for time, key in self._timelines.of(host)]
        self.keys_of[host] = timeline
        for key in dict.fromkeys(key for _, key in timeline):
            self.devices[self._number(key)].hosts.append(host)

    def _number(self, key: Key) -> int:
        """Return the number of the device with a key, a new one if need be."""
        if key not in self._index:
            self._index[key] = len(self.devices)
            device = Device(key, others=self._other_macs.get(key, []), one_because=self._same.why.get(key, []))
            self.devices.append(device)
        return self._index[key]

    def _of_side(self, keys: list[Host], side: NDArray[np.int32], flows: Rows) -> NDArray[np.int32]:
        """Turn host numbers into device numbers; negative ones stay."""
        owners = np.array([self._index[self.keys_of[host][0][1]] for host in keys], np.int32)
        found = side.copy()
        inside = side >= 0
        found[inside] = owners[side[inside]]
        moved = [i for i, host in enumerate(keys) if len(self.keys_of[host]) > 1]
        rows = np.flatnonzero(np.isin(side, np.array(moved, np.int32))) if moved else np.zeros(0, np.int64)
        rows = rows[np.argsort(side[rows], kind="stable")]
        starts = np.searchsorted(side[rows], moved)
        ends = np.searchsorted(side[rows], moved, side="right")
        for number, start, end in zip(moved, starts.tolist(), ends.tolist(), strict=True):
            timeline = self.keys_of[keys[number]]
            times = np.array([time for time, _ in timeline[1:]], np.int64)
            at = np.array([self._index[key] for _, key in timeline], np.int32)
            found[rows[start:end]] = at[np.searchsorted(times, flows["first"][rows[start:end]], side="right")]
            for capture, mac in self._by_capture.get(keys[number], {}).items():
                own = rows[start:end][flows["capture"][rows[start:end]] == capture]
                found[own] = self._index[self._same(mac)]
        return found

    def at(self, host: Host, time: int | None = None) -> int | None:
        """Return the device that an address belonged to, at some time or last."""
        timeline = self.keys_of.get(host)
        if timeline is None:
            return None
        place = len(timeline) if time is None else bisect.bisect([start for start, _ in timeline[1:]], time) + 1
        return self._index[timeline[place - 1][1]]

    def find(self, mac: int) -> int | None:
        """Return the device with a MAC."""
        return self._index.get(self._same(mac))

    def find_or_add(self, mac: int) -> int | None:
        """Return the device with a MAC, a new one as far as there is room; a group or nobody is none."""
        index = self._index.get(self._same(mac))
        if index is not None or not mac or mac & GROUP:
            return index
        if self._silent >= MOST_SILENT:
            self.left_out.add(mac)
            return None
        self._silent += 1
        return self._number(self._same(mac))

    def hear(self, observed: Iterable[Observed]) -> None:
        """Give each observation to the device that it is about: by MAC, by address, or a new one by its MAC."""
        for said in observed:
            index = self._index.get(self._same(said.mac)) if said.mac is not None else None
            if index is None and said.address is not None:
                index = self._by_address(said)
            if index is None and said.mac is not None:
                index = self.find_or_add(said.mac)
            if index is not None:
                self.devices[index].observed.append(said)

    def carry(self, routers: Mapping[int, Carried]) -> None:
        """Give each router what shows that it is one: by its MAC, or a new device."""
        for mac, carried in sorted(routers.items()):
            self.devices[self._number(self._same(mac))].carries = carried

    def _by_address(self, said: Observed) -> int | None:
        host = host_of(said.address or "", said.vlan)
        if host is None:
            return None
        return self.at(host, said.time) if host in self.keys_of else self._timelines.elsewhere(host, self)


class _Timelines:
    """Says from when an address belonged to which device."""

    def __init__(self, proofs: Proofs) -> None:
        self._proofs = proofs.of_host
        self._macs = {proof.mac for found in self._proofs.values() for proof in found}
        self._vlans: dict[tuple[int, int], list[int]] = {}
        for hi, lo, vlan in self._proofs:
            self._vlans.setdefault((hi, lo), []).append(vlan)

    def key_of(self, said: Observed) -> Key | None:
        """Return whom a saying is about, whether or not it is in a flow."""
        if said.mac is not None:
            return said.mac
        host = host_of(said.address or "", said.vlan)
        if host is None:
            return None
        timeline = self.of(host)
        return timeline[max(0, bisect.bisect([start for start, _ in timeline], said.time) - 1)][1]

    def of(self, host: Host) -> list[tuple[int, Key]]:
        """Return (time, key), in order of time."""
        if found := self._proofs.get(host) or self._routed(host):
            return [(proof.time, proof.mac) for proof in found]
        mac = mac_within(host[1])
        return [(0, mac if mac in self._macs else host)]

    def _routed(self, host: Host) -> list[Proof]:
        hi, lo, _ = host
        if is_link_local(hi, lo):
            return []
        elsewhere = [self._proofs[hi, lo, vlan] for vlan in self._vlans.get((hi, lo), ())]
        macs = {proof.mac for proofs in elsewhere for proof in proofs}
        return elsewhere[0] if len(elsewhere) == 1 or len(macs) == 1 else []

    def elsewhere(self, host: Host, devices: Devices) -> int | None:
        """Return the device of an address that was not seen in this VLAN."""
        hi, lo, _ = host
        vlans = self._vlans.get((hi, lo), [])
        return devices.at((hi, lo, vlans[0])) if len(vlans) == 1 and not is_link_local(hi, lo) else None


def is_link_local(hi: int, lo: int) -> bool:
    """Return whether an address means something on one link only (RFC 4291 section 2.5.6, RFC 3927)."""
    if is_ipv4(hi, lo):
        return lo >> 16 == (MAPPED | 0xA9FE0000) >> 16
    return hi >> 54 == 0xFE80 >> 6


def mac_within(lo: int) -> int | None:
    """Return the MAC that the lower half of an IPv6 address was made from.

    >>> f"{mac_within(0x025056FFFE100022):012x}"
    '005056100022'
    """
    if lo >> 24 & 0xFFFF != 0xFFFE:
        return None
    return (lo >> 40 << 24 | lo & 0xFF_FFFF) ^ UNIVERSAL


def host_of(address: str, vlan: int) -> Host | None:
    """Return the key of an address as text; ``None`` where it is none."""
    try:
        hi, lo = address_halves(address)
    except OSError:
        return None
    return hi, lo, vlan


def _order(device: Device) -> tuple[object, ...]:
    if device.hosts:
        return min(sort_key(host) for host in device.hosts)
    return (3, device.key if isinstance(device.key, int) else 0, 0, 0)
