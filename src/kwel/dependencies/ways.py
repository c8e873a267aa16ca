"""The flows of dependencies in, the ways in which each is reached out: who begins, by which service, how well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.dependencies import Begun, Ways
from kwel.model.grouping import distinct
from kwel.model.records.columns import Direction, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.dependencies.contacts import Contacts
    from kwel.model.traffic import Traffic

DYNAMIC: Final = 49152
"""RFC 6335 section 6: ports from here on are nobody's in particular."""
FIELDS: Final = (
    "initiator_hi", "initiator_lo", "responder_port", "transport", "application", "state", "direction", "first",
    "capture", "first_frame",
)  # fmt: skip


def find_ways(traffic: Traffic, contacts: Contacts, dependency: NDArray) -> Ways:
    """Return the ways; *dependency* is that of each contact."""
    flow = {field: traffic.flows[field][contacts.flow] for field in FIELDS}
    used = (flow["state"] == State.ESTABLISHED) | (flow["state"] == State.MIDSTREAM)
    inward = (flow["initiator_hi"] == contacts.hi) & (flow["initiator_lo"] == contacts.lo)
    begun = np.where(flow["direction"] == Direction.UNKNOWN, int(Begun.UNPROVEN), inward.astype(np.int64))
    port = flow["responder_port"].astype(np.int64)
    port = np.where((port >= DYNAMIC) & ~used & (flow["application"] == 0), 0, port)  # a scan makes no way each
    keys = dependency, begun, flow["transport"].astype(np.int64), port, flow["application"].astype(np.int64)
    group, first = distinct(*keys)
    groups = len(first)
    # of flows that prove as much, one whose frame was kept
    best = np.lexsort((flow["first_frame"], flow["capture"], flow["first"], flow["first_frame"] == 0, ~used))[::-1]
    proof = np.zeros(groups, np.int64)
    proof[group[best]] = best  # of several, the one that proves most: what is written last stays
    dependencies, beginners, transports, ports, applications = (key[first] for key in keys)
    return Ways(
        dependency=dependencies,
        begun=beginners,
        transport=transports,
        port=ports,
        application=applications,
        is_used=used[proof],
        flows=np.bincount(group, weights=traffic.weights[contacts.flow], minlength=groups).astype(np.int64),
        capture=flow["capture"][proof].astype(np.int64),
        frame=flow["first_frame"][proof].astype(np.int64),
    )
