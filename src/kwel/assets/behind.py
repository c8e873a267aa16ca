"""Assets and how their packets came in, behind whose address others stand out: up to how many, and why.

Whoever translates addresses (NAT, RFC 3022) or asks on behalf of others (a proxy) shows one address for many. How many
is not to be seen; how many at most is: no more than conversations began there, for each may be another's. Signs are

1. the TTLs of several systems behind one address (``systems``);
2. packets of an address that were passed on by a router, from the MAC that holds the address itself: what a host sends
   of its own has the TTL that it began with;
3. an address that only access providers hand out, to a customer's router;
4. clients that were seen to ask a proxy for a way through: so many, at least;
5. timestamps of several clocks towards one peer, or SYNs of several stacks by turns (``stacks``);
6. browsers of several systems by turns, by what they call themselves: a weak sign, one may call itself what it likes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.assets import evidence
from kwel.assets.rules import CONNECT
from kwel.assets.senders import INITIAL
from kwel.model.claims import Claim, Evidence, Grade
from kwel.model.records.columns import address_text, is_ipv4

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from kwel.assets.activity import Activity
    from kwel.assets.devices import Device, Devices
    from kwel.assets.evidence import Witness
    from kwel.assets.rulekinds import AgentRule
    from kwel.assets.scopes import Scopes
    from kwel.assets.stacks import Stacks
    from kwel.model.assets import Asset
    from kwel.model.claims import Observed
    from kwel.model.gaps import System
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

FARTHEST: Final = 4
"""Routers inside a plant that a packet may have passed. A TTL further below may be one that a program chose."""
UNUSUAL: Final = (30, 60, 254)
"""TTLs a little below INITIAL that some stacks begin with: 30 of controllers, as public captures of S7comm show; 60 and
254 of old systems and of routers (common knowledge, unverified). A host all of whose packets bear one may be near."""
FEWEST: Final = 3
"""Packets that make a sign: a single one may be forged, or a program's."""


def find_behind(
    traffic: Traffic,
    assets: Sequence[Asset],
    devices: Devices,
    of_initiator: NDArray[np.int32],
    systems: Sequence[Sequence[System]],
    activity: Activity,
    scopes: Scopes,
    witness: Witness,
    stacks: Stacks,
) -> dict[int, Claim]:
    """Return, by index of an asset behind whose address others stand, up to how many and why."""
    begun = np.flatnonzero(of_initiator >= 0)
    began = np.bincount(of_initiator[begun], traffic.weights[begun], len(assets)).astype(np.int64).tolist()
    passed_on = _passed_on(traffic, of_initiator, len(assets))
    index = {asset.id: i for i, asset in enumerate(assets)}
    found: dict[int, Claim] = {}
    for several in systems:
        at = index[several[0].asset]
        found.setdefault(at, _claim(began[at], Grade.B, _several(several)))
    for at, step in _translating(traffic.senders, traffic.claims, devices, witness):
        if passed_on[at]:
            found.setdefault(at, _claim(passed_on[at], Grade.B, step))
    for at, sign in stacks.behind.items():
        found.setdefault(at, _claim(began[at], sign.grade, sign.step))
    for at, device in enumerate(devices.devices):
        if at not in found and began[at] and (prefix := scopes.provider_side(device.hosts)):
            found[at] = _claim(began[at], Grade.D, evidence.internal(prefix))
        elif at not in found and began[at] and (sign_of_agents := _several_agents(device, stacks.agents)):
            found[at] = _claim(began[at], Grade.D, sign_of_agents)
    for at, step, count in _proxies(activity, witness):
        found.setdefault(at, Claim(str(count), Grade.B, (step,)))
    return found


def _claim(most: int, grade: Grade, step: Evidence) -> Claim:
    limit = Evidence("inferred", "one-a-conversation", (("count", str(most)),), source="RFC 3022")
    return Claim(str(most), grade, (step, limit))


def _several(systems: Sequence[System]) -> Evidence:
    ttls = ", ".join(str(system.initial) for system in systems)
    values = (("address", systems[0].address), ("count", str(len(systems))), ("ttls", ttls))
    return Evidence("observed", "several-systems", values, systems[0].where)


def _passed_on(traffic: Traffic, of_initiator: NDArray[np.int32], count: int) -> list[int]:
    """Count, by asset, the conversations that it began whose first packet had passed a router."""
    hops = traffic.flows["hops"].astype(np.int64)
    below = INITIAL[np.searchsorted(INITIAL, hops)] - hops
    rows = np.flatnonzero((of_initiator >= 0) & (hops > 0) & (below > 0) & (below <= FARTHEST))
    counted: list[int] = np.bincount(of_initiator[rows], traffic.weights[rows], count).astype(np.int64).tolist()
    return counted


def _translating(senders: Rows, claims: Rows, devices: Devices, witness: Witness) -> Iterator[tuple[int, Evidence]]:
    """Yield the assets whose own address bears packets that a router passed on, from their own MAC."""
    own = set(zip(*(claims[key].tolist() for key in ("mac", "address_hi", "address_lo")), strict=True))
    lowest, highest = (senders[key].astype(np.int64) for key in ("lowest", "highest"))
    sent, below = senders["packets"] > 0, INITIAL - lowest
    is_near = sent & (below > 0) & (below <= FARTHEST) & (senders["packets"] >= FEWEST)
    is_near &= (lowest != highest) | ~np.isin(lowest, UNUSUAL)
    begins_here = (sent & (highest == INITIAL)).any(axis=1)
    for row in np.flatnonzero(is_near.any(axis=1)).tolist():
        mac, hi, lo, vlan = (int(senders[key][row]) for key in ("mac", "address_hi", "address_lo", "vlan"))
        if not is_ipv4(hi, lo) or not ((mac, hi, lo) in own or begins_here[row]):
            continue
        at = devices.at((hi, lo, vlan))
        if at is not None:
            ttl = int(lowest[row][is_near[row]].max())
            values = (("address", address_text(hi, lo)), ("ttl", str(ttl)))
            where = witness.where(int(senders["capture"][row]), int(senders["frame"][row]))
            yield at, Evidence("observed", "passes-on-as-its-own", values, where)


def _several_agents(device: Device, agents: Sequence[AgentRule]) -> Evidence | None:
    """Return that browsers of several systems spoke by turns at one address."""
    by: dict[str, dict[str, list[Observed]]] = {}
    for said in device.observed:
        if said.kind == "software" and said.protocol == "http" and said.address:
            rule = next((rule for rule in agents if rule.holds(said.value)), None)
            if rule is not None:
                by.setdefault(said.address, {}).setdefault(rule.system, []).append(said)
    for address, systems in by.items():
        spans = sorted((min(o.time for o in of), max(o.until for o in of)) for of in systems.values())
        if any(before[1] > after[0] for before, after in pairwise(spans)):
            values = (("address", address), ("systems", ", ".join(systems)))
            return Evidence("observed", "several-agents", values, list(systems.values())[1][0].where)
    return None


def _proxies(activity: Activity, witness: Witness) -> Iterator[tuple[int, Evidence, int]]:
    """Yield the proxies, with how many clients were seen to ask them."""
    for (server, application), clients in sorted(activity.served.items()):
        if application == CONNECT:
            first = min(clients.values())
            where = witness.seen(first).where
            values = (("count", str(len(clients))), ("client", witness.initiator(first)))
            yield server, Evidence("observed", "clients-of-proxy", values, where), len(clients)
