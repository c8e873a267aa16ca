"""A Report in, the tables of assets and of dependencies out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from kwel.export.schema import ASSETS, DEPENDENCIES, FACTS
from kwel.export.text import spell_times, take
from kwel.export.ways import spelt_ways
from kwel.model.dependencies import STATES
from kwel.model.law import LawKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kwel.model.assets import Asset
    from kwel.model.claims import Claim, Evidence
    from kwel.model.dependencies import Dependencies
    from kwel.model.kinds import FactKind
    from kwel.model.report import Report
    from kwel.model.verdicts import Attribution

SPELT_ALIKE: Final = ("address", "path", "operator_jurisdiction", "supplier_jurisdiction", "front")
"""Columns that are called as the field of an attribution that they show."""


def assets_table(report: Report) -> pd.DataFrame:
    """Return one row an asset, with the columns of ``schema.ASSETS``."""
    assets = report.assets
    columns = {
        "asset": _text(asset.id for asset in assets),
        "kind": _text(asset.kind.value for asset in assets),
        "role": _text(_value(asset.role) for asset in assets),
        "addresses": _lists([list(asset.addresses) for asset in assets]),
        "macs": _lists([_values(asset.macs) for asset in assets]),
        "vendor": _text(_value(asset.vendor) for asset in assets),
        "product": _text(_value(asset.product) for asset in assets),
        "firmware": _text(_value(asset.firmware) for asset in assets),
        "names": _lists([_values(asset.names) for asset in assets]),
        "zone": _text(asset.zone for asset in assets),
        "protocols": _lists([_values(asset.protocols) for asset in assets]),
        "first": spell_times(np.array([asset.first for asset in assets], np.int64)),
        "last": spell_times(np.array([asset.last for asset in assets], np.int64)),
        "evidence": _lists([_frames(asset.evidence) for asset in assets]),
        "facts": _lists([[f"{fact.kind}={fact.claim.value}" for fact in asset.facts] for asset in assets]),
        "level": _text(_value(asset.level) for asset in assets),
        "vlans": _lists([[str(vlan) for vlan in asset.vlans] for asset in assets]),
        "behind": _text(_value(asset.behind) for asset in assets),
        **{key: _text(getattr(asset, key) for asset in assets) for key in ("owner", "criticality")},
        "role_or": _text(_value(asset.role_or) for asset in assets),
        "label": _text(asset.label for asset in assets),
        "neighbour": _lists([_said(asset, "neighbour") for asset in assets]),
        "level_grade": _text(asset.level.grade.name if asset.level else None for asset in assets),
    }
    return pd.DataFrame({key: columns[key] for key in ASSETS.keys})


def facts_table(report: Report) -> pd.DataFrame:
    """Return one row a fact of an asset, with the columns of ``schema.FACTS``."""
    facts = [(asset.id, fact.kind, fact.claim, asset.label) for asset in report.assets for fact in asset.facts]
    columns = {
        "asset": _text(asset for asset, *_ in facts),
        "kind": _text(kind for _, kind, *_ in facts),
        "value": _text(claim.value for _, _, claim, _ in facts),
        "protocols": _lists([_protocols(claim) for _, _, claim, _ in facts]),
        "grade": _text(claim.grade.name for _, _, claim, _ in facts),
        "evidence": _lists([_frames(claim.evidence) for _, _, claim, _ in facts]),
        "label": _text(label for *_, label in facts),
    }
    return pd.DataFrame({key: columns[key] for key in FACTS.keys})


def _said(asset: Asset, kind: FactKind) -> list[str]:
    return [fact.claim.value for fact in asset.facts if fact.kind == kind]


def _protocols(claim: Claim) -> list[str]:
    return list(dict.fromkeys(value for step in claim.evidence for key, value in step.values if key == "protocol"))


def dependencies_table(report: Report, part: Dependencies | None = None) -> pd.DataFrame:
    """Return one row a dependency, of a part or of all, with the columns of ``schema.DEPENDENCIES``."""
    rows, assets = report.dependencies if part is None else part, report.assets
    seen = rows.attributions

    def of(part: Callable[[Attribution], str | None]) -> pd.Series:
        return take([part(attribution) for attribution in seen], rows.attribution)

    evidence, hosts = [], []
    for dependency in rows:
        evidence.append(_frames(dependency.evidence))
        hosts.append(dependency.host)
    columns = {
        "asset": take([asset.id for asset in assets], rows.asset),
        "asset_kind": take([asset.kind.value for asset in assets], rows.asset),
        "supplier": of(lambda at: at.supplier),
        "service": of(lambda at: _value(at.service)),
        "function": of(lambda at: at.function),
        "impact": of(lambda at: at.impact),
        "host": _text(hosts),
        "operator": of(lambda at: _value(at.operator)),
        "parent": of(lambda at: _value(at.parent)),
        "parent_jurisdiction": of(lambda at: at.parent_jurisdiction),
        "location": of(lambda at: _value(at.location)),
        "region": of(lambda at: at.region),
        "state": take([state.value for state in STATES], rows.state),
        "grade": of(lambda at: at.grade.name),
        "verdict": of(lambda at: at.verdict.value),
        "first": spell_times(rows.first),
        "last": spell_times(rows.last),
        **{key: getattr(rows, key).astype(np.int64) for key in ("flows", "bytes_out", "bytes_in")},
        "evidence": _lists(evidence),
        **_legal(rows),
        **_way(report, rows),
        **_by_site(rows),
        "rtt_us": rows.rtt_us.astype(np.int64),
        "place_excluded": rows.excluded > 0,
        "asset_label": take([asset.label for asset in assets], rows.asset),
        **_reached(report, rows),
    }
    return pd.DataFrame({key: columns[key] for key in DEPENDENCIES.keys})


def _reached(report: Report, rows: Dependencies) -> dict[str, pd.Series]:
    """Return in which ways each is reached, and what of it is not proven."""
    unproven = [list(at.unproven) for at in rows.attributions]
    return {
        **{key: take([getattr(at, key) for at in rows.attributions], rows.attribution) for key in SPELT_ALIKE},
        "unproven": _lists([unproven[index] for index in rows.attribution.tolist()]),
        "ways": _lists(spelt_ways(rows, [capture.name for capture in report.captures])),
    }


def _way(report: Report, rows: Dependencies) -> dict[str, pd.Series]:
    """Return through whom and what each was reached."""
    seen = rows.attributions
    through = [report.links(attribution, ())[0] if report.links else None for attribution in seen]
    return {
        "chain": _lists([list(seen[index].chain) for index in rows.attribution.tolist()]),
        "through": take([link.value if link else None for link in through], rows.attribution),
        "through_by": take([link.by if link else "unknown" for link in through], rows.attribution),
    }


def _legal(rows: Dependencies) -> dict[str, pd.Series]:
    """Return what law says of each: the lists are shared, for thousands of destinations are under the same laws."""
    spelt: dict[tuple[int, int], tuple[list[str], ...]] = {}
    of = []
    for at in rows.attributions:
        key = id(at.laws), id(at.limits)
        if key not in spelt:
            reaches = [[str(reach) for reach in at.laws if reach.law.kind is kind] for kind in LawKind]
            spelt[key] = *reaches, [str(limit) for limit in at.limits if limit.because]
        of.append(spelt[key])
    index = rows.attribution.tolist()
    names = (*LawKind, "limits")
    return {str(name): _lists([of[at][column] for at in index]) for column, name in enumerate(names)}


def _by_site(rows: Dependencies) -> dict[str, pd.Series]:
    """Return what the user's site file says of each."""
    said = [at.site for at in rows.attributions]
    applied = [[str(number) for number in of.overrides] if of else [] for of in said]
    without = [of.without.verdict.value if of and of.overrides else None for of in said]
    return {
        "own": take([of.own if of else None for of in said], rows.attribution),
        "overrides": _lists([applied[index] for index in rows.attribution.tolist()]),
        "verdict_without_site": take(without, rows.attribution),
    }


def _value(claim: Claim | None) -> str | None:
    return claim.value if claim else None


def _values(claims: Sequence[Claim]) -> list[str]:
    return [claim.value for claim in claims]


def _frames(evidence: Iterable[Evidence]) -> list[str]:
    """Return each frame once, in the order in which the chain of reasoning names them."""
    return list(dict.fromkeys(str(step.where) for step in evidence if step.where))


def _text(values: Iterable[str | None]) -> pd.Series:
    return pd.Series(list(values), dtype="str")


def _lists(values: list[list[str]]) -> pd.Series:
    return pd.Series(values, dtype="object")
