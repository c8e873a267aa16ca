"""What is known of an interface in, why it must not be locked out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwel.sensor.lockdown.interface import Interface

LOCKABLE = ("", "veth", "dummy")
"""Kinds of device that end in a wire of their own: a card, or one end of a virtual wire."""


def why_not(found: Interface) -> str | None:
    """Return in one line why an interface could answer, or would cut this machine off, or ``None``.

    In order of precedence: what a person has to know first.
    """
    name = found.name
    if found.kind != "ether":
        return f"{name} carries no Ethernet ({found.kind or 'unknown'}); choose the card that the mirror port is on"
    if found.is_wireless:
        return f"{name} is a radio, which sends of its own accord; choose a wired interface"
    if "default" in found.routes:
        return f"{name} is the way out of this machine (default route); choose the card that the mirror port is on"
    if found.addresses:
        held = ", ".join(found.addresses)
        return (
            f"{name} has the address {held}, so it could answer, and may be the way into this machine; "
            f"if it is the mirror port: ip address flush dev {name}"
        )
    if found.routes:
        return f"{name} carries a route to {found.routes[0]}; if it is the mirror port: ip route flush dev {name}"
    return _joined(found)


def _joined(found: Interface) -> str | None:
    """Return with what an interface is joined that sends through it, or ``None``."""
    name = found.name
    if found.master:
        return f"{name} is a port of {found.master}, which sends through it; ip link set {name} nomaster"
    if found.upon:
        return f"{', '.join(found.upon)} stands on {name} and sends through it; ip link delete {found.upon[0]}"
    if found.device not in LOCKABLE:
        beneath = f"; lock {found.beneath} beneath it" if found.beneath else "; lock each of its ports"
        return f"{name} is a {found.device}, whose frames go out elsewhere{beneath}"
    if found.has_program:
        return f"an XDP program is attached to {name} and can send frames back; ip link set {name} xdp off"
    return None
