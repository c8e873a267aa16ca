"""Loads, checks and tests the rules on operators, services, places and law.

docs/rules.md describes the files, `model` the types that they become.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from kwel.model.claims import Grade
from kwel.rulebook import law as lawbook
from kwel.rulebook import places as placebook
from kwel.rulebook.folder import digest, read
from kwel.rulebook.model import (
    Bloc,
    Example,
    Function,
    Impact,
    Network,
    Operator,
    Party,
    PlaceExample,
    PublishedRange,
    Rulebook,
    Service,
    Vocabulary,
)
from kwel.rulebook.rulefile import REQUIRED, RuleError, RuleTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable

__all__ = ["Operator", "RuleError", "Rulebook", "Service", "lint", "load", "read", "test"]

PATHS: Final = ("data", "control")
EVIDENCE: Final = ("documented", "code", "measured", "unverified")
_TAG: Final = re.compile(r"[a-z][a-z0-9-]*/[A-Z0-9][A-Z0-9._-]*")
_AS_NUMBER: Final = re.compile(r"AS[1-9]\d{0,9}")
_OWNERSHIP: Final = ("Parent", "Owner", "Shareholders", "Group", "Acquisition", "Company", "Foundation")
"""Words with one of which the source begins that says who controls an operator; the first of these counts."""


def load(root: Traversable | None = None) -> Rulebook:
    """Load the rules that ship with kwel, or those under *root*: a whole rulebook, or files laid over the shipped ones.

    Those that ship are read once: they are three quarters of the time that a small capture takes, and do not change.

    Raises:
        RuleError: a rule is wrong: ``file:line: key: reason``.
    """
    return _shipped() if root is None else _book(read(root))


@functools.cache
def _shipped() -> Rulebook:
    return _book(read())


def _book(files: dict[str, bytes]) -> Rulebook:
    """Return what files say, by their names."""
    vocabulary = _vocabulary(_one(files, "vocabulary.toml"))
    book_of_places = placebook.read(_one(files, "regions.toml"))
    examples: list[Example] = []
    places: list[PlaceExample] = []
    operators = {}
    services: list[Service] = []
    blocs: dict[str, Bloc] = {}
    for name, text in files.items():
        folder, _, stem = name.removesuffix(".toml").partition("/")
        table = RuleTable.parse(text, name) if folder in ("operators", "services") else None
        if table and folder == "operators":
            operators[stem] = _operator(stem, table, vocabulary)
            examples += _examples(table, name, places)
        elif table:
            services += _services(stem, table, vocabulary)
            examples += _examples(table, name)
        elif name == "jurisdictions/blocs.toml":
            blocs = _blocs(RuleTable.parse(text, name))
    law = lawbook.read(files, blocs, operators, vocabulary)
    told = tuple(examples), tuple(places), digest(files)
    book = Rulebook(operators, tuple(services), *book_of_places, blocs, vocabulary, *told, law)
    _check_together(book)
    return book


def _one(files: Mapping[str, bytes], name: str) -> RuleTable:
    if name not in files:
        raise RuleError(f"{name}: file: missing")
    return RuleTable.parse(files[name], name)


def _vocabulary(table: RuleTable) -> Vocabulary:
    impacts = table.words("impacts")
    functions = {}
    for name, about in table.take("functions", dict).items():
        inner = table.within(about, "functions", name)
        inner.text("meaning")
        functions[name] = Function(_path(inner), _impact(inner, impacts))
        inner.finish()
    kinds = tuple(table.take("kinds", dict))
    vocabulary = Vocabulary(
        functions=functions,
        impacts=impacts,
        kinds=kinds,
        front_kinds=table.words("front_kinds"),
        carrier_kinds=table.words("carrier_kinds"),
        law_statuses=_statuses(table),
        service_kind=table.one_of("service_kind", kinds, None),
        reasons=tuple(table.take("reasons", dict)),
        evidence={kind: tuple(keys.split(", ")) for kind, keys in table.take("evidence", dict).items()},
        counts=Grade[table.one_of("counts", tuple(Grade.__members__))],
        controlled=Grade[table.one_of("controlled", tuple(Grade.__members__))],
    )
    table.date("reviewed")
    table.finish()
    return vocabulary


def _statuses(table: RuleTable) -> dict[str, bool]:
    statuses = {}
    for name, about in table.take("law_statuses", dict, {}).items():
        inner = table.within(about, "law_statuses", name)
        inner.text("meaning")
        statuses[name] = inner.take("reaches", bool)
        inner.finish()
    return statuses


def _path(table: RuleTable, usual: Any = REQUIRED) -> Literal["data", "control"]:
    return cast('Literal["data", "control"]', table.one_of("path", PATHS, usual))


def _impact(table: RuleTable, impacts: tuple[str, ...]) -> Impact:
    within, why = table.one_of("impact", impacts), table.table("impact_why")
    if why is None:
        raise table.wrong("impact_why", "missing: why an outage is felt so soon")
    impact = Impact(within, why.text("nl"), why.text("en"))
    why.finish()
    return impact


def _blocs(table: RuleTable) -> dict[str, Bloc]:
    table.sources()
    reviewed = table.date("reviewed")
    blocs = {}
    for inner in table.tables("blocs"):
        name = inner.text("id")
        if name in blocs:
            raise inner.wrong("id", f"{name!r} is there twice")
        blocs[name] = Bloc(name, inner.countries("members"), reviewed)
        inner.text("note", "")
        inner.finish()
    table.finish()
    return blocs


def _party(table: RuleTable | None) -> Party | None:
    if table is None:
        return None
    party = Party(table.text("name"), table.country("jurisdiction"))
    table.finish()
    return party


def _operator(stem: str, table: RuleTable, vocabulary: Vocabulary) -> Operator:
    sources = table.sources()
    parent = _party(table.table("parent"))
    if parent is None:
        raise table.wrong("parent", "missing")
    return Operator(
        id=stem,
        name=table.text("name"),
        entity=table.text("entity"),
        jurisdiction=table.country("jurisdiction"),
        kind=table.one_of("kind", vocabulary.kinds),
        parent=parent,
        domains=table.suffixes("domains", ()),
        front_domains=table.suffixes("front_domains", ()),
        networks=tuple(_network(inner) for inner in table.tables("asns")),
        ranges=tuple(_range(inner) for inner in table.tables("ranges")),
        prefixes=table.prefixes("networks"),
        ech_public_names=table.suffixes("ech_public_names", ()),
        issuers=table.words("issuers", ()),
        own_suffixes=table.suffixes("own_suffixes", ()),
        mixed_hosting=table.take("mixed_hosting", bool, default=False),
        shares_networks_of=table.words("shares_networks_of", ()),
        front_tags=table.words("front_tags", ()),
        anycast=table.take("anycast", bool, default=False),
        anycast_services=table.words("anycast_services", ()),
        regions=table.text("regions", stem),
        region_names=placebook.templates(table, "region_names", "{region}"),
        code_names=placebook.templates(table, "code_names", "{code}"),
        site_names=placebook.templates(table, "site_names", "{site}"),
        unsourced=table.take("unsourced", bool, default=False),
        reviewed=table.date("reviewed"),
        parent_source=_parent_source(sources),
        owner_unverified=table.owner_unverified(),
    )


def _parent_source(sources: tuple[str, ...]) -> str:
    found = (source for word in _OWNERSHIP for source in sources if source.startswith(word))
    return next(found, "").removeprefix("Parent:").strip()


def _network(table: RuleTable) -> Network:
    network = Network(
        table.numbers("numbers"),
        table.countries("places", ()),
        table.take("anycast", bool, default=False),
        table.take("unsourced", bool, default=False),
    )
    table.finish()
    return network


def _range(table: RuleTable) -> PublishedRange:
    found = PublishedRange(table.text("provider"), table.words("regions", ()))
    table.finish()
    return found


def _tags(table: RuleTable) -> tuple[str, ...]:
    tags = table.words("tags", ())
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise table.wrong("tags", f"{tag!r} is not a provider and a tag in upper case: 'azure/STORAGE'")
    return tags


def _services(stem: str, table: RuleTable, vocabulary: Vocabulary) -> list[Service]:
    table.sources()
    vendor = table.text("vendor")
    jurisdiction = None if table.take("community", bool, default=False) else table.country("jurisdiction")
    parent = _party(table.table("parent"))
    reviewed = table.date("reviewed")
    owner_unverified = table.owner_unverified()
    services = []
    for number, inner in enumerate(table.tables("services"), 1):
        function = inner.one_of("function", tuple(vocabulary.functions))
        usual = vocabulary.functions[function]
        services.append(
            Service(
                id=f"{stem}/{number}",
                names=inner.suffixes("names", ()),
                prefixes=inner.prefixes("networks"),
                tags=_tags(inner),
                product=inner.text("product"),
                vendor=vendor,
                jurisdiction=jurisdiction,
                parent=parent,
                function=function,
                path=_path(inner, usual.path),
                impact=_impact(inner, vocabulary.impacts) if "impact" in inner else usual.impact,
                evidence=inner.one_of("evidence", EVIDENCE),
                operator=inner.text("operator", None),
                front=inner.one_of("front", vocabulary.front_kinds, None),
                anycast=inner.take("anycast", bool, default=False),
                reviewed=reviewed,
                owner_unverified=owner_unverified,
            )
        )
        inner.finish()
    if not services:
        raise table.wrong("services", "missing")
    return services


def _examples(table: RuleTable, name: str, places: list[PlaceExample] | None = None) -> list[Example]:
    inner = table.table("examples")
    if inner is None:
        raise table.wrong("examples", "missing")
    found = [Example(name, example, matches=True) for example in inner.words("matches")]
    found += [Example(name, example, matches=False) for example in inner.words("misses")]
    if {example.matches for example in found} != {True, False}:
        raise inner.wrong("examples", "needs a name that matches and one that does not")
    if places is not None:
        places += placebook.examples(inner, name)
    inner.finish()
    table.finish()
    return found


def _check_together(book: Rulebook) -> None:
    """Refuse what is right in each file and wrong in all of them."""
    if not book.blocs:
        raise RuleError("jurisdictions/blocs.toml: file: missing")
    for operator in book.operators.values():
        where = operator.file
        if operator.region_names and operator.regions not in book.regions:
            raise RuleError(f"{where}: regions: {operator.regions!r} is not in regions.toml")
        for other in operator.shares_networks_of:
            if other not in book.operators:
                raise RuleError(f"{where}: shares_networks_of: no operator {other!r}")
    for service in book.services:
        if service.operator is not None and service.operator not in book.operators:
            raise RuleError(f"{service.file}: operator: no operator {service.operator!r}")
    _refuse_twice("domains", _domains(book))
    _refuse_twice("asns", _numbers(book))
    _refuse_twice("issuers", ((issuer, o.file) for o in book.operators.values() for issuer in o.issuers))
    _refuse_twice("names", ((name, s.file) for s in book.services for name in s.names))
    _refuse_twice("tags", ((tag, s.file) for s in book.services for tag in s.tags))


def _domains(book: Rulebook) -> Iterator[tuple[str, str]]:
    for operator in book.operators.values():
        for domain in operator.domains + operator.front_domains:
            yield domain, operator.file


def _numbers(book: Rulebook) -> Iterator[tuple[str, str]]:
    for operator in book.operators.values():
        for network in operator.networks:
            for number in network.numbers:
                yield str(number), operator.file


def _refuse_twice(key: str, claims: Iterable[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for value, where in claims:
        if value in seen:
            raise RuleError(f"{where}: {key}: {value!r} is already in {seen[value]}")
        seen[value] = where


def lint(root: Traversable | None = None) -> list[str]:
    """Return what is wrong with the rules under *root*, one line each; none if they are in order."""
    try:
        book = load(root)
        placebook.circles(root)
    except RuleError as error:
        return [str(error)]
    found = (book.service_of(example.name) for example in book.examples if example.matches)
    proven = {service[0].id for service in found if service}
    return [
        f"{service.file}: examples: no example that matches {service.product!r}"
        for service in book.services
        if service.names and service.id not in proven
    ] + lawbook.lint(book.law)


def test(root: Traversable | None = None) -> list[str]:  # noqa: PT028 - a command, not a test
    """Return the examples under *root* that do not hold, one line each."""
    try:
        book = load(root)
    except RuleError as error:
        return [str(error)]
    numbers = {
        f"AS{number}": o for o in book.operators.values() for network in o.networks for number in network.numbers
    }
    failed = lawbook.test(book.law)
    for example in book.examples:
        if example.rule.startswith("operators/"):
            owners: dict[str, Operator] = numbers if _AS_NUMBER.fullmatch(example.name) else {}
            operator = owners.get(example.name)
            found: tuple[Operator | Service, str] | None = (
                (operator, example.name) if operator else book.operator_of(example.name)
            )
        else:
            found = book.service_of(example.name)
        owner = found[0].file if found else None
        if (owner == example.rule) is not example.matches:
            said = "matches" if example.matches else "misses"
            failed.append(f"{example.rule}: examples.{said}: {example.name!r} belongs to {owner or 'nobody'}")
    return failed
