"""Assets and their dependencies in, findings about contacts with the outside out, ranked.

Whether a contact matters is read from the verdict of its attribution and from the bloc, never from who somebody is.
Severity says how much a finding matters if it is true, and knows nothing of the grade, which says how sure it is.
Grouping is vectorised: a big capture has a hundred thousand dependencies, of which some hundreds are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.assets import AssetKind
from kwel.model.dependencies import STATES, DependencyState
from kwel.model.findings import Finding, Severity
from kwel.model.verdicts import Control, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from kwel.model.assets import Asset
    from kwel.model.coverage import Coverage
    from kwel.model.dependencies import Dependencies, Dependency
    from kwel.model.verdicts import Attribution

MOST: Final = 50
"""Findings of one report, the gravest first. What is beyond is counted; the tables have everything."""
MOST_INFO: Final = 10
SHOWN: Final = 4
"""Dependencies that one finding carries."""
USED, ATTEMPTED, RESOLVED_ONLY = (
    STATES.index(state) for state in (DependencyState.USED, DependencyState.ATTEMPTED, DependencyState.RESOLVED_ONLY)
)
LEVELS: Final = {
    "ot-asset-uses-foreign-cloud": (Severity.HIGH, Severity.HIGH, Severity.HIGH),
    "vendor-cloud-outside": (Severity.HIGH, Severity.MEDIUM, Severity.LOW),
    "front-hides-origin": (Severity.HIGH, Severity.MEDIUM, Severity.LOW),
    "asset-uses-foreign-cloud": (Severity.HIGH, Severity.MEDIUM, Severity.LOW),
    "name-against-address": (Severity.HIGH, Severity.MEDIUM, Severity.MEDIUM),
    "certificate-of-another": (Severity.HIGH, Severity.MEDIUM, Severity.MEDIUM),
    "round-trip-against-place": (Severity.MEDIUM, Severity.MEDIUM, Severity.LOW),
    "names-hidden": (Severity.MEDIUM, Severity.LOW, Severity.LOW),
    "unnamed-destination": (Severity.MEDIUM, Severity.LOW, Severity.LOW),
    "undecided-destination": (Severity.MEDIUM, Severity.LOW, Severity.LOW),
    "attempt-blocked": (Severity.MEDIUM, Severity.LOW, Severity.LOW),
    "proxy-use": (Severity.MEDIUM, Severity.LOW, Severity.INFO),
    "resolved-never-contacted": (Severity.INFO, Severity.INFO, Severity.INFO),
}
"""Severity of each kind of finding: about an OT asset, an IT asset, and any other in between. Order breaks ties."""
KINDS: Final = tuple(LEVELS)
LICENSOR: Final = "licensor-foreign"
"""Reason of a verdict that hangs on who owns the technology, in rules/vocabulary.toml."""
NAME_RESOLUTION: Final = "name-resolution"
PUBLISHED: Final = ("published-range", "documented-range")
_COLUMN: Final = {AssetKind.OT: 0, AssetKind.IT: 2}
_BETWEEN: Final = 1
_STEERED: Final = (AssetKind.IIOT, AssetKind.SHARED)
STEERING: Final = frozenset({"asset-uses-foreign-cloud", "vendor-cloud-outside", "front-hides-origin"})
"""Findings about a device of the plant (neither IT nor of unknown kind) that are one level graver where the service can
steer, not only see."""


@dataclass(frozen=True, slots=True)
class _Traits:
    """What the findings need to know of each attribution, as columns."""

    is_foreign: NDArray[np.bool_]
    is_front: NDArray[np.bool_]
    is_undecided: NDArray[np.bool_]
    is_named: NDArray[np.bool_]
    is_proxied: NDArray[np.bool_]
    steers: NDArray[np.bool_]
    supplier_outside: NDArray[np.bool_]
    resolves: NDArray[np.bool_]
    """What is behind it looks names up for others."""
    in_conflict: NDArray[np.bool_]
    """The name is of one operator's own hosts, the address in the range that another publishes."""
    grade: NDArray[np.int64]
    group: NDArray[np.int64]
    """Attributions of one service, else of one operator, have one number."""

    @classmethod
    def of(cls, attributions: Sequence[Attribution], bloc: Collection[str]) -> _Traits:
        samples, of = _samples(attributions)

        def column(trait: Callable[[Attribution], bool]) -> NDArray[np.bool_]:
            return np.fromiter((trait(a) for a in samples), np.bool_, len(samples))[of]

        numbers: dict[str, int] = {}
        group = [numbers.setdefault(_about(a), len(numbers)) for a in samples]
        return cls(
            is_foreign=column(lambda a: a.verdict.control == Control.NON_EUROPEAN and not _is_front(a)),
            is_front=column(_is_front),
            is_undecided=column(lambda a: a.verdict.control == Control.UNDECIDED),
            is_named=column(lambda a: a.name is not None),
            is_proxied=column(lambda a: a.address is None),
            steers=column(lambda a: a.path == "control"),
            resolves=column(lambda a: a.function == NAME_RESOLUTION),
            in_conflict=column(_is_in_conflict),
            supplier_outside=column(lambda a: _has_own_supplier_outside(a, bloc)),
            grade=np.array([a.grade for a in samples], np.int64)[of],
            group=np.array(group, np.int64)[of],
        )


def _samples(attributions: Sequence[Attribution]) -> tuple[list[Attribution], NDArray[np.int64]]:
    """Return attributions that stand for all, and for each which one stands for it.

    A sequence that writes its items down on demand may say in ``alike`` which of them differ in name, address and
    evidence only: then one of each sort is enough.
    """
    alike = getattr(attributions, "alike", None)
    if alike is None:
        alike = np.arange(len(attributions))
    _, first, of = np.unique(alike, return_index=True, return_inverse=True)
    return [attributions[index] for index in first.tolist()], of


def find_contacts(
    assets: Sequence[Asset],
    dependencies: Dependencies,
    coverage: Coverage,
    bloc: Collection[str] = (),
) -> tuple[list[Finding], int]:
    """Return what needs an answer, gravest first, and how much of it there is beyond that.

    Args:
        assets: the inventory that ``dependencies.asset`` points into.
        dependencies: who needs what outside.
        coverage: what could not be seen.
        bloc: the countries that count as inside; without them nothing is said of suppliers.
    """
    if len(dependencies) == 0:
        return [], 0
    traits = _Traits.of(dependencies.attributions, bloc)
    at = dependencies.attribution
    level = np.array([_COLUMN.get(asset.kind, _BETWEEN) for asset in assets], np.int64)[dependencies.asset]
    steered = np.array([asset.kind in _STEERED for asset in assets], np.bool_)[dependencies.asset]
    masks = {**_masks(dependencies.state, level, traits, at), **_signs(dependencies, traits)}
    groups = [_group(kind, np.flatnonzero(of), dependencies, traits, level, steered) for kind, of in masks.items()]
    ranked = sorted((case for cases, _ in groups for case in cases), key=lambda case: case.rank)
    info = [case for case in ranked if case.severity == Severity.INFO][:MOST_INFO]
    kept = [*(case for case in ranked if case.severity > Severity.INFO), *info][:MOST]
    return [_write(case, assets, dependencies) for case in kept], sum(count for _, count in groups) - len(kept)


def _masks(
    state: NDArray[np.int64], level: NDArray[np.int64], traits: _Traits, at: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    """Return, by kind of finding, which dependencies call for it."""
    used, is_ot = state == USED, level == 0
    foreign, front, undecided = traits.is_foreign[at], traits.is_front[at], traits.is_undecided[at]
    return {
        "ot-asset-uses-foreign-cloud": used & foreign & is_ot,
        "asset-uses-foreign-cloud": used & foreign & ~is_ot,
        "vendor-cloud-outside": used & traits.supplier_outside[at],
        "front-hides-origin": used & front,
        "unnamed-destination": used & undecided & ~traits.is_named[at],
        "undecided-destination": used & undecided & traits.is_named[at],
        "attempt-blocked": (state == ATTEMPTED) & (foreign | front | undecided),
        "proxy-use": used & traits.is_proxied[at],
        "resolved-never-contacted": (state == RESOLVED_ONLY) & (foreign | front),
    }


def _signs(dependencies: Dependencies, traits: _Traits) -> dict[str, NDArray[np.bool_]]:
    """Return, by kind of finding, which dependencies call for it by what the flows showed."""
    at, used = dependencies.attribution, dependencies.state == USED
    return {
        "names-hidden": used & ((dependencies.hiding > 0) | (traits.resolves[at] & (dependencies.sealed > 0))),
        "name-against-address": used & traits.in_conflict[at],
        "certificate-of-another": used & (dependencies.misfits > 0),
        "round-trip-against-place": used & (dependencies.excluded > 0),
    }


def names_hidden(dependencies: Dependencies) -> int:
    """Return how many flows carried look-ups that nobody can read."""
    if len(dependencies) == 0:
        return 0
    resolves = _Traits.of(dependencies.attributions, ()).resolves[dependencies.attribution]
    hidden = np.maximum(dependencies.hiding, np.where(resolves, dependencies.sealed, 0))
    return int(hidden.sum())


PER_ASSET: Final = frozenset(
    {"undecided-destination", "proxy-use", "resolved-never-contacted", "round-trip-against-place"}
)
"""Kinds of which an asset has one finding, whatever the destinations."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A finding before it is written: its dependencies, the one that proves most first."""

    kind: str
    severity: Severity
    rows: list[int]
    flows: int
    bytes_out: int
    bytes_in: int
    rank: tuple[int, ...]


def _group(
    kind: str,
    rows: NDArray[np.int64],
    dependencies: Dependencies,
    traits: _Traits,
    level: NDArray[np.int64],
    steered: NDArray[np.bool_],
) -> tuple[list[_Case], int]:
    """Return the gravest cases of one kind, and how many there are: one an asset and service, else operator."""
    if len(rows) == 0:
        return [], 0
    at, asset = dependencies.attribution[rows], dependencies.asset[rows]
    group = np.zeros(len(rows), np.int64) if kind in PER_ASSET else traits.group[at]
    volume = dependencies.bytes_out[rows] + dependencies.bytes_in[rows]
    order = np.lexsort((rows, -volume, -traits.grade[at], group, asset))
    rows, at, asset, group = rows[order], at[order], asset[order], group[order]
    starts = np.flatnonzero((np.diff(asset, prepend=-1) != 0) | (np.diff(group, prepend=-1) != 0))
    ends = np.append(starts[1:], len(rows))

    def total(column: NDArray[np.int64]) -> NDArray[np.int64]:
        summed: NDArray[np.int64] = np.add.reduceat(column[rows], starts)
        return summed

    flows, sent, received = (total(getattr(dependencies, c)) for c in ("flows", "bytes_out", "bytes_in"))
    severity = np.array(LEVELS[kind], np.int64)[level[rows[starts]]]
    if kind in STEERING:
        graver = np.logical_or.reduceat(traits.steers[at], starts) & steered[rows[starts]]
        severity = np.minimum(severity + graver, Severity.HIGH)
    ranks = (-severity, level[rows[starts]], -traits.grade[at[starts]], -(sent + received), rows[starts])
    gravest = np.lexsort(ranks[::-1])[:MOST]
    cases = [
        _Case(
            kind,
            Severity(int(severity[n])),
            rows[starts[n] : ends[n]].tolist(),
            int(flows[n]),
            int(sent[n]),
            int(received[n]),
            (*(int(rank[n]) for rank in ranks[:2]), KINDS.index(kind), *(int(rank[n]) for rank in ranks[2:])),
        )
        for n in gravest.tolist()
    ]
    return cases, len(starts)


def _write(case: _Case, assets: Sequence[Asset], dependencies: Dependencies) -> Finding:
    shown = tuple(dependencies[row] for row in case.rows[:SHOWN])
    chief = shown[0]
    asset = assets[int(dependencies.asset[case.rows[0]])]
    return Finding(
        id="",
        kind=case.kind,
        severity=case.severity,
        grade=chief.attribution.grade,
        asset=asset.id,
        asset_label=asset.label,
        values=_values(case, asset, chief),
        dependencies=shown,
        evidence=asset.kind_why.evidence if asset.kind_why else (),
    )


def _values(case: _Case, asset: Asset, chief: Dependency) -> tuple[tuple[str, str], ...]:
    """Return what sentences fill in; an empty text is not known."""
    attribution = chief.attribution
    operator, jurisdiction = _in_control(case.kind, attribution)
    return (
        ("asset", asset.label),
        ("host", chief.host),
        ("hosts", str(len(case.rows))),
        ("operator", operator),
        ("service", attribution.service.value if attribution.service else ""),
        ("supplier", attribution.supplier or ""),
        ("parent", attribution.parent.value if attribution.parent else ""),
        ("jurisdiction", jurisdiction),
        ("place", attribution.place or ""),
        ("bytes_out", str(case.bytes_out)),
        ("bytes_in", str(case.bytes_in)),
        ("port", str(chief.port) if chief.port is not None else ""),
        ("flows", str(case.flows)),
        *_claimed(case.kind, chief),
    )


def _in_control(kind: str, attribution: Attribution) -> tuple[str, str]:
    """Return who is in between and under whose control that is: of a front, whose front it is."""
    operator = attribution.operator.value if attribution.operator else ""
    jurisdiction = attribution.parent_jurisdiction
    if kind == "vendor-cloud-outside":
        jurisdiction = attribution.supplier_jurisdiction
    elif attribution.front:
        operator = attribution.front_operator or operator
        jurisdiction = "/".join(attribution.front_jurisdictions)
    elif attribution.reason == LICENSOR and attribution.offering:
        jurisdiction = attribution.offering.jurisdiction
    return operator, jurisdiction or ""


def _claimed(kind: str, chief: Dependency) -> tuple[tuple[str, str], ...]:
    """Return whom the name or the certificate names, or how far the place is, where that is the matter."""
    if kind == "name-against-address":
        steps = (dict(s.values) for s in chief.attribution.rejected if s.kind == "name-against-network")
        return tuple(("claimed", step["name_operator"]) for step in steps)
    if kind == "certificate-of-another":
        steps = (dict(s.values) for s in chief.evidence if s.kind == "certificate-of-another")
        return tuple(("claimed", step["holder"]) for step in steps)
    if kind == "round-trip-against-place":
        steps = (dict(s.values) for s in chief.evidence if s.kind == kind)
        return tuple((key, step[key]) for step in steps for key in ("place", "distance", "trip", "km", "here"))
    return ()


def _about(attribution: Attribution) -> str:
    """Return what attributions have in common that belong in one finding."""
    if attribution.service:
        return f"service {attribution.service.value}"
    if attribution.supplier:
        return f"supplier {attribution.supplier}"
    if attribution.operator:
        return f"operator {attribution.operator.value}"
    return ""


def _is_front(attribution: Attribution) -> bool:
    return attribution.verdict == Verdict.FRONT_HIDES_ORIGIN


def _is_in_conflict(attribution: Attribution) -> bool:
    """Return whether an operator's own name was asked for in the range that another operator publishes.

    An alias proves less: balancers by DNS lend their names to hosts anywhere.
    """
    ranged = any(step.kind in PUBLISHED for step in attribution.evidence)
    suffixes = (dict(step.values)["suffix"] for step in attribution.rejected if step.kind == "name-against-network")
    name = f".{attribution.name}" if attribution.name else ""
    return ranged and any(name.endswith(f".{suffix}") for suffix in suffixes)


def _has_own_supplier_outside(attribution: Attribution, bloc: Collection[str]) -> bool:
    """Return whether a supplier outside the bloc adds anything to what the verdict says of the host's parent."""
    seat = attribution.supplier_jurisdiction
    if seat is None or not bloc or seat in bloc:
        return False
    if _is_front(attribution) and attribution.front_operator == attribution.supplier:
        return False  # the supplier is the front: that is its finding
    return attribution.verdict.control != Control.NON_EUROPEAN or seat != attribution.parent_jurisdiction
