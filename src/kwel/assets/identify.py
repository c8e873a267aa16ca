"""Traffic in, the inventory out: every device of the plant that was heard of, and where it is in the flows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kwel.assets import command_rules, describe, evidence, oui
from kwel.assets.activity import watch
from kwel.assets.behind import find_behind
from kwel.assets.certificates import names_in_certificates
from kwel.assets.changes import find_changes
from kwel.assets.conditions import Statement
from kwel.assets.devices import Devices
from kwel.assets.evidence import STEPS, Witness
from kwel.assets.facts import facts_of
from kwel.assets.habits import find_habits
from kwel.assets.heardsay import graded
from kwel.assets.hosts import EXTERNAL, NOBODY, find_hosts, sort_key
from kwel.assets.likeness import same_certificates, same_host_keys, several_servers
from kwel.assets.mirrors import Ends, find_ends
from kwel.assets.proofs import read_proofs
from kwel.assets.redundancy import find_groups, shared_by
from kwel.assets.scopes import Scope, Scopes
from kwel.assets.senders import find_routers, with_link_claims
from kwel.assets.sides import find_turned
from kwel.assets.stacks import find_stacks, with_stacks
from kwel.assets.stations import find_stations
from kwel.assets.systems import find_systems
from kwel.assets.told import Told
from kwel.assets.weigh import scales_of, weigh
from kwel.model.assets import Asset, AssetKind
from kwel.model.claims import Claim, Grade
from kwel.model.fast_dataclass import changed
from kwel.model.records.columns import address_text, mac_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from numpy.typing import NDArray

    from kwel.assets.activity import Activity, Spoken
    from kwel.assets.devices import Device
    from kwel.assets.habits import Habits
    from kwel.assets.proofs import Proofs
    from kwel.assets.redundancy import Group
    from kwel.assets.rules import DeviceRules
    from kwel.assets.scopes import OnSegment
    from kwel.assets.stations import Station
    from kwel.assets.weigh import Scales, Verdict
    from kwel.model.changes import Change
    from kwel.model.claims import Evidence
    from kwel.model.gaps import System
    from kwel.model.site import Effect, Site
    from kwel.model.traffic import Traffic

VLAN_ID = 0xFFF


@dataclass(frozen=True, slots=True)
class Inventory:
    """The devices of the plant, and where they are in the flows."""

    assets: tuple[Asset, ...]
    asset_of_initiator: NDArray[np.int32]
    """Per flow: index into ``assets``; EXTERNAL (-1) is outside, NOBODY (-2) is no device."""
    asset_of_responder: NDArray[np.int32]
    turned: NDArray[np.bool_]
    """Per flow: whether its responder asks and its initiator answers, as ``sides`` tells of what was joined midway."""
    left_out: Mapping[str, int]
    """What there was no room for, by what it is called in the ledger: in a scan or a flood."""
    effects: tuple[tuple[int, Effect], ...]
    """What overrides of a site file changed, each with the number of the override."""
    changes: tuple[Change, ...]
    """Identities that changed within the captures."""
    systems: list[list[System]]
    """By address behind which several systems show, these."""
    _devices: Devices
    _scopes: Scopes
    _on_segment: OnSegment

    def is_outside(self, hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return which of many addresses lie outside the plant, whether or not they are in a flow."""
        outside: NDArray[np.bool_] = self._scopes.find(hi, lo, self._on_segment) == Scope.EXTERNAL
        return outside

    def index_of(self, address_hi: int, address_lo: int, vlan: int, time: int | None = None) -> int:
        """Return which asset an address belonged to, at some time or last; -1 for none."""
        index = self._devices.at((address_hi, address_lo, vlan), time)
        return -1 if index is None else index


def identify(
    traffic: Traffic,
    internal: Sequence[str] = (),
    vendors: Traversable | Path | None = None,
    site: Site | None = None,
    day: str | None = None,
    rules_of: Path | None = None,
) -> Inventory:
    """Find the devices of the plant.

    Args:
        traffic: what was on the wire.
        internal: prefixes that are the plant's own, beside the private ones.
        vendors: the folder of the edition whose table of MAC blocks is used; by default the shipped one.
        site: what the user knows of the plant.
        day: ISO 8601; the day on which its overrides are judged.
        rules_of: a folder of the user's own, whose rules about devices are laid over those that ship.

    Raises:
        ValueError: a text in *internal* is no prefix.
        RuleError: the rules of this installation are damaged.
    """
    oui.use(vendors)
    told = Told(site, day) if site else None
    scopes = Scopes(internal, site.internal, site.source()) if site else Scopes(internal)
    scales = scales_of(rules_of)
    proofs, devices, left_out = _devices(traffic, scopes, scales.rules)
    seen, ends = _Seen.of(traffic, devices, scales), find_ends(traffic)
    writer = _Writer(traffic, scopes, scales, proofs, seen, ends)
    stacks = find_stacks(traffic.openings, devices, scales.rules, writer.witness)
    assets = with_stacks([writer.write(index, of) for index, of in enumerate(devices.devices)], stacks, scales)
    assets = [told.apply(asset) for asset in assets] if told else assets
    assets = _with_shared_kinds(assets, seen.activity, writer)
    assets = [told.with_own_kind(asset) for asset in assets] if told else assets
    assets = [scales.with_level(asset) for asset in assets]
    is_own = ends.own_flows()
    initiators, responders = (_without(side, is_own) for side in (devices.of_initiator, devices.of_responder))
    systems = find_systems(traffic, assets, initiators)
    behind = find_behind(traffic, assets, devices, initiators, systems, seen.activity, scopes, writer.witness, stacks)
    assets = [changed(asset, behind=behind[index]) if index in behind else asset for index, asset in enumerate(assets)]
    labelled = with_distinct_labels(assets)
    groups = find_groups(devices.devices)
    labelled = _with_likeness(labelled, traffic, (initiators, responders), groups, devices, writer.witness)
    changes, more = find_changes(devices.devices, labelled, proofs, writer.witness, groups)
    left_out |= {"changes-left-out": more, "facts-left-out": writer.facts_left_out}
    left_out["addresses-left-out"] += len(devices.left_out)
    places = tuple(told.effects) if told else (), changes, systems, devices, scopes, proofs.on_segment
    return graded(traffic, Inventory(labelled, initiators, responders, seen.turned, left_out, *places))


def _devices(traffic: Traffic, scopes: Scopes, rules: DeviceRules) -> tuple[Proofs, Devices, dict[str, int]]:
    """Return what the claims prove, the devices, and what there was no room for."""
    claims = with_link_claims(traffic.claims, traffic.senders, lambda mac: rules.virtual_mac(mac) is not None)
    proofs = read_proofs(claims, scopes)
    hosts = find_hosts(traffic.flows, scopes, proofs.on_segment, proofs.of_host)
    devices = Devices(hosts, proofs, traffic.flows, traffic.observed)
    devices.hear(traffic.observed)
    certified, more = names_in_certificates(traffic, devices.of_responder)
    devices.hear(certified)
    devices.carry(find_routers(traffic.senders, claims, scopes))
    return proofs, devices, {"addresses-left-out": hosts.left_out, "certificates-left-out": more}


def _with_likeness(
    assets: tuple[Asset, ...],
    traffic: Traffic,
    sides: tuple[NDArray[np.int32], NDArray[np.int32]],
    groups: Sequence[Group],
    devices: Devices,
    witness: Witness,
) -> tuple[Asset, ...]:
    """Return the assets with what others share with them: an address, a certificate, a key, the work."""
    found = shared_by(groups, devices, assets)
    for alike in (same_certificates(traffic, assets, sides, witness), same_host_keys(devices.devices, assets)):
        for index, step in alike.items():
            found.setdefault(index, []).append(step)
    for index, steps in several_servers(devices.devices).items():
        found.setdefault(index, []).extend(steps)
    return tuple(
        changed(asset, evidence=(*asset.evidence, *found[index])) if index in found else asset
        for index, asset in enumerate(assets)
    )


def _without(side: NDArray[np.int32], is_own: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return a side of the flows in which those of a collector have nobody outside."""
    return np.where(is_own & (side == EXTERNAL), np.int32(NOBODY), side)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What devices were seen doing."""

    activity: Activity
    habits: Habits
    stations: dict[int, Station]
    turned: NDArray[np.bool_]

    @classmethod
    def of(cls, traffic: Traffic, devices: Devices, scales: Scales) -> _Seen:
        stations = find_stations(traffic, devices)
        shared = {rule.application for rule in scales.rules.spoken if rule.shares}
        turned = find_turned(traffic, scales.rules.spoken, command_rules.installed())
        activity = watch(traffic, devices, shared, scales.index.is_asked_for, turned)
        for index, station in stations.items():
            activity.spoken.setdefault(index, []).extend(station.spoken.values())
        habits = find_habits(traffic.flows, devices, scales.index, turned)
        habits.add_commands(traffic, devices, command_rules.installed(), turned)
        return cls(activity, habits, stations, turned)


class _Writer:
    """Writes one asset a device."""

    def __init__(
        self, traffic: Traffic, scopes: Scopes, scales: Scales, proofs: Proofs, seen: _Seen, ends: Ends
    ) -> None:
        self.witness = Witness(traffic, seen.activity.flows() | seen.habits.flows())
        self.rules, self.scales = scales.rules, scales
        self._scopes, self._proofs, self._ends = scopes, proofs, ends
        self._activity, self._habits, self._stations = seen.activity, seen.habits, seen.stations
        self.facts_left_out = 0

    def write(self, index: int, device: Device) -> Asset:
        """Return the asset; whether it is shared is decided when all are known."""
        spoken = self._activity.spoken.get(index, [])
        macs = describe.macs_of(device, spoken, self.witness, self.rules)
        hosts = sorted({(host[0], host[1], 0) for host in device.hosts}, key=sort_key)
        addresses = tuple(address_text(hi, lo) for hi, lo, _ in hosts)
        names = describe.names_of(device)
        found = self._weighed(index, device, spoken)
        first, last = self._when(index, device)
        facts, more = facts_of(device.observed)
        self.facts_left_out += more
        return Asset(
            id=_id(device),
            label=names[0].value if names else addresses[0] if addresses else macs[0].value,
            kind=found.kind,
            kind_why=found.kind_why,
            role=self._ends.role_of(device.hosts) or found.role,
            role_or=found.role_or,
            addresses=addresses,
            macs=macs,
            vendor=describe.vendor_of(device, macs, self.rules),
            product=describe.stated(device, "product"),
            firmware=describe.stated(device, "firmware"),
            names=names,
            zone=None,
            vlans=_vlans(device, self._stations.get(index)),
            protocols=describe.protocols_of(device, spoken, self.witness),
            first=first,
            last=last,
            evidence=self._evidence(index, device),
            facts=facts,
        )

    def _when(self, index: int, device: Device) -> tuple[int, int]:
        times = [proof.time for _, proof in device.proofs]
        times += [said.time for said in device.observed]
        times += [device.carries.time, device.carries.last] if device.carries else []
        if self._activity.first_flow[index] >= 0:
            times += [self._activity.first[index], self._activity.last[index]]
        if station := self._stations.get(index):
            times += [station.first, station.last]
        return min(times), max(times)

    def _weighed(self, index: int, device: Device, spoken: list[Spoken]) -> Verdict:
        known = describe.known_of(device, spoken, self._habits, index, self.rules)
        behind_it = self._scopes.provider_side(device.hosts)
        if not behind_it:  # else it is not this device that asks, but those behind its address
            asked = self._activity.asked.get(index, ())
            known += [Statement("asks", name, by=flow) for flow, name in asked]
        found = weigh(device, self.scales.holding(known), self.scales, self.witness)
        router = describe.router_of(device, self.witness, self.rules)
        if router and (found.role is None or not self.scales.is_thing(found.role)):
            return replace(found, role=router, role_or=None)
        if behind_it and found.role is None:
            return replace(found, role=Claim("router", Grade.D, (evidence.internal(behind_it),)))
        return found

    def _evidence(self, index: int, device: Device) -> tuple[Evidence, ...]:
        steps: list[Evidence] = device.one_because[:STEPS]
        if (flow := self._activity.first_flow[index]) >= 0:
            steps.append(self.witness.seen(flow))
        elif station := self._stations.get(index):
            steps += [self.witness.spoken(said) for said in station.spoken.values()][:1]
        prefixes = (self._scopes.prefix_of(hi, lo) for hi, lo, _ in device.hosts)
        steps += [evidence.internal(prefix) for prefix in dict.fromkeys(prefixes) if prefix][:STEPS]
        steps += [self.witness.claimed(held) for held in device.proofs[:STEPS]]
        steps += [self.witness.carries(device.carries)] if device.carries else []
        for host in device.hosts:
            if proofs := self._proofs.conflicts.get(host):
                steps.append(self.witness.contested(host, proofs, host in self._proofs.by_capture))
            elif len(proofs := self._proofs.of_host.get(host, [])) > 1:
                steps.append(self.witness.moved(host, proofs))
            if device.mac is None and (for_others := self._proofs.for_others.get(host)):
                count = self._proofs.answers_for_others[for_others.mac, host[2]]
                steps.append(self.witness.for_others(host, for_others, count))
        steps += [evidence.said(said) for said in device.observed if said.kind in ("switch-port", "identity")][:STEPS]
        return tuple(steps)


def _id(device: Device) -> str:
    if isinstance(device.key, int):
        return mac_text(device.key)
    hi, lo, vlan = device.key
    outer, inner = vlan >> 16, vlan & VLAN_ID
    tag = f"@{outer}.{inner}" if outer else f"@{inner}" if inner else ""
    return address_text(hi, lo) + tag


def _vlans(device: Device, station: Station | None) -> tuple[int, ...]:
    """Return the VLANs that the device was proven in, else those it was seen in; of two tags the inner one."""
    hosts = [host for host, _ in device.proofs] or device.hosts
    tagged = {vlan & VLAN_ID for _, _, vlan in hosts} or {said.vlan & VLAN_ID for said in device.observed}
    tagged |= {vlan & VLAN_ID for vlan in station.vlans} if station else set()
    tagged |= {device.carries.host[2] & VLAN_ID} if device.carries and not tagged else set()
    return tuple(sorted(tagged - {0}))


def _with_shared_kinds(assets: list[Asset], activity: Activity, writer: _Writer) -> list[Asset]:
    """Mark whoever serves OT and others alike: an outage or a breach of it reaches both."""
    shared = dict[int, Asset]()
    for (server, application), clients in sorted(activity.served.items()):
        asset = assets[server]
        ot = next((flow for client, flow in clients.items() if assets[client].kind == AssetKind.OT), None)
        other = next((flow for client, flow in clients.items() if assets[client].kind != AssetKind.OT), None)
        if ot is None or other is None or asset.kind == AssetKind.OT or server in shared:
            continue
        rule = next(r for r in writer.rules.spoken if (r.application, r.side) == (application, "server"))
        peers = (("ot", writer.witness.initiator(ot)), ("other", writer.witness.initiator(other)))
        step = evidence.by_rule("serves-both", rule, ("protocol", application), *peers)
        why = Claim(AssetKind.SHARED, Grade.B, (writer.witness.seen(ot), writer.witness.seen(other), step))
        shared[server] = changed(asset, kind=AssetKind.SHARED, kind_why=why)
    return [shared.get(index, asset) for index, asset in enumerate(assets)]


def with_distinct_labels(assets: Sequence[Asset]) -> tuple[Asset, ...]:
    """Tell apart what several assets are called: by address or id."""
    times = Counter(asset.label.casefold() for asset in assets)
    return tuple(
        changed(asset, label=_longer_label(asset)) if times[asset.label.casefold()] > 1 else asset for asset in assets
    )


def _longer_label(asset: Asset) -> str:
    if not asset.names:
        return asset.id
    return f"{asset.label} ({asset.addresses[0] if asset.addresses else asset.id})"
