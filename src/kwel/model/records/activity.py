"""Nothing in, the rows of when each direction of a flow was heard last and where it fell silent out: the kernel's."""

from __future__ import annotations

import numpy as np

BEAT = np.dtype(
    [
        ("last", np.uint32),  # 1 + ticks from the flow's first packet to the last one of this direction; 0 is none
        ("frame", np.uint32),
        ("row", np.uint32),  # 1 + row of its rhythm; 0 is none: it never fell silent
        ("sequence", np.uint32),  # of the last TCP segment that bore data; before one did, of the SYN
        ("began", np.uint32),  # as ``last``, of the first packet of this direction
        ("began_frame", np.uint32),
        ("again", np.uint16),  # since the other side spoke: datagrams sent, or segments sent again
        ("tried", np.uint16),  # ``again`` of the other side when this one began
        ("capture", np.uint16),
        ("began_capture", np.uint16),
    ],
    align=True,
)
"""When one direction of a flow was heard, first and last. Row ``2 * flow``: the initiator; behind it: the responder."""

TICK = 10_000_000
"""Nanoseconds: the clock of a ``BEAT``, which runs out after 497 days."""
SILENCES = 4
"""How many silences of one direction are kept, the longest ones."""

RHYTHM = np.dtype(
    [
        ("half", np.int64),  # 2 * flow, + 1 for the responder
        ("total", np.int64),  # of all its silences, milliseconds
        ("squares", np.float64),  # of their lengths, milliseconds squared
        ("since", np.int64, (SILENCES,)),  # when each of the longest began, and ended
        ("until", np.int64, (SILENCES,)),
        ("tries", np.uint16, (SILENCES,)),  # of the other side meanwhile, as ``BEAT`` counts them
        ("before", np.uint32, (SILENCES,)),  # the frame before it, and the one behind it
        ("after", np.uint32, (SILENCES,)),
        ("before_capture", np.uint16, (SILENCES,)),
        ("after_capture", np.uint16, (SILENCES,)),
        ("count", np.uint32),  # silences of a second or more
    ],
    align=True,
)
"""How one direction of a flow falls silent: how often, and when for longest."""
