"""Analyses batches of frames, from capture files or a live interface, into the traffic of one analysis."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kwel import capture
from kwel.capture.pauses import Pauses
from kwel.model.coverage import Coverage
from kwel.model.records.bindings import CLAIM
from kwel.model.records.columns import address_halves
from kwel.model.traffic import Traffic
from kwel.protocols.second_look import SecondLook
from kwel.streams import Listener

if TYPE_CHECKING:
    from kwel.capture import Batch
    from kwel.model.claims import Observed
    from kwel.model.names import Names
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Capture
    from kwel.streams import Heard

USED = ("used", "discovery", "lan")
"""Packets that the analysis rests on: those of flows, and those that tell who is who on the local network."""


class Analyser:
    """One analysis under way. Frames of one capture follow one another; a second capture begins when the first ends."""

    def __init__(self, max_flows: int, *, discovery: bool = True) -> None:
        """*discovery*: whether to read what hosts say of themselves; flows and their names need none of it."""
        self.listener = Listener(max_flows, only_flows=not discovery)
        self._second_look = SecondLook(self.listener.tell, only_flows=not discovery)
        self._pauses = Pauses()
        self._discovery = discovery
        self._name, self._index = "", -1

    def begin(self, name: str) -> None:
        """Begin the next capture; frames are cited by its *name*, which is unique within the analysis."""
        self._name, self._index = name, self._index + 1
        self._pauses.begin()

    def process(self, batch: Batch) -> list[int]:
        """Take in the frames of a batch; return the numbers of those in which hosts told something of themselves.

        The batch is free for others to write to afterwards.
        """
        before = self._second_look.count
        self._pauses.see(batch.records)
        self.listener.hear(batch.buffer, batch.records, batch.first_frame, self._index, self._on_marks, batch.spare)
        return self._second_look.frames_from(before)

    def _on_marks(self, buffer: Any, marks: Rows, packets: Rows) -> None:
        self._second_look.look(buffer, marks, packets, self._name, self._index)

    def finish(self, captures: tuple[Capture, ...]) -> Traffic:
        """Return what was on the wire, and hear nothing after. *captures*: one for each that was begun, in order."""
        self._second_look.finish()
        traffic = _gather(captures, self.listener.finish(), self._second_look, self._discovery)
        pauses, spells = self._pauses.find(), self._pauses.spells()
        return replace(traffic, coverage=replace(traffic.coverage, pauses=pauses, spells=spells))


def _gather(captures: tuple[Capture, ...], heard: Heard, second_look: SecondLook, discovery: bool) -> Traffic:
    if heard.certificates:
        from kwel.protocols.tor import mark_relays

        mark_relays(heard.flows, heard.certificates, heard.shown)
    own_names: list[Observed] = []
    crowded_out = 0
    if discovery:
        from kwel.streams.own_names import find_own_names

        own_names, crowded_out = find_own_names(heard, captures)
    return Traffic(
        captures=captures,
        flows=heard.flows,
        names=_names(heard, captures),
        named=heard.named,
        answers=heard.answers,
        questions=heard.questions,
        claims=_with_bindings(heard.claims, second_look),
        hellos=heard.hellos,
        fingerprints=heard.fingerprints,
        mirrors=heard.mirrors,
        tunnels=heard.tunnels,
        errors=heard.errors,
        lan=heard.lan,
        commands=heard.commands,
        hinted=heard.hinted,
        beats=heard.beats[0],
        rhythms=heard.beats[1],
        senders=heard.senders,
        openings=heard.openings,
        certificates=heard.certificates,
        shown=heard.shown,
        observed=(*second_look.observed, *own_names),
        coverage=_covered(captures, heard, second_look, crowded_out),
    )


def _covered(captures: tuple[Capture, ...], heard: Heard, second_look: SecondLook, crowded_out: int) -> Coverage:
    """Return what became of every packet; *crowded_out*: names that hosts give themselves and that were not kept."""
    stops = dict(heard.stops)
    notes = {**heard.notes, **second_look.counts, **capture.notes_of(captures), "local-names-not-kept": crowded_out}
    return Coverage(
        packets=sum(stops.values()),
        used=sum(stops[reason] for reason in USED),
        set_aside={reason: count for reason, count in sorted(stops.items()) if count and reason not in USED},
        notes={key: count for key, count in sorted(notes.items()) if count},
        unread_links=tuple((capture.link_title(link), n) for link, n in sorted(heard.unread_links.items())),
    )


def _names(heard: Heard, captures: tuple[Capture, ...]) -> Names:
    """Return the names, with those that capture files give to addresses."""
    if not any(one.names for one in captures):
        return heard.names
    from kwel.dependencies.believed import name_by_capture

    return name_by_capture(heard.flows, heard.names, captures)


def _with_bindings(claims: Rows, second_look: SecondLook) -> Rows:
    """Add the addresses that DHCP and protocols of the plant proved to the claims of ARP and Neighbour Discovery."""
    if not second_look.bindings:
        return claims
    more = np.zeros(len(second_look.bindings), CLAIM)
    rows: dict[tuple[int, str, int, int], int] = {}
    holder: dict[tuple[str, int, int], int] = {}
    for mac, address, time, frame, vlan, index, kind in second_look.bindings:
        was, holder[address, vlan, kind] = holder.get((address, vlan, kind), mac), mac
        if (place := rows.get((mac, address, vlan, kind))) is not None:
            row = more[place]
            row["last"] = max(int(row["last"]), time)
            if was != mac:
                row["returns"] += 1
                row["back"], row["back_frame"], row["back_capture"] = time, frame, index
            continue
        row = more[len(rows)]
        rows[mac, address, vlan, kind] = len(rows)
        row["mac"], row["time"], row["frame"], row["vlan"], row["capture"] = mac, time, frame, vlan, index
        row["address_hi"], row["address_lo"] = address_halves(address)
        row["kind"] = kind
    return np.concatenate([claims, more[: len(rows)]])
