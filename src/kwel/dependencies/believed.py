"""Names in capture files in, flows that have no better name bear them out.

A capture file may hold names for addresses: what the capturing machine had in its hosts file or asked its resolver.
Nothing on the wire shows them and anybody can write them, so they are shown, and no judgement rests on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.model.grouping import distinct
from kwel.model.records.columns import NameSource, address_halves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.names import Names
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Capture


def name_by_capture(flows: Rows, names: Names, captures: Sequence[Capture]) -> Names:
    """Name the flows that have no name by what their own capture file calls the address that answers.

    Args:
        flows: of ``columns.FLOW``; ``name``, ``name_source`` and ``name_frame`` are written to.
        names: of the analysis.
        captures: as they were read.

    Returns:
        The names, with those that were added.
    """
    believed: dict[tuple[int, int, int], str] = {}
    for index, capture in enumerate(captures):
        for address, name in capture.names:
            believed.setdefault((index, *address_halves(address)), name)
    unnamed = np.flatnonzero(flows["name"] == 0) if believed else np.zeros(0, np.int64)
    if not len(unnamed):
        return names
    sides = [flows[key][unnamed] for key in ("capture", "responder_hi", "responder_lo")]
    group, first = distinct(*sides)
    found = [believed.get(key) for key in zip(*(side[first].tolist() for side in sides), strict=True)]
    names, numbers = names.with_more([name for name in found if name])
    number = iter(numbers)
    name_of = np.array([next(number) if name else 0 for name in found], np.int64)[group]
    rows = unnamed[name_of > 0]
    flows["name"][rows] = name_of[name_of > 0]
    flows["name_source"][rows] = NameSource.CAPTURE
    flows["name_frame"][rows] = flows["first_frame"][rows]
    return names
