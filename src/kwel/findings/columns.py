"""Lays out dependencies as columns, for the conditions of findings about contacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.assets import AssetKind
from kwel.model.dependencies import STATES, DependencyState
from kwel.model.verdicts import Control, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from kwel.model.assets import Asset
    from kwel.model.dependencies import Dependencies
    from kwel.model.verdicts import Attribution

NAME_RESOLUTION: Final = "name-resolution"
PUBLISHED: Final = ("published-range", "documented-range")
OT, OTHER, IT = range(3)
"""Places in ``Severities``."""
_PLACE: Final = {AssetKind.OT: OT, AssetKind.IT: IT}
_CAN_BE_STEERED: Final = (AssetKind.IIOT, AssetKind.SHARED)


@dataclass(frozen=True, slots=True)
class Contacts:
    """Columns over all dependencies, one item each."""

    used: NDArray[np.bool_]
    """Data went both ways."""
    attempted: NDArray[np.bool_]
    """Tried, never answered."""
    resolved_only: NDArray[np.bool_]
    """Looked up by name, never contacted."""
    asset: NDArray[np.int64]
    """Index into the inventory."""
    asset_kind: NDArray[np.int64]
    """OT, OTHER or IT."""
    is_ot: NDArray[np.bool_]
    can_be_steered: NDArray[np.bool_]
    """The asset is a device of the plant, but not an OT asset."""
    foreign: NDArray[np.bool_]
    """Under control from outside the bloc, and no front."""
    front: NDArray[np.bool_]
    """A CDN or proxy that hides who is behind it."""
    undecided: NDArray[np.bool_]
    """It could not be decided who is in control."""
    named: NDArray[np.bool_]
    proxied: NDArray[np.bool_]
    """Reached through a proxy, so that the address is not known."""
    steers: NDArray[np.bool_]
    """The service can steer, not only see."""
    supplier_outside: NDArray[np.bool_]
    """A supplier seated outside the bloc, which the verdict does not say already."""
    resolves: NDArray[np.bool_]
    """The service looks names up for others."""
    in_conflict: NDArray[np.bool_]
    """The name is of one operator's own hosts, the address in the range that another publishes."""
    hiding: NDArray[np.int64]
    """Flows that carry encrypted name look-ups."""
    sealed: NDArray[np.int64]
    """Encrypted flows."""
    misfits: NDArray[np.int64]
    """Flows whose certificate names somebody else."""
    excluded: NDArray[np.int64]
    """Flows whose round trip is too short for the place."""
    grade: NDArray[np.int64]
    service: NDArray[np.int64]
    """Index into ``services``."""
    services: tuple[str, ...]
    """What the destinations of one finding share: ``service X``, ``supplier X``, ``operator X`` or empty."""

    @classmethod
    def of(cls, dependencies: Dependencies, assets: Sequence[Asset], bloc: Collection[str] = ()) -> Contacts:
        """Return the columns; *bloc*: the countries that count as inside."""
        samples, of = _samples(dependencies.attributions)
        at, state = of[dependencies.attribution], dependencies.state

        def column(trait: Callable[[Attribution], bool]) -> NDArray[np.bool_]:
            found: NDArray[np.bool_] = np.fromiter((trait(a) for a in samples), np.bool_, len(samples))[at]
            return found

        numbers: dict[str, int] = {}
        service = [numbers.setdefault(service_of(a), len(numbers)) for a in samples]
        kind = np.array([_PLACE.get(asset.kind, OTHER) for asset in assets], np.int64)[dependencies.asset]
        return cls(
            used=state == STATES.index(DependencyState.USED),
            attempted=state == STATES.index(DependencyState.ATTEMPTED),
            resolved_only=state == STATES.index(DependencyState.RESOLVED_ONLY),
            asset=dependencies.asset,
            asset_kind=kind,
            is_ot=kind == OT,
            can_be_steered=np.array([a.kind in _CAN_BE_STEERED for a in assets], np.bool_)[dependencies.asset],
            foreign=column(lambda a: a.verdict.control == Control.NON_EUROPEAN and not _is_front(a)),
            front=column(_is_front),
            undecided=column(lambda a: a.verdict.control == Control.UNDECIDED),
            named=column(lambda a: a.name is not None),
            proxied=column(lambda a: a.address is None),
            steers=column(lambda a: a.path == "control"),
            supplier_outside=column(lambda a: _has_own_supplier_outside(a, bloc)),
            resolves=column(resolves_names),
            in_conflict=column(_is_in_conflict),
            hiding=dependencies.hiding,
            sealed=dependencies.sealed,
            misfits=dependencies.misfits,
            excluded=dependencies.excluded,
            grade=np.array([a.grade for a in samples], np.int64)[at],
            service=np.array(service, np.int64)[at],
            services=tuple(numbers),
        )


def names_hidden(dependencies: Dependencies) -> int:
    """Return how many flows carried name look-ups that nobody can read."""
    if len(dependencies) == 0:
        return 0
    samples, of = _samples(dependencies.attributions)
    resolves = np.array([resolves_names(a) for a in samples], np.bool_)[of][dependencies.attribution]
    hidden = np.maximum(dependencies.hiding, np.where(resolves, dependencies.sealed, 0))
    return int(hidden.sum())


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


def service_of(attribution: Attribution) -> str:
    """Return what attributions have in common that belong in one finding."""
    if attribution.service:
        return f"service {attribution.service.value}"
    if attribution.supplier:
        return f"supplier {attribution.supplier}"
    if attribution.operator:
        return f"operator {attribution.operator.value}"
    return ""


def resolves_names(attribution: Attribution) -> bool:
    """Return whether the service looks names up for others."""
    return attribution.function == NAME_RESOLUTION


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
