"""DNS names and answers in, the names that an asset looked up and never contacted out; CNAME chains by message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.columns import NameSource
from kwel.dependencies.contacts import distinct

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kwel.columns import Names, Rows
    from kwel.dependencies.contacts import Contacts
    from kwel.model import Traffic

    IsOutside = Callable[[NDArray, NDArray], NDArray]

NOT_A_HOST = (".in-addr.arpa", ".ip6.arpa", ".local", ".localdomain", ".internal", ".home.arpa")
"""Names that never belong to a host outside: RFC 1035, RFC 6762, RFC 8375, and ICANN's reserved .internal."""
PORT_DNS = 53


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Names that were looked up and never contacted, as columns: one row an asset and name."""

    asset: NDArray
    name: NDArray
    """Index into the names."""
    row: NDArray
    """Row of the name where it was seen."""
    answer: NDArray
    """1 + row of its answer; 0 is none."""

    def __len__(self) -> int:
        return len(self.asset)

    @classmethod
    def nothing(cls) -> LookedUp:
        """Return no rows."""
        return cls(*(np.zeros(0, np.int64) for _ in range(4)))


class Chains:
    """CNAME chains by DNS message."""

    def __init__(self, traffic: Traffic) -> None:
        self._names = traffic.names
        self._answers = traffic.answers
        aliases = np.flatnonzero(traffic.answers["target"] > 0)
        aliases = aliases[np.argsort(traffic.answers["message"][aliases], kind="stable")]
        self._aliases = traffic.answers[["message", "owner", "target"]][aliases]

    def find(self, answer: NDArray, name: NDArray) -> tuple[NDArray, list[tuple[str, ...]]]:
        """Return the aliases behind names in the messages of answers (1 + row), as numbers into a list of chains.

        A chain is empty where there is no answer, or the message asked for another name.
        """
        of = np.zeros(len(answer), np.int64)
        chains: dict[tuple[str, ...], int] = {(): 0}
        rows = np.flatnonzero(answer)
        question, message = (self._answers[key][answer[rows] - 1] for key in ("question", "message"))
        start, end = (np.searchsorted(self._aliases["message"], message, side) for side in ("left", "right"))
        held = (end > start) & (question == name[rows])
        group, first = distinct(start[held], question[held])
        numbers = []
        for place in np.flatnonzero(held)[first].tolist():
            chain = self._follow(self._aliases[start[place] : end[place]], int(question[place]))
            numbers.append(chains.setdefault(chain, len(chains)))
        of[rows[held]] = np.array(numbers, np.int64)[group]
        return of, list(chains)

    def _follow(self, aliases: Rows, question: int) -> tuple[str, ...]:
        links: dict[int, int] = {}
        for _, owner, target in aliases.tolist():
            links.setdefault(owner, target)
        chain: list[str] = []
        at = links.get(question)
        while at is not None and len(chain) < len(links):
            chain.append(self._names[at])
            at = links.get(at)
        return tuple(chain)


def find_looked_up(
    traffic: Traffic, contacts: Contacts, of_initiator: NDArray, of_responder: NDArray, is_outside: IsOutside
) -> LookedUp:
    """Return the names that were looked up and never contacted.

    An address that the asset did contact without saying a name may have been any of the names that it was the answer
    to: all of those count as contacted. Whoever answers DNS itself asks for others, and is left out.
    """
    named, flows, answers, names = traffic.named, traffic.flows, traffic.answers, len(traffic.names)
    rows = np.flatnonzero((named["source"] == NameSource.DNS) & (of_initiator[named["flow"]] >= 0))
    resolvers = np.unique(of_responder[(flows["responder_port"] == PORT_DNS) & (of_responder >= 0)])
    asset = of_initiator[named["flow"][rows]].astype(np.int64)
    rows, asset = (column[~np.isin(asset, resolvers)] for column in (rows, asset))
    if len(rows) == 0:
        return LookedUp.nothing()
    pair, at = np.unique(asset * names + named["name"][rows], return_index=True)
    asker = of_initiator[answers["flow"]].astype(np.int64)
    answer_pair = asker * names + answers["question"]
    cut = answer_pair[answers["kind"] == 0]  # nobody can tell whether these were contacted
    contacted = np.concatenate([_contacted_pairs(traffic, contacts, names, asker, answer_pair), cut])
    left = ~np.isin(pair, contacted) & ~np.isin(pair, _only_inside(answers, answer_pair, is_outside))
    left &= _may_be_outside(pair % names, traffic.names)
    pair, rows = pair[left], rows[at[left]]
    return LookedUp(pair // names, pair % names, rows, _first_rows(pair, answer_pair) + 1)


def _only_inside(answers: Rows, answer_pair: NDArray, is_outside: IsOutside) -> NDArray:
    """Return asset * names + name where all addresses that the asset was told lie within the plant."""
    addresses = (answers["target"] == 0) & (answers["kind"] > 0)
    outside = addresses & is_outside(answers["address_hi"], answers["address_lo"])
    inside: NDArray = answer_pair[addresses & ~outside]
    return inside[~np.isin(inside, answer_pair[outside])]


def _may_be_outside(name: NDArray, names: Names) -> NDArray:
    """Return which names may be those of a host outside."""
    found, of = np.unique(name, return_inverse=True)
    texts = (names[number] for number in found.tolist())
    possible = [not ("." not in text or text.endswith(NOT_A_HOST) or text.startswith("_")) for text in texts]
    return np.array(possible, bool)[of]


def _first_rows(wanted: NDArray, values: NDArray) -> NDArray:
    """Return the first row of *values* with each wanted value; -1 for none."""
    rows = np.flatnonzero(np.isin(values, wanted))
    found, first = np.unique(values[rows], return_index=True)
    place = np.searchsorted(found, wanted)
    there = found[np.minimum(place, max(0, len(found) - 1))] == wanted if len(found) else np.zeros(len(wanted), bool)
    at = np.full(len(wanted), -1, np.int64)
    at[there] = rows[first[place[there]]]
    return at


def _contacted_pairs(traffic: Traffic, contacts: Contacts, names: int, asker: NDArray, answer_pair: NDArray) -> NDArray:
    """Return asset * names + name for every name that an asset contacted, or may have."""
    flow_answer = traffic.flows["answer"][contacts.flow].astype(np.int64)
    by_answer = traffic.answers["question"][flow_answer[flow_answer > 0] - 1].astype(np.int64)
    unnamed = traffic.flows["name_frame"][contacts.flow] == 0
    address_of_answer = _mix(asker, traffic.answers["address_hi"], traffic.answers["address_lo"])
    address_of_flow = _mix(contacts.asset[unnamed], contacts.hi[unnamed], contacts.lo[unnamed])
    perhaps = np.isin(address_of_answer, address_of_flow) & (traffic.answers["target"] == 0)
    return np.concatenate(
        [
            contacts.asset * names + contacts.name,
            contacts.asset[flow_answer > 0] * names + by_answer,
            answer_pair[perhaps],
        ]
    )


def _mix(asset: NDArray, hi: NDArray, lo: NDArray) -> NDArray:
    """Return one well-mixed word of an asset and an address. Only used where a collision would hide a look-up."""
    mixed = (lo * np.uint64(0x9E3779B97F4A7C15)) ^ (hi * np.uint64(0xD6E8FEB86659FD93))
    return (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93) + asset.astype(np.uint64)
