"""Nothing in, the rows of ICMP errors about flows that are not known out: as the kernel fills them."""

from __future__ import annotations

import numpy as np

QUOTED = np.dtype(
    [
        ("source_hi", np.uint64),  # of the packet that is quoted
        ("source_lo", np.uint64),
        ("destination_hi", np.uint64),
        ("destination_lo", np.uint64),
        ("time", np.int64),
        ("frame", np.uint32),
        ("vlan", np.uint32),  # as in FLOW, of the error
        ("tunnel", np.uint32),
        ("source_port", np.uint16),
        ("destination_port", np.uint16),
        ("capture", np.uint16),
        ("transport", np.uint8),
        ("version", np.uint8),
    ],
    align=True,
)
"""An ICMP error that quotes a flow of which no packet is known: another part of the whole may hold it."""
