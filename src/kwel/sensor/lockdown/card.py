"""An interface in, its card silenced as far as its driver knows how out: pause frames, LLDP; and frames left whole."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from kwel.model.window import Check
from kwel.sensor.lockdown import programs
from kwel.sensor.lockdown.errors import PassiveError

AGENT_OFF: Final = {"disable-fw-lldp": "on", "fw-lldp-agent": "off"}
"""Private flags of drivers by which the card's own LLDP agent is silenced (ethtool --show-priv-flags; Linux kernel,
Documentation/networking/device_drivers/ethernet/intel/), and how they must stand."""


def silence(interface: str) -> None:
    """Ask the card to send neither pause frames nor LLDP, and to leave frames as they come; many drivers know neither.

    What puts frames together (GRO, LRO) would have the sensor see others than were on the wire.
    """
    for merging in ("gro", "lro"):
        with suppress(PassiveError):
            programs.ask("ethtool", "--offload", interface, merging, "off")
    with suppress(PassiveError):
        programs.ask("ethtool", "--pause", interface, "autoneg", "off", "tx", "off")
    for flag in _flags(interface):
        with suppress(PassiveError):
            programs.ask("ethtool", "--set-priv-flags", interface, flag, AGENT_OFF[flag])


def look(interface: str) -> tuple[Check, ...]:
    """Return what the driver tells: whether the card sends pause frames, and whether it runs an LLDP agent."""
    return (Check("no-pause-frames", *_pauses(interface)), Check("no-lldp-agent", *_agent(interface)))


def _pauses(interface: str) -> tuple[bool | None, str]:
    try:
        told = programs.ask("ethtool", "--show-pause", interface)
    except PassiveError:
        return None, "the driver does not say"
    found = re.search(r"^TX:\s*(on|off)", told, re.M)
    return (None, "the driver does not say") if not found else (found[1] == "off", found[1])


def _agent(interface: str) -> tuple[bool | None, str]:
    flags = _flags(interface)
    if not flags:
        return None, "the driver does not say"
    wrong = [f"{flag} {state}" for flag, state in flags.items() if state != AGENT_OFF[flag]]
    return not wrong, ", ".join(wrong or [f"{flag} {state}" for flag, state in flags.items()])


def _flags(interface: str) -> dict[str, str]:
    try:
        told = programs.ask("ethtool", "--show-priv-flags", interface)
    except PassiveError:
        return {}
    return {name: state for name, state in re.findall(r"^(\S+)\s*:\s*(on|off)", told, re.M) if name in AGENT_OFF}
