"""What hosts said in several parts in, each saying once out, with when it was said last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.model.claims import Observed

GIVEN: Final = frozenset({("hostname", "mdns"), ("hostname", "llmnr"), ("identity", "tls")})
"""Kind and protocol of what ``streams.own_names`` finds when all else was heard: told without a last time."""


def merge_observed(observed: Iterable[Observed]) -> tuple[Observed, ...]:
    """Return each saying once: its first frame that was kept, and when it was said last."""
    said: dict[tuple[object, ...], Observed] = {}
    last: dict[tuple[object, ...], int] = {}
    given: dict[tuple[object, ...], Observed] = {}
    for one in observed:
        if (one.kind, one.protocol) in GIVEN and one.mac is None and one.last == 0:
            own = (one.kind, one.address, one.value, one.protocol)
            if own not in given or (given[own].where.frame == 0 < one.where.frame):
                given[own] = one
            continue
        key = (one.kind, one.value, one.protocol, one.address, one.mac, one.vlan)
        if key not in said:
            said[key] = one
            last[key] = one.last
            continue
        last[key] = max(last[key], one.until)
        if said[key].where.frame == 0 < one.where.frame:
            said[key] = one
    heard = (one if one.last == last[key] else one.as_far_as(last[key]) for key, one in said.items())
    return (*heard, *given.values())
