"""Flows, assets and attributions in, dependencies out: which asset needs which host outside, and how far it came.

A flow counts when one side is an asset and the other is a unicast address outside, or when its request names a host
that a proxy inside is to reach. All flows of one asset to one host under one judgement are one dependency. Names that
an asset looked up and never contacted are dependencies too, in the state *resolved-only*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.columns import Application, NameSource, State, address_text
from kwel.model import STATES, Dependencies, Dependency, Evidence, Timeline, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from kwel.model import Asset, Attribution, Traffic

    IsOutside = Callable[[NDArray, NDArray], NDArray]
    Attribute = Callable[[str | None, str | None, tuple[str, ...]], Attribution]

OUTSIDE = -1
"""In place of an asset: an address outside the plant."""
USED, ATTEMPTED, RESOLVED_ONLY = 0, 1, 2
"""Indices into ``model.STATES``."""
SLICES = 120
"""Parts of the whole period that the timeline distinguishes."""
SECOND = 1_000_000_000
PROXY_SOURCES = (int(NameSource.HTTP_CONNECT), int(NameSource.SOCKS))
NOT_A_HOST = (".in-addr.arpa", ".ip6.arpa", ".local", ".localdomain", ".internal", ".home.arpa")
"""Names that never belong to a host outside: RFC 1035, RFC 6762, RFC 8375, and ICANN's reserved .internal."""
PORT_DNS = 53
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


def build(
    traffic: Traffic,
    assets: Sequence[Asset],
    of_initiator: NDArray,
    of_responder: NDArray,
    is_outside: IsOutside,
    attribute: Attribute,
    outer_names: Collection[str] = (),
) -> tuple[Dependencies, Timeline]:
    """Return the dependencies of all assets, and when they were in use.

    Args:
        traffic: what was on the wire.
        assets: the inventory.
        of_initiator: per flow, the index of the asset that began it; OUTSIDE, or lower where it is no host.
        of_responder: per flow, the index of the asset that answered; likewise.
        is_outside: (high halves, low halves of addresses) -> which lie outside the plant.
        attribute: (address, name, CNAME chain) -> Attribution.
        outer_names: names that an encrypted ClientHello shows in place of the real one (RFC 9849).
    """
    contacts = find_contacts(traffic, of_initiator, of_responder, outer_names)
    chains = _Chains(traffic)
    endpoint_of, first_rows = _distinct(contacts.name, contacts.hi, contacts.lo)
    judged = [_judge(traffic, contacts, row, chains, attribute) for row in first_rows.tolist()]
    looked_up = find_looked_up(traffic, contacts, of_initiator, of_responder, is_outside)
    judged += [
        (attribute(None, name, chains.of_answer(answer, name)), name) for _, name, _, answer in looked_up
    ]  # fmt: skip
    kinds: dict[tuple[object, ...], int] = {}
    attributions: list[Attribution] = []
    kind_of = np.zeros(len(judged), np.int64)
    for i, (attribution, host) in enumerate(judged):
        place = attribution.location.value if attribution.location else None
        key = (host, attribution.operator_id, attribution.region, place, attribution.verdict)
        if key not in kinds:
            kinds[key] = len(attributions)
            attributions.append(attribution)
        kind_of[i] = kinds[key]
    return _assemble(traffic, assets, contacts, endpoint_of, kind_of, attributions, looked_up)


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
    asked = named[np.isin(named["source"], PROXY_SOURCES)]
    asked = asked[(of_initiator[asked["flow"]] >= 0) & (of_responder[asked["flow"]] >= 0)]
    proxied = asked["flow"].astype(np.int64)
    none = np.zeros(len(proxied), np.uint64)
    return Contacts(
        flow=np.concatenate([outward, inward, proxied]),
        asset=np.concatenate([of_initiator[outward], of_responder[inward], of_initiator[proxied]]).astype(np.int64),
        name=np.concatenate([name[outward], np.zeros(len(inward), np.int64), asked["name"].astype(np.int64)]),
        hi=np.concatenate([flows["responder_hi"][outward], flows["initiator_hi"][inward], none]),
        lo=np.concatenate([flows["responder_lo"][outward], flows["initiator_lo"][inward], none]),
    )


def _real_names(traffic: Traffic, outer_names: Collection[str]) -> NDArray:
    """Return the name of each flow; behind the outer name of an encrypted ClientHello, the one that the DNS told."""
    flows, names = traffic.flows, traffic.names
    name = flows["name"].astype(np.int64)
    outer = [number for number in np.unique(name).tolist() if number and names[number] in outer_names]
    hidden = np.flatnonzero(np.isin(name, outer))
    answer = flows["answer"][hidden].astype(np.int64)
    if len(hidden):
        name[hidden] = np.where(answer > 0, traffic.answers["question"][answer - 1], 0)
    return name


def _distinct(*columns: NDArray) -> tuple[NDArray, NDArray]:
    """Return (group of each row, first row of each group) over rows that are equal in every column."""
    order = np.lexsort(tuple(reversed(columns)))
    if len(order) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.zeros(len(order), bool)
    starts[0] = True
    for column in columns:
        sorted_column = column[order]
        starts[1:] |= sorted_column[1:] != sorted_column[:-1]
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(starts) - 1
    return group, order[starts]


class _Chains:
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
        if answer == 0:
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


def _judge(
    traffic: Traffic, contacts: Contacts, row: int, chains: _Chains, attribute: Attribute
) -> tuple[Attribution, str]:
    """Return the attribution of one distinct destination, and what to call it."""
    number, hi, lo = int(contacts.name[row]), int(contacts.hi[row]), int(contacts.lo[row])
    name = traffic.names[number] if number else None
    address = address_text(hi, lo) if hi or lo else None
    chain = chains.of_answer(int(traffic.flows["answer"][contacts.flow[row]]), name)
    return attribute(address, name, chain), name or address or ""


def find_looked_up(
    traffic: Traffic, contacts: Contacts, of_initiator: NDArray, of_responder: NDArray, is_outside: IsOutside
) -> list[tuple[int, str, int, int]]:
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


def _state_of_flows(flows: NDArray) -> NDArray:
    """Return USED or ATTEMPTED per flow: answered, or not."""
    state = flows["state"]
    return np.where((state == State.ESTABLISHED) | (state == State.MIDSTREAM), USED, ATTEMPTED)


def _assemble(
    traffic: Traffic,
    assets: Sequence[Asset],
    contacts: Contacts,
    endpoint_of: NDArray,
    kind_of: NDArray,
    attributions: list[Attribution],
    looked_up: list[tuple[int, str, int, int]],
) -> tuple[Dependencies, Timeline]:
    """Group contacts by asset and kind of destination, and put the columns in order."""
    flows = traffic.flows[contacts.flow]
    endpoints = len(kind_of) - len(looked_up)
    kind = kind_of[endpoint_of] if endpoints else np.zeros(0, np.int64)
    group, first_rows = _distinct(contacts.asset, kind)
    groups, state = len(first_rows), _state_of_flows(flows)
    late = np.array([traffic.named["time"][row] for _, _, row, _ in looked_up], np.int64)
    zeros = np.zeros(len(looked_up), np.int64)
    best = np.full(groups, ATTEMPTED)
    np.minimum.at(best, group, state)
    strongest = _strongest(group, state, flows["first"], groups)
    first, last = np.full(groups, np.iinfo(np.int64).max), np.zeros(groups, np.int64)
    np.minimum.at(first, group, flows["first"])
    np.maximum.at(last, group, flows["last"])

    def total(column: NDArray) -> NDArray:
        return np.bincount(group, weights=column, minlength=groups).astype(np.int64)

    columns = {
        "asset": np.concatenate([contacts.asset[first_rows], np.array([a for a, *_ in looked_up], np.int64)]),
        "attribution": np.concatenate([kind[first_rows], kind_of[endpoints:]]),
        "state": np.concatenate([best, zeros + RESOLVED_ONLY]),
        "first": np.concatenate([first, late]),
        "last": np.concatenate([last, late]),
        "flows": np.concatenate([total(np.ones(len(group))), zeros]),
        "bytes_out": np.concatenate([total(_bytes(contacts, flows, traffic, "out")), zeros]),
        "bytes_in": np.concatenate([total(_bytes(contacts, flows, traffic, "in")), zeros]),
    }
    order = np.lexsort((columns["attribution"], -columns["bytes_out"], columns["state"], columns["asset"]))
    columns = {key: column[order] for key, column in columns.items()}
    shown = _Shown(traffic, assets, contacts, strongest, looked_up, attributions, columns, order)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return Dependencies(columns, attributions, shown.build), _timeline(flows, rank[group])


def _bytes(contacts: Contacts, flows: NDArray, traffic: Traffic, way: str) -> NDArray:
    """Return bytes that left the asset (*way* out) or came to it, whoever began the flow."""
    inward = (flows["initiator_hi"] == contacts.hi) & (flows["initiator_lo"] == contacts.lo)
    other = "in" if way == "out" else "out"
    return np.where(inward, flows[f"bytes_{other}"], flows[f"bytes_{way}"]).astype(np.float64)


def _strongest(group: NDArray, state: NDArray, first: NDArray, groups: int) -> NDArray:
    """Return, per group, the row of the flow that proves most: the first one in the best state."""
    order = np.lexsort((first, state, group))
    rows = np.zeros(groups, np.int64)
    if len(order):
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        rows[group[order[starts]]] = order[starts]
    return rows


def _timeline(flows: NDArray, dependency: NDArray) -> Timeline:
    """Spread each flow's bytes evenly over the slices that it lasted."""
    if len(flows) == 0:
        empty = np.zeros(0, np.int64)
        return Timeline(0, SECOND, empty, empty, empty)
    start, end = int(flows["first"].min()), int(flows["last"].max())
    length = max(SECOND, -(-(end - start + 1) // SLICES))
    begin = (flows["first"] - start) // length
    spans = (np.maximum(flows["last"], flows["first"]) - start) // length - begin + 1
    flow = np.repeat(np.arange(len(flows)), spans)
    index = begin[flow] + np.arange(len(flow)) - np.repeat(np.cumsum(spans) - spans, spans)
    answered = _state_of_flows(flows) == USED
    share = np.where(answered, (flows["bytes_out"] + flows["bytes_in"]).astype(np.float64), 0) / spans
    cell, rows = _distinct(dependency[flow], index)
    return Timeline(
        start,
        length,
        dependency[flow][rows],
        index[rows],
        np.bincount(cell, weights=share[flow], minlength=len(rows)).astype(np.int64),
    )


class _Shown:
    """Makes one dependency with its evidence, when somebody wants to see it."""

    def __init__(
        self,
        traffic: Traffic,
        assets: Sequence[Asset],
        contacts: Contacts,
        strongest: NDArray,
        looked_up: list[tuple[int, str, int, int]],
        attributions: Sequence[Attribution],
        columns: dict[str, NDArray],
        order: NDArray,
    ) -> None:
        self._traffic, self._assets, self._contacts = traffic, assets, contacts
        self._strongest, self._looked_up = strongest, looked_up
        self._attributions, self._columns, self._order = attributions, columns, order

    def build(self, index: int) -> Dependency:
        """Return dependency *index* as an object."""
        column = {key: int(values[index]) for key, values in self._columns.items()}
        asset, attribution = self._assets[column["asset"]], self._attributions[column["attribution"]]
        row = int(self._order[index])
        port: int | None = None
        application: str | None = None
        if row < len(self._strongest):
            contact = int(self._strongest[row])
            flow = self._traffic.flows[self._contacts.flow[contact]]
            port = int(flow["responder_port"]) or None
            application = Application(int(flow["application"])).label if flow["application"] else None
            evidence = self._of_flow(flow, int(self._contacts.name[contact]))
        else:
            evidence = self._of_question(self._looked_up[row - len(self._strongest)])
        return Dependency(
            asset.id,
            asset.label,
            asset.kind,
            attribution.name or attribution.address or "",
            attribution,
            STATES[column["state"]],
            column["first"],
            column["last"],
            column["flows"],
            column["bytes_out"],
            column["bytes_in"],
            port,
            application,
            (*evidence, *attribution.evidence),
        )

    def _where(self, capture: int, frame: int) -> Where:
        return Where(self._traffic.captures[capture].name, frame)

    def _of_flow(self, flow: NDArray, name: int) -> tuple[Evidence, ...]:
        names, transport = self._traffic.names, {6: "TCP", 17: "UDP", 1: "ICMP", 58: "ICMPv6", 132: "SCTP"}
        state = State(int(flow["state"]))
        values = (
            ("initiator", address_text(int(flow["initiator_hi"]), int(flow["initiator_lo"]))),
            ("responder", address_text(int(flow["responder_hi"]), int(flow["responder_lo"]))),
            ("port", str(int(flow["responder_port"]))),
            ("transport", transport.get(int(flow["transport"]), f"IP {int(flow['transport'])}")),
            ("state", state.name.lower()),
        )
        kind = {State.UNANSWERED: "syn-unanswered", State.REFUSED: "refused"}.get(state, "flow-seen")
        if kind == "syn-unanswered" and int(flow["transport"]) != 6:
            kind = "unanswered"
        steps = [Evidence("observed", kind, values, self._where(int(flow["capture"]), int(flow["first_frame"])))]
        if flow["name_frame"]:
            source = NameSource(int(flow["name_source"])).label
            where = self._where(int(flow["capture"]), int(flow["name_frame"]))
            steps.append(Evidence("observed", source, (("name", names[int(flow["name"])]),), where))
        if flow["answer"]:
            steps.append(self._of_answer(int(flow["answer"])))
        return tuple(steps)

    def _of_answer(self, answer: int) -> Evidence:
        row, names = self._traffic.answers[answer - 1], self._traffic.names
        values = (
            ("name", names[int(row["question"])]),
            ("address", address_text(int(row["address_hi"]), int(row["address_lo"]))),
            ("chain", names[int(row["owner"])] if row["owner"] != row["question"] else ""),
        )
        return Evidence("observed", "dns-answer", values, self._where(int(row["capture"]), int(row["frame"])))

    def _of_question(self, looked_up: tuple[int, str, int, int]) -> tuple[Evidence, ...]:
        _, name, row, answer = looked_up
        seen = self._traffic.named[row]
        where = self._where(int(seen["capture"]), int(seen["frame"]))
        question = Evidence("observed", "dns-question", (("name", name),), where)
        is_address = answer and self._traffic.answers[answer - 1]["target"] == 0
        return (question, self._of_answer(answer)) if is_address else (question,)
