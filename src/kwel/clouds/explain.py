"""An attribution in, plain values out: the keys of ``kwel explain --json``, and of whoever builds on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kwel.model.claims import Grade

if TYPE_CHECKING:
    from kwel.model.claims import Claim, Evidence
    from kwel.model.verdicts import Attribution


def explain(attribution: Attribution, changes: list[list[str]]) -> dict[str, Any]:
    """Return an attribution as plain values.

    Args:
        attribution: of one endpoint.
        changes: what would change its class, of ``Attributor.changes``.
    """
    a = attribution
    return {
        "query": a.name or a.address,
        "address": a.address,
        "host": a.name,
        "chain": list(a.chain),
        **_plain("operator", a.operator),
        "operator_jurisdiction": a.operator_jurisdiction,
        **_plain("parent", a.parent),
        "parent_jurisdiction": a.parent_jurisdiction,
        **_plain("location", a.location),
        "region": a.region,
        "place": a.place,
        "role": a.role,
        **_plain("service", a.service),
        "supplier": a.supplier,
        "supplier_jurisdiction": a.supplier_jurisdiction,
        "function": a.function,
        "path": a.path,
        "impact": a.impact,
        "grade": a.grade.name,
        "verdict": a.verdict.value,
        "control": a.verdict.control.value,
        "reason": a.reason,
        "changes": changes,
        "elsewhere": {bloc: control.value for bloc, control in a.elsewhere},
        "evidence": [_plain_step(step) for step in a.evidence],
        "rejected": [_plain_step(step) for step in a.rejected],
        "sources": list(dict.fromkeys(step.source for step in a.evidence + a.rejected if step.source)),
    }


def _plain(axis: str, claim: Claim | None) -> dict[str, str | None]:
    return {axis: claim.value if claim else None, f"{axis}_grade": (claim.grade if claim else Grade.U).name}


def _plain_step(step: Evidence) -> dict[str, Any]:
    return {
        "step": step.step,
        "kind": step.kind,
        "values": dict(step.values),
        "where": str(step.where) if step.where else None,
        "source": step.source,
    }
