"""Needs and what the site says in, for how long each source goes on without it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.impact.graph.columns import Column
    from kwel.impact.graph.parts import Part
    from kwel.model.assets import Asset
    from kwel.model.report import Report
    from kwel.model.site import Buffer


def hours_of(report: Report, part: Part, functions: Sequence[str]) -> Column:
    """Return hours by need; NaN where the site does not say. What is said of more counts for less."""
    hours = np.full(part.many, np.nan)
    buffers = report.site.site.buffers if report.site else ()
    for buffer in sorted(buffers, key=_narrowness):
        fits = np.ones(part.many, bool)
        if buffer.asset is not None:
            owners = [index for index, asset in enumerate(report.assets) if _is(asset, buffer)]
            fits &= np.isin(part.source, owners)
        if buffer.function is not None:
            fits &= part.function == functions.index(buffer.function)
        hours[fits] = buffer.hours
    return hours


def _narrowness(buffer: Buffer) -> tuple[bool, bool]:
    return buffer.asset is not None, buffer.function is not None


def _is(asset: Asset, buffer: Buffer) -> bool:
    return buffer.asset in (asset.label, *asset.addresses, *(mac.value for mac in asset.macs))
