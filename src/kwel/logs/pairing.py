"""Records of one direction each in, conversations of both out: who began as far as times and flags tell.

Exporters of flows tell each direction apart (RFC 5103 section 2), cut long flows into several records, and round
times. Records with the same ends, either way round, are one conversation, unless an hour lies between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.logs.matching import ends_of
from kwel.logs.outcomes import ACK, SYN, TCP, settle
from kwel.model.records.columns import FLOW, Direction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

APART: Final = 3_600_000_000_000
"""Nanoseconds without a record after which the same ends begin another conversation."""
WELL_KNOWN: Final = 1024
ENDS: Final = ("hi", "lo", "port")


def pair(records: Rows, told: NDArray[np.bool_]) -> tuple[Rows, int]:
    """Return conversations, and of how many only one direction is told.

    Args:
        records: of ``columns.FLOW``; source and destination stand as initiator and responder, what the source sent as
            ``out``, and what the record tells of the other direction, if anything, as ``in``.
        told: whose TCP flags are known.
    """
    if not len(records):
        return records, 0
    ends, turned = ends_of(records)
    order = np.lexsort((records["first_frame"], records["first"], *ends.T))
    ends, turned, records, told = ends[order], turned[order], records[order], told[order]
    group = _conversations(ends, records)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    flows = np.zeros(len(first), FLOW)
    for key in ("transport", "version", "first", "first_frame", "capture"):
        flows[key] = records[key][first]
    np.maximum.at(flows["last"], group, records["last"])
    np.maximum.at(flows["vlan"], group, records["vlan"])
    _add_up(flows, records, group, turned)
    flagged = np.zeros(len(flows), bool)
    np.logical_or.at(flagged, group, told)
    for part in ENDS:  # as they stand in the sorted ends: the lower first
        for end, other in (("initiator", "responder"), ("responder", "initiator")):
            flows[f"{end}_{part}"] = np.where(
                turned[first], records[f"{other}_{part}"][first], records[f"{end}_{part}"][first]
            )
    begins, known = _who_began(flows, records, group, turned)
    _turn(flows, np.flatnonzero(begins))
    settle(flows, flagged)
    shown = known & flagged & (flows["transport"] == TCP) & ((flows["flags_out"] & SYN) > 0)
    port, other_port = flows["responder_port"], flows["initiator_port"]
    of_datagrams = known & (flows["transport"] != TCP) & ((port <= other_port) | (port < WELL_KNOWN))
    flows["direction"] = np.select([shown, of_datagrams], [Direction.HANDSHAKE, Direction.FIRST], Direction.UNKNOWN)
    one_way = (flows["packets_in"] == 0) | (flows["packets_out"] == 0)
    return flows, int(one_way.sum())


def _conversations(ends: NDArray[np.uint64], records: Rows) -> NDArray[np.int64]:
    """Return the number of each record's conversation; records are in order of their ends, then of time."""
    fresh = np.ones(len(records), bool)
    fresh[1:] = (ends[1:] != ends[:-1]).any(axis=1)
    number = np.cumsum(fresh)
    until = np.maximum(records["last"], records["first"]).copy()
    for part in np.split(until, np.flatnonzero(fresh)[1:]) if len(until) > 1 else ():  # views
        np.maximum.accumulate(part, out=part)
    fresh[1:] |= (number[1:] == number[:-1]) & (records["first"][1:] - until[:-1] > APART)
    return np.cumsum(fresh) - 1


def _add_up(flows: Rows, records: Rows, group: NDArray[np.int64], turned: NDArray[np.bool_]) -> None:
    """Fill counts and flags, for the time being as if the lower end had begun."""
    for way, back in (("out", "in"), ("in", "out")):
        for count in ("bytes", "packets"):
            most = np.iinfo(FLOW[f"{count}_{way}"]).max
            total = np.zeros(len(flows), np.float64)
            sent = np.where(turned, records[f"{count}_{back}"], records[f"{count}_{way}"])
            np.add.at(total, group, sent.astype(np.float64))
            flows[f"{count}_{way}"] = np.minimum(total, float(min(most, 1 << 62))).astype(np.uint64)
        flags = np.where(turned, records[f"flags_{back}"], records[f"flags_{way}"])
        np.bitwise_or.at(flows[f"flags_{way}"], group, flags.astype(np.uint8))


def _who_began(
    flows: Rows, records: Rows, group: NDArray[np.int64], turned: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of which conversations the higher end began, and of which that is known and not guessed by ports."""
    never = np.iinfo(np.int64).max
    began = np.full((2, len(flows)), never)
    sends = [np.where(turned, records["packets_in"], records["packets_out"]) > 0]
    sends.append(np.where(turned, records["packets_out"], records["packets_in"]) > 0)
    for side, sent in enumerate(sends):
        own = sent & (turned == bool(side))  # a record of both directions begins with its source
        np.minimum.at(began[side], group[own], records["first"][own])
        np.minimum.at(began[side], group[sent & ~own], records["first"][sent & ~own] + 1)
    lower, higher = began
    later = lower > higher
    known = (lower != higher) & (lower < never) & (higher < never)
    alone = (lower == never) | (higher == never)
    flags = np.where(lower == never, flows["flags_in"], flows["flags_out"])
    tcp = flows["transport"] == TCP
    opens = alone & tcp & ((flags & (SYN | ACK)) == SYN)  # nobody but who begins sends a bare SYN
    by_port = flows["initiator_port"] < flows["responder_port"]
    return np.where(known | opens | (alone & ~tcp), later, by_port), known | opens | (alone & ~tcp)


def _turn(flows: Rows, rows: NDArray[np.int64]) -> None:
    """Swap the two ends of some flows."""
    pairs = [(f"initiator_{key}", f"responder_{key}") for key in ENDS]
    pairs += [(f"{count}_out", f"{count}_in") for count in ("bytes", "packets", "payload", "flags")]
    for one, other in pairs:
        flows[one][rows], flows[other][rows] = flows[other][rows].copy(), flows[one][rows].copy()
