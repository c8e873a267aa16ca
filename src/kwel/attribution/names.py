"""Host names in, what the rules say of them out: whose host, in which place, for which service.

A name counts on label boundaries only, the longest suffix first. A place is read only where the operator itself
writes it: in the label before a suffix that the operator's rule names. What a customer puts into a name proves nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from kwel.rulebook import load
from kwel.rulebook.model import LONGEST_NAME
from kwel.rulebook.rulefile import REGION, RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

    from kwel.rulebook.model import Operator, Region, Rulebook, Service

SITE: Final = "{site}"
CODE: Final = "{code}"
_SITE_LENGTH: Final = 3  # IATA location codes
_LONGEST_LABEL: Final = 63  # RFC 1035 section 2.3.4
_OPEN: Final = {"#": "[0-9]+", "*": ".*"}
"""What stands for digits and for anything in a template."""
_REMEMBERED: Final = 1 << 17


Kind = Literal["region-in-name", "site-in-name"]


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place that an operator wrote into a host name."""

    kind: Kind
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
    weak: bool = False
    """The name rests on less than it should: an answer older than its time to live, or one to another client."""
    told: bool = False
    """A log of another probe says who went there; no frame shows it."""

    @property
    def front(self) -> bool:
        """Return whether the name is that of a front for others."""
        return self.operator is not None and self.suffix in self.operator.front_domains


NOTHING: Final = HostName()


@dataclass(frozen=True, slots=True)
class _Template:
    """Where in a label a place stands: ``s3-{region}``, ``{region}-#``, ``{site}-*``."""

    before: str
    after: re.Pattern[str]
    places: Mapping[str, Region]
    kind: Kind

    def find(self, label: str) -> Region | None:
        """Return the place that the label names: the longest id that leaves what must follow it."""
        if not label.startswith(self.before):
            return None
        rest = label[len(self.before) : len(self.before) + _LONGEST_LABEL]
        for end in (_SITE_LENGTH,) if self.kind == "site-in-name" else range(len(rest), 0, -1):
            place = self.places.get(rest[:end])
            if place and self.after.fullmatch(rest, end):
                return place
        return None


class _Said(NamedTuple):
    """What the rules say of one name in lower case."""

    general: str
    """The name with ``{region}`` for every region id."""
    operator: tuple[Operator, str] | None
    """Whose host it proves, and the suffix that says so."""
    service: tuple[Service, str] | None


_OF_NOBODY: Final = _Said("", None, None)


class _Suffixes:
    """Looks names up by suffix, the longest first: the same answers as those of the rulebook, one name at a time.

    What is not said of a name itself is what is said of its parent, and thousands of names have the same parent: so
    parents are remembered.
    """

    def __init__(self, book: Rulebook) -> None:
        self._operators = {d: o for o in book.operators.values() for d in o.domains + o.front_domains}
        self._services = {name: service for service in book.services for name in service.names}
        self._regions = frozenset(region for places in book.regions.values() for region in places)
        self._parents: dict[str, _Said] = {"": _OF_NOBODY}

    def find(self, name: str) -> _Said:
        """Return what is said of a name in lower case."""
        label, dot, parent = name.partition(".")
        above = self._parents.get(parent) or self._of_parent(parent)
        general = f"{REGION if label in self._regions else label}{dot}{above.general}"
        operator, service = self._operators.get(name), self._services.get(name) or self._services.get(general)
        return _Said(
            general,
            (operator, name) if operator else above.operator,
            (service, name) if service else above.service,
        )

    def _of_parent(self, name: str) -> _Said:
        if len(self._parents) >= _REMEMBERED:
            self._parents = {"": _OF_NOBODY}
        missing = []
        while name not in self._parents:
            missing.append(name)
            name = name.partition(".")[2]
        for parent in reversed(missing):  # the shortest first: whose own parent is there
            self._parents[parent] = self.find(parent)
        return self._parents[missing[0]]


class NameReader:
    """Looks names up in a rulebook and remembers the answers."""

    def __init__(self, book: Rulebook) -> None:
        self._rules = _Suffixes(book)
        self._templates = {o.id: _templates(o, book) for o in book.operators.values()}
        self._same: dict[tuple[object, ...], HostName] = {}
        self._seen: dict[object, HostName] = {}

    def read(
        self, name: str | None, chain: tuple[str, ...] = (), *, weak: bool = False, told: bool = False
    ) -> HostName:
        """Return what *name* and the CNAMEs that it led to say; the same object for the same answer."""
        key = (name, chain, weak, told) if chain or weak or told else name
        found = self._seen.get(key)
        if found is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            found = self._seen[key] = self._read(name, chain, weak=weak, told=told)
        return found

    def _read(self, name: str | None, chain: tuple[str, ...], *, weak: bool, told: bool) -> HostName:
        asked = _clean(name) if name else ""
        names = [*(clean for alias in reversed(chain) if (clean := _clean(alias))), *([asked] if asked else [])]
        operator, suffix = None, ""
        place = None
        said = _OF_NOBODY
        for candidate in names:  # from the address back to the name asked for: the end of the chain is the host
            said = self._rules.find(candidate)
            if not said.operator:
                continue
            found = said.operator[0]
            if operator is None or _more_special(found, operator):
                operator, suffix = said.operator
            if place is None and _related(found, operator):
                place = self._place(found, candidate)
        service, service_suffix = (said.service if asked else None) or (None, "")
        answer = operator, suffix, place, service, service_suffix, weak, told
        same = self._same.get(answer)
        if same is None:
            same = self._same[answer] = HostName(*answer)
        return same

    def _place(self, operator: Operator, name: str) -> NamedPlace | None:
        templates = self._templates[operator.id]
        label, _, rest = name.partition(".")
        while rest and templates:
            for template in templates.get(rest, ()):
                if region := template.find(label):
                    return NamedPlace(template.kind, region, rest)
            label, _, rest = rest.partition(".")
        return None


def misplaced(root: Traversable | None = None) -> list[str]:
    """Return the names of examples under *root* that do not tell the region they promise, one line each."""
    try:
        book = load(root)
    except RuleError:
        return []  # ``rulebook.test`` tells it
    reader, faults = NameReader(book), []
    for example in book.places:
        place = reader.read(example.name).place
        told = place.region.id if place else ""
        if told != example.region:
            faults.append(f"{example.rule}: examples.places: {example.name!r} tells {told or 'no place'}")
    return faults


def _clean(name: str) -> str:
    """Return the name as rules spell it; nothing for what cannot be a host name (RFC 1035 section 2.3.4)."""
    return name.lower().rstrip(".") if len(name) <= LONGEST_NAME + 1 else ""


def _more_special(one: Operator, other: Operator) -> bool:
    """Return whether hosts of *one* are found among those of *other*, and not the reverse."""
    return other.id in one.shares_networks_of and one.id not in other.shares_networks_of


def _related(one: Operator, other: Operator) -> bool:
    return one is other or one.id in other.shares_networks_of or other.id in one.shares_networks_of


def _templates(operator: Operator, book: Rulebook) -> dict[str, list[_Template]]:
    found: dict[str, list[_Template]] = {}
    written: tuple[
        tuple[tuple[str, ...], str, Mapping[str, Region], Literal["region-in-name", "site-in-name"]], ...
    ] = (
        (operator.region_names, REGION, book.regions.get(operator.regions, {}), "region-in-name"),
        (operator.code_names, CODE, book.codes.get(operator.regions, {}), "region-in-name"),
        (operator.site_names, SITE, book.sites, "site-in-name"),
    )
    for names, placeholder, places, kind in written:
        for text in names:
            label, _, suffix = text.partition(".")
            before, _, after = label.partition(placeholder)
            pattern = "".join(_OPEN.get(character, re.escape(character)) for character in after)
            if kind == "site-in-name" and after == "*":
                pattern = "([^a-z].*)?"  # a longer word is no code
            found.setdefault(suffix, []).append(_Template(before, re.compile(pattern), places, kind))
    return found
