"""A device's proofs, sayings and activity in, claims about it out: MAC, vendor, product, names, role and kind.

Self-descriptions rank by how a device comes to send them: an OT protocol's own identification first, then what its
administrator configured (LLDP, CDP), then what an operating system sends by itself (DHCP, mDNS, LLMNR, NetBIOS).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.assets import evidence, oui
from kwel.assets.evidence import STEPS
from kwel.columns import mac_text
from kwel.model.assets import AssetKind
from kwel.model.claims import Claim, Grade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.assets.activity import Spoken
    from kwel.assets.devices import Device
    from kwel.assets.evidence import Witness
    from kwel.assets.rules import DeviceRules, SpokenRule, VendorRule
    from kwel.assets.scopes import Scopes
    from kwel.model.claims import Evidence, Observed

IDENTITY_ORDER = ("s7comm", "modbus", "enip", "bacnet", "profinet-dcp", "powerlink", "lldp", "cdp", "dhcp")
NAME_ORDER = ("lldp", "cdp", "dhcp", "mdns", "nbns", "llmnr", "modbus", "s7comm", "bacnet")
_MODEL_OF_CLIENT = "dhcp"
"""Its vendor class names the DHCP client's software as often as the device."""

Judged = tuple[AssetKind, Claim]


def macs_of(device: Device, spoken: list[Spoken], witness: Witness, rules: DeviceRules) -> tuple[Claim, ...]:
    """Return the device's MAC with the frames that prove it."""
    if device.mac is None:
        return ()
    steps = [witness.claimed(host, proof) for host, proof in device.proofs[:STEPS]]
    steps = steps or [evidence.said(observed) for observed in device.observed[:STEPS]]
    steps = steps or [witness.spoken(said) for said in spoken if said.lan >= 0][:STEPS]
    if rule := rules.virtual_mac(device.mac):
        steps.append(evidence.by_rule("virtual-mac", rule, ("protocol", rule.protocol)))
    return (Claim(mac_text(device.mac), Grade.A, tuple(steps)),)


def vendor_of(device: Device, macs: tuple[Claim, ...], rules: DeviceRules) -> Claim | None:
    """Return who made the device: by its MAC's block (B), by its own words (C), or by both where they agree (A)."""
    stated = _best(device.observed, "vendor", IDENTITY_ORDER)
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
    """Return what the device calls its product or firmware."""
    best = _best(device.observed, kind, IDENTITY_ORDER)
    if best is None and kind == "product":  # what kind of client asks for an address is better than nothing
        kind = "vendor-class"
        best = _best(device.observed, kind, IDENTITY_ORDER)
    if best is None:
        return None
    steps = [evidence.said(o) for o in device.observed if o.kind == kind][: 2 * STEPS]
    return Claim(best.value, Grade.C if best.protocol == _MODEL_OF_CLIENT else Grade.B, tuple(steps))


def names_of(device: Device) -> tuple[Claim, ...]:
    """Return the device's host names, best first; two protocols that agree make grade A, one B."""
    by_name: dict[str, list[Observed]] = {}
    for observed in device.observed:
        if observed.kind == "hostname":
            by_name.setdefault(observed.value.casefold(), []).append(observed)
    ranked = sorted(by_name.values(), key=lambda said: min(_rank(o, NAME_ORDER) for o in said))
    return tuple(
        Claim(
            min(said, key=lambda o: _rank(o, NAME_ORDER)).value,
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


def spoken_rules(device: Device, spoken: list[Spoken], rules: DeviceRules) -> list[tuple[SpokenRule, Spoken, bool]]:
    """Return the rules that hold for what a device speaks, in order of precedence, each with its certainty."""
    said = {(s.application, s.side): s for s in spoken}
    roles = {(o.protocol, o.value) for o in device.observed if o.kind == "role"}
    return [
        (rule, said[key], said[key].is_certain or key in roles)
        for rule in rules.spoken
        if (key := (rule.application, rule.side)) in said
    ]


def lowered(grade: Grade, is_certain: bool) -> Grade:
    """Return a grade, one lower where it is not known who began."""
    return grade if is_certain else Grade(max(Grade.D, grade - 1))


def role_of(
    device: Device,
    applying: list[tuple[SpokenRule, Spoken, bool]],
    hint: VendorRule | None,
    witness: Witness,
    rules: DeviceRules,
    scopes: Scopes,
) -> Claim | None:
    """Return what the device does, in order of precedence."""
    # 1. What it speaks on an OT network says most.
    # 2. What it does for others: resolver, proxy, time server.
    for rule, spoken, certain in applying:
        if rule.kind == AssetKind.OT or rule.shares:
            return _by_speech(rule, spoken, certain, witness)
    # 3. A MAC that routers share is a router's.
    if device.mac is not None and (mac_rule := rules.virtual_mac(device.mac)):
        step = evidence.by_rule("virtual-mac", mac_rule, ("protocol", mac_rule.protocol))
        claims = (witness.claimed(host, proof) for host, proof in device.proofs[:1])
        return Claim("router", Grade.B, (*claims, step))
    # 4. What its vendor makes, as a hint.
    if hint is not None and device.mac is not None:
        step = evidence.by_rule("vendor-hint", hint, ("vendor", oui.vendor(device.mac) or ""))
        return Claim(hint.role, Grade.D, (step,))
    # 5. Whatever else it answers.
    for rule, spoken, certain in applying:
        return _by_speech(rule, spoken, certain, witness)
    # 6. An address that only an access provider hands out is a router's, behind which others are.
    if prefix := scopes.provider_side(device.hosts):
        return Claim("router", Grade.D, (evidence.internal(prefix),))
    return None


def _by_speech(rule: SpokenRule, spoken: Spoken, certain: bool, witness: Witness) -> Claim:
    step = evidence.by_rule("role-by-protocol", rule, ("protocol", rule.application), ("role", rule.role))
    return Claim(rule.role, lowered(rule.role_grade, certain), (witness.spoken(spoken), step))


def vendor_hint(device: Device, rules: DeviceRules) -> VendorRule | None:
    """Return the rule that the vendor of the device's MAC falls under."""
    if device.mac is None or rules.virtual_mac(device.mac) or not (name := oui.vendor(device.mac)):
        return None
    return next((rule for rule in rules.vendors if rule.holds(name)), None)


def _best(observed: Iterable[Observed], kind: str, order: tuple[str, ...]) -> Observed | None:
    said = [o for o in observed if o.kind == kind]
    return min(said, key=lambda o: _rank(o, order)) if said else None


def _rank(observed: Observed, order: tuple[str, ...]) -> int:
    return order.index(observed.protocol) if observed.protocol in order else len(order)


def _first_word(text: str) -> str:
    return next(iter(re.findall(r"\w+", text.casefold())), "")
