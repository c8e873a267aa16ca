"""A plan in, rules that cut its services off out, and those that let them through again: nftables, CSV, Windows.

Only addresses stand in them, which were read as numbers: no name from the wire becomes part of a command.
"""

from __future__ import annotations

import csv
import io
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kwel.model.drill import Plan

TABLE: Final = "kwel_drill"
FILES: Final = ("block.nft", "roll-back.nft", "block.csv", "block.ps1", "roll-back.ps1")
GROUP: Final = "kwel drill"
"""Of the rules of the Windows firewall: they are removed by it."""


def block_rules(plan: Plan) -> dict[str, str]:
    """Return files by name: rules to block and to roll back."""
    addresses = sorted({address for target in plan.targets for address in target.addresses}, key=_order)
    if not addresses:
        return {}
    return {
        "block.nft": _nft(addresses),
        "roll-back.nft": f"destroy table inet {TABLE}\n",
        "block.csv": _table(plan),
        "block.ps1": _windows(addresses),
        "roll-back.ps1": f"Remove-NetFirewallRule -Group '{GROUP}'\n",
    }


def _order(address: str) -> tuple[int, int]:
    number = ip_address(address)
    return number.version, int(number)


def _nft(addresses: list[str]) -> str:
    """Return rules for a router between plant and internet: forwarded packets both ways, none of its own."""
    lines = [
        f"# nft -f block.nft; roll back with: nft -f roll-back.nft (nft older than 1.0.7: delete table inet {TABLE})"
    ]
    lines += [f"table inet {TABLE} {{"]
    sets = {4: [], 6: []}  # type: dict[int, list[str]]
    for address in addresses:
        sets[ip_address(address).version].append(address)
    words = {4: "ip", 6: "ip6"}
    rules = []
    for version, found in sets.items():
        if found:
            lines += [
                f"  set cut{version} {{",
                f"    type ipv{version}_addr",
                f"    elements = {{ {', '.join(found)} }}",
                "  }",
            ]
            rules += [f"    {words[version]} {end} @cut{version} counter drop" for end in ("daddr", "saddr")]
    lines += ["  chain forward {", "    type filter hook forward priority -10; policy accept;", *rules, "  }", "}"]
    return "\n".join(lines) + "\n"


def _table(plan: Plan) -> str:
    """Return one row a service and address, for any other firewall."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(["action", "direction", "address", "ports", "service", "operator"])
    for target in plan.targets:
        ports = " ".join(f"{transport}/{port}" for transport, port in target.ports)
        for address in sorted(target.addresses, key=_order):
            write.writerow(["deny", "both", address, ports, _cell(target.label), _cell(target.operator or "")])
    return out.getvalue()


def _cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"'{clean}" if clean[:1] in ("=", "+", "-", "@") else clean


def _windows(addresses: list[str]) -> str:
    """Return rules for one Windows machine: on others nothing changes."""
    listed = ",\n  ".join(f"'{address}'" for address in addresses)
    how = f"-Group '{GROUP}' -Action Block -RemoteAddress $cut"
    rules = [
        f"New-NetFirewallRule -DisplayName '{GROUP} {way}' -Direction {way} {how}" for way in ("Outbound", "Inbound")
    ]
    return f"# as administrator; roll back with roll-back.ps1\n$cut = @(\n  {listed}\n)\n" + "\n".join(rules) + "\n"
