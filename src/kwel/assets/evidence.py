"""Rows of the tables in, steps of evidence out: each with the frame that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.assets.oui import vendor
from kwel.columns import ClaimKind, State, address_text, mac_text
from kwel.model import Evidence, Where

if TYPE_CHECKING:
    from kwel.assets.activity import Spoken
    from kwel.assets.proofs import Host, Proof
    from kwel.assets.rules import Rule
    from kwel.assets.scopes import Prefix
    from kwel.model import Observed, Traffic

STEPS = 3
"""Steps of one sort that a claim carries. The first ones prove it; a thousand prove no more."""
OUI_SOURCE = "IEEE registries MA-L, MA-M, MA-S (rules/data/oui.tsv)"
TRANSPORTS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}


class Witness:
    """Writes evidence about the flows and frames of one analysis."""

    def __init__(self, traffic: Traffic) -> None:
        self._flows = traffic.flows
        self._captures = [capture.name for capture in traffic.captures]

    def where(self, capture: int, frame: int) -> Where:
        """Return the place of a frame."""
        return Where(self._captures[capture], frame)

    def of_flow(self, flow: int) -> Where:
        """Return where a flow begins."""
        row = self._flows[flow]
        return self.where(int(row["capture"]), int(row["first_frame"]))

    def address(self, flow: int, side: str) -> str:
        """Return the address on one side of a flow."""
        row = self._flows[flow]
        return address_text(int(row[f"{side}_hi"]), int(row[f"{side}_lo"]))

    def seen(self, flow: int) -> Evidence:
        """Say that a flow was seen."""
        row = self._flows[flow]
        transport = int(row["transport"])
        values = (
            ("initiator", self.address(flow, "initiator")),
            ("responder", self.address(flow, "responder")),
            ("port", str(row["responder_port"])),
            ("transport", TRANSPORTS.get(transport, f"IP {transport}")),
            ("state", State(int(row["state"])).name.lower() if row["state"] else ""),
        )
        return Evidence("observed", "flow-seen", values, self.of_flow(flow))

    def spoken(self, spoken: Spoken) -> Evidence:
        """Say that a device speaks a protocol, with the other side of the first conversation."""
        peer = self.address(spoken.flow, "responder" if spoken.side == "client" else "initiator")
        values = (("protocol", spoken.application), ("role", spoken.side), ("peer", peer))
        return Evidence("observed", "spoken", values, self.of_flow(spoken.flow))

    def claimed(self, host: Host, proof: Proof) -> Evidence:
        """Say that a MAC claimed an address."""
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


def said(observed: Observed) -> Evidence:
    """Say what a device says of itself."""
    if observed.kind == "hostname":
        name = (("name", observed.value), ("protocol", observed.protocol))
        return Evidence("observed", "hostname", name, observed.where)
    values = (("what", str(observed.kind)), ("value", observed.value), ("protocol", observed.protocol))
    return Evidence("observed", "says-of-itself", values, observed.where)


def internal(prefix: Prefix) -> Evidence:
    """Say why an address is the plant's own."""
    return Evidence("inferred", "internal-prefix", (("prefix", prefix.text),), source=prefix.source)


def by_rule(kind: str, rule: Rule, *values: tuple[str, str]) -> Evidence:
    """Say that a rule draws a conclusion."""
    return Evidence("inferred", kind, (("rule", rule.id), *values), source=rule.source)


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
