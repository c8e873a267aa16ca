"""Lines of an allow-list in, a policy, or suggested rules for others' filters out. Names in them come from the wire.

Every format has its own way to be broken out of; each is written so that no name can: strings of TOML are escaped,
nftables holds addresses and numbers only, a formula is made text, and Suricata's patterns are spelt in bytes.
Comments hold no control characters and never end in a backslash.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Final

from kwel.export.cells import csv_cell, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kwel.model.limits import Allowed

Head = tuple[str, ...]
"""What stands above all lines: which captures, which coverage."""
FIRST_SID: Final = 1_000_001
"""Suricata leaves 1000000 to 1999999 to its users (documentation of the rule format, known and not read for this)."""
LONGEST: Final = 200
_SAFE: Final = re.compile(r"[A-Za-z0-9._-]")
COLUMNS: Final = (
    "id", "direction", "source", "source_addresses", "destination", "destination_names", "destination_addresses",
    "ports", "what", "contacts", "incomplete", "evidence",
)  # fmt: skip


def comment(line: Allowed) -> str:
    """Return what a line is for, and where it was seen, on one line that ends harmlessly."""
    arrow = {"inbound": "<-", "": "--"}.get(line.direction, "->")
    said = f"{line.label} {arrow} {line.destination}, {line.what}"
    said = said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"
    return visible(f"{said}: {' '.join(line.evidence) or 'no frame'}").rstrip("\\ ")


def _head(head: Head, mark: str) -> Iterator[str]:
    for line in head:
        yield f"{mark} {visible(line)}".rstrip("\\ ")


def as_policy(lines: Sequence[Allowed], head: Head) -> Iterator[str]:
    """Yield a limits file that allows exactly these lines."""
    yield from _head(head, "#")
    yield 'title = "Suggested: what was seen"'
    yield "rules = ["
    for line in lines:
        words = ", ".join(f"{of.key} = [{', '.join(map(toml_text, of.values))}]" for of in line.conditions)
        yield f'  {{ id = "{line.id}", action = "allow", {words} }}, # {comment(line)}'
    yield "]"
    yield "[default]"
    yield from (f'{name} = "deny"' for name in ("outbound", "inbound", "inside", "commands"))
    yield 'undecided = "fail"'


def toml_text(text: str) -> str:
    r"""Return a basic string of TOML 1.0.

    >>> toml_text('a"b\\\n')
    '"a\\"b\\\\\\u000a"'
    """
    return '"' + "".join(_toml(character) for character in text) + '"'


def _toml(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"


def as_nftables(lines: Sequence[Allowed], head: Head) -> Iterator[str]:
    """Yield a table for nft: addresses only, for it knows no names."""
    yield from _head(head, "#")
    yield "# Suggested, and tried by nobody: put it before a router's own rules only after review."
    yield "table inet kwel_suggested {"
    yield "  chain forward {"
    yield "    type filter hook forward priority 0; policy drop;"
    yield "    ct state established,related accept"
    for line in lines:
        if line.is_command:
            continue
        yield f"    # {comment(line)}"
        rules = list(_nft(line))
        yield from (f"    {rule}" for rule in rules)
        if line.more or not rules:
            yield f"    # {line.id}: not all addresses are known"
    yield "  }"
    yield "}"


def _nft(line: Allowed) -> Iterator[str]:
    for version, family in ((4, "ip"), (6, "ip6")):
        sources, targets = (_of_version(addresses, version) for addresses in (line.sources, line.targets))
        if not sources or not targets:
            continue
        for ends, others in ((sources, targets), *(((targets, sources),) if not line.direction else ())):
            match = f"{family} saddr {{ {', '.join(ends)} }} {family} daddr {{ {', '.join(others)} }}"
            for passes in _nft_ports(line.ports):
                yield f'{match}{passes} accept comment "{line.id}"'


def _nft_ports(ports: Iterable[str]) -> Iterator[str]:
    spans: dict[str, list[int]] = {}
    for port in ports:
        transport, _, number = port.partition("/")
        spans.setdefault(transport, []).append(int(number) if number.isdigit() else 0)
    for transport, numbers in spans.items():
        if transport in ("tcp", "udp", "sctp") and all(numbers):
            yield f" {transport} dport {{ {', '.join(str(number) for number in sorted(set(numbers)))} }}"
        elif transport in ("tcp", "udp", "sctp", "icmp", "esp", "ah", "gre"):
            yield f" meta l4proto {transport}"
    if not spans:
        return


def _of_version(addresses: Iterable[str], version: int) -> list[str]:
    parsed = (ipaddress.ip_address(address) for address in addresses)
    return [str(address) for address in sorted(parsed, key=int) if address.version == version]


def as_csv(lines: Sequence[Allowed], head: Head) -> Iterator[str]:
    """Yield one row a line, for whatever imports CSV; lists in a cell have spaces between."""
    yield ",".join(COLUMNS)
    for line in lines:
        ends = [line.label, " ".join(line.sources), line.destination, " ".join(line.names), " ".join(line.targets)]
        if line.direction == "inbound":
            ends[0], ends[2] = ends[2], ends[0]
        cells = [line.id, line.direction or "unproven", *ends, " ".join(line.ports), line.what, str(line.contacts),
                 "yes" if line.more else "no", " ".join(line.evidence)]  # fmt: skip
        yield ",".join(csv_cell(cell) for cell in cells)


def as_suricata(lines: Sequence[Allowed], head: Head) -> Iterator[str]:
    """Yield rules for Suricata 7: names by TLS and DNS pass, where names are known; else addresses and ports."""
    yield from _head(head, "#")
    yield "# Suggested, and never run: names that are not below raise an alert. HOME_NET must hold the plant."
    number = FIRST_SID
    for line in lines:
        if line.is_command:
            continue
        yield f"# {comment(line)}"
        for rule in _suricata(line):
            yield f'{rule[:-1]}msg:"kwel {line.id}"; sid:{number}; rev:1;)'
            number += 1
    for protocol in ("tls", "dns"):
        key = {"tls": "tls.sni", "dns": "dns.query"}[protocol]
        yield (
            f'alert {protocol} $HOME_NET any -> any any ({key}; pcre:"/./"; msg:"kwel: a name that is not allowed"; '
            f"sid:{number}; rev:1;)"
        )
        number += 1


def _suricata(line: Allowed) -> Iterator[str]:
    sources = _listed(line.sources)
    if line.names and line.direction != "inbound" and sources:
        for name in line.names:
            size = len(name.encode("utf-8", "backslashreplace"))
            for protocol, key in (("tls", "tls.sni"), ("dns", "dns.query")):
                matches = f'{key}; content:"{in_bytes(name)}"; nocase; bsize:{size}; '
                yield f"pass {protocol} {sources} any -> any any ({matches})"
    targets = _listed(line.targets)
    if sources and targets:
        way = "->" if line.direction else "<>"
        for port in line.ports:
            transport, _, at = port.partition("/")
            if transport in ("tcp", "udp", "sctp", "icmp"):
                yield f"pass {transport} {sources} any {way} {targets} {at or 'any'} ()"


def _listed(addresses: Sequence[str]) -> str:
    return f"[{','.join(addresses)}]" if addresses else ""


def in_bytes(name: str) -> str:
    r"""Return a name as Suricata's content: everything but letters, digits and points in hexadecimal.

    >>> in_bytes('a.example";)')
    'a.example|22 3b 29|'
    """
    out: list[str] = []
    for byte in name.encode("utf-8", "backslashreplace"):
        if _SAFE.fullmatch(chr(byte)):
            out.append(chr(byte))
        elif out and out[-1].endswith("|"):
            out[-1] = f"{out[-1][:-1]} {byte:02x}|"
        else:
            out.append(f"|{byte:02x}|")
    return "".join(out)


def as_json(lines: Sequence[Allowed], head: Head) -> Iterator[str]:
    """Yield one JSON object."""
    rows = [
        {
            "id": line.id,
            "direction": line.direction or None,
            "conditions": {of.key: list(of.values) for of in line.conditions},
            "asset": line.label,
            "destination": line.destination,
            "what": line.what,
            "sources": list(line.sources),
            "targets": list(line.targets),
            "names": list(line.names),
            "ports": list(line.ports),
            "contacts": line.contacts,
            "incomplete": line.more,
            "evidence": list(line.evidence),
        }
        for line in lines
    ]
    yield json.dumps({"about": list(head), "lines": rows}, indent=1)


FORMS: Final[dict[str, Callable[[Sequence[Allowed], Head], Iterator[str]]]] = {
    "policy": as_policy,
    "nftables": as_nftables,
    "csv": as_csv,
    "suricata": as_suricata,
    "json": as_json,
}
