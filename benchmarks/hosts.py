"""Folders of captures in, the hosts out that most of them use, by the name asked for; never what kwel makes of them.

``python -m benchmarks.hosts FOLDER…`` prints captures, conversations, host and the address of the latest of these, one
host a line, the most used first. What nobody asked for by name is not counted: many captures hold made-up addresses.
"""

from __future__ import annotations

import ipaddress
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from kwel.analysis.stages import read_traffic
from kwel.model.records.columns import address_text

RESERVED = (
    *(".arpa", ".local", ".localdomain", ".internal", ".home", ".lan", ".test", ".example", ".invalid"),
    *(".example.com", ".example.net", ".example.org"),
)
"""Names that no host outside can have, or that stand for one: RFC 2606, RFC 6761, RFC 6762, RFC 8375."""


class Used(NamedTuple):
    """How much a host is used."""

    captures: int
    conversations: int
    host: str
    address: str


def is_public(name: str) -> bool:
    """Return whether a name can be that of a host on the internet.

    >>> [is_public(name) for name in ("time.example", "10.0.0.1", "www.rijksoverheid.nl", "printer")]
    [False, False, True, False]
    """
    labels = name.split(".")
    plain = all(label.isascii() and label.replace("-", "").replace("_", "").isalnum() for label in labels)
    return plain and len(labels) > 1 and labels[-1].isalpha() and not f".{name}".endswith(RESERVED)


def hosts_of(path: Path) -> tuple[Counter[str], dict[str, tuple[int, str]]]:
    """Return the hosts that a capture's conversations went to: how many went there; when the last began, and where."""
    traffic = read_traffic([str(path)], discovery=False)
    flows = traffic.flows
    found: Counter[str] = Counter()
    latest: dict[str, tuple[int, str]] = {}
    columns = (flows[key].tolist() for key in ("name", "responder_hi", "responder_lo", "first"))
    for name, hi, lo, first in zip(*columns, strict=True):
        host, address = traffic.names[name], address_text(hi, lo)
        if is_public(host) and ipaddress.ip_address(address).is_global:
            found[host] += 1
            latest[host] = max(latest.get(host, (0, "")), (first, address))
    return found, latest


def count(folders: list[Path]) -> list[Used]:
    """Return the hosts of all captures in the folders, the most used first."""
    captures: Counter[str] = Counter()
    conversations: Counter[str] = Counter()
    latest: dict[str, tuple[int, str]] = {}
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".md", ".yaml", ".py")):
            found, ends = hosts_of(path)
            captures.update(found.keys())
            conversations.update(found)
            latest.update({host: max(latest.get(host, (0, "")), end) for host, end in ends.items()})
    used = [Used(n, conversations[host], host, latest[host][1]) for host, n in captures.items()]
    return sorted(used, key=lambda one: (-one.captures, -one.conversations, one.host))


def main() -> int:
    """Print the table."""
    for used in count([Path(folder) for folder in sys.argv[1:]]):
        sys.stdout.write("\t".join(map(str, used)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
