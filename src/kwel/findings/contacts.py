"""Groups contacts with the outside into findings and ranks them.

Whether a contact matters is read from the verdict of its attribution and from the bloc, never from who somebody is.
Severity says how much a finding matters if it is true, and knows nothing of the grade, which says how sure it is.
Grouping is vectorised: a big capture has a hundred thousand dependencies, of which some hundreds are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.findings.columns import Contacts
from kwel.findings.identity import full_id
from kwel.findings.kind import Rows
from kwel.findings.registry import CONTACTS
from kwel.model.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from kwel.findings.kind import ContactKind
    from kwel.model.assets import Asset
    from kwel.model.dependencies import Dependencies, Dependency

MOST: Final = 50
"""Findings of one report, the gravest first. What is beyond is counted; the tables have everything."""
MOST_INFO: Final = 10
SHOWN: Final = 4
"""Dependencies that one finding carries."""


def find_contacts(
    assets: Sequence[Asset], dependencies: Dependencies, bloc: Collection[str] = ()
) -> tuple[list[Finding], int]:
    """Return findings about contacts, gravest first, and how many more there are than fit.

    Args:
        assets: the inventory that ``dependencies.asset`` points into.
        dependencies: which asset needs which destination outside.
        bloc: the countries that count as inside; without them suppliers are not judged.
    """
    if len(dependencies) == 0:
        return [], 0
    contacts = Contacts.of(dependencies, assets, bloc)
    groups = [_group(kind, rank, contacts, dependencies) for rank, kind in enumerate(CONTACTS)]
    ranked = sorted((draft for drafts, _ in groups for draft in drafts), key=lambda draft: draft.rank)
    info = [draft for draft in ranked if draft.severity == Severity.INFO][:MOST_INFO]
    kept = [*(draft for draft in ranked if draft.severity > Severity.INFO), *info][:MOST]
    found = [_write(draft, assets, dependencies) for draft in kept]
    return found, sum(count for _, count in groups) - len(kept)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A finding before it is written: its dependencies, the one that proves most first."""

    kind: ContactKind
    severity: Severity
    service: str
    rows: list[int]
    flows: int
    bytes_out: int
    bytes_in: int
    rank: tuple[int, ...]


def _group(
    kind: ContactKind, order_of_kind: int, contacts: Contacts, dependencies: Dependencies
) -> tuple[list[_Draft], int]:
    """Return the gravest drafts of one kind, and how many there are."""
    rows = np.flatnonzero(kind.holds(contacts))
    if len(rows) == 0:
        return [], 0
    per_asset = kind.evidence is Rows.PER_ASSET
    service = np.zeros(len(rows), np.int64) if per_asset else contacts.service[rows]
    volume = dependencies.bytes_out[rows] + dependencies.bytes_in[rows]
    order = np.lexsort((rows, -volume, -contacts.grade[rows], service, contacts.asset[rows]))
    rows, service = rows[order], service[order]
    asset = contacts.asset[rows]
    starts = np.flatnonzero((np.diff(asset, prepend=-1) != 0) | (np.diff(service, prepend=-1) != 0))
    first = rows[starts]
    ends = np.append(starts[1:], len(rows))
    flows, sent, received = (
        np.add.reduceat(getattr(dependencies, column)[rows], starts) for column in ("flows", "bytes_out", "bytes_in")
    )
    severity = _severity(kind, contacts, rows, starts)
    place = contacts.asset_kind[first]
    ranks = (-severity, place, -contacts.grade[first], -(sent + received), first)
    drafts = [
        _Draft(
            kind,
            Severity(int(severity[n])),
            "" if per_asset else contacts.services[service[starts[n]]],
            rows[starts[n] : ends[n]].tolist(),
            int(flows[n]),
            int(sent[n]),
            int(received[n]),
            (*(int(rank[n]) for rank in ranks[:2]), order_of_kind, *(int(rank[n]) for rank in ranks[2:])),
        )
        for n in np.lexsort(ranks[::-1])[:MOST].tolist()
    ]
    return drafts, len(starts)


def _severity(
    kind: ContactKind, contacts: Contacts, rows: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the severity of each group of *rows*; *starts*: where the groups begin."""
    first = rows[starts]
    severity: NDArray[np.int64] = np.array(kind.severity, np.int64)[contacts.asset_kind[first]]
    if kind.graver_if_it_steers:
        graver = np.logical_or.reduceat(contacts.steers[rows], starts) & contacts.can_be_steered[first]
        severity = np.minimum(severity + graver, Severity.HIGH)
    return severity


def _write(draft: _Draft, assets: Sequence[Asset], dependencies: Dependencies) -> Finding:
    shown = tuple(dependencies[row] for row in draft.rows[:SHOWN])
    chief = shown[0]
    asset = assets[int(dependencies.asset[draft.rows[0]])]
    return Finding(
        id=full_id(draft.kind.id, asset.id, draft.service),
        kind=draft.kind.id,
        severity=draft.severity,
        grade=chief.attribution.grade,
        asset=asset.id,
        asset_label=asset.label,
        values=_values(draft, asset, chief),
        dependencies=shown,
        evidence=asset.kind_why.evidence if asset.kind_why else (),
    )


def _values(draft: _Draft, asset: Asset, chief: Dependency) -> tuple[tuple[str, str], ...]:
    """Return what sentences fill in; an empty text is not known."""
    attribution = chief.attribution
    operator, jurisdiction = draft.kind.control(attribution)
    return (
        ("asset", asset.label),
        ("host", chief.host),
        ("hosts", str(len(draft.rows))),
        ("operator", operator),
        ("service", attribution.service.value if attribution.service else ""),
        ("supplier", attribution.supplier or ""),
        ("parent", attribution.parent.value if attribution.parent else ""),
        ("jurisdiction", jurisdiction),
        ("place", attribution.place or ""),
        ("bytes_out", str(draft.bytes_out)),
        ("bytes_in", str(draft.bytes_in)),
        ("port", str(chief.port) if chief.port is not None else ""),
        ("flows", str(draft.flows)),
        *draft.kind.details(chief),
    )
