"""A report in, everything internal that it holds out, and a guard that lets no text through that holds any of it.

Dossiers are built of rules, numbers and pseudonyms. Some text comes from elsewhere: what a device calls itself, whose
network an address lies in, what the site file says. That passes the guard, or is withheld.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from kwel.model.zones import BETWEEN, PROPOSED, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kwel.model.report import Report
    from kwel.model.site import Site
    from kwel.rulebook.model import Rulebook

SHORTEST: Final = 3
"""Characters of something internal: shorter ones are found in any text."""
NAMES: Final = frozenset({
    "hostname", "station", "serial", "identity", "uri", "certificate", "location", "description", "domain", "partner",
    "neighbour", "switch-port", "chassis", "service", "cookie", "via", "host-key", "redundancy",
})  # fmt: skip
"""Facts of an asset that may name it, its owner or its surroundings."""
SHORTEST_BARE: Final = 5
"""Letters and digits of something internal that is found in whatever spelling: ``PLANT_WEST`` is ``Plant West``."""
LONGEST: Final = 120
"""Characters of a text from elsewhere."""
_TELLING: Final = (
    re.compile(r"\d{1,3}(\.\d{1,3}){3}"),  # IPv4
    re.compile(r"(?<!\d)\d{1,3}([-_])\d{1,3}(\1\d{1,3}){2}(?!\d)"),  # IPv4 as in names of hosts
    re.compile(r"[0-9a-f]{1,4}(:[0-9a-f]{0,4}){3,}|::", re.I),  # IPv6, and MAC addresses with colons
    # MAC addresses in pairs, in fours and in halves: with any sign between, or none
    re.compile(r"(?<![0-9a-f])[0-9a-f]{2}([-:._ ]?)[0-9a-f]{2}(\1[0-9a-f]{2}){4}(?![0-9a-f])", re.I),
    re.compile(r"[0-9a-f]{4}([-.: ])[0-9a-f]{4}\1[0-9a-f]{4}(?![0-9a-f])", re.I),
    re.compile(r"(?<![0-9a-f])[0-9a-f]{6}[-:][0-9a-f]{6}(?![0-9a-f])", re.I),
    re.compile(r"\S@\S"),
    re.compile(r"\\\\|://"),
)
"""What looks like an address, whether it is known or not."""


class Guard:
    """Knows everything internal of one analysis."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(word for word in words if len(word) >= SHORTEST)
        self._lengths = sorted({len(word) for word in self.words})
        bare = {_bare(word) for word in self.words}
        self._bare = frozenset(word for word in bare if len(word) >= SHORTEST_BARE and not word.isdecimal())
        self._bare_lengths = sorted({len(word) for word in self._bare})

    def passes(self, text: str) -> bool:
        """Return whether a text may leave: it holds nothing internal, and nothing that looks like an address."""
        return len(text) <= LONGEST and not self.holds(text) and not any(shape.search(text) for shape in _TELLING)

    def holds(self, text: str) -> bool:
        """Return whether a text holds something internal."""
        return next(self.found(text), None) is not None

    def found(self, text: str) -> Iterator[str]:
        """Yield everything internal that a text holds, in whatever spelling."""
        yield from _found(text.casefold(), self.words, self._lengths)
        yield from _found(_bare(text), self._bare, self._bare_lengths)

    def text(self, text: str | None) -> str | None:
        """Return a text that may leave; nothing where it may not."""
        return text if text is not None and self.passes(text) else None


def _found(text: str, words: frozenset[str], lengths: list[int]) -> Iterator[str]:
    for length in lengths:
        for start in range(len(text) - length + 1):
            if text[start : start + length] in words:
                yield text[start : start + length]


def _bare(text: str) -> str:
    """Return the letters and digits of a text (Unicode Standard Annex 15: of compatible characters, the plain one)."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def words_of(report: Report, book: Rulebook) -> frozenset[str]:
    """Return everything internal that an analysis knows, in lower case: names, addresses, places, people, files.

    Names that a rule lists whole are nobody's secret.
    """
    found = {word for text in _texts(report) for word in _spelled(text)}
    for name in _contacted(report, book):
        found |= {name.casefold(), name.casefold().partition(".")[0]}
    return frozenset(word for word in found if len(word) >= SHORTEST)


def _spelled(text: str | None) -> Iterator[str]:
    """Yield a text and the parts of it that name something by themselves."""
    if not text:
        return
    text = text.casefold().strip()
    yield text
    yield text.partition("@")[0]
    if "/" in text and text[0].isalnum():
        yield text.partition("/")[0]
    first, *others = text.split(".")
    if not first.isdigit():
        yield first  # plc7 of plc7.site.example, and the site
        yield from others[:-1]
        yield ".".join(others) if len(others) > 1 else ""


def _texts(report: Report) -> Iterator[str | None]:
    yield report.title
    yield from report.internal
    for capture in report.captures:
        yield None if capture.name == "-" else capture.name
        yield from (text for pair in capture.names for text in pair)
    for asset in report.assets:
        yield from (asset.id, asset.label, asset.owner, *asset.addresses)
        yield from (claim.value for claim in (*asset.macs, *asset.names))
        yield from (fact.claim.value for fact in asset.facts if fact.kind in NAMES)
        yield from (asset.zone or "").removeprefix(PROPOSED).split(BETWEEN)
    for zone in report.zones:
        if zone.origin is not Origin.OUTSIDE:
            yield from (zone.name.removeprefix(PROPOSED), zone.owner, *zone.prefixes)
    if report.site:
        yield from _of_site(report.site.site)
    for line in report.inventory.lines if report.inventory else ():
        entry = line.entry
        yield from (entry.name, entry.serial, entry.location, entry.owner, entry.zone, *entry.addresses, *entry.macs)
    for file in report.inventory.files if report.inventory else ():
        yield file.file


def _contacted(report: Report, book: Rulebook) -> Iterator[str]:
    """Yield the names outside that may name a tenant."""
    attributions = report.dependencies.attributions
    name_of = getattr(attributions, "name", None) or (lambda index: attributions[index].name)
    regions = {region for places in book.regions.values() for region in places}
    for index in range(len(attributions)):
        name = name_of(index)
        if name and ((known := book.service_of(name)) is None or known[1] != name):
            tenant, _, rest = name.partition(".")
            # A plain word such as www or mqtt names nobody; what has nothing before its domain, only that.
            if "." in rest and tenant not in regions and re.search(r"\d|-", tenant):
                yield name


def _of_site(site: Site) -> Iterator[str | None]:
    yield from (site.name, site.file, *site.internal, *site.domains)
    for tenant in site.tenants:
        yield tenant.name
    for zone in site.zones:
        yield from (zone.name, zone.owner, *zone.prefixes)
    for asset in site.assets:
        yield from (asset.name, asset.owner, asset.zone, *asset.addresses, *asset.macs)
    for override in site.overrides:
        yield from (override.author, override.what)
