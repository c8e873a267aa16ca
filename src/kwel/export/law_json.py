"""A Report in, its part on law as plain values for JSON out: register, offerings, frameworks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kwel.model.exposure import answers, reached
from kwel.model.report import sensitivity

if TYPE_CHECKING:
    from kwel.model.exposure import Answer
    from kwel.model.law import Framework, Law, Offering, Precedent
    from kwel.model.report import Report


def blocs(report: Report) -> dict[str, int]:
    """Return by other bloc how many contacts would change class under it."""
    changed, _ = sensitivity(report)
    return {bloc: changed[bloc] for bloc in report.other_blocs}


def content(report: Report) -> dict[str, Any]:
    """Return the keys of the report's JSON that are about law."""
    changed, _ = sensitivity(report)
    met = reached(report)
    return {
        "accepted": list(report.accepted),
        "laws": [{**_law(law), "contacts": met[law]} for law in report.law.laws],
        "precedents": [_precedent(one) for one in report.law.precedents],
        "offerings": [{**_offering(one, report), "changes": changed[one.id]} for one in report.law.offerings.values()],
        "frameworks": [_framework(framework, report) for framework in report.law.frameworks],
    }


def _law(law: Law) -> dict[str, Any]:
    return {
        "id": law.id,
        "title": law.title,
        "kind": law.kind.value,
        "jurisdiction": law.jurisdiction,
        "status": law.status,
        "status_date": law.status_date,
        "reference": law.reference,
        "reaches": law.reaches.en,
        "through": list(law.through),
        "source": law.source,
        "checked": law.checked,
        "note": law.note.en if law.note else None,
    }


def _precedent(one: Precedent) -> dict[str, Any]:
    return {
        "id": one.id,
        "law": one.law,
        "title": one.title.en,
        "first": one.first,
        "last": one.last,
        "what": one.what.en,
        "source": one.source,
        "checked": one.checked,
    }


def _offering(one: Offering, report: Report) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "party": one.party,
        "jurisdiction": one.jurisdiction,
        "how": one.how,
        "settles": one.settles,
        "why": one.why.en,
        "date": one.date,
        "source": one.source,
        "checked": one.checked,
        "accepted": one.id in report.accepted,
    }


def _framework(framework: Framework, report: Report) -> dict[str, Any]:
    return {
        "id": framework.id,
        "title": framework.title.en,
        "publisher": framework.publisher,
        "edition": framework.edition,
        "status": framework.status,
        "status_date": framework.status_date,
        "bloc": framework.bloc,
        "sources": list(framework.sources),
        "checked": framework.checked,
        "note": framework.note.en,
        "objectives": [_answer(one) for one in answers(report) if one.framework is framework],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.objective.id,
        "title": answer.objective.title.en,
        "kind": answer.objective.kind,
        "outcome": answer.outcome,
        "because": [words.en for words in answer.because],
        "contacts": answer.counts,
    }
