"""Contacts and look-ups in, kinds of destination out: one host under one judgement, whatever its addresses.

A big capture has tens of thousands of endpoints, of which a page shows some hundreds. So an endpoint is judged by
number, once for every pair of what is known of its address and what its name says; and what is known of a destination
is written down with its evidence when somebody wants to see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, overload

import numpy as np

from kwel.model.grouping import distinct, first_seen
from kwel.model.records.columns import address_text

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from kwel.dependencies.looked_up import Chains
    from kwel.model.names import Names
    from kwel.model.verdicts import Attribution

Chain = tuple[str, ...]
WEAK, BELIEVED = 1, 2
"""How much a name is doubted: see ``hearsay``; said by the capture file only."""
TOLD = 4
"""Added to that where a log of another probe says who went there, and no frame shows it."""


class Judge(Protocol):
    """Attributes one endpoint when called; many in three steps, of which the first two number what is alike."""

    def __call__(
        self, address: str | None, name: str | None, chain: Chain = (), /, *, weak: bool = False, told: bool = False
    ) -> Attribution:
        """Return what is known of an endpoint."""

    def network(self, address: str | None, name: str | None, /) -> int:
        """Return the number of what is known of an address, or of a name that is one."""

    def meaning(self, name: str | None, chain: Chain = (), /, *, weak: bool = False, told: bool = False) -> int:
        """Return the number of what a name and the CNAMEs behind it say.

        Args:
            name: asked for.
            chain: CNAMEs behind it.
            weak: whether the name counts for less.
            told: whether only a log says who went there.
        """

    def outcome(self, network: int, meaning: int, /) -> Hashable:
        """Return what tells the destinations of one host apart."""


class Endpoints(NamedTuple):
    """Names and addresses that were contacted or looked up, as columns."""

    name: NDArray[np.int64]
    """Index into the names; 0 is none."""
    hi: NDArray[np.uint64]
    lo: NDArray[np.uint64]
    """The address; both 0 where there is none."""
    answer: NDArray[np.int64]
    """1 + row of the DNS answer that led there; 0 is none."""
    doubt: NDArray[np.int64]
    """0: the name counts; WEAK: for less; BELIEVED: it is shown, and nothing is concluded from it. TOLD: see there."""


class Attributions(Sequence["Attribution"]):
    """What is known of each kind of destination: written down when it is asked for, and then kept."""

    def __init__(
        self, judge: Judge, endpoints: list[tuple[str | None, str | None, Chain, int]], alike: NDArray[Any]
    ) -> None:
        self._judge, self._endpoints = judge, endpoints
        self._known: dict[int, Attribution] = {}
        self.alike: NDArray[Any] = alike
        """A number for each. Those with the same have both a name or none, both an address or none, and otherwise
        differ in evidence only."""

    def __len__(self) -> int:
        return len(self._endpoints)

    @overload
    def __getitem__(self, index: int) -> Attribution: ...
    @overload
    def __getitem__(self, index: slice) -> list[Attribution]: ...
    def __getitem__(self, index: int | slice) -> Attribution | list[Attribution]:
        """Return one, or some."""
        if isinstance(index, slice):
            return [self[position] for position in range(len(self))[index]]
        known = self._known.get(index)
        if known is None:
            address, name, chain, doubt = self._endpoints[index]
            told = doubt >= TOLD
            if doubt % TOLD == BELIEVED:
                known = replace(self._judge(address, None, told=told), name=name)
            else:
                known = self._judge(address, name, chain, weak=doubt % TOLD == WEAK, told=told)
            self._known[index] = known
        return known

    def name(self, index: int) -> str | None:
        """Return the name of one, without writing down the rest."""
        return self._endpoints[index][1]

    def address(self, index: int) -> str | None:
        """Return the address of one, likewise."""
        return self._endpoints[index][0]


def judge_all(
    endpoints: Endpoints, names: Names, chains: Chains, judge: Judge
) -> tuple[NDArray[np.int64], Attributions]:
    """Return the kind of each endpoint, and what is known of each kind; kinds count in order of first appearance."""
    addresses, address_of = _addresses(endpoints)
    chain_of, distinct_chains = chains.find(endpoints.answer, endpoints.name)
    said, first_said = distinct(endpoints.name, chain_of, endpoints.doubt)
    spoken = (column[first_said].tolist() for column in (endpoints.name, chain_of, endpoints.doubt))
    words = [
        (names[name] if name else None, distinct_chains[chain], doubt)
        for name, chain, doubt in zip(*spoken, strict=True)
    ]
    told = [
        (None, (), doubt - BELIEVED) if doubt % TOLD == BELIEVED else (name, chain, doubt)
        for name, chain, doubt in words
    ]
    meaning = np.array(
        [judge.meaning(name, chain, weak=doubt % TOLD == WEAK, told=doubt >= TOLD) for name, chain, doubt in told],
        np.int64,
    )[said]
    by_name = np.array([judge.network(None, name) for name, _, _ in words], np.int64)[said]
    by_address = np.array([judge.network(address, None) for address in addresses] or [0], np.int64)
    network = np.where(address_of >= 0, by_address[address_of], by_name)
    named = np.minimum(endpoints.name, 1) + (endpoints.doubt % TOLD == BELIEVED)
    alike, first_alike = distinct(network, meaning, named, np.minimum(address_of, 0))
    pairs = zip(network[first_alike].tolist(), meaning[first_alike].tolist(), strict=True)
    outcome = _numbered([judge.outcome(*pair) for pair in pairs])[alike]
    by_log = endpoints.doubt // TOLD
    kind, first = first_seen(_hosts(words, said, addresses, address_of), outcome, by_log)
    shown = zip(said[first].tolist(), address_of[first].tolist(), strict=True)
    made = [(addresses[address] if address >= 0 else None, *words[word]) for word, address in shown]
    return kind, Attributions(judge, made, alike[first])


def _addresses(endpoints: Endpoints) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct addresses in order, and for each endpoint which one it has; -1 for none."""
    present = np.flatnonzero((endpoints.hi != 0) | (endpoints.lo != 0))
    number, first = distinct(endpoints.hi[present], endpoints.lo[present])
    halves = zip(endpoints.hi[present][first].tolist(), endpoints.lo[present][first].tolist(), strict=True)
    of = np.full(len(endpoints.name), -1, np.int64)
    of[present] = number
    return [address_text(hi, lo) for hi, lo in halves], of


def _hosts(
    words: list[tuple[str | None, Chain, int]], said: NDArray[Any], addresses: list[str], address_of: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Number the hosts: the name, else the address. By text: somebody may ask a proxy for an address."""
    numbers: dict[str, int] = {}
    named = np.array([-1 if name is None else numbers.setdefault(name, len(numbers)) for name, _, _ in words], np.int64)
    nameless = np.unique(address_of[named[said] < 0]).tolist()
    plain = np.full(len(addresses) + 1, -1, np.int64)
    plain[nameless] = [numbers.setdefault(addresses[index], len(numbers)) for index in nameless]
    return np.where(named[said] < 0, plain[address_of], named[said])


def _numbered(values: list[Hashable]) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)
