"""Devices with their proofs and sayings in, identities that changed within the captures out, in order of time.

Four sorts, each only where the frames leave no other reading:

1. An address that one MAC held and another holds afterwards: another device, or another network card in the same one.
   Held by both at once it is a conflict, or two networks in the captures use the same addresses.
2. A name that only one device bears at a time (host, PROFINET station), said by a second after the first fell silent.
3. A device that says of itself otherwise than before: a new firmware, another serial number or SSH key. What it says by
   turns, or what several programs in it say, is no change; nor is what it may call itself besides, if each was said but
   once.
4. An address that several routers share (VRRP, CARP, HSRP), of which another says to be in charge.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from kwel.assets import evidence
from kwel.assets.redundancy import handed_over
from kwel.model.changes import Change
from kwel.model.claims import Grade
from kwel.model.records.columns import address_text, mac_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kwel.assets.devices import Device
    from kwel.assets.evidence import Witness
    from kwel.assets.proofs import Proofs
    from kwel.assets.redundancy import Group
    from kwel.model.assets import Asset
    from kwel.model.changes import ChangeKind
    from kwel.model.claims import Observed
    from kwel.model.kinds import FactKind

OF_ONE: Final[tuple[FactKind, ...]] = (
    "vendor", "product", "order-number", "serial", "firmware", "hostname", "station", "host-key",
)  # fmt: skip
"""What a device says of itself in one protocol with one value at a time."""
EXACT: Final = ("serial", "firmware")
"""What no device has two of in one protocol: each need be said but once."""
OF_SEVERAL: Final = frozenset({"mms", "c37118", "hartip", "ads", "opcua", "bacnet-lan"})
"""Protocols in which several devices, domains or programs speak with one address: what differs there is no change."""
BEARS_ONE: Final[tuple[FactKind, ...]] = ("station", "hostname")
"""What two devices never bear at once."""
DHCP: Final = "dhcp"
"""A machine that starts over the network calls itself otherwise than the system that it starts: a lower grade."""
MOST: Final = 2_000
"""Changes that are told. Beyond, a capture shows a flood, or many sites."""


def find_changes(
    devices: Sequence[Device], assets: Sequence[Asset], proofs: Proofs, witness: Witness, groups: Sequence[Group] = ()
) -> tuple[tuple[Change, ...], int]:
    """Return what changed, and how many changes there was no room for.

    *devices* and *assets* go together by their place.
    """
    found = [
        *_moved(assets, proofs, witness),
        *_renamed(devices, assets),
        *handed_over(groups, assets),
        *(change for device, asset in zip(devices, assets, strict=True) for change in _said(device, asset)),
    ]
    found.sort(key=lambda of: (of.when, of.asset, of.what, of.subject, of.after))
    return tuple(found[:MOST]), max(0, len(found) - MOST)


def _moved(assets: Sequence[Asset], proofs: Proofs, witness: Witness) -> Iterator[Change]:
    """Yield the addresses that went from one MAC to another, or that two have at once, if these are two devices."""
    owners = {claim.value: asset.id for asset in assets for claim in asset.macs}
    for host, held in sorted((host, held) for host, held in proofs.of_host.items() if len(held) > 1):
        for before, after in pairwise(held):
            was, now = mac_text(before.mac), mac_text(after.mac)
            if owners.get(was) == owners.get(now):
                continue
            address = address_text(host[0], host[1])
            what: ChangeKind = "address-conflict" if host in proofs.conflicts else "mac"
            steps = witness.claimed((host, before)), witness.claimed((host, after))
            had = (owners[was],) if was in owners else ()
            yield Change(owners.get(now, now), what, address, was, now, after.time, Grade.A, steps, had)


def _renamed(devices: Sequence[Device], assets: Sequence[Asset]) -> Iterator[Change]:
    """Yield the names that one device bore, and another bears after the first fell silent."""
    borne: dict[tuple[str, str], dict[int, list[Observed]]] = {}
    for index, device in enumerate(devices):
        for said in device.observed:
            if said.kind in BEARS_ONE and device.mac is not None:
                borne.setdefault((said.kind, said.value.casefold()), {}).setdefault(index, []).append(said)
    for _, by in sorted((name, by) for name, by in borne.items() if len(by) > 1):
        spans = sorted((min(said.time for said in of), index) for index, of in by.items())
        for (_, before), (start, after) in pairwise(spans):
            if assets[before].last >= start:
                continue
            first, last = by[after][0], by[before][-1]
            was, now = (assets[of].macs[0].value if assets[of].macs else assets[of].id for of in (before, after))
            steps = evidence.said(last), evidence.said(first)
            yield Change(assets[after].id, "mac", first.value, was, now, start, Grade.B, steps, (assets[before].id,))


def _said(device: Device, asset: Asset) -> Iterator[Change]:
    """Yield what a device says of itself otherwise than before."""
    by: dict[tuple[FactKind, str, str], list[Observed]] = {}
    for said in device.observed:
        if said.kind in OF_ONE and said.protocol not in OF_SEVERAL:
            sort = said.value.partition(" ")[0] if said.kind == "host-key" else ""  # one of each algorithm
            by.setdefault((said.kind, said.protocol, sort), []).append(said)
    for (kind, protocol, _), all_said in sorted((key, of) for key, of in by.items() if len(of) > 1):
        in_order = sorted(_spans(all_said), key=lambda of: (of.time, of.value))
        one_at_a_time = all(a.until < b.time for a, b in pairwise(in_order))
        if not one_at_a_time:
            continue
        for before, after in pairwise(in_order):
            if kind not in EXACT and not (before.last or after.last):
                continue
            steps = evidence.said(before), evidence.said(after)
            grade = Grade.C if protocol == DHCP else Grade.B
            yield Change(asset.id, kind, asset.label, before.value, after.value, after.time, grade, steps)


def _spans(said: Sequence[Observed]) -> Iterator[Observed]:
    """Yield each value once: said of several addresses or in several VLANs, from the first time to the last."""
    by: dict[str, list[Observed]] = {}
    for one in said:
        by.setdefault(one.value, []).append(one)
    for of in by.values():
        first = min(of, key=lambda one: one.time)
        until = max(one.until for one in of)
        yield first if until == first.until else first.as_far_as(until)
