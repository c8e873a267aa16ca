"""Nothing in, the rows of who holds an address on a segment, and who sends for one, out: as the kernel fills them."""

from __future__ import annotations

import numpy as np

CLAIM = np.dtype(
    [
        ("mac", np.uint64),
        ("address_hi", np.uint64),
        ("address_lo", np.uint64),
        ("time", np.int64),
        ("last", np.int64),  # when it was made again, last; 0 is never
        ("back", np.int64),  # when it was made again after another MAC had claimed the address, last; 0 is never
        ("frame", np.uint32),
        ("vlan", np.uint32),
        ("back_frame", np.uint32),
        ("returns", np.uint32),  # how often it was made again after another MAC had claimed the address
        ("capture", np.uint16),
        ("back_capture", np.uint16),
        ("kind", np.uint16),  # ClaimKind
    ],
    align=True,
)
"""A host says that an address is its own: the only proof that a MAC belongs to an address."""

SENDER = np.dtype(
    [
        ("mac", np.uint64),
        ("address_hi", np.uint64),
        ("address_lo", np.uint64),
        ("time", np.int64),
        ("last", np.int64),
        ("link_time", np.int64),
        ("frame", np.uint32),
        ("vlan", np.uint32),
        ("link_frame", np.uint32),  # the first packet that was for all on the link; 0 is none
        ("packets", (np.uint32, 4)),  # looked at, by the TTL that they likely began with: 32, 64, 128, 255
        ("lowest", (np.uint8, 4)),  # TTL or hop limit of those
        ("highest", (np.uint8, 4)),
        ("capture", np.uint16),
        ("link_capture", np.uint16),
    ],
    align=True,
)
"""A MAC sent packets of an address: its own, or one of those behind it."""
