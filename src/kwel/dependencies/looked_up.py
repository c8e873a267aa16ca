"""DNS names and answers in, the names that an asset looked up and never contacted out; CNAME chains by message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.dependencies.hearsay import PORT_DNS, bears_address
from kwel.model.kinds import RecordKind
from kwel.model.records.columns import NameSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from kwel.dependencies.contacts import Contacts
    from kwel.model.names import Names
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

    IsOutside = Callable[[NDArray, NDArray], NDArray]

NOT_A_HOST = (".in-addr.arpa", ".ip6.arpa", ".local", ".localdomain", ".internal", ".home.arpa")
"""Names that never belong to a host outside: RFC 1035, RFC 6762, RFC 8375, and ICANN's reserved .internal."""
LINKS = (int(RecordKind.CNAME), int(RecordKind.SVCB), int(RecordKind.HTTPS))
"""Records whose target stands for the very host that was asked for (RFC 9460 section 1.2 for the latter two)."""


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
    """Aliases by DNS message: CNAME chains, and the hosts that HTTPS records name."""

    def __init__(self, traffic: Traffic) -> None:
        self._names = traffic.names
        self._answers = traffic.answers
        aliases = np.flatnonzero((traffic.answers["target"] > 0) & np.isin(traffic.answers["kind"], LINKS))
        aliases = aliases[np.argsort(traffic.answers["message"][aliases], kind="stable")]
        self._message = traffic.answers["message"][aliases]
        self._owner, self._target = traffic.answers["owner"][aliases], traffic.answers["target"][aliases]

    def find(self, answer: NDArray, name: NDArray) -> tuple[NDArray, list[tuple[str, ...]]]:
        """Return the aliases behind names in the messages of answers (1 + row), as numbers into a list of chains.

        A chain is empty where there is no answer, or the message asked for another name.
        """
        of = np.zeros(len(answer), np.int64)
        chains: dict[tuple[str, ...], int] = {(): 0}
        rows = np.flatnonzero(answer)
        question, message = (self._answers[key][answer[rows] - 1] for key in ("question", "message"))
        start, end = (np.searchsorted(self._message, message, side) for side in ("left", "right"))
        held = (end > start) & (question == name[rows])
        rows, question, start, end = (column[held] for column in (rows, question, start, end))
        one = (end - start == 1) & (self._owner[start] == question)  # most messages have one alias, of the question
        for target, group in _by_value(self._target[start[one]], rows[one]):
            of[group] = chains.setdefault((self._names[target],), len(chains))
        for place in np.flatnonzero(~one).tolist():
            chain = self._follow(slice(start[place], end[place]), int(question[place]))
            of[rows[place]] = chains.setdefault(chain, len(chains))
        return of, list(chains)

    def _follow(self, aliases: slice, question: int) -> tuple[str, ...]:
        owners, targets = self._owner[aliases].tolist(), self._target[aliases].tolist()
        links = dict(zip(reversed(owners), reversed(targets), strict=True))  # of several, the first
        chain: list[str] = []
        at = links.get(question)
        while at is not None and len(chain) < len(links):
            chain.append(self._names[at])
            at = links.get(at)
        return tuple(chain)


def _by_value(values: NDArray, rows: NDArray) -> Iterator[tuple[int, NDArray]]:
    """Yield each distinct value with the rows that have it."""
    order = np.argsort(values)
    found, start = np.unique(values[order], return_index=True)
    yield from zip(found.tolist(), np.split(rows[order], start[1:]), strict=False)


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
    place = _place_in(pair, asker * names + answers["question"])
    left = np.ones(len(pair), bool)
    left[_contacted(traffic, contacts, pair)] = False
    cut = answers["kind"] == RecordKind.CUT
    left[place[cut & (place >= 0)]] = False  # nobody can tell whether these were contacted
    open_answers = np.flatnonzero((place >= 0) & left[place] & bears_address(answers))
    left[place[_to_contacted(traffic, contacts, asker, open_answers)]] = False
    left &= ~_is_inside(answers, place, is_outside, len(pair))
    left[left] = _may_be_outside(pair[left] % names, traffic.names)
    answer = np.zeros(len(pair), np.int64)
    told = np.flatnonzero(place >= 0)[::-1]
    answer[place[told]] = told + 1  # of several, the first: what is written last stays
    told = told[bears_address(answers[told])]
    answer[place[told]] = told + 1  # an address tells more than an alias or a refusal
    return LookedUp(pair[left] // names, pair[left] % names, rows[at[left]], answer[left])


def _place_in(pairs: NDArray, wanted: NDArray) -> NDArray:
    """Return where in *pairs*, which are in order, each wanted one is; -1 where it is not."""
    place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    return np.where(pairs[place] == wanted, place, -1)


def _contacted(traffic: Traffic, contacts: Contacts, pair: NDArray) -> NDArray:
    """Return the places in *pair*, asset * names + name in order, of what was contacted by that name."""
    names = len(traffic.names)
    answer = traffic.flows["answer"][contacts.flow].astype(np.int64)
    asked = traffic.answers["question"][answer[answer > 0] - 1]
    by_name = _place_in(pair, contacts.asset * names + contacts.name)
    by_answer = _place_in(pair, contacts.asset[answer > 0] * names + asked)
    return np.concatenate([by_name[by_name >= 0], by_answer[by_answer >= 0]])


def _to_contacted(traffic: Traffic, contacts: Contacts, asker: NDArray, rows: NDArray) -> NDArray:
    """Return those *rows* of the answers whose address the asset contacted without saying a name."""
    answers = traffic.answers
    flows = traffic.flows
    told = (flows["answer"] > 0) & (flows["name_source"] == NameSource.DNS)
    unnamed = ((flows["name"] == 0) | told)[contacts.flow]
    address_of_answer = _mix(asker[rows], answers["address_hi"][rows], answers["address_lo"][rows])
    address_of_flow = _mix(contacts.asset[unnamed], contacts.hi[unnamed], contacts.lo[unnamed])
    return rows[np.isin(address_of_answer, np.unique(address_of_flow))]


def _is_inside(answers: Rows, place: NDArray, is_outside: IsOutside, places: int) -> NDArray:
    """Return for each place whether an asset was told addresses for it, all of them within the plant."""
    told = np.flatnonzero(bears_address(answers) & (place >= 0))
    outside = is_outside(answers["address_hi"][told], answers["address_lo"][told])
    has_inside, has_outside = np.zeros((2, places), bool)
    has_inside[place[told[~outside]]] = True
    has_outside[place[told[outside]]] = True
    return has_inside & ~has_outside


def _may_be_outside(name: NDArray, names: Names) -> NDArray:
    """Return which names may be those of a host outside."""
    found, of = np.unique(name, return_inverse=True)
    texts = (names[number] for number in found.tolist())
    possible = [not ("." not in text or text.endswith(NOT_A_HOST) or text.startswith("_")) for text in texts]
    return np.array(possible, bool)[of]


def _mix(asset: NDArray, hi: NDArray, lo: NDArray) -> NDArray:
    """Return one well-mixed word of an asset and an address. Only used where a collision would hide a look-up."""
    mixed = (lo * np.uint64(0x9E3779B97F4A7C15)) ^ (hi * np.uint64(0xD6E8FEB86659FD93))
    return (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93) + asset.astype(np.uint64)
