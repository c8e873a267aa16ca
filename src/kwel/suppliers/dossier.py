"""A supplier in, a dossier out that may be sent to it: what was observed, what stops without it, what is asked.

Built of rules, numbers, days and pseudonyms; text from elsewhere passes the guard or is withheld. Whoever renders a
dossier has nothing else: no page can tell more than this does. The same analysis and key give the same dossier.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kwel.model.verdicts import Control
from kwel.model.zones import BETWEEN
from kwel.suppliers.schema import ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kwel.model.claims import Claim, Evidence
    from kwel.model.law import Words
    from kwel.model.report import Report
    from kwel.model.suppliers import Crosswalk, Stop, Supplier, Suppliers, Use
    from kwel.suppliers.internal import Guard
    from kwel.suppliers.pseudonyms import Key, Pseudonyms

FORMAT: Final = "kwel-dossier"
VERSION: Final = 1
DIGITS: Final = 2
"""Figures of a volume that are kept: enough to recognise it, too few to look it up in somebody's counters."""
MOST: Final = 500
"""Rows of each list of a dossier."""
PATTERNS: Final = 6
STEPS: Final = 4
_PUBLIC: Final = ("suffix", "domain")
"""Values of evidence that say under what, everybody's, a name stands."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Everything that dossiers of one analysis are made of."""

    report: Report
    suppliers: Suppliers
    crosswalk: Crosswalk
    key: Key
    guard: Guard

    def make(self, supplier: Supplier, stops: Sequence[Stop] = ()) -> dict[str, Any]:
        """Return the dossier on a supplier."""
        return _Dossier(self, supplier, self.key.for_reader(supplier.id)).content(stops)


def facts_of(supplier: Supplier) -> frozenset[str]:
    """Return what questions may hang on."""
    facts = set()
    if supplier.devices:
        facts.add("device")
    if supplier.uses:
        facts.add("service")
    for use in supplier.uses:
        facts |= {"control"} if use.path == "control" else set()
        facts |= {"foreign"} if use.control is Control.NON_EUROPEAN else set()
        facts |= {"undecided"} if use.control is Control.UNDECIDED else set()
        facts |= {"sub-supplier"} if use.hosted_by not in (None, supplier.id) else set()
        facts |= {"remote-data"} if set(use.assets) & set(supplier.devices) else set()
    return frozenset(facts)


def digest(dossier: dict[str, Any]) -> str:
    """Return what tells a dossier from others: SHA-256 of its content, short."""
    text = json.dumps({key: value for key, value in dossier.items() if key != "answers"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Dossier:
    """Writes one down."""

    def __init__(self, maker: Maker, supplier: Supplier, pseudonyms: Pseudonyms) -> None:
        self._maker, self._report, self._supplier = maker, maker.report, supplier
        self._guard, self._hide = maker.guard, pseudonyms
        self._captures = {capture.name: index + 1 for index, capture in enumerate(self._report.captures)}
        self._withheld = 0

    def content(self, stops: Sequence[Stop]) -> dict[str, Any]:
        supplier, report = self._supplier, self._report
        own = [self._use(use) for use in supplier.uses[:MOST]]
        elsewhere = [self._use(use) for use in supplier.elsewhere[:MOST]]
        products = [self._product(index) for index in range(len(supplier.products[:MOST]))]
        concerned = {*supplier.devices, *(asset for use in supplier.uses for asset in use.assets)}
        concerned |= {stop.asset for stop in stops}
        assets = [self._asset(index) for index in sorted(concerned)[:MOST]]
        return {
            "format": FORMAT,
            "version": VERSION,
            "company": self._maker.key.company,
            "site": self._maker.key.site(report.title),
            "supplier": self._head(),
            "period": _days(report),
            "assets": sorted(assets, key=lambda row: str(row["id"])),
            "products": products,
            "services": own,
            "elsewhere": elsewhere,
            "stops": sorted((self._stop(stop) for stop in stops[:MOST]), key=_by_all),
            "questions": self._questions(),
            "instruments": self._instruments(),
            "left_out": sum(
                max(0, len(rows) - MOST)
                for rows in (supplier.uses, supplier.elsewhere, supplier.products, concerned, stops)
            ),
            "withheld": self._withheld,
            "basis": {
                "kwel": report.version,
                "rules": report.rulebook,
                "bloc": report.bloc,
                "tables": [{"name": table.name, "date": table.date} for table in report.tables],
                "captures": [
                    {"number": number, "packets": capture.packets} for number, capture in enumerate(report.captures, 1)
                ],
            },
            "answer_schema": ANSWER,
        }

    def _head(self) -> dict[str, Any]:
        supplier = self._supplier
        return {
            "id": supplier.id,
            "name": supplier.name,
            "jurisdiction": supplier.jurisdiction,
            "known": list(supplier.known),
            "grade": supplier.grade.name,
            "spellings": [text for text in supplier.spellings if self._guard.passes(text)],
            "evidence": [self._claim(claim) for claim in supplier.why],
        }

    def _text(self, text: str | None, *, trusted: bool = False) -> str | None:
        """Return a text that may leave; what may not is counted."""
        if text is None or trusted or self._guard.passes(text):
            return text
        self._withheld += 1
        return None

    def _asset_id(self, index: int) -> str:
        return self._hide.name("asset", self._report.assets[index].id)

    def _asset(self, index: int) -> dict[str, Any]:
        asset = self._report.assets[index]
        addresses = (self._hide.address(text) for text in asset.addresses[:MOST])
        zones = (asset.zone or "").split(BETWEEN) if asset.zone else []
        return {
            "id": self._asset_id(index),
            "yours": index in self._supplier.devices,
            "kind": asset.kind.value,
            "role": self._text(asset.role.value) if asset.role else None,
            "level": self._text(asset.level.value) if asset.level else None,
            "zones": [self._hide.name("zone", zone) for zone in zones],
            "addresses": [text for text in addresses if text and not self._guard.holds(text)],
            "first": _day(asset.first),
        }

    def _product(self, number: int) -> dict[str, Any]:
        product = self._supplier.products[number]
        return {
            "product": self._text(product.name.value) if product.name else None,
            "firmware": self._text(product.firmware),
            "grade": product.name.grade.name if product.name else "U",
            "assets": sorted(self._asset_id(index) for index in product.assets[:MOST]),
            "count": len(product.assets),
            "evidence": [self._claim(product.name)] if product.name else [],
        }

    def _use(self, use: Use) -> dict[str, Any]:
        trusted = not use.site
        operator = self._text(use.operator, trusted=trusted and use.ruled)
        service = self._text(use.service, trusted=trusted)
        region = self._text(use.region, trusted=trusted)
        supplier = self._maker.suppliers.find(use.supplier)
        mine = use.supplier == self._supplier.id
        name = supplier.name if supplier else None
        shown = name if mine or (supplier and supplier.by_rule and trusted) else self._text(name)
        # Whoever guesses a name must not find it confirmed: a digest of what is withheld would.
        who = use.supplier if shown else self._hide.name("supplier", use.supplier)
        return {
            "id": f"U-{_hash(who, service, use.function, operator, region, use.location, use.verdict.value)}",
            "supplier": shown,
            "service": service,
            "function": use.function,
            "path": use.path,
            "impact": use.impact,
            "hosts": self._patterns(use),
            "host_count": use.host_count,
            "operator": operator,
            "operator_jurisdiction": use.operator_jurisdiction,
            "parent": self._text(use.parent, trusted=trusted and use.ruled),
            "parent_jurisdiction": use.parent_jurisdiction,
            "region": region,
            "location": use.location,
            "front": self._text(use.front, trusted=trusted),
            "verdict": use.verdict.value,
            "control": use.control.value,
            "state": use.state.value,
            "assets": sorted(self._asset_id(index) for index in use.assets[:MOST] if mine or self._is_mine(index)),
            "asset_count": len(use.assets) if mine else sum(map(self._is_mine, use.assets)),
            "first": _day(use.first),
            "last": _day(use.last),
            "flows": _rounded(use.flows),
            "bytes_out": _rounded(use.bytes_out),
            "bytes_in": _rounded(use.bytes_in),
            "grade": use.why.grade.name,
            "evidence": [self._claim(use.why), *self._seen(use)],
        }

    def _is_mine(self, index: int) -> bool:
        return index in self._supplier.devices

    def _patterns(self, use: Use) -> list[str]:
        """Return under what the hosts stand: what is before it may name a tenant."""
        report = self._report
        found: dict[str, None] = {}
        for end in np.unique(report.dependencies.attribution[use.rows]).tolist()[: PATTERNS * 2]:
            attribution = report.dependencies.attributions[end]
            links = report.links(attribution, ()) if report.links else ()
            if attribution.name is None or not links or not links[0].evidence:
                continue
            step = links[0].evidence[0]
            suffix = next((value for key, value in step.values if key in _PUBLIC), None)
            if suffix and (step.kind == "service-name" or not self._guard.holds(suffix)):
                found[suffix if suffix == attribution.name else f"*.{suffix}"] = None
        return list(found)[:PATTERNS]

    def _claim(self, claim: Claim) -> dict[str, Any]:
        return {"grade": claim.grade.name, "steps": self._steps(claim.evidence)}

    def _seen(self, use: Use) -> list[dict[str, Any]]:
        """Return where the strongest of its dependencies was seen."""
        steps = self._report.dependencies[int(use.rows[0])].evidence if len(use.rows) else ()
        observed = [step for step in steps if step.where is not None]
        return [{"grade": use.why.grade.name, "steps": self._steps(observed)}] if observed else []

    def _steps(self, steps: Iterable[Evidence]) -> list[dict[str, Any]]:
        """Return steps without what they say of this very plant: their kind, and where to look it up again."""
        return [
            {
                "step": step.step,
                "kind": step.kind,
                "source": self._text(step.source) or None,
                "capture": self._captures.get(step.where.capture) if step.where else None,
                "frame": step.where.frame if step.where else None,
            }
            for step in list(steps)[:STEPS]
        ]

    def _stop(self, stop: Stop) -> dict[str, Any]:
        return {
            "asset": self._asset_id(stop.asset),
            "function": stop.function,
            "path": stop.path,
            "impact": stop.impact,
            "direct": stop.direct,
            "grade": stop.why.grade.name,
        }

    def _questions(self) -> list[dict[str, Any]]:
        crosswalk = self._maker.crosswalk
        titles = {heading.id: heading.title for heading in crosswalk.headings}
        return [
            {
                "id": question.id,
                "heading": question.heading,
                "heading_title": _both(titles[question.heading]),
                "instrument": question.instrument,
                "articles": list(question.articles),
                "text": _both(question.text),
            }
            for question in crosswalk.asked(facts_of(self._supplier))
        ]

    def _instruments(self) -> list[dict[str, Any]]:
        return [
            {
                "id": one.id,
                "title": _both(one.title),
                "reference": one.reference,
                "publisher": one.publisher,
                "sources": list(one.sources),
                "checked": one.checked,
                "reviewed": one.reviewed,
                "articles": [
                    {
                        "id": article.id,
                        "reference": article.reference,
                        "asks": _both(article.asks),
                        "applies": article.applies,
                        "checked": article.checked,
                    }
                    for article in one.articles
                ],
            }
            for one in self._maker.crosswalk.instruments
        ]


def _both(words: Words) -> dict[str, str]:
    return {"nl": words.nl, "en": words.en}


def _by_all(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


def _hash(*parts: str | None) -> str:
    return hashlib.sha256("\0".join(part or "" for part in parts).encode()).hexdigest()[:8]


def _day(nanoseconds: int) -> str:
    return str(np.datetime64(nanoseconds, "ns"))[:10]


def _days(report: Report) -> dict[str, str | None]:
    first = [capture.first for capture in report.captures if capture.first is not None]
    last = [capture.last for capture in report.captures if capture.last is not None]
    return {"first": _day(min(first)) if first else None, "last": _day(max(last)) if last else None}


def _rounded(number: int) -> int:
    """Return a number with its first figures only.

    >>> _rounded(123456), _rounded(7)
    (120000, 7)
    """
    return int(round(number, DIGITS - len(str(abs(number))))) if number else 0
