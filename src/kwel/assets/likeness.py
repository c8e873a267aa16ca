"""Certificates and SSH host keys in, which assets show the same one out: a cluster or a copy, never one.

A certificate with its key may be on many machines: behind a load balancer, in a firmware image, on an intermediary that
answers for others. So may an SSH host key, which copies of one disk share as well. So they make no two assets one; that
they show the same is told at each. Several keys by turns at one address are of several servers behind it, and so are
several servers that the cookies of a web server name.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.claims import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from kwel.assets.devices import Device
    from kwel.assets.evidence import Witness
    from kwel.model.assets import Asset
    from kwel.model.claims import Observed
    from kwel.model.traffic import Traffic

NAMED: Final = 3
"""Other assets that are named."""
MEMBERS: Final = 8
"""Servers that share the work of one, and are named."""
DIGITS: Final = 16
"""Of the fingerprint that is shown."""


def same_certificates(
    traffic: Traffic,
    assets: Sequence[Asset],
    sides: tuple[NDArray[np.int32], NDArray[np.int32]],
    witness: Witness,
) -> dict[int, Evidence]:
    """Return, by index of an asset, a certificate that others show too. *sides*: who began each flow, who answered."""
    shown = traffic.shown
    flow = shown["flow"].astype(np.int64)
    who = np.where(shown["from_initiator"] == 1, sides[0][flow], sides[1][flow]).astype(np.int64)
    inside = np.flatnonzero(who >= 0)
    pairs = shown["certificate"][inside].astype(np.int64) << 32 | who[inside]
    pairs, first = np.unique(pairs, return_index=True)
    by: dict[int, list[tuple[int, int]]] = {}
    for pair, row in zip(pairs.tolist(), inside[first].tolist(), strict=True):
        by.setdefault(pair >> 32, []).append((pair & 0xFFFF_FFFF, row))
    found: dict[int, Evidence] = {}
    for number, owners in by.items():
        certificate = traffic.certificates[number]
        for asset, row in owners if len(owners) > 1 else ():
            others = [assets[other].label for other, _ in owners if other != asset]
            values = (
                ("name", certificate.subject or ", ".join(certificate.names[:1])),
                ("sha256", certificate.sha256[:DIGITS]),
                ("others", ", ".join(others[:NAMED]) + (" …" if len(others) > NAMED else "")),
            )
            where = witness.where(int(shown["capture"][row]), int(shown["frame"][row]))
            found.setdefault(asset, Evidence("observed", "same-certificate", values, where))
    return found


def same_host_keys(devices: Sequence[Device], assets: Sequence[Asset]) -> dict[int, Evidence]:
    """Return, by index of an asset, an SSH host key that others show too."""
    by: dict[str, dict[int, Observed]] = {}
    for index, device in enumerate(devices):
        for said in device.observed:
            if said.kind == "host-key":
                by.setdefault(said.value, {}).setdefault(index, said)
    found: dict[int, Evidence] = {}
    for key, owners in by.items():
        for index, said in owners.items() if len(owners) > 1 else ():
            others = [assets[other].label for other in owners if other != index]
            named = ", ".join(others[:NAMED]) + (" …" if len(others) > NAMED else "")
            values = ("fingerprint", key), ("others", named)
            found.setdefault(index, Evidence("observed", "same-host-key", values, said.where))
    return found


def several_servers(devices: Sequence[Device]) -> dict[int, list[Evidence]]:
    """Return, by index of an asset, what shows that several servers answer at its address."""
    found: dict[int, list[Evidence]] = {}
    for index, device in enumerate(devices):
        steps = [*_by_host_keys(device), *_by_cookies(device)]
        if steps:
            found[index] = steps
    return found


def _by_host_keys(device: Device) -> Iterator[Evidence]:
    """Yield that keys of one algorithm were shown by turns: each server has one of each."""
    shown: dict[tuple[str, str], dict[str, Observed]] = {}
    for said in device.observed:
        if said.kind == "host-key" and said.address:
            algorithm = said.value.partition(" ")[0]
            shown.setdefault((said.address, algorithm), {}).setdefault(said.value, said)
    for (address, algorithm), keys in shown.items():
        spans = sorted((said.time, said.until) for said in keys.values())
        if any(before[1] > after[0] for before, after in pairwise(spans)):
            values = (("address", address), ("count", str(len(keys))), ("algorithm", algorithm))
            yield Evidence("observed", "several-host-keys", values, next(iter(keys.values())).where)


def _by_cookies(device: Device) -> Iterator[Evidence]:
    """Yield the servers that cookies name."""
    named = {said.value.partition(" ")[2]: said for said in device.observed if said.kind == "cookie"}
    named.pop("", None)
    if named:
        members = ", ".join(list(named)[:MEMBERS]) + (" …" if len(named) > MEMBERS else "")
        values = (("count", str(len(named))), ("members", members))
        yield Evidence("observed", "pool-members", values, next(iter(named.values())).where)
