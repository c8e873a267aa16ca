"""Traffic and the devices on its sides in, what the plant's servers are called in the certificates they show out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.model.claims import Observed, Where
from kwel.model.records.columns import NameSource, address_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.traffic import Traffic

TO_OTHERS = (NameSource.HTTP_CONNECT, NameSource.SOCKS)
"""How a client asks a proxy for somebody else, whose certificate it sees then."""
MOST_NAMES = 8
"""Names that are kept of one certificate; those of a shared front have a hundred customers."""
MOST = 10_000
"""Servers and certificates that are kept. Beyond, a capture shows a flood of made-up ones."""


def names_in_certificates(traffic: Traffic, of_responder: NDArray[np.int32]) -> tuple[list[Observed], int]:
    """Return what servers of the plant are called, and how many certificates there was no room for.

    *of_responder* holds a device of each flow, negative for none.
    """
    shown, flows = traffic.shown[traffic.shown["from_initiator"] == 0], traffic.flows
    shown = shown[of_responder[shown["flow"]] >= 0]
    if not len(shown):
        return [], 0
    named = traffic.named
    to_others = named["flow"][np.isin(named["source"], [int(source) for source in TO_OTHERS])]
    shown = shown[~np.isin(shown["flow"], to_others)]
    keys = np.stack([of_responder[shown["flow"]].astype(np.int64), shown["certificate"].astype(np.int64)], axis=1)
    _, first = np.unique(keys, axis=0, return_index=True)
    own: list[Observed] = []
    for row in shown[np.sort(first)[:MOST]]:
        certificate, flow = traffic.certificates[row["certificate"]], flows[row["flow"]]
        address = address_text(int(flow["responder_hi"]), int(flow["responder_lo"]))
        where = Where(traffic.captures[row["capture"]].name, int(row["frame"]))
        names = list(dict.fromkeys((certificate.subject, *certificate.names)))[:MOST_NAMES]
        own += (
            Observed("certificate", name, "tls", where, int(row["time"]), address, None, int(flow["vlan"]))
            for name in names
            if name
        )
    return own, max(0, len(first) - MOST)
