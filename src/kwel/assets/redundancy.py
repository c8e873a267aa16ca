"""What routers say of the addresses that they share in, who shares which out, and when another became master.

VRRP, CARP and HSRP: the master, or active router, answers for the group's addresses from the group's own MAC. Only what
the routers themselves say counts; whose MAC that is, no frame need tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from kwel.assets import evidence
from kwel.assets.devices import host_of
from kwel.model.changes import Change
from kwel.model.claims import Evidence, Grade

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kwel.assets.devices import Device, Devices
    from kwel.model.assets import Asset
    from kwel.model.claims import Observed

IN_CHARGE: Final = ("master", "active")
NAMED: Final = 4
"""Routers of a group that are named."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one router says of itself in one group."""

    device: int
    state: str
    said: Observed


@dataclass(frozen=True, slots=True)
class Group:
    """Routers that share addresses on one segment."""

    protocol: str
    number: str
    vlan: int
    addresses: tuple[str, ...]
    parts: tuple[Part, ...]
    """In order of time."""


def find_groups(devices: Sequence[Device]) -> list[Group]:
    """Return the groups that routers tell of."""
    found: dict[tuple[str, str, int], list[tuple[Part, list[str]]]] = {}
    for index, device in enumerate(devices):
        for said in device.observed:
            if said.kind == "redundancy" and len(words := said.value.split(" ")) > 2:
                protocol, number, state, *addresses = words
                part = Part(index, state, said), addresses
                found.setdefault((protocol, number, said.vlan), []).append(part)
    return [
        Group(
            *key,
            tuple(dict.fromkeys(address for _, addresses in said for address in addresses)),
            tuple(sorted((part for part, _ in said), key=lambda part: (part.said.time, part.device))),
        )
        for key, said in sorted(found.items())
    ]


def shared_by(groups: Sequence[Group], devices: Devices, assets: Sequence[Asset]) -> dict[int, list[Evidence]]:
    """Return, by index of the asset that has an address of a group, which routers share it."""
    found: dict[int, list[Evidence]] = {}
    for group in groups:
        latest = {part.device: part for part in group.parts}
        routers = [f"{assets[index].label} ({part.state})" for index, part in latest.items()]
        values = (("protocol", group.protocol), ("group", group.number), ("routers", ", ".join(routers[:NAMED])))
        step = Evidence("observed", "shared-by", values, group.parts[0].said.where)
        for address in group.addresses:
            host = host_of(address, group.vlan)
            at = devices.at(host) if host else None
            if at is not None and step not in found.setdefault(at, []):
                found[at].append(step)
    return found


def handed_over(groups: Sequence[Group], assets: Sequence[Asset]) -> Iterator[Change]:
    """Yield each time that another router of a group said to be in charge, as far as it is known."""
    for group in groups:
        spells = sorted(
            (time, part.device)
            for part in group.parts
            if part.state in IN_CHARGE
            for time in {part.said.time, part.said.until}
        )
        said = {part.device: part.said for part in group.parts if part.state in IN_CHARGE}
        subject = " ".join((group.protocol, group.number, *group.addresses))
        for (_, before), (time, after) in pairwise(spells):
            if before != after:
                was, now = assets[before], assets[after]
                steps = evidence.said(said[before]), evidence.said(said[after])
                yield Change(
                    now.id, "redundancy", subject, was.label, now.label, time, Grade.B, steps, (was.id,)
                )  # fmt: skip
