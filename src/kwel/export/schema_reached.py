"""The columns of dependencies on how a host is reached and what of it is not proven: what a policy asks for."""

from __future__ import annotations

from typing import Final

from kwel.export.contract import Column

REACHED: Final = (
    Column("address", "text", "Address contacted; of several the first.", '"13.69.64.110"', optional=True, rank=3),
    Column(
        "path",
        "text",
        "`data`: carries the work; `control`: steers whether and how it may be done.",
        '"control"',
        optional=True,
        rank=3,
    ),
    Column("operator_jurisdiction", "text", "Seat of the operator, ISO 3166-1.", '"IE"', optional=True, rank=3),
    Column("supplier_jurisdiction", "text", "Seat of the supplier, ISO 3166-1.", '"DE"', optional=True, rank=3),
    Column("front", "text", "What stands before an origin that is not seen.", '"cdn"', optional=True, rank=3),
    Column(
        "unproven",
        "list",
        "Which of `operator`, `parent` and `location` nothing better than grade D tells.",
        '["location"]',
        rank=3,
    ),
    Column(
        "ways",
        "list",
        "Who begins (`outbound`: the asset; `inbound`: the host; `unproven`), protocol by content or `-`, "
        "transport and port, state, and the first frame.",
        '["outbound tls tcp/443 used plant.pcapng#118"]',
        rank=3,
    ),
)
"""In order, behind all others."""
