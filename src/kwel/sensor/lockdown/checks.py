"""An interface in, one check for everything that would let it send out."""

from __future__ import annotations

import glob
from typing import TYPE_CHECKING, Final

from kwel.model.window import Check
from kwel.sensor.lockdown import card, interface, namespaces, programs, walls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kwel.sensor.lockdown.interface import Interface
    from kwel.sensor.lockdown.walls import Walls

EGRESS: Final = "egress-filter"
"""The protection that a user may do without, by name: its check then fails, and is told in every proof."""


def look(name: str, *, without: Sequence[str] = ()) -> tuple[Check, ...]:
    """Look at an interface of this thread's namespace.

    Raises:
        PassiveError: there is no such interface, or the system cannot be asked.
    """
    found = interface.look(name)
    if found is None:
        return (Check("interface-is-here", False, f"no interface {name}"),)
    return (
        *_of_interface(found),
        *_of_namespace(found),
        *_of_walls(walls.standing(name), without),
        *card.look(name),
        Check("outside-software", None),
    )


def disprove(checks: Sequence[Check]) -> bool:
    """Return whether something that was looked at does not hold."""
    return any(check.holds is False for check in checks)


def _of_interface(found: Interface) -> Iterator[Check]:
    held = (*found.addresses, *found.link_addresses)
    yield Check("no-address", not held, ", ".join(held))
    yield Check("no-route", not found.routes, ", ".join(found.routes[:3]))
    joined = found.master or ", ".join(found.upon)
    yield Check("nothing-joined", not joined, joined)
    yield Check("no-program", not found.has_program)
    yield Check("ipv6-off", *_ipv6_is_off(found.name))
    yield Check("arp-off", "NOARP" in found.flags)
    yield Check("no-kernel-log", not (logs := _kernel_logs(found.name)), ", ".join(logs))


def _of_namespace(found: Interface) -> Iterator[Check]:
    """Say whether the interface is apart from the machine's own network: with locked interfaces at most."""
    name = namespaces.name_of_this()
    if name is None:
        yield Check("own-namespace", None, "without a name, as that of the machine is")
        return
    strangers = [one for one in interface.others(found.name) if not walls.standing(one).egress]
    yield Check("own-namespace", not strangers, ", ".join([name, *strangers]))


def _of_walls(stand: Walls, without: Sequence[str]) -> Iterator[Check]:
    left_out = f"left out: --without {EGRESS}"
    counted = f"{stand.counts.stopped} frames stopped" if stand.counts else ""
    if EGRESS in without and not stand.egress:
        yield Check("egress-drop", False, left_out)
        yield Check("host-deaf", stand.deaf, "" if stand.deaf else left_out)
    else:
        yield Check("egress-drop", stand.egress, counted)
        yield Check("host-deaf", stand.deaf)
    yield Check("queue-closed", stand.queue)


def _ipv6_is_off(name: str) -> tuple[bool | None, str]:
    state = programs.read_word(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    if state is None:
        return True, "this kernel has no IPv6"
    return state == "1", ""


def _kernel_logs(name: str) -> list[str]:
    """Return the netconsoles that send the kernel's messages through an interface, past every filter."""
    made = glob.glob("/sys/kernel/config/netconsole/*/dev_name")
    found = [path.split("/")[-2] for path in made if programs.read_word(path) == name]
    started = programs.read_word("/sys/module/netconsole/parameters/netconsole") or ""
    return [*found, "netconsole="] if f"/{name}," in started else found
