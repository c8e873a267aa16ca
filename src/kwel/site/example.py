"""Writes a commented site file to start from: from a capture, or an example without one."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from kwel.model.zones import PROPOSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.assets import Asset
    from kwel.model.dependencies import Dependencies
    from kwel.model.verdicts import Attribution
    from kwel.model.zones import Zone

MOST: Final = 30
"""Lines of one kind: the rest a person adds."""

HEAD = """\
# What you know of your own plant and kwel cannot see. docs/site.md describes every key.
# This file is confidential: it says how your plant is built. kwel sends it nowhere; it shows in the report.
#
#   kwel site check site.toml
#   kwel report --site site.toml plant.pcapng
"""
INTERNAL = """
# Prefixes that are your own: HOME_NET of Suricata, Site::local_nets of Zeek. Private addresses are internal already.
"""
DOMAINS = """
# DNS zones that are your own, and names in somebody's cloud that are yours.
"""
ZONES = """
# Zones (IEC 62443): level is that of the Purdue reference model, 0 to 5; sl_t the target security level, 0 to 4.
"""
ASSETS = """
# What you call your devices: by address, or by MAC where the capture proves one.
"""
OVERRIDES = """
# Where you know better than tables and rules. Each is signed, dated and shown in the report with what it changed.
# [[overrides]]
# host = "gw-*.supplier.example"          # or domain = "...", prefix = "192.0.2.0/24", asset = "10.20.3.32"
# operator = "example-cloud"              # id of a rule, or { name = "Example Cloud", jurisdiction = "DE" }
# supplier = { name = "Example Machines", jurisdiction = "SE" }
# service = "Example Remote"
# function = "remote-access"
# place = "DE"
# author = "name and function of whoever says so"
# reason = "why, and where that can be looked up"
# date = 2026-11-25
# expires = 2027-11-25

# For how long something goes on when what it needs stops: a store that was tested, a licence's period of grace.
# [[buffers]]
# asset = "10.20.3.32"                    # name, address or MAC; without it, every asset
# function = "monitoring"                 # a word of rules/vocabulary.toml; without it, whatever the asset needs
# hours = 72
# reason = "buffer of the gateway, tested in the drill of 2026-11-25"

# Databases of addresses of your own, in MaxMind DB format. They are shown and never decide.
# [[databases]]
# file = "city.mmdb"
"""


def example(
    assets: Sequence[Asset] = (),
    dependencies: Dependencies | None = None,
    captures: str = "",
    private: Sequence[str] = (),
    zones: Sequence[Zone] = (),
) -> str:
    """Return a site file that says what the captures show, and as comments what a person may want to add."""
    found = [ipaddress.ip_address(address) for asset in assets for address in asset.addresses]
    networks = [ipaddress.ip_network(prefix) for prefix in private]
    inside = [address for address in found if any(address in network for network in networks)]
    parts = [
        HEAD,
        f"\n# Seen in {quoted(captures)}.\n" if captures else "",
        '\nname = ""\n'.replace('""', '"My plant"'),
    ]
    parts += [INTERNAL, "internal = []\n", *_public(sorted({*map(str, found)} - {*map(str, inside)}))]
    parts += [DOMAINS, "domains = []\n", *_tenants(dependencies)]
    parts += [ZONES, *_zones(zones)]
    parts += [ASSETS, *_assets(assets), OVERRIDES]
    return "".join(parts)


def quoted(text: str) -> str:
    r"""Return *text* as a basic string of TOML, whatever it holds.

    >>> print(quoted('plc "1"\x1b'))
    "plc \"1\"\u001b"
    """
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        return "\\uFFFD"  # half of a pair is no character
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"


def _public(addresses: Sequence[str]) -> list[str]:
    """Return public addresses of assets, as a comment: whose prefix it is, and how long, a person must say."""
    if not addresses:
        return []
    return [f"# Assets have these public addresses; if the prefix is yours: {', '.join(addresses[:MOST])}\n"]


def _zones(zones: Sequence[Zone]) -> list[str]:
    """Return a zone a proposal, to be named and joined by a person; a capture does not tell what belongs together."""
    drawn = [zone for zone in zones if zone.prefixes or zone.vlans]
    if not drawn:
        return ['# [[zones]]\n# name = "Cell 1"\n# level = 1\n# prefixes = ["10.20.1.0/24"]\n# vlans = [20]\n']
    parts: list[str] = []
    taken: set[str] = set()
    for zone in drawn[:MOST]:
        kinds = ", ".join(f"{count} {kind.value}" for kind, count in zone.kinds)
        head = f"[[zones]] # assets seen: {kinds}\nname = {quoted(zone.name.removeprefix(PROPOSED))}\n"
        level = f"# level = {zone.level} # as its assets suggest\n" if zone.level else "# level = 2\n"
        own = _untaken("prefixes", [quoted(prefix) for prefix in _routed(zone.prefixes)], taken)
        own += _untaken("vlans", [str(vlan) for vlan in zone.vlans], taken)
        if own:
            parts.append(f'{head}{level}# owner = "who answers for it"\n{own}\n')
        else:  # what stands in one segment with others has a zone by its entries alone
            parts.append("# " + head.replace("\nname", "\n# name") + '# and in [[assets]], for each: zone = "..."\n\n')
    parts[-1] = parts[-1].removesuffix("\n")
    return [*parts, *([f"# {len(drawn) - MOST} more zones were proposed.\n"] if len(drawn) > MOST else [])]


def _routed(prefixes: Sequence[str]) -> list[str]:
    """Return prefixes without those of one link."""
    return [prefix for prefix in prefixes if not ipaddress.ip_network(prefix).is_link_local]


def _untaken(key: str, values: Sequence[str], taken: set[str]) -> str:
    """Return an array of the values that no zone before has."""
    own = [value for value in values if value not in taken]
    taken.update(own)
    return f"{key} = [{', '.join(own)}]\n" if own else ""


def _assets(assets: Sequence[Asset]) -> list[str]:
    if not assets:
        return ['# [[assets]]\n# name = "PLC mixer"\n# address = "10.20.1.11"\n# mac = "00:90:e8:10:00:32"\n']
    parts = []
    for asset in assets[:MOST]:
        about = ", ".join(claim.value for claim in (asset.role, asset.vendor) if claim)
        key, value = ("mac", asset.macs[0].value) if asset.macs else ("address", asset.id.partition("@")[0])
        parts.append(f"# [[assets]] # {quoted(about)}\n# name = {quoted(asset.label)}\n# {key} = {quoted(value)}\n")
    return [*parts, *([f"# {len(assets) - MOST} more assets were seen.\n"] if len(assets) > MOST else [])]


def _tenants(dependencies: Dependencies | None) -> list[str]:
    """Return names in clouds that may be the site's own: those below the name of a service."""
    found: dict[str, str] = {}
    for attribution in dependencies.attributions if dependencies else ():
        if attribution.name and attribution.service and len(found) < MOST and not _is_whole(attribution):
            found.setdefault(attribution.name, attribution.service.value)
    if not found:
        return ['# [[tenants]]\n# name = "plantgw-prod.iot.cloud.example"\n# what = "IoT hub of line 1"\n']
    return [f"# [[tenants]]\n# name = {quoted(name)}\n# what = {quoted(what)}\n" for name, what in found.items()]


def _is_whole(attribution: Attribution) -> bool:
    """Return whether the name is that of the service itself, which no customer has to itself."""
    assert attribution.service is not None
    suffix = next((dict(s.values)["suffix"] for s in attribution.service.evidence if s.kind == "service-name"), "")
    return attribution.name in ("", suffix)
