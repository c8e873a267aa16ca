"""A device's proofs, sayings and activity in, claims about it out: MAC, vendor, product, names; and what rules ask.

Self-descriptions rank by how a device comes to send them: an OT protocol's own identification first, then what its
administrator configured (LLDP, CDP), then what an operating system sends by itself (DHCP, mDNS, LLMNR, NetBIOS).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.assets import evidence, oui
from kwel.assets.conditions import Statement
from kwel.assets.evidence import STEPS
from kwel.model.claims import Claim, Grade
from kwel.model.records.columns import ClaimKind, mac_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.assets.activity import Spoken
    from kwel.assets.devices import Device
    from kwel.assets.evidence import Witness
    from kwel.assets.habits import Habits
    from kwel.assets.rules import DeviceRules
    from kwel.model.claims import Evidence, Observed

IDENTITY_ORDER = (
    "s7comm", "s7plus", "modbus", "enip", "mms", "fins", "slmp", "ads", "fox", "dnp3", "hartip", "opcua", "bacnet",
    "bacnet-lan", "profinet-cm", "profinet-dcp", "codesys", "roc", "c1222", "powerlink", "snmp", "lldp", "cdp", "dhcp",
)  # fmt: skip
NAME_ORDER = (
    "profinet-dcp", "profinet-cm", "lldp", "cdp", "snmp", "dhcp", "mdns", "nbns", "llmnr", "modbus", "s7comm", "ads",
    "fox", "codesys", "bacnet",
    "bacnet-lan", "powerlink", "goose", "sv",
)  # fmt: skip
_IDENTITY_RANK = {protocol: rank for rank, protocol in enumerate(IDENTITY_ORDER)}
_LAST = len(IDENTITY_ORDER)
_NAME_RANK = {protocol: rank for rank, protocol in enumerate(NAME_ORDER)}
NAMES = ("hostname", "station")
"""Facts that are names. A control block may bear that of one of several logical devices of an IED: it comes last."""
_MODEL_OF_CLIENT = "dhcp"
"""Its vendor class names the DHCP client's software as often as the device."""


def macs_of(device: Device, spoken: list[Spoken], witness: Witness, rules: DeviceRules) -> tuple[Claim, ...]:
    """Return the device's MAC with the frames that prove it."""
    if device.mac is None:
        return ()
    return tuple(_mac(device, mac, spoken, witness, rules) for mac in device.macs)


def _mac(device: Device, mac: int, spoken: list[Spoken], witness: Witness, rules: DeviceRules) -> Claim:
    """Return one of a device's MACs; one that nobody claims an address for is proven by what it says."""
    proofs = [held for held in device.proofs if held[1].mac == mac]
    steps = [witness.claimed(held) for held in proofs[:STEPS]]
    if not steps:
        own = [said for said in device.observed if said.mac == mac] or device.observed
        steps = [evidence.said(said) for said in own[:STEPS]] or device.one_because[:STEPS]
    steps = steps or [witness.spoken(said) for said in spoken if said.lan >= 0][:STEPS]
    if not steps and device.carries:
        steps = [witness.carries(device.carries)]
    if rule := rules.virtual_mac(mac):
        steps.append(evidence.by_rule("virtual-mac", rule, ("protocol", rule.protocol)))
    on_link = bool(proofs) and all(proof.kind == ClaimKind.LINK for _, proof in proofs)
    return Claim(mac_text(mac), Grade.B if on_link else Grade.A, tuple(steps))


def vendor_of(device: Device, macs: tuple[Claim, ...], rules: DeviceRules) -> Claim | None:
    """Return who made the device: by its MAC's block (B), by its own words (C), or by both where they agree (A)."""
    stated = _best(device.observed, "vendor")
    registered = None
    if device.mac is not None and rules.virtual_mac(device.mac) is None:
        registered = oui.vendor(device.mac)
    if registered is None or device.mac is None:
        return Claim(stated.value, Grade.C, (evidence.said(stated),)) if stated else None
    steps = (*macs[0].evidence[:1], evidence.registered(device.mac, registered))
    if stated is None:
        return Claim(registered, Grade.B, steps)
    agree = _first_word(stated.value) == _first_word(registered)
    return Claim(registered, Grade.A if agree else Grade.B, (*steps, evidence.said(stated)))


def stated(device: Device, kind: str) -> Claim | None:
    """Return what the device calls its product or firmware; an order number is a product's name as well."""
    best = _best(device.observed, kind)
    if best is None and kind == "product":  # what kind of client asks for an address is better than nothing
        kind = "vendor-class"
        best = _best(device.observed, kind)
    if best is None:
        return stated(device, "order-number") if kind == "product" else None
    steps = [evidence.said(o) for o in device.observed if o.kind == kind][: 2 * STEPS]
    return Claim(best.value, Grade.C if best.protocol == _MODEL_OF_CLIENT else Grade.B, tuple(steps))


def names_of(device: Device) -> tuple[Claim, ...]:
    """Return the device's names, best first; two protocols that agree make grade A, one B."""
    by_name: dict[str, list[Observed]] = {}
    for observed in device.observed:
        if observed.kind in NAMES:
            by_name.setdefault(observed.value.casefold(), []).append(observed)
    if not by_name:
        return ()
    ranked = sorted(by_name.values(), key=lambda said: min(_NAME_RANK.get(o.protocol, _LAST) for o in said))
    return tuple(
        Claim(
            min(said, key=lambda o: _NAME_RANK.get(o.protocol, _LAST)).value,
            Grade.A if len({o.protocol for o in said}) > 1 else Grade.B,
            tuple(evidence.said(o) for o in said[:STEPS]),
        )
        for said in ranked
    )


def protocols_of(device: Device, spoken: list[Spoken], witness: Witness) -> tuple[Claim, ...]:
    """Return what the device speaks, by content; of Modbus with its units."""
    steps: dict[str, list[Evidence]] = {}
    for said in spoken:
        steps.setdefault(said.application, []).append(witness.spoken(said))
    for observed in _units(device.observed):
        if observed.protocol in steps:
            steps[observed.protocol].append(evidence.said(observed))
    return tuple(Claim(name, Grade.A, tuple(found)) for name, found in sorted(steps.items()))


def _units(observed: Iterable[Observed]) -> list[Observed]:
    return [o for o in observed if o.kind == "protocol" and "/" in o.value][:STEPS]


def known_of(device: Device, spoken: list[Spoken], habits: Habits, index: int, rules: DeviceRules) -> list[Statement]:
    """Return what is known of a device, as rules ask for it; *index* is its number."""
    roles = {(o.protocol, o.value) for o in device.observed if o.kind == "role"}
    known = [Statement("says", o.kind, o.value, by=o) for o in device.observed]
    known += [Statement("vendor", o.value, by=o) for o in device.observed if o.kind == "vendor"]
    for said in spoken:
        count = habits.others.get((index, said.application, said.side), 1)
        certain = said.is_certain or (said.application, said.side) in roles
        known.append(Statement("speaks", said.application, said.side, count, said, certain))
    if device.mac is not None and rules.virtual_mac(device.mac) is None and (name := oui.vendor(device.mac)):
        known.append(Statement("vendor", name))
    return [*known, *habits.by.get(index, ())]


def router_of(device: Device, witness: Witness, rules: DeviceRules) -> Claim | None:
    """Return that a device is a router, by what it passes on, the address or the MAC that it shares with others."""
    if device.carries:
        return Claim("router", Grade.B, (witness.carries(device.carries),))
    if shares := [said for said in device.observed if said.kind == "redundancy"]:
        return Claim("router", Grade.C, tuple(evidence.said(said) for said in shares[:STEPS]))
    if device.mac is None or (rule := rules.virtual_mac(device.mac)) is None:
        return None
    step = evidence.by_rule("virtual-mac", rule, ("protocol", rule.protocol))
    return Claim("router", Grade.B, (*(witness.claimed(held) for held in device.proofs[:1]), step))


def _best(observed: Iterable[Observed], kind: str) -> Observed | None:
    said = [o for o in observed if o.kind == kind]
    return min(said, key=lambda o: _IDENTITY_RANK.get(o.protocol, _LAST)) if said else None


def _first_word(text: str) -> str:
    return next(iter(re.findall(r"\w+", text.casefold())), "")
