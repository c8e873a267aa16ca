"""Host names in, what the rules say of them out: whose host, in which place, for which service.

A name counts on label boundaries only, the longest suffix first. A place is read only where the operator itself
writes it: in the label before a suffix that the operator's rule names. What a customer puts into a name proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from kwel.rulefile import REGION, suffixes
from kwel.rulemodel import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.rulemodel import Operator, Region, Rulebook, Service

SITE: Final = "{site}"
_SITE_LENGTH: Final = 3  # IATA location codes
_REMEMBERED: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place that an operator wrote into a host name."""

    kind: Literal["region-in-name", "site-in-name"]
    region: Region
    suffix: str


@dataclass(frozen=True, slots=True)
class HostName:
    """What a name and the CNAMEs behind it say. Equal for all names of which the rules say the same."""

    operator: Operator | None = None
    suffix: str = ""
    """The part of the name that proves the operator."""
    place: NamedPlace | None = None
    service: Service | None = None
    service_suffix: str = ""

    @property
    def front(self) -> bool:
        """Return whether the name is that of a front for others."""
        return self.operator is not None and self.suffix in self.operator.front_domains


NOTHING: Final = HostName()


@dataclass(frozen=True, slots=True)
class _Template:
    """Where in a label a place stands: ``s3-{region}``, ``{site}-*``."""

    before: str
    after: str
    open_end: bool
    places: Mapping[str, Region]
    kind: Literal["region-in-name", "site-in-name"]

    def find(self, label: str) -> Region | None:
        """Return the place that the label names."""
        if not label.startswith(self.before):
            return None
        rest = label[len(self.before) :]
        if not self.open_end:
            return self.places.get(rest.removesuffix(self.after)) if rest.endswith(self.after) else None
        code, tail = rest[:_SITE_LENGTH], rest[_SITE_LENGTH:]
        if tail.startswith(self.after) and (self.after or not tail[:1].isalpha()):
            return self.places.get(code)
        return None


class NameReader:
    """Looks names up in a rulebook and remembers the answers."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        self._templates = {o.id: _templates(o, book) for o in book.operators.values()}
        self._same: dict[HostName, HostName] = {}
        self._seen: dict[object, HostName] = {}

    def read(self, name: str | None, chain: tuple[str, ...] = ()) -> HostName:
        """Return what *name* and the CNAMEs that it led to say; the same object for the same answer."""
        key = (name, chain) if chain else name
        found = self._seen.get(key)
        if found is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            found = self._seen[key] = self._read(name, chain)
        return found

    def _read(self, name: str | None, chain: tuple[str, ...]) -> HostName:
        names = [clean for given in (*reversed(chain), name) if given and (clean := _clean(given))]
        operator, suffix = None, ""
        place = None
        for candidate in names:  # from the address back to the name asked for: the end of the chain is the host
            found = self._book.operator_of(candidate)
            if found and (operator is None or _more_special(found[0], operator)):
                operator, suffix = found
            if found and operator and _related(found[0], operator):
                place = place or self._place(found[0], candidate)
        asked = self._book.service_of(_clean(name)) if name else None
        answer = HostName(operator, suffix, place, *(asked or (None, "")))
        return self._same.setdefault(answer, answer)

    def _place(self, operator: Operator, name: str) -> NamedPlace | None:
        templates = self._templates[operator.id]
        if not templates:
            return None
        label, _, rest = name.partition(".")
        for suffix in suffixes(rest):
            for template in templates.get(suffix, ()):
                if region := template.find(label):
                    return NamedPlace(template.kind, region, suffix)
            label = suffix.partition(".")[0]
        return None


def _clean(name: str) -> str:
    """Return the name as rules spell it; nothing for what cannot be a host name (RFC 1035 section 2.3.4)."""
    return name.lower().rstrip(".") if len(name) <= LONGEST_NAME + 1 else ""


def _more_special(one: Operator, other: Operator) -> bool:
    """Return whether hosts of *one* are found among those of *other*, and not the reverse."""
    return other.id in one.shares and one.id not in other.shares


def _related(one: Operator, other: Operator) -> bool:
    return one is other or one.id in other.shares or other.id in one.shares


def _templates(operator: Operator, book: Rulebook) -> dict[str, list[_Template]]:
    found: dict[str, list[_Template]] = {}
    for text in operator.region_names:
        label, _, suffix = text.partition(".")
        before, _, after = label.partition(REGION)
        places = book.regions[operator.regions]
        template = _Template(before, after, open_end=False, places=places, kind="region-in-name")
        found.setdefault(suffix, []).append(template)
    for text in operator.site_names:
        label, _, suffix = text.partition(".")
        before, _, after = label.partition(SITE)
        template = _Template(before, after.rstrip("*"), open_end=True, places=book.sites, kind="site-in-name")
        found.setdefault(suffix, []).append(template)
    return found
