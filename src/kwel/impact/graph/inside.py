"""Flows between assets in, who needs which server of the plant out.

Whoever begins needs whoever answers: a client its server, and a poller its devices. A device that only answers needs
nothing of its poller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.impact.graph.columns import Groups, packed
from kwel.impact.graph.parts import Part
from kwel.model.records.columns import Direction, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.impact.graph.columns import Column
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic
    from kwel.rulebook.needs import NeedBook

DYNAMIC: Final = 49152
"""RFC 6335 section 6: ports from here on are nobody's in particular."""
CARRIED: Final = (6, 17)
"""TCP and UDP: of what else there is, nothing tells what it is for."""
USED, ATTEMPTED = 0, 1
"""Indices into ``STATES``."""


def state_of(flows: Rows, rows: Column) -> Column:
    """Return USED or ATTEMPTED per flow: answered, or not."""
    state = flows["state"][rows]
    answered = (state == State.ESTABLISHED) | (state == State.MIDSTREAM)
    return np.where(answered, USED, ATTEMPTED).astype(np.int64)


def find_inside(
    traffic: Traffic, sides: tuple[Column, Column], proxied: Column, book: NeedBook, functions: Sequence[str]
) -> tuple[Part, Column]:
    """Return what assets need of one another, and the rows of the flows in the order of the needs.

    Args:
        traffic: what was on the wire.
        sides: per flow the asset that began and the one that answered; negative is none of the plant's.
        proxied: by flow, whether it asks a proxy to carry it outside: that is a need of what is outside.
        book: what is needed of whoever answers.
        functions: the closed list.
    """
    flows = traffic.flows
    rows = np.flatnonzero((sides[0] >= 0) & (sides[1] >= 0) & (sides[0] != sides[1]) & ~proxied)
    rule = book.find(*(flows[key][rows].astype(np.int64) for key in ("application", "transport", "responder_port")))
    of_rule = np.array([*(functions.index(row.function) if row.function else -2 for row in book.rows), -1])
    state, function = state_of(flows, rows), of_rule[rule]
    unknown = (rule < 0) & (state == USED) & np.isin(flows["transport"][rows], CARRIED)
    kept = ((rule >= 0) & (function >= -1)) | unknown
    rows, rule, state, function = rows[kept], rule[kept], state[kept], function[kept]
    port = flows["responder_port"][rows].astype(np.int64)
    # What is unknown differs by port; beyond the registered ones, ports tell nothing apart.
    word = np.where((rule < 0) & (port < DYNAMIC), port, 0)
    groups = Groups(packed(sides[0][rows], sides[1][rows], rule, word, flows["transport"][rows] * (rule < 0)))
    return _summed(flows, sides, rows, (rule, state, function), groups, traffic.weights), rows[groups.order]


def _summed(
    flows: Rows,
    sides: tuple[Column, Column],
    rows: Column,
    of: tuple[Column, Column, Column],
    groups: Groups,
    weights: Column,
) -> Part:
    rule, state, function = of
    lead = groups.lead(state, flows["first"][rows])
    none = np.zeros(len(groups), np.int64)
    return Part(
        source=sides[0][rows][lead].astype(np.int64),
        target=sides[1][rows][lead].astype(np.int64),
        rule=rule[lead],
        function=function[lead],
        state=state[lead],
        through=none - 1,
        named=none,
        first=groups.least(flows["first"][rows]),
        last=groups.most(flows["last"][rows]),
        flows=groups.sums(weights[rows]),
        bytes_out=groups.sums(flows["bytes_out"][rows]),
        bytes_in=groups.sums(flows["bytes_in"][rows]),
        lead=rows[lead],
        sure=groups.most((flows["direction"][rows] != Direction.UNKNOWN).astype(np.int64)),
        start=groups.start.astype(np.int64),
        size=groups.size,
    )
