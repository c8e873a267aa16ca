"""Marked payloads in, observations and MAC bindings out: runs the Python dissectors, a few payloads a sender."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.network import IP_TCP
from kwel.kernel.rows import Mark
from kwel.model.fast_dataclass import quick
from kwel.model.records.columns import ClaimKind, address_text
from kwel.protocols.joining import Joiner
from kwel.protocols.talk import Talk
from kwel.protocols.wire import Malformed, Reader, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from kwel.model.claims import Observed, Where
    from kwel.model.records.columns import Rows
    from kwel.protocols.registry import Dissector
    from kwel.protocols.sayings import Binding, Named, Saying, Spoken

HOUR = 3_600_000_000_000
LAN_MARKS = frozenset(
    {Mark.LLDP, Mark.CDP, Mark.PROFINET_DCP, Mark.GOOSE, Mark.SV, Mark.POWERLINK, Mark.DLR, Mark.BACNET_LAN}
)
"""Of frames without IP: their sender is known by its MAC address."""
MAX_OBSERVED = 100_000
"""Observations kept of one analysis. What is beyond is counted."""
MARK_COLUMNS = ("kind", "start", "end", "packet", "frame", "time", "flow", "side")
PACKET_COLUMNS = ("source_hi", "source_lo", "vlan", "ethernet")
MOST_TALKS = 8192
"""Connections whose questions are remembered at a time."""


@quick
@dataclass(frozen=True, slots=True)
class Payload:
    """What is known of marked bytes beside the bytes."""

    dissector: Dissector
    where: Where
    capture_index: int
    packet: Rows
    """One row; of what waits for more segments a copy, for the batch does not outlive its marks."""
    macs: tuple[int | None, int | None]
    """Of sender and receiver, where the frame has no IP."""
    own_address: str | None
    time: int
    vlan: int
    flow: int


@cache
def _by_mark() -> dict[int, Dissector]:
    """Return the dissectors. They are imported for the first mark: many captures hold none."""
    from kwel.protocols.registry import DISSECTORS

    return {int(Mark[dissector.mark.upper().replace("-", "_")]): dissector for dissector in DISSECTORS}


class SecondLook:
    """Collects what the dissectors say, with the frame that says it."""

    def __init__(self, on_facts: Callable[[Rows, int, Named | Spoken], None], *, only_flows: bool = False) -> None:
        """*on_facts* gets (packets, index of the packet, what it tells of its flow).

        *only_flows*: what tells of hosts alone is not read, and what hosts say of themselves is not kept.
        """
        self._on_facts, self._only_flows = on_facts, only_flows
        self._observed: list[Observed] = []
        self.bindings: list[tuple[int, str, int, int, int, int, ClaimKind]] = []
        """MAC, address, time, frame, VLAN, capture index, protocol."""
        self.counts: Counter[str] = Counter()
        self._looked: Counter[int] = Counter()
        """Payloads read, by mark."""
        self._seen: Counter[tuple[int, int, int, int]] = Counter()
        self._joiner: Joiner[Payload] = Joiner()
        self._talks: dict[int, Talk] = {}
        self._due: dict[tuple[int, int, int, int], int] = {}
        """From when on a sender of whom enough was read is read again."""
        self._looked_again: Counter[int] = Counter()
        self._said: dict[tuple[str, str, str, str | None, int | None, int], int] = {}
        """What was said, and where it stands among the observations."""
        self._again: dict[int, int] = {}
        """When what stands there was said again, last."""

    @property
    def count(self) -> int:
        """Return how many observations there are so far."""
        return len(self._observed)

    def frames_from(self, start: int) -> list[int]:
        """Return the frames of the observations from the one with index *start* on."""
        return [one.where.frame for one in self._observed[start:]]

    @property
    def observed(self) -> list[Observed]:
        """What was heard, each once, with the first frame that says it and the last time."""
        again = self._again
        return [one.as_far_as(again[i]) if i in again else one for i, one in enumerate(self._observed)]

    def look(self, buffer: NDArray[np.uint8], marks: Rows, packets: Rows, capture: str, capture_index: int) -> None:
        """Read each marked payload of one batch."""
        from kwel.model.claims import Where

        by_mark, marks = _by_mark(), self._affordable(marks)
        columns = zip(*(marks[name].tolist() for name in MARK_COLUMNS), strict=True)
        senders = zip(*(packets[name][marks["packet"]].tolist() for name in PACKET_COLUMNS), strict=True)
        for (kind, start, end, place, frame, time, flow, side), (hi, lo, vlan, ethernet) in zip(
            columns, senders, strict=True
        ):
            dissector, is_lan = by_mark[kind], kind in LAN_MARKS
            if is_lan:
                hi, lo = 0, _mac(buffer, ethernet + 6) if ethernet >= 0 else 0
            is_awaited = dissector.size_of and self._joiner.awaits(flow, side)
            if not is_awaited and not self._is_due((kind, hi, lo, vlan), dissector, time):
                self.counts[f"{dissector.name}-not-looked-at"] += 1
                continue
            self._looked[kind] += 1
            data = buffer[start:end].tobytes()
            to = _mac(buffer, ethernet) if is_lan and ethernet >= 0 else 0
            macs = (lo or None, to or None) if is_lan else (None, None)
            own_address, row = None if is_lan else address_text(hi, lo), packets[place : place + 1]
            of = Payload(dissector, Where(capture, frame), capture_index, row, macs, own_address, time, vlan, flow)
            if dissector.size_of and row["transport"][0] == IP_TCP and not row["cut"][0]:
                data = self._join(replace(of, packet=row.copy()), side, start, data)
            if data and dissector.looks_like(data):
                self._read(of, data)

    def finish(self) -> None:
        """Read what never became whole, as far as it came."""
        self._read_lost(at_end=True)

    def _join(self, payload: Payload, side: int, start: int, data: bytes) -> bytes:
        """Return the messages of a stream that are whole with this segment."""
        packet, size_of = payload.packet[0], payload.dissector.size_of
        assert size_of is not None
        place = int(packet["sequence"]) + start - int(packet["payload"])
        data = self._joiner.take((payload.flow, side), place, data, size_of, payload)
        self._read_lost()
        return data

    def _read_lost(self, *, at_end: bool = False) -> None:
        for data, payload in self._joiner.given_up(at_end=at_end):
            self.counts[f"{payload.dissector.name}-cut"] += 1
            if payload.dissector.looks_like(data):
                self._read(payload, data, is_whole=False)

    def _is_due(self, sender: tuple[int, int, int, int], dissector: Dissector, time: int) -> bool:
        """Return whether a payload is worth reading: a sender's first ones, and then one an hour, for it may change."""
        self._seen[sender] += 1
        if self._seen[sender] <= dissector.per_sender:
            self._due[sender] = time + HOUR
            return True
        again = self._looked_again[sender[0]]
        if time < self._due.get(sender, 0) or again >= dissector.in_all // 2:
            return False
        self._due[sender] = time + HOUR
        self._looked_again[sender[0]] += 1
        return True

    def _affordable(self, marks: Rows) -> Rows:
        """Return *marks* without those of dissectors that have read enough: these are counted, and nothing more."""
        by_mark = _by_mark()
        read = [kind for kind, dissector in by_mark.items() if dissector.names_flows or not self._only_flows]
        marks = marks[np.isin(marks["kind"], read)]
        is_full = len(self._observed) >= MAX_OBSERVED
        spent = [kind for kind, dissector in by_mark.items() if is_full or self._looked[kind] >= dissector.in_all]
        if not spent:
            return marks
        left = ~np.isin(marks["kind"], spent)
        for kind, count in zip(*np.unique(marks["kind"][~left], return_counts=True), strict=True):
            self.counts[f"{by_mark[int(kind)].name}-not-looked-at"] += int(count)
        return marks[left]

    def _talk_of(self, flow: int) -> Talk:
        """Return what was asked on a connection; of very many, those that are quiet longest are forgotten."""
        talk = self._talks.pop(flow, None) or Talk()
        self._talks[flow] = talk
        if len(self._talks) > MOST_TALKS:
            self._talks.pop(next(iter(self._talks)))
            self.counts["talks-not-kept"] += 1
        return talk

    def _said_by(self, payload: Payload, data: bytes) -> Iterator[Saying | Binding | Named | Spoken]:
        dissector, flow = payload.dissector, payload.flow
        if dissector.converse and flow >= 0:
            return dissector.converse(Reader(data), self._talk_of(flow))
        return dissector.observe(Reader(data))

    def _read(self, payload: Payload, data: bytes, *, is_whole: bool = True) -> None:
        from kwel.model.claims import Observed
        from kwel.protocols.sayings import Binding, Named, Spoken

        name, where = payload.dissector.name, payload.where
        time, vlan = payload.time, payload.vlan
        try:
            for said in self._said_by(payload, data):
                if isinstance(said, Binding):
                    self._bind(said, name, payload.macs[0], (time, where.frame, vlan, payload.capture_index))
                    continue
                if isinstance(said, Named | Spoken):
                    self._on_facts(payload.packet, 0, said)
                    continue
                if self._only_flows:
                    continue
                about_other = said.mac is not None or said.address is not None
                # without IP the sender is known, also where it tells an address and no MAC of its own
                mac = payload.macs[said.of_receiver] if said.mac is None else said.mac
                address = said.address if about_other else payload.own_address
                key = (said.kind, said.value, name, address, mac, vlan)
                if key in self._said:
                    self._again[self._said[key]] = time
                else:
                    self._said[key] = len(self._observed)
                    self._observed.append(Observed(said.kind, said.value, name, where, time, address, mac, vlan))
        except Truncated:
            self.counts[f"{name}-cut"] += is_whole
        except Malformed:
            self.counts[f"{name}-malformed"] += 1

    def _bind(self, said: Binding, name: str, sender: int | None, place: tuple[int, int, int, int]) -> None:
        mac = said.mac if said.mac is not None else sender
        if mac is not None and mac >> 40 & 1 == 0:
            kind = ClaimKind[name.removeprefix("profinet-").upper()]
            self.bindings.append((mac, said.address, *place, kind))


def _mac(buffer: NDArray[np.uint8], at: int) -> int:
    """Return the MAC address that begins at a place."""
    return int.from_bytes(buffer[at : at + 6].tobytes(), "big")
