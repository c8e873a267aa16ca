"""Flows and the inventory in, the flows that leave the plant out: one row a flow and destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.dependencies.hearsay import ambiguous, is_stale, told_to_resolvers
from kwel.model.records.columns import Ech, NameSource

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from kwel.model.traffic import Traffic

OUTSIDE = -1
"""In place of an asset: an address outside the plant."""
PROXY_SOURCES = (int(NameSource.HTTP_CONNECT), int(NameSource.SOCKS))
ICMP = (1, 58)
"""Not a use of anything: errors, echoes, neighbour discovery. IP protocol numbers."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """Flows that leave the plant, as columns: one row a flow and destination."""

    flow: NDArray
    asset: NDArray
    name: NDArray
    """Index into the names; 0 is none."""
    hi: NDArray
    lo: NDArray
    """The address outside; both 0 where a proxy inside hides it."""
    answer: NDArray
    """1 + row of the DNS answer that led there; 0 is none."""
    weak: NDArray
    """1: the name rests on less than it should, see ``hearsay``; else 0."""


def find_contacts(
    traffic: Traffic, of_initiator: NDArray, of_responder: NDArray, outer_names: Collection[str]
) -> Contacts:
    """Return the flows between an asset and the outside, and those that a proxy inside is asked to carry there."""
    flows = traffic.flows
    carries = ~np.isin(flows["transport"], ICMP)
    outward = np.flatnonzero(carries & (of_initiator >= 0) & (of_responder == OUTSIDE))
    inward = np.flatnonzero(carries & (of_initiator == OUTSIDE) & (of_responder >= 0))
    name = _real_names(traffic, outer_names)
    named = traffic.named
    asked = named[np.isin(named["source"], PROXY_SOURCES) | (named["port"] > 0)]
    asked = asked[(of_initiator[asked["flow"]] >= 0) & (of_responder[asked["flow"]] >= 0)]
    proxied = asked["flow"].astype(np.int64)
    none, rows = np.zeros(len(proxied), np.uint64), np.concatenate([outward, inward, proxied])
    contacts = Contacts(
        flow=rows,
        asset=np.concatenate([of_initiator[outward], of_responder[inward], of_initiator[proxied]]).astype(np.int64),
        name=np.concatenate([name[outward], np.zeros(len(inward), np.int64), asked["name"].astype(np.int64)]),
        hi=np.concatenate([flows["responder_hi"][outward], flows["initiator_hi"][inward], none]),
        lo=np.concatenate([flows["responder_lo"][outward], flows["initiator_lo"][inward], none]),
        answer=flows["answer"][rows].astype(np.int64),
        weak=is_stale(traffic)[rows].astype(np.int64),
    )
    _name_by_hearsay(traffic, contacts, len(outward), of_initiator)
    return contacts


def _name_by_hearsay(traffic: Traffic, contacts: Contacts, outward: int, of_initiator: NDArray) -> None:
    """Give nameless contacts, of the first *outward* rows, the one name that a resolver of the plant was given."""
    rows = np.flatnonzero((contacts.name[:outward] == 0) & (contacts.answer[:outward] == 0))
    told = told_to_resolvers(traffic, contacts.flow[rows], contacts.hi[rows], contacts.lo[rows], of_initiator)
    told[ambiguous(traffic, told)] = 0
    rows, told = rows[told > 0], told[told > 0]
    contacts.name[rows] = traffic.answers["question"][told - 1]
    contacts.answer[rows], contacts.weak[rows] = told, 1


def _real_names(traffic: Traffic, outer_names: Collection[str]) -> NDArray:
    """Return the name of each flow; behind the outer name of an encrypted ClientHello, the one that the DNS told."""
    flows, names, hellos = traffic.flows, traffic.names, traffic.hellos
    name = flows["name"].astype(np.int64)
    outer = [number for number in np.unique(name).tolist() if number and names[number] in outer_names]
    is_hidden = np.isin(name, outer)
    is_hidden[hellos["flow"][hellos["ech"] == Ech.REAL]] = True
    hidden = np.flatnonzero(is_hidden)
    answer = flows["answer"][hidden].astype(np.int64)
    name[hidden] = 0
    name[hidden[answer > 0]] = traffic.answers["question"][answer[answer > 0] - 1]
    return name
