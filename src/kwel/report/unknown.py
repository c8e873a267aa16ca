"""Assets in, those of which no more is known than an address out, and what would tell what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.claims import Grade
from kwel.report.text import NOTHING, Text, code, joined, plain, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kwel.model.assets import Asset
    from kwel.model.report import Report
    from kwel.model.talks import Closeup
    from kwel.report.phrases import Phrases

LISTED = 100
"""Assets in the list."""
_PEERS = 2
_TELLING = frozenset(
    {"hostname", "station", "vendor", "product", "order-number", "serial", "firmware", "system", "description",
     "location", "identity", "uri", "certificate", "host-key"}
)  # fmt: skip
"""Kinds of facts by which a device says which one it is, or what."""
_LOCAL = 0x02
"""The bit of a MAC's first octet that says that nobody registered it (IEEE 802, section 8.2)."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """One asset that is an address and no more."""

    label: Text
    link: str | None
    address: Text
    lacks: Text
    """What was not seen, and what would tell it."""
    peers: Text
    frame: Text


def speaks_for_itself(asset: Asset) -> bool:
    """Return whether an asset told who or what it is."""
    return any(fact.kind in _TELLING and fact.claim.grade > Grade.D for fact in asset.facts)


def is_unknown(asset: Asset) -> bool:
    """Return whether neither vendor nor product nor name nor role is known of an asset."""
    return not (asset.vendor or asset.product or asset.names or asset.role or speaks_for_itself(asset))


def find(report: Report, order: Iterable[int]) -> list[int]:
    """Return the unknown assets."""
    return [index for index in order if is_unknown(report.assets[index])]


def unknown(report: Report, index: int, closeup: Closeup, links: Mapping[str, str], phrases: Phrases) -> Unknown:
    """Return one line of the list."""
    asset = report.assets[index]
    others = [address for address in (*asset.addresses, *(of.value for of in asset.macs)) if address != asset.label]
    return Unknown(
        label=wire(asset.label, 60),
        link=links.get(asset.id),
        address=code(others[0]) if others else NOTHING,
        lacks=_lacks(asset, closeup, phrases),
        peers=_peers(report, closeup, phrases),
        frame=phrases.frame(asset.evidence),
    )


def _lacks(asset: Asset, closeup: Closeup, phrases: Phrases) -> Text:
    """Return what is missing and how to get it: reasoned from what was not seen."""
    say, tags = phrases.say, [str(vlan) for vlan in asset.vlans if vlan]
    silent = closeup.talks and not closeup.more and not any(talk.bytes_out for talk in closeup.talks)
    if silent:
        return say("unknown.silent")
    if not asset.macs:
        return say("unknown.routed-vlan", vlan=plain(tags[0])) if tags else say("unknown.routed")
    if int(asset.macs[0].value[:2], 16) & _LOCAL:
        return say("unknown.local")
    return say("unknown.quiet")


def _peers(report: Report, closeup: Closeup, phrases: Phrases) -> Text:
    """Return whom it talks to most, which may tell more than it does itself."""
    parts = []
    for talk in closeup.talks[:_PEERS]:
        name = wire(report.assets[talk.peer].label, 40)
        spoken = phrases.say.first(f"term.{talk.application}") if talk.application else None
        port = plain(f"{talk.transport} {talk.port}" if talk.port else talk.transport)
        parts.append(joined([name, joined([plain("("), spoken or port, plain(")")], "")], " "))
    return joined(parts)
