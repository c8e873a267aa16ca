"""DNS names and answers in, the names that an asset looked up and never contacted out; CNAME chains by message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.columns import NameSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kwel.dependencies.contacts import Contacts
    from kwel.model import Traffic

    IsOutside = Callable[[NDArray, NDArray], NDArray]
    LookedUp = tuple[int, str, int, int]

NOT_A_HOST = (".in-addr.arpa", ".ip6.arpa", ".local", ".localdomain", ".internal", ".home.arpa")
"""Names that never belong to a host outside: RFC 1035, RFC 6762, RFC 8375, and ICANN's reserved .internal."""
PORT_DNS = 53


class Chains:
    """CNAME chains by DNS message."""

    def __init__(self, traffic: Traffic) -> None:
        self._names = traffic.names
        self._answers = traffic.answers
        aliases = traffic.answers[traffic.answers["target"] > 0]
        self._next: dict[int, dict[int, int]] = {}
        for message, owner, target in zip(
            aliases["message"].tolist(), aliases["owner"].tolist(), aliases["target"].tolist(), strict=True
        ):
            self._next.setdefault(message, {}).setdefault(owner, target)

    def of_answer(self, answer: int, name: str | None) -> tuple[str, ...]:
        """Return the aliases behind *name* in the message of an answer (1 + row); empty where it asked another."""
        if answer == 0 or not self._next:
            return ()
        row = self._answers[answer - 1]
        links = self._next.get(int(row["message"]))
        if not links or self._names[int(row["question"])] != name:
            return ()
        chain: list[str] = []
        at = links.get(int(row["question"]))
        while at is not None and len(chain) < len(links):
            chain.append(self._names[at])
            at = links.get(at)
        return tuple(chain)


def find_looked_up(
    traffic: Traffic, contacts: Contacts, of_initiator: NDArray, of_responder: NDArray, is_outside: IsOutside
) -> list[LookedUp]:
    """Return (asset, name, row of the name, 1 + row of its answer) for names looked up and never contacted.

    An address that the asset did contact without saying a name may have been any of the names that it was the answer
    to: all of those count as contacted. Whoever answers DNS itself asks for others, and is left out.
    """
    named, flows = traffic.named, traffic.flows
    rows = np.flatnonzero((named["source"] == NameSource.DNS) & (of_initiator[named["flow"]] >= 0))
    if len(rows) == 0:
        return []
    resolvers = np.unique(of_responder[(flows["responder_port"] == PORT_DNS) & (of_responder >= 0)])
    asset = of_initiator[named["flow"][rows]].astype(np.int64)
    keep = ~np.isin(asset, resolvers)
    rows, asset = rows[keep], asset[keep]
    names = len(traffic.names)
    pair = asset * names + named["name"][rows]
    answers = traffic.answers
    asker = of_initiator[answers["flow"]].astype(np.int64)
    answer_pair = asker * names + answers["question"]
    cut = answer_pair[answers["kind"] == 0]  # nobody can tell whether these were contacted
    contacted = np.concatenate([_contacted_pairs(traffic, contacts, names, asker, answer_pair), cut])
    left, at = np.unique(pair, return_index=True)
    left_rows = rows[at[~np.isin(left, contacted)]]
    left = left[~np.isin(left, contacted)]
    first_answer = dict(zip(answer_pair[::-1].tolist(), range(len(answers), 0, -1), strict=True))
    addresses = (answers["target"] == 0) & (answers["kind"] > 0)
    outside = addresses & is_outside(answers["address_hi"], answers["address_lo"])
    inside = set(answer_pair[addresses].tolist()) - set(answer_pair[outside].tolist())
    found = []
    for key, row in zip(left.tolist(), left_rows.tolist(), strict=True):
        name = traffic.names[key % names]
        if key in inside or "." not in name or name.endswith(NOT_A_HOST) or name.startswith("_"):
            continue
        found.append((key // names, name, row, first_answer.get(key, 0)))
    return found


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
