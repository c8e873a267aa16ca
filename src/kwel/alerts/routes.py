"""The kernel's routing tables in, the interface by which packets to an address leave out.

Reads /proc/net/route and /proc/net/ipv6_route as Linux writes them (net/ipv4/fib_trie.c, net/ipv6/route.c): the main
table, which is all that a machine without policy routing has.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

V4: Final = Path("/proc/net/route")
V6: Final = Path("/proc/net/ipv6_route")
UP: Final = 1
REJECT: Final = 0x200
"""RTF_UP, RTF_REJECT of linux/route.h."""
SERVERS: Final = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))
"""Where name servers are named: the first has those behind systemd's own."""


def leaves_by(address: str, v4: Path = V4, v6: Path = V6) -> str | None:
    """Return the interface by which packets to an address leave; ``None`` where no route is known."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return "lo"
    routes = _v4(_text(v4)) if isinstance(ip, ipaddress.IPv4Address) else _v6(_text(v6))
    fitting = [(network.prefixlen, -metric, name) for network, metric, name in routes if ip in network]
    return max(fitting)[2] if fitting else None


def name_servers(files: tuple[Path, ...] = SERVERS) -> list[str]:
    """Return the addresses of the name servers that this machine asks."""
    found: list[str] = []
    for file in files:
        for line in _text(file).splitlines():
            words = line.split()
            if len(words) > 1 and words[0] == "nameserver":
                found.append(words[1])
    return list(dict.fromkeys(found))


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace")
    except OSError:
        return ""


def _v4(text: str) -> Iterator[tuple[ipaddress.IPv4Network, int, str]]:
    """Yield networks: numbers are hexadecimal, addresses in the byte order of the machine."""
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) >= 8 and int(words[3], 16) & UP and not int(words[3], 16) & REJECT:
            network, mask = (ipaddress.IPv4Address(_swapped(words[at])) for at in (1, 7))
            yield ipaddress.IPv4Network(f"{network}/{mask}", strict=False), int(words[6]), words[0]


def _swapped(word: str) -> bytes:
    return int(word, 16).to_bytes(4, sys.byteorder)


def _v6(text: str) -> Iterator[tuple[ipaddress.IPv6Network, int, str]]:
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 10 and int(words[8], 16) & UP and not int(words[8], 16) & REJECT:
            network = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(words[0]))
            yield ipaddress.IPv6Network((network, int(words[1], 16)), strict=False), int(words[5], 16), words[9]
