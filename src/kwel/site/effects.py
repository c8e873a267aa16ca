"""Reports the effect of each override of a site file on the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.site import Effect, Overruling, SiteUse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.claims import Claim
    from kwel.model.dependencies import Dependencies
    from kwel.model.site import Site
    from kwel.model.verdicts import Attribution

SHOWN: Final = (
    "operator",
    "parent",
    "location",
    "supplier",
    "service",
    "function",
    "path",
    "impact",
    "verdict",
    "grade",
)
"""Fields of an attribution that an override may change, directly or not."""
MOST: Final = 20
"""Hosts or assets of an override that are told one by one."""


def use(site: Site, day: str | None, dependencies: Dependencies, of_assets: Sequence[tuple[int, Effect]]) -> SiteUse:
    """Return what became of a site file.

    Args:
        site: what it says.
        day: ISO 8601; the day on which overrides are judged.
        dependencies: concluded with it.
        of_assets: what overrides changed at assets, each with the number of the override.
    """
    count, held, effects = _of_hosts(site, dependencies)
    for number, effect in of_assets:
        count[number] = count.get(number, 0) + 1
        if effect.after:
            effects.setdefault(number, []).append(effect)
    overrulings = tuple(
        Overruling(
            of, of.state(day), count.get(of.number, 0), held.get(of.number, 0), tuple(effects.get(of.number, [])[:MOST])
        )
        for of in site.overrides
    )
    return SiteUse(site, day, overrulings)


def _of_hosts(site: Site, dependencies: Dependencies) -> tuple[dict[int, int], dict[int, int], dict[int, list[Effect]]]:
    """Return how many dependencies each override fits, where it was held back, and what it changed at hosts."""
    count: dict[int, int] = {}
    held: dict[int, int] = {}
    effects: dict[int, list[Effect]] = {}
    if not any(of.scope != "asset" for of in site.overrides):
        return count, held, effects
    attributions = dependencies.attributions
    times = np.bincount(dependencies.attribution, minlength=len(attributions))
    # A sequence that writes its items down on demand says which of them are alike: one of each sort is enough.
    alike = getattr(attributions, "alike", np.arange(len(attributions)))
    _, first, sort = np.unique(alike, return_index=True, return_inverse=True)
    totals = np.bincount(sort, weights=times, minlength=len(first)).astype(np.int64).tolist()
    for number, index in enumerate(first.tolist()):
        said = attributions[index].site
        if said is None:
            continue
        for override in said.held:
            held[override] = held.get(override, 0) + totals[number]
        if not said.overrides:
            continue
        changed = [_effect(attributions[i]) for i in np.flatnonzero(sort == number)[:MOST].tolist()]
        for override in said.overrides:
            count[override] = count.get(override, 0) + totals[number]
            known = effects.setdefault(override, [])
            known += [effect for effect in dict.fromkeys(changed) if effect.after and effect not in known]
            del known[MOST:]
    return count, held, effects


def _effect(after: Attribution) -> Effect:
    assert after.site is not None
    before = after.site.without
    changed = [key for key in SHOWN if _text(before, key) != _text(after, key)]
    return Effect(
        after.name or after.address or "",
        tuple((key, _text(before, key)) for key in changed),
        tuple((key, _text(after, key)) for key in changed),
    )


def _text(attribution: Attribution, key: str) -> str:
    value = getattr(attribution, key)
    if key == "grade":
        return str(value.name)
    claim: Claim | None = value if key in ("operator", "parent", "location", "service") else None
    if claim is not None:
        seat = getattr(attribution, f"{key}_jurisdiction", None)
        return f"{claim.value} ({seat})" if seat else claim.value
    return str(value or "")
