"""The columns that both halves of the graph have: needs of servers of the plant, and of services outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from kwel.impact.graph.columns import Column


class Part(NamedTuple):
    """Needs as columns of equal length."""

    source: Column
    target: Column
    rule: Column
    """Row of rules/needs.toml; -1 is none."""
    function: Column
    """Index into the functions; -1 is not known."""
    state: Column
    """Index into ``STATES``."""
    through: Column
    named: Column
    first: Column
    last: Column
    flows: Column
    bytes_out: Column
    bytes_in: Column
    lead: Column
    """What proves most: inside a row of the flows, outside a row of the dependencies."""
    sure: Column
    """Whether it is proven who began."""
    start: Column
    """Where the flows of each need begin in ``rows``."""
    size: Column
    """How many they are."""

    @property
    def many(self) -> int:
        """Return how many needs there are."""
        return len(self.source)


def taken(part: Part, rows: Column) -> Part:
    """Return some needs of a part."""
    return Part(*(column[rows] for column in part))


def joined(*parts: Part) -> Part:
    """Return several parts as one."""
    return Part(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
