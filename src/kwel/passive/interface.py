"""The name of a network interface in, what the kernel says of it out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kwel.passive import programs
from kwel.passive.errors import PassiveError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAME = re.compile(r"[A-Za-z0-9_.-]{1,15}")
"""The kernel allows more characters; none of them is in the name of a card, and each would have to be quoted."""
COUNTERS = "/proc/thread-self/net/dev"
SENT_PACKETS = 9
"""Column of the packets that were sent, behind the colon, proc_pid_net(5)."""


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
    links: Sequence[dict[str, Any]] = programs.ask_json("ip", "-json", "-details", "address", "show")
    link = next((link for link in links if link.get("ifname") == name), None)
    if link is None:
        return None
    told = [one for one in link.get("addr_info", ()) if "local" in one]
    return Interface(
        name=name,
        kind=str(link.get("link_type", "")),
        device=str(link.get("linkinfo", {}).get("info_kind", "")),
        mac=str(link.get("address", "")),
        flags=frozenset(link.get("flags", ())),
        addresses=tuple(_address(one) for one in told if one.get("scope") != "link"),
        link_addresses=tuple(_address(one) for one in told if one.get("scope") == "link"),
        master=link.get("master"),
        upon=tuple(sorted(str(one["ifname"]) for one in links if one.get("link") == name and one is not link)),
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
    links = programs.ask_json("ip", "-json", "link", "show")
    return tuple(
        str(link["ifname"]) for link in links if link["ifname"] != name and link.get("link_type") != "loopback"
    )


def sent(name: str) -> int | None:
    """Return how many frames an interface of this thread's namespace has sent since it was made, by its own counter.

    Needs no rights and no program: a sealed process can ask. ``None`` where there is no such interface.
    """
    try:
        with open(COUNTERS, encoding="ascii", errors="replace") as file:
            for line in file:
                who, colon, numbers = line.partition(":")
                if colon and who.strip() == name:
                    return int(numbers.split()[SENT_PACKETS])
    except (OSError, ValueError, IndexError):
        return None
    return None


def _address(told: dict[str, Any]) -> str:
    return f"{told['local']}/{told.get('prefixlen', '')}"


def _routes(name: str) -> Iterator[str]:
    """Return where routes through an interface lead; what the kernel adds for each link by itself is none."""
    for family in ("-4", "-6"):
        for route in programs.ask_json("ip", "-json", family, "route", "show", "table", "all", "dev", name):
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
