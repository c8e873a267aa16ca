"""The name of a network interface in, what the kernel says of it out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kwel.sensor.lockdown import programs
from kwel.sensor.lockdown.errors import PassiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = re.compile(r"[A-Za-z0-9_.-]{1,15}")
"""The kernel allows more characters; none of them is in the name of a card, and each would have to be quoted."""
COUNTERS = "/proc/thread-self/net/dev"
COLUMNS, SENT_PACKETS = 16, 9
"""Numbers behind the colon, and which of them is that of the packets that were sent, proc_pid_net(5)."""


@dataclass(frozen=True, slots=True)
class Interface:
    """What the kernel says of an interface in the network namespace of the thread that asked."""

    name: str
    kind: str
    """``ether``, ``loopback``, ``none``, …: what frames on it look like."""
    device: str
    """``""`` for a card, else the kind of virtual device: ``veth``, ``bridge``, ``vlan``, …"""
    mac: str
    flags: frozenset[str]
    addresses: tuple[str, ...]
    """With the length of their prefix; those that hold on this link alone are in *link_addresses*."""
    link_addresses: tuple[str, ...]
    master: str | None
    """Bridge, bond or team that it is a port of."""
    upon: tuple[str, ...]
    """Interfaces that stand on it: VLANs, macvlans."""
    beneath: str | None
    """Interface that it stands on itself, in the same namespace."""
    routes: tuple[str, ...]
    """Where routes lead that go out through it; ``default`` is the way out of this machine."""
    is_wireless: bool
    has_program: bool
    """Whether an XDP program sees its frames first: such a program can send them back."""

    @property
    def is_up(self) -> bool:
        """Whether it takes part in the network."""
        return "UP" in self.flags


def look(name: str) -> Interface | None:
    """Return what is known of an interface in the network namespace of this thread; ``None`` where there is none.

    Raises:
        PassiveError: the name is none, or the system cannot be asked.
    """
    if not NAME.fullmatch(name):
        raise PassiveError(f"{name!r} is no name of an interface; `ip link` lists those of this machine")
    links = _objects("ip", "-json", "-details", "address", "show")
    link = next((link for link in links if link.get("ifname") == name), None)
    if link is None:
        return None
    listed, flags, virtual = link.get("addr_info"), link.get("flags"), link.get("linkinfo", {})
    if not (_are_objects(listed) and isinstance(flags, list) and isinstance(virtual, dict)):
        raise PassiveError(f"{name}: ip printed no addresses or flags of it; is iproute2 whole?")
    told: list[dict[str, Any]] = [one for one in listed or () if one]
    return Interface(
        name=name,
        kind=str(link.get("link_type", "")),
        device=str(virtual.get("info_kind", "")),
        mac=str(link.get("address", "")),
        flags=frozenset(map(str, flags)),
        addresses=tuple(_address(one) for one in told if one.get("scope") != "link"),
        link_addresses=tuple(_address(one) for one in told if one.get("scope") == "link"),
        master=link.get("master"),
        upon=tuple(sorted(str(one.get("ifname", "?")) for one in links if one.get("link") == name and one is not link)),
        beneath=link.get("link"),
        routes=tuple(_routes(name)),
        is_wireless=_is_wireless(name, link),
        has_program="xdp" in link,
    )


def is_up(name: str) -> bool:
    """Return whether an interface of this thread's namespace is set up, with a cable in it or without.

    Raises:
        PassiveError: there is no such interface, or the system cannot be asked.
    """
    return any("UP" in link.get("flags", ()) for link in programs.ask_json("ip", "-json", "link", "show", "dev", name))


def others(name: str) -> tuple[str, ...]:
    """Return the other interfaces in this namespace, loopback left out."""
    links = _objects("ip", "-json", "link", "show")
    names = (str(link.get("ifname", "?")) for link in links if link.get("link_type") != "loopback")
    return tuple(one for one in names if one != name)


def sent(name: str) -> int | None:
    """Return how many frames an interface of this thread's namespace has sent since it was made, by its own counter.

    Needs no rights and no program: a sealed process can ask. ``None`` where there is no such interface.
    """
    try:
        with open(COUNTERS, encoding="ascii", errors="replace") as file:
            for line in file:
                who, colon, numbers = line.partition(":")
                counts = numbers.split()
                if colon and who.strip() == name and len(counts) == COLUMNS and counts[SENT_PACKETS].isdigit():
                    return int(counts[SENT_PACKETS])
    except OSError:
        return None
    return None


def _address(told: dict[str, Any]) -> str:
    return f"{told.get('local', '?')}/{told.get('prefixlen', '')}"


def _are_objects(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(one, dict) for one in told)


def _objects(*command: str) -> list[dict[str, Any]]:
    """Return the objects that a program lists.

    Raises:
        PassiveError: the system cannot be asked, or the answer is no such list.
    """
    told = programs.ask_json(*command)
    if not _are_objects(told):
        raise PassiveError(f"{' '.join(command)}: printed no list of objects")
    return [one for one in told if one]


def _routes(name: str) -> Iterator[str]:
    """Return where routes through an interface lead; what the kernel adds for each link by itself is none."""
    for family in ("-4", "-6"):
        for route in _objects("ip", "-json", family, "route", "show", "table", "all", "dev", name):
            where = str(route.get("dst", ""))
            local = route.get("type") in ("local", "multicast", "broadcast", "anycast")
            if not local and not where.startswith(("fe80:", "ff00:")):
                yield where


def _is_wireless(name: str, link: dict[str, Any]) -> bool:
    """Return whether a card is a radio, where /sys shows this namespace's interfaces."""
    folder = f"/sys/class/net/{name}"
    if programs.read_word(f"{folder}/ifindex") != str(link.get("ifindex")):
        return False
    return any(os.path.exists(f"{folder}/{sign}") for sign in ("wireless", "phy80211"))
