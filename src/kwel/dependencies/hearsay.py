"""DNS answers and flows in, names out that rest on less: told long before, or told to somebody else.

A name counts in full when the client itself was given the address for it, not much longer ago than the answer may be
kept (RFC 1035 section 3.2.1). Clients do keep addresses longer, so the name stays, and counts for less. A plant's
resolver asks on behalf of others: where its answers were captured and those to its clients were not, the last name that
it was given for an address is the best guess for whoever contacts that address next; that too counts for less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.kinds import RecordKind
from kwel.model.records.columns import NameSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

PORT_DNS: Final = 53
ASKED: Final = tuple(map(int, (NameSource.TLS_SNI, NameSource.QUIC_SNI, NameSource.DTLS_SNI)))
GRACE: Final = 300
"""Seconds that a client may take to use an answer beyond its time to live: connecting is not looking up."""
SECOND: Final = 1_000_000_000


def bears_address(answers: Rows) -> NDArray[np.bool_]:
    """Return which answers give an address: A and AAAA records, and hints."""
    bears: NDArray[np.bool_] = (answers["address_hi"] | answers["address_lo"]) != 0
    return bears


def is_stale(traffic: Traffic) -> NDArray[np.bool_]:
    """Return which flows have no name but that of an answer which had outlived its time when they began."""
    flows, answers = traffic.flows, traffic.answers
    stale = np.zeros(len(flows), bool)
    rows = np.flatnonzero((flows["answer"] > 0) & (flows["name_source"] == NameSource.DNS))
    if len(rows):
        answer = answers[["time", "ttl"]][flows["answer"][rows].astype(np.int64) - 1]
        limit = answer["time"] + (answer["ttl"].astype(np.int64) + GRACE) * SECOND
        stale[rows] = flows["first"][rows] > limit
    return stale


def told_to_resolvers(traffic: Traffic, flow: NDArray, hi: NDArray, lo: NDArray, of_initiator: NDArray) -> NDArray:
    """Return, for each *flow* and the address it went to, 1 + the answer that a resolver of the plant got; 0 is none.

    Args:
        traffic: what was on the wire.
        flow: flows of which nobody knows the name.
        hi: high halves of the addresses outside.
        lo: low halves.
        of_initiator: per flow of the traffic, the index of the asset that began it.
    """
    found = np.zeros(len(flow), np.int64)
    rows = _heard_by_resolvers(traffic, of_initiator)
    if len(rows) == 0 or len(flow) == 0:
        return found
    answers = traffic.answers
    place = _last_before(
        (answers["address_hi"][rows], answers["address_lo"][rows], answers["time"][rows]),
        (hi, lo, traffic.flows["first"][flow]),
    )
    told = place >= 0
    found[told] = rows[place[told]] + 1
    return found


def _heard_by_resolvers(traffic: Traffic, of_initiator: NDArray) -> NDArray:
    """Return the answers with an address that were given to an asset which itself answers others."""
    flows, answers = traffic.flows, traffic.answers
    serves = (flows["responder_port"] == PORT_DNS) & (flows["packets_in"] > 0)
    ends = np.unique(flows[["responder_hi", "responder_lo"]][serves])
    clients = answers[["client_hi", "client_lo"]].astype(ends.dtype)
    asker = of_initiator[answers["flow"]]
    heard: NDArray = np.flatnonzero(np.isin(clients, ends) & (asker >= 0) & bears_address(answers))
    return heard


def _last_before(known: tuple[NDArray, ...], wanted: tuple[NDArray, ...]) -> NDArray:
    """Return, for each wanted (hi, lo, time), the place of the last known one of that address not after it, or -1."""
    hi, lo, time = (np.concatenate(pair) for pair in zip(known, wanted, strict=True))
    is_wanted = np.arange(len(hi)) >= len(known[0])
    order = np.lexsort((is_wanted, time, lo, hi))
    place = np.where(is_wanted[order], -1, order)
    same = np.ones(len(order), bool)
    same[1:] = (hi[order][1:] == hi[order][:-1]) & (lo[order][1:] == lo[order][:-1])
    block = np.cumsum(~same)
    position = np.where(place >= 0, np.arange(len(order)), -1)
    last = np.maximum.accumulate(position)
    valid = (last >= 0) & (block[np.maximum(last, 0)] == block)
    result = np.full(len(hi), -1, np.int64)
    result[order] = np.where(valid, place[np.maximum(last, 0)], -1)
    return result[len(known[0]) :]


def ambiguous(traffic: Traffic, answer: NDArray) -> NDArray[np.bool_]:
    """Return which of the answers (1 + row) are for an address that the same client was given for another name too."""
    answers: Rows = traffic.answers
    rows = np.flatnonzero(bears_address(answers))
    keys = answers[["client_hi", "client_lo", "address_hi", "address_lo"]][rows]
    _, of = np.unique(keys, return_inverse=True)
    question = answers["question"][rows].astype(np.int64)
    low, high = np.full(len(rows), np.iinfo(np.int64).max), np.zeros(len(rows), np.int64)
    np.minimum.at(low, of, question)
    np.maximum.at(high, of, question)
    several = np.zeros(len(answers) + 1, bool)
    several[rows + 1] = (low != high)[of]
    found: NDArray[np.bool_] = several[answer]
    return found


def told_otherwise(traffic: Traffic) -> NDArray[np.bool_]:
    """Return which flows ask a host for a name that the DNS gave the same client other addresses for, and never this.

    Where an answer was cut, or none was seen, nothing is said.
    """
    flows, answers = traffic.flows, traffic.answers
    differs = np.zeros(len(flows), bool)
    rows = np.flatnonzero(np.isin(flows["name_source"], ASKED) & (flows["name"] > 0))
    told = answers[bears_address(answers)]
    cut = answers[answers["kind"] == RecordKind.CUT]
    client = _mixed(flows["initiator_hi"][rows], flows["initiator_lo"][rows], flows["name"][rows])
    to_client = _mixed(told["client_hi"], told["client_lo"], told["question"])
    unsure = _mixed(cut["client_hi"], cut["client_lo"], cut["question"])
    pair = _mixed(flows["responder_hi"][rows], flows["responder_lo"][rows], client)
    told_pair = _mixed(told["address_hi"], told["address_lo"], to_client)
    known = np.isin(client, to_client) & ~np.isin(client, unsure)
    differs[rows] = known & ~np.isin(pair, told_pair)
    return differs


def _mixed(hi: NDArray, lo: NDArray, word: NDArray) -> NDArray[np.uint64]:
    """Return one well-mixed word of an address and a number."""
    mixed = np.zeros(len(word), np.uint64)
    for part in (word, lo, hi):  # numbers and addresses are both dense: one on the other they would often be alike
        mixed = (mixed ^ part.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
    return mixed
