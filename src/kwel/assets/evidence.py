"""Rows of the tables in, steps of evidence out: each with the frame that shows it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from kwel.assets.oui import vendor
from kwel.model.claims import Evidence, Where
from kwel.model.kinds import Lan
from kwel.model.records.columns import ClaimKind, State, mac_text
from kwel.model.records.columns import address_text as spelt
from kwel.model.transports import transport_label

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kwel.assets.activity import Spoken
    from kwel.assets.proofs import Host, Proof
    from kwel.assets.rules import Rule
    from kwel.assets.scopes import Prefix
    from kwel.assets.senders import Carried
    from kwel.model.claims import Observed
    from kwel.model.traffic import Traffic

Of = TypeVar("Of")

STEPS = 3
"""Steps of one sort that a claim carries. The first ones prove it; a thousand prove no more."""
OUI_SOURCE = "IEEE registries MA-L, MA-M, MA-S (oui.tsv)"
STATES = {int(state): state.name.lower() for state in State}
LAN_LABELS = {int(lan): lan.label for lan in Lan}
COLUMNS = [
    "initiator_hi", "initiator_lo", "responder_hi", "responder_lo", "responder_port", "transport", "state", "capture",
    "first_frame",
]  # fmt: skip

MOST_SHARED = 1024
"""Steps that are remembered to be shared."""

address_text = lru_cache(1 << 14)(spelt)
"""A device is on one side of many flows, and servers are on the other side of most."""


def shared(make: Callable[[Of], Evidence]) -> Callable[[Of], Evidence]:
    """Return what makes a step of an object, once for all claims about a device that rest on it.

    Objects are told apart by where they are: the last ones are kept, so that nobody else is there.
    """
    known: dict[int, tuple[Of, Evidence]] = {}

    def step_of(of: Of) -> Evidence:
        if (found := known.get(id(of))) is None:
            if len(known) >= MOST_SHARED:
                known.clear()
            found = known[id(of)] = of, make(of)
        return found[1]

    return step_of


class Witness:
    """Writes evidence about the flows and frames of one analysis.

    A row of the flow table is slow to read by itself: those that matter are taken out of it once, together.
    """

    def __init__(self, traffic: Traffic, flows: Collection[int]) -> None:
        self._captures = [capture.name for capture in traffic.captures]
        self._lan = traffic.lan[["protocol", "destination", "capture", "first_frame"]].tolist()
        self.spoken = shared(self._spoken)
        """Says that a device speaks a protocol, with the other side of the first conversation."""
        self.claimed = shared(self._claimed)
        """Says that a MAC claimed an address."""
        self._sent: dict[tuple[int, str, int], tuple[tuple[str, str], ...]] = {}
        """What is said of frames, by protocol, side and destination: of groups thousands say the same."""
        wanted = sorted(flows)
        self._flows = dict(zip(wanted, traffic.flows[COLUMNS][wanted].tolist(), strict=True))

    def where(self, capture: int, frame: int) -> Where:
        """Return the place of a frame."""
        return Where(self._captures[capture], frame)

    def seen(self, flow: int) -> Evidence:
        """Say that a flow was seen."""
        initiator_hi, initiator_lo, responder_hi, responder_lo, port, transport, state, capture, frame = self._flows[
            flow
        ]
        values = (
            ("initiator", address_text(initiator_hi, initiator_lo)),
            ("responder", address_text(responder_hi, responder_lo)),
            ("port", str(port)),
            ("transport", transport_label(transport)),
            ("state", STATES.get(state, "")),
        )
        return Evidence("observed", "flow-seen", values, self.where(capture, frame))

    def initiator(self, flow: int) -> str:
        """Return the address of whoever began a flow."""
        return address_text(*self._flows[flow][:2])

    def _spoken(self, spoken: Spoken) -> Evidence:
        if spoken.lan >= 0:
            return self.sent(spoken.lan, spoken.side)
        row = self._flows[spoken.flow]
        peer = address_text(*(row[2:4] if (spoken.side == "client") != spoken.is_turned else row[:2]))
        values = (("protocol", spoken.application), ("role", spoken.side), ("peer", peer))
        return Evidence("observed", "spoken", values, self.where(row[-2], row[-1]))

    def sent(self, row: int, side: str) -> Evidence:
        """Say that a device was seen in a conversation without IP."""
        protocol, destination, capture, frame = self._lan[row]
        key = protocol, side, destination
        if (values := self._sent.get(key)) is None:
            if len(self._sent) >= MOST_SHARED:
                self._sent.clear()
            values = (("protocol", LAN_LABELS[protocol]), ("role", side), ("peer", mac_text(destination)))
            self._sent[key] = values
        return Evidence("observed", "spoken", values, self.where(capture, frame))

    def _claimed(self, held: tuple[Host, Proof]) -> Evidence:
        host, proof = held
        values = (("address", address_text(host[0], host[1])), ("mac", mac_text(proof.mac)))
        where = self.where(proof.capture, proof.frame)
        return Evidence("observed", f"{ClaimKind(proof.kind).label}-claim", values, where)

    def for_others(self, host: Host, proof: Proof, count: int) -> Evidence:
        """Say that a MAC that claims an address claims too many to be its own."""
        values = (
            ("address", address_text(host[0], host[1])),
            ("mac", mac_text(proof.mac)),
            ("count", str(count)),
        )
        return Evidence("observed", "answers-for-others", values, self.where(proof.capture, proof.frame))

    def moved(self, host: Host, proofs: list[Proof]) -> Evidence:
        """Say that an address was at several MACs; the frame is that of the second."""
        macs = ", ".join(mac_text(proof.mac) for proof in proofs)
        values = (("address", address_text(host[0], host[1])), ("macs", macs))
        return Evidence("observed", "address-moved", values, self.where(proofs[1].capture, proofs[1].frame))

    def carries(self, carried: Carried) -> Evidence:
        """Say that a MAC sends for addresses of others: the frame is that of the first."""
        values = (
            ("count", str(carried.count)),
            ("address", address_text(*carried.host[:2])),
            ("ttl", str(carried.hops)),
        )
        kind = "passes-on" if carried.hops else "sends-for-others"
        return Evidence("observed", kind, values, self.where(carried.capture, carried.frame))

    def contested(self, host: Host, proofs: list[Proof], is_two_networks: bool) -> Evidence:
        """Say that several MACs claim an address at once; the frame is that of the second."""
        macs = ", ".join(mac_text(proof.mac) for proof in proofs)
        values = (("address", address_text(host[0], host[1])), ("macs", macs))
        where = self.where(proofs[1].capture, proofs[1].frame)
        return Evidence("observed", "two-networks" if is_two_networks else "address-conflict", values, where)


@shared
def said(observed: Observed) -> Evidence:
    """Say what a device says of itself."""
    if observed.kind == "hostname":
        name = (("name", observed.value), ("protocol", observed.protocol))
        return Evidence("observed", "hostname", name, observed.where)
    values = (("what", str(observed.kind)), ("value", observed.value), ("protocol", observed.protocol))
    return Evidence("observed", "says-of-itself", values, observed.where)


@shared
def internal(prefix: Prefix) -> Evidence:
    """Say why an address is the plant's own."""
    return Evidence("inferred", "internal-prefix", (("prefix", prefix.text),), source=prefix.source)


def by_rule(kind: str, rule: Rule, *values: tuple[str, str]) -> Evidence:
    """Say that a rule draws a conclusion."""
    return _by_rule(kind, rule.id, rule.source, values)


@lru_cache(MOST_SHARED)
def _by_rule(kind: str, rule: str, source: str, values: tuple[tuple[str, str], ...]) -> Evidence:
    return Evidence("inferred", kind, (("rule", rule), *values), source=source)


def registered(mac: int, name: str) -> Evidence:
    """Say who a MAC's block was assigned to."""
    values = (("vendor", name), ("prefix", _block(mac, name)))
    return Evidence("looked-up", "oui", values, source=OUI_SOURCE)


def _block(mac: int, name: str) -> str:
    """Return the beginning that a MAC shares with others of its vendor: three octets, or as many as are the vendor's.

    Some blocks of three octets are dealt out in parts; then another address in the block has another vendor.
    """
    text, elsewhere = mac_text(mac), mac ^ 0xF0_0000
    return text[:8] if vendor(elsewhere) == name else text[:13]
