"""Traffic built by hand, row by row: what a test says was on the wire and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.assets import Inventory, identify
from kwel.model.claims import Observed, Where
from kwel.model.coverage import Coverage
from kwel.model.kinds import Application, FactKind
from kwel.model.names import Names
from kwel.model.records.bindings import CLAIM, SENDER
from kwel.model.records.columns import ANSWER, FLOW, NAME, ClaimKind, Direction, NameSource, State, address_halves
from kwel.model.records.syn import OPENING, Option, Shape
from kwel.model.traffic import Capture, Traffic

if TYPE_CHECKING:
    from kwel.model.assets import Asset

START = 1_772_442_847_000_000_000
SECOND = 1_000_000_000
TCP, UDP = 6, 17
CAPTURE = "plant.pcapng"

Kind = FactKind


def mac(text: str) -> int:
    """Return a MAC as the tables hold it."""
    return int(text.replace(":", ""), 16)


def names(*texts: str) -> Names:
    """Return a name table; index 0 is no name."""
    raw = [text.encode() for text in ("", *texts)]
    length = np.array([len(name) for name in raw], np.int64)
    return Names(np.frombuffer(b"".join(raw), np.uint8), np.cumsum(length) - length, length)


@dataclass
class Plant:
    """Collects what is on the wire. Frames and seconds count up by themselves."""

    flows: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    observed: list[Observed] = field(default_factory=list)
    named: list[dict[str, Any]] = field(default_factory=list)
    names: tuple[str, ...] = ()
    senders: list[dict[str, Any]] = field(default_factory=list)
    openings: list[dict[str, Any]] = field(default_factory=list)
    captures: tuple[str, ...] = (CAPTURE,)
    now: int = 0

    def flow(
        self, initiator: str, responder: str, application: Application = Application.UNKNOWN, **fields: Any
    ) -> int:
        """Add a flow in which both sides sent; return its index."""
        self.now += 1
        row = {
            "transport": TCP, "packets_out": 3, "packets_in": 3, "payload_out": 100, "payload_in": 100,
            "first": START + self.now * SECOND, "last": START + self.now * SECOND + 1, "first_frame": self.now,
            "state": State.ESTABLISHED, "direction": Direction.HANDSHAKE, "application": application, **fields,
        }  # fmt: skip
        row["initiator_hi"], row["initiator_lo"] = address_halves(initiator)
        row["responder_hi"], row["responder_lo"] = address_halves(responder)
        self.flows.append(row)
        return len(self.flows) - 1

    def attempt(self, initiator: str, responder: str, **fields: Any) -> int:
        """Add a flow that nobody answered."""
        silent = {"packets_in": 0, "payload_out": 0, "payload_in": 0, "state": State.UNANSWERED}
        return self.flow(initiator, responder, **{**silent, **fields})

    def claim(self, address: str, owner: str, kind: ClaimKind = ClaimKind.ARP, vlan: int = 0) -> None:
        """Let a MAC claim an address."""
        self.now += 1
        hi, lo = address_halves(address)
        self.claims.append(
            {
                "mac": mac(owner), "address_hi": hi, "address_lo": lo, "time": START + self.now * SECOND,
                "frame": self.now, "vlan": vlan, "kind": kind,
            }
        )  # fmt: skip

    def send(self, owner: str, address: str, *ttls: int, to_link: bool = False, vlan: int = 0) -> None:
        """Let a MAC send packets of an address, three with each TTL."""
        self.now += 1
        hi, lo = address_halves(address)
        row: dict[str, Any] = {"packets": [0] * 4, "lowest": [0] * 4, "highest": [0] * 4}
        for ttl in ttls:
            at = 0 if ttl <= 32 else 1 if ttl <= 64 else 2 if ttl <= 128 else 3
            row["packets"][at] += 3
            row["lowest"][at] = min(ttl, row["lowest"][at] or ttl)
            row["highest"][at] = max(ttl, row["highest"][at])
        self.senders.append(
            {
                "mac": mac(owner), "address_hi": hi, "address_lo": lo, "vlan": vlan, "time": START + self.now * SECOND,
                "last": START + self.now * SECOND, "frame": self.now, "link_frame": self.now if to_link else 0,
                "link_time": START + self.now * SECOND, **row,
            }
        )  # fmt: skip

    def open(
        self, source: str, peer: str, options: str = "", *, port: int = 443, is_answered: bool = True, **fields: Any
    ) -> None:
        """Let a host open a connection, and its peer accept it; *fields* are of the SYN, ``answer_…`` of the answer."""
        self.now += 1
        numbers = {option.label: int(option) for option in Option}
        codes = [numbers[label] for label in options.split(",") if label]
        common = {"time": START + self.now * SECOND, "frame": self.now}
        ends = {"source": (source, 20000 + self.now), "peer": (peer, port)}
        own = {"hops": 64, "scale": 255, "window": 65535, "version": 4, **common}
        own["options"] = sum(code << 4 * place for place, code in enumerate(codes))
        of_answer = {key[7:]: value for key, value in fields.items() if key.startswith("answer_")}
        own.update({key: value for key, value in fields.items() if not key.startswith("answer_")})
        for here, there, row in (
            ("source", "peer", own),
            ("peer", "source", {**own, "stamp": 0, "hops": 64, **of_answer}),
        ):
            if row is own or is_answered:
                hi, lo = address_halves(ends[here][0])
                far_hi, far_lo = address_halves(ends[there][0])
                self.openings.append(
                    {
                        **row, "source_hi": hi, "source_lo": lo, "peer_hi": far_hi, "peer_lo": far_lo,
                        "source_port": ends[here][1], "peer_port": ends[there][1],
                        "notes": 0 if row is own else int(Shape.ANSWER),
                    }
                )  # fmt: skip

    def say(
        self, kind: Kind, value: str, protocol: str, address: str | None = None, owner: str | None = None, vlan: int = 0
    ) -> None:
        """Let a frame say something of a host."""
        self.now += 1
        where = Where(CAPTURE, self.now)
        owner_mac = mac(owner) if owner else None
        self.observed.append(
            Observed(kind, value, protocol, where, START + self.now * SECOND, address, owner_mac, vlan)
        )

    def ask(self, flow: int, name: str, source: NameSource) -> None:
        """Let a flow carry a name."""
        self.names = (*self.names, name)
        self.named.append(
            {"flow": flow, "name": len(self.names), "source": source, "frame": self.flows[flow]["first_frame"]}
        )
        self.flows[flow]["name"] = len(self.names)

    def traffic(self) -> Traffic:
        """Return it all."""
        return Traffic(
            captures=tuple(Capture(name, "pcapng", 0, None, 0, None, None, (), None, None) for name in self.captures),
            flows=_table(FLOW, self.flows),
            names=names(*self.names),
            named=_table(NAME, self.named),
            answers=np.zeros(0, ANSWER),
            claims=_table(CLAIM, self.claims),
            senders=_table(SENDER, self.senders),
            openings=_table(OPENING, self.openings),
            observed=tuple(self.observed),
            coverage=Coverage(0, 0, {}, {}),
        )

    def inventory(self, *internal: str) -> Inventory:
        """Return what is found."""
        return identify(self.traffic(), internal)

    def assets(self, *internal: str) -> dict[str, Asset]:
        """Return the assets by id."""
        return {asset.id: asset for asset in self.inventory(*internal).assets}


def _table(kind: np.dtype[Any], rows: list[dict[str, Any]]) -> Any:
    table = np.zeros(len(rows), kind)
    for row, values in zip(table, rows, strict=True):
        for key, value in values.items():
            row[key] = value
    return table
