"""Names of zones in, how a reader of Dutch or English calls them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.zones import BETWEEN, OUTSIDE, PROPOSED
from kwel.report.text import Text, joined, wire

if TYPE_CHECKING:
    from kwel.model.zones import Zone
    from kwel.report.catalogue import Catalogue

_LONGEST = 60
_PHRASES = {
    "no IP address": "zone.no-address",
    "other segments": "zone.rest",
    "addresses where nobody was heard": "zone.silent",
}
"""How names of proposals begin that are words and not numbers, and the sentences for them."""


def zone_of(name: str, say: Catalogue) -> Text:
    """Return the zone that an asset stands in; a proposal is called one."""
    return joined([_named(part, say) for part in name.split(BETWEEN)], BETWEEN)


def zone_name(zone: Zone, say: Catalogue) -> Text:
    """Return what a zone is called."""
    return (say.first(f"zone.{zone.key}") if zone.key else None) or zone_of(zone.name, say)


def zone_text(name: str, say: Catalogue) -> Text:
    """Return the name of one zone in a sentence about it: what lies outside in the reader's language."""
    key = next((key for key, outside in OUTSIDE.items() if outside == name), None)
    return (say.first(f"zone.{key}") if key else None) or bare(name, say)


def bare(name: str, say: Catalogue) -> Text:
    """Return the name of one zone without saying that it is a proposal."""
    if not name.startswith(PROPOSED):
        return wire(name, _LONGEST)
    name = name.removeprefix(PROPOSED)
    for phrase, key in _PHRASES.items():
        if name.startswith(phrase):
            rest = name.removeprefix(phrase).strip()
            return joined([say(key), *([wire(rest, _LONGEST)] if rest else [])], " ")
    return wire(name, _LONGEST)


def _named(name: str, say: Catalogue) -> Text:
    known = bare(name, say)
    return say("zone.proposed", name=known) if name.startswith(PROPOSED) else known
