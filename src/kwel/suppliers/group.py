"""A report in, its suppliers out: makers of devices, and who answers for the services outside.

Counted on columns: a capture may have a hundred thousand dependencies. What is known of a destination is asked once
for all that are judged alike; only where no rule knows the name, the domain of every name is looked at.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.model.claims import Claim, Evidence, Grade
from kwel.model.dependencies import STATES
from kwel.model.suppliers import KNOWN, Product, Supplier, Suppliers, Use
from kwel.model.verdicts import Control
from kwel.rulebook.crosswalk import Names, load

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.links import Link
    from kwel.model.report import Report
    from kwel.model.suppliers import Crosswalk, Known
    from kwel.model.verdicts import Attribution

HOSTS = 12
"""Names of hosts that a use keeps."""
WHY = 3
"""Claims that a supplier keeps."""
_WORST = (Control.NON_EUROPEAN, Control.UNDECIDED, Control.EUROPEAN, Control.NONE)
_BY: dict[str, Known] = {"vendor": "service", "own": "service", "operator": "service", "domain": "domain"}
NOBODY, OWN = -1, -2


class _Key(NamedTuple):
    """What tells one use from another."""

    supplier: str
    known: Known
    service: str | None
    function: str | None
    operator: str | None
    parent: str | None
    region: str | None
    location: str | None
    front: str | None
    verdict: str


class _Found(NamedTuple):
    """Who supplies a destination, and why."""

    name: str
    known: Known
    why: Claim
    site: bool


def group(report: Report, crosswalk: Crosswalk | None = None) -> Suppliers:
    """Return who supplies the plant, those with most dependent assets first.

    Raises:
        RuleError: the rules of this installation are damaged.
    """
    return _Grouping(report, Names(crosswalk or load())).finish()


class _Grouping:
    """Collects uses and devices by supplier."""

    def __init__(self, report: Report, names: Names) -> None:
        self._report, self._names = report, names
        self._titles: dict[str, tuple[str, bool]] = {}
        """Name of each supplier by id, and whether a rule or a registry gives it."""
        self._spellings: dict[str, set[str]] = defaultdict(set)
        self._seats: dict[str, str] = {}
        self._shown: list[tuple[Attribution, _Found]] = []
        """Of each use: a destination that shows it."""
        self._numbers: dict[_Key, int] = {}

    def finish(self) -> Suppliers:
        """Return the suppliers."""
        of_attribution = self._uses_of_attributions()
        dependencies = self._report.dependencies
        of_row = of_attribution[dependencies.attribution] if len(dependencies) else np.zeros(0, np.int64)
        uses = self._uses(of_row)
        devices, unknown = self._devices()
        by_supplier: dict[str, list[Use]] = defaultdict(list)
        for use in uses:
            by_supplier[use.supplier].append(use)
        by_asset: dict[int, list[Use]] = defaultdict(list)
        for use in uses:
            for asset in use.assets:
                by_asset[asset].append(use)
        found = [
            self._supplier(name, devices.get(name, []), by_supplier.get(name, []), by_asset) for name in self._titles
        ]
        nobody, own = (int((of_row == mark).sum()) for mark in (NOBODY, OWN))
        return Suppliers(tuple(sorted(found, key=lambda one: one.rank)), nobody, own, unknown)

    def _uses_of_attributions(self) -> NDArray[np.int64]:
        """Return the use of every attribution; ``NOBODY`` and ``OWN`` where there is none."""
        attributions = self._report.dependencies.attributions
        uses = np.full(len(attributions), NOBODY, np.int64)
        alike = getattr(attributions, "alike", None)
        kinds = np.arange(len(attributions)) if alike is None else np.asarray(alike)
        _, first, of = np.unique(kinds, return_index=True, return_inverse=True)
        order, starts = np.argsort(of, kind="stable"), np.searchsorted(np.sort(of), np.arange(len(first) + 1))
        for kind, position in enumerate(first.tolist()):
            members = order[starts[kind] : starts[kind + 1]]
            attribution = attributions[position]
            if attribution.supplier or attribution.name is None or len(members) == 1:
                uses[members] = self._number(attribution)
                continue
            for member in members.tolist():  # no rule knows the names: each may be of another domain
                uses[member] = self._number(self._named_like(attribution, member))
        return uses

    def _named_like(self, attribution: Attribution, member: int) -> Attribution:
        """Return what is known of a destination that differs in its name only, without writing down its evidence."""
        attributions = self._report.dependencies.attributions
        name = getattr(attributions, "name", None)
        return attributions[member] if name is None else replace(attribution, name=name(member), address=None)

    def _number(self, attribution: Attribution) -> int:
        found = self._find(attribution)
        if found is None:
            return OWN if attribution.site and attribution.site.own else NOBODY
        name, by_rule = self._names.of(found.name)
        supplier = self._named(found.name, name, by_rule=by_rule or found.known != "domain")
        if attribution.supplier == found.name and attribution.supplier_jurisdiction:
            self._seats.setdefault(supplier, attribution.supplier_jurisdiction)
        elif found.known == "hosting" and attribution.parent_jurisdiction:
            self._seats.setdefault(supplier, attribution.parent_jurisdiction)
        key = _Key(
            supplier,
            found.known,
            attribution.service.value if attribution.service else None,
            attribution.function,
            attribution.operator.value if attribution.operator else None,
            attribution.parent.value if attribution.parent else None,
            attribution.region,
            attribution.location.value if attribution.location else None,
            attribution.front,
            attribution.verdict.value,
        )
        number = self._numbers.setdefault(key, len(self._numbers))
        if number == len(self._shown):
            self._shown.append((attribution, found))
        return number

    def _named(self, spelling: str, name: str, *, by_rule: bool) -> str:
        """Return the id of a supplier; the first name with that id is its name, a rule's before others."""
        supplier = self._names.id(name)
        self._spellings[supplier].add(spelling)
        known = self._titles.get(supplier)
        if known is None or (by_rule and not known[1]):
            self._titles[supplier] = name, by_rule
        return supplier

    def _find(self, attribution: Attribution) -> _Found | None:
        """Return who supplies a destination: who answers for the service, else has the domain, else runs the hosts."""
        links = self._report.links(attribution, ()) if self._report.links else ()
        link = next((one for one in links if one.part == "supplier"), None)
        if link and link.value and link.evidence and (known := _BY.get(link.by)) and not _is_own(attribution, link):
            return _Found(link.value, known, _claim(link.value, link.grade, link.evidence), link.by == "own")
        if attribution.supplier and attribution.service and not (attribution.site and attribution.site.own):
            service = attribution.service
            return _Found(
                attribution.supplier, "service", _claim(attribution.supplier, service.grade, service.evidence), False
            )
        if attribution.operator is not None:
            operator = attribution.operator
            return _Found(operator.value, "hosting", operator, operator.evidence[0].kind == "site-override")
        return None

    def _uses(self, of_row: NDArray[np.int64]) -> list[Use]:
        """Return the uses with what was counted of them."""
        rows = np.flatnonzero(of_row >= 0)
        rows = rows[np.argsort(of_row[rows], kind="stable")]
        starts = np.searchsorted(of_row[rows], np.arange(len(self._shown) + 1))
        spans = zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
        return [self._use(number, rows[start:end]) for number, (start, end) in enumerate(spans) if end > start]

    def _use(self, number: int, rows: NDArray[np.int64]) -> Use:
        dependencies = self._report.dependencies
        attribution, found = self._shown[number]
        ends = np.unique(dependencies.attribution[rows])
        return Use(
            supplier=self._id(found.name),
            known=found.known,
            service=attribution.service.value if attribution.service else None,
            function=attribution.function,
            path=attribution.path,
            impact=attribution.impact,
            operator=attribution.operator.value if attribution.operator else None,
            operator_jurisdiction=attribution.operator_jurisdiction,
            parent=attribution.parent.value if attribution.parent else None,
            parent_jurisdiction=attribution.parent_jurisdiction,
            region=attribution.region,
            location=attribution.location.value if attribution.location else None,
            front=attribution.front,
            verdict=attribution.verdict,
            hosts=tuple(self._host(end) for end in ends[:HOSTS].tolist()),
            host_count=len(ends),
            assets=tuple(np.unique(dependencies.asset[rows]).tolist()),
            state=STATES[int(dependencies.state[rows].min())],
            first=int(dependencies.first[rows].min()),
            last=int(dependencies.last[rows].max()),
            flows=int(dependencies.flows[rows].sum()),
            bytes_out=int(dependencies.bytes_out[rows].sum()),
            bytes_in=int(dependencies.bytes_in[rows].sum()),
            why=found.why,
            rows=rows,
            site=found.site or bool(attribution.site and attribution.site.overrides),
            ruled=attribution.operator_id is not None,
            hosted_by=self._id(attribution.operator.value) if attribution.operator else None,
        )

    def _id(self, name: str) -> str:
        return self._names.id(self._names.of(name)[0])

    def _host(self, position: int) -> str:
        attributions = self._report.dependencies.attributions
        name = getattr(attributions, "name", lambda _: None)(position)
        return name or attributions[position].name or attributions[position].address or ""

    def _devices(self) -> tuple[dict[str, list[int]], int]:
        """Return the assets of each maker, and how many assets have none that is known."""
        made: dict[str, list[int]] = defaultdict(list)
        unknown = 0
        for index, asset in enumerate(self._report.assets):
            if asset.vendor is None:
                unknown += 1
                continue
            name, by_rule = self._names.of(asset.vendor.value)
            registered = asset.vendor.grade >= Grade.B  # in the registry of MAC addresses, not only in its own words
            made[self._named(asset.vendor.value, name, by_rule=by_rule or registered)].append(index)
        return made, unknown

    def _supplier(self, name: str, devices: list[int], uses: list[Use], by_asset: dict[int, list[Use]]) -> Supplier:
        title, by_rule = self._titles[name]
        vendors = [vendor for index in devices if (vendor := self._report.assets[index].vendor)]
        claims = [*(use.why for use in uses), *vendors]
        known = {use.known for use in uses} | ({"device"} if devices else set())
        others = {id(use): use for index in devices for use in by_asset.get(index, ()) if use.supplier != name}
        return Supplier(
            id=name,
            name=title,
            by_rule=by_rule,
            jurisdiction=self._seats.get(name),
            known=tuple(kind for kind in KNOWN if kind in known),
            grade=max((claim.grade for claim in claims), default=Grade.U),
            spellings=tuple(sorted(self._spellings[name])),
            devices=tuple(devices),
            products=self._products(devices),
            uses=tuple(sorted(uses, key=_weight)),
            elsewhere=tuple(sorted(others.values(), key=_weight)),
            why=tuple(claims[:WHY]),
        )

    def _products(self, devices: list[int]) -> tuple[Product, ...]:
        alike: dict[tuple[str, str], list[int]] = defaultdict(list)
        for index in devices:
            asset = self._report.assets[index]
            product, firmware = asset.product, asset.firmware
            alike[product.value if product else "", firmware.value if firmware else ""].append(index)
        return tuple(
            Product(self._report.assets[assets[0]].product, firmware or None, tuple(assets))
            for (_, firmware), assets in sorted(alike.items())
        )


def _weight(use: Use) -> tuple[int, int, str]:
    return _WORST.index(use.control), -(use.bytes_out + use.bytes_in), f"{use.service} {use.operator} {use.region}"


def _is_own(attribution: Attribution, link: Link) -> bool:
    """Return whether the name is the site's own: then whoever runs the hosts is the supplier."""
    return link.by == "own" and bool(attribution.site and attribution.site.own)


def _claim(value: str, grade: Grade, evidence: tuple[Evidence, ...]) -> Claim:
    return Claim(value, grade, evidence)
