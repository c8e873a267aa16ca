"""Batches of frames in, growing tables out: owns what the kernels write to, and makes room between their calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.kernel import duplicates, errors, flowtable, fragments, namepool
from kwel.kernel.flowtable import CUT_PACKETS, EARLY_NOW, EVICTED, FLOWS, LIMIT, MANY, rehash, track
from kwel.kernel.hashing import new_index, seed_of, slots_of
from kwel.kernel.layers import decode
from kwel.kernel.namepool import ARENA, NAMES, index_names
from kwel.kernel.outcome import finish
from kwel.kernel.ring import new_ring
from kwel.kernel.rows import HALF, MARK, PACKET, RUN, Stop
from kwel.model.kinds import Asked
from kwel.model.names import Names
from kwel.model.records.bindings import CLAIM
from kwel.model.records.columns import ANSWER, FLOW, HELLO, NAME, QUESTION, SHOWN, NameSource
from kwel.model.records.quoted import QUOTED
from kwel.protocols import claims, dns, ja4
from kwel.protocols.claims import CLAIMS
from kwel.protocols.dns import ANSWERS
from kwel.protocols.hello import MAX_NAME
from kwel.protocols.ja4 import Fingerprints, new_shapes
from kwel.streams import beats, beginnings, commands, crypto, shown
from kwel.streams.blind import mark_tunnels
from kwel.streams.flights import MOST_SHOWN
from kwel.streams.heads import HEARD
from kwel.streams.heard import Heard
from kwel.streams.initials import read_initials
from kwel.streams.join import index_answers
from kwel.streams.lan import PAIRS, REFUSED, LanTables, frames_without_ip, hear_lan
from kwel.streams.listen import listen
from kwel.streams.mirror_sessions import sessions
from kwel.streams.openings import new_openings, note_openings
from kwel.streams.plant import PROGRESS, UNREAD
from kwel.streams.questions import MOST_QUESTIONS
from kwel.streams.room import (
    C_CERTIFICATES_CUT,
    C_CUT,
    C_EVICTED,
    C_FREE_SLOTS,
    C_HELLOS,
    C_LATE,
    C_MALFORMED,
    C_MARKS,
    C_NAMED,
    C_OT_UNREAD,
    C_QUESTIONS,
    C_QUESTIONS_REFUSED,
    C_SHOWN,
    COUNTERS,
    L_ANSWERS,
    L_ARENA,
    L_HELLOS,
    L_NAMED,
    L_NAMES,
    MESSAGE_ADDS,
    STREAM_BUDGET,
    grown,
)
from kwel.streams.senders import new_senders, note_senders
from kwel.streams.slots import SLOTS
from kwel.streams.told import note_told_name
from kwel.streams.unanswered import settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.protocols.sayings import Named, Spoken

ROWS = 4096
"""Packets decoded at a time: half a megabyte of columns, which stays in the processor's cache."""
MAX_CLAIMS = 65536
"""Distinct pairs of MAC and address that are kept; a scan with forged ARP must not fill the memory."""
MARKS = 1024
CAPACITY = 1 << 20
"""Rows that the large tables have room for at first. The system gives memory only to those that are written."""


class Listener:
    """One analysis under way."""

    def __init__(self, max_flows: int, *, only_flows: bool = False) -> None:
        """*only_flows*: who sends for which address is not looked at, nor what is commanded."""
        self._only_flows = only_flows
        self._packets = np.zeros(ROWS, PACKET)
        self._stops = np.zeros(len(Stop), np.int64)
        self._fragments = fragments.new_store()
        self._fragment_counters = self._fragments[-1]
        self._open_flow_table(max_flows)
        self._named = np.zeros(CAPACITY, NAME)
        self._hellos = np.zeros(CAPACITY, HELLO)
        self._shapes = new_shapes()
        self._certificates = shown.new_store()
        self._shown = np.zeros(MOST_SHOWN, SHOWN)
        self._questions = np.zeros(MOST_QUESTIONS, QUESTION)
        self._answers = np.zeros(CAPACITY, ANSWER)
        self._answer_index = new_index(2 << 12)
        self._answer_counters = np.zeros(3, np.int64)
        self._desk = crypto.new_desk()
        self._claims = np.zeros(MAX_CLAIMS + 1, CLAIM)
        self._claim_slots, self._claim_counters = new_index(4 * MAX_CLAIMS), np.zeros(2, np.int64)
        self._marks = np.zeros(MARKS, MARK)
        self._lan, self._walks = LanTables.empty(), commands.new_walks()
        self._counters, self._plant = np.zeros(COUNTERS, np.int64), np.zeros(PROGRESS, np.int64)
        self._senders, self._openings, self._beats = new_senders(), new_openings(), beats.new_beats()
        self._arena = np.zeros(1 << 24, np.uint8)
        self._starts, self._lengths = np.zeros(CAPACITY, np.int64), np.zeros(CAPACITY, np.int64)
        self._slots = new_index(2 << 12)
        self._pool = np.array([1, 0, 0], np.int64)  # name 0 is the empty name
        self._make_stream_room()
        self._errors = np.zeros(1, PACKET), np.zeros(errors.MOST_QUOTED, QUOTED), np.zeros(2, np.int64)
        self._unread_links, self._limits = dict[int, int](), np.zeros(len(MESSAGE_ADDS), np.int64)
        self._set_limits()

    def _make_stream_room(self) -> None:
        """Make the room in which messages that are not complete are put together."""
        self._text = np.zeros(512, np.uint8)
        self._joined = np.zeros(STREAM_BUDGET + 1, np.uint8)
        self._held, self._covered = (np.zeros(SLOTS * STREAM_BUDGET, np.uint8) for _ in range(2))
        self._told = np.zeros(HEARD, np.uint64)
        self._ready = np.zeros(4 * SLOTS, np.int64)
        self._owners = np.concatenate([np.full(SLOTS, -1, np.int64), np.arange(SLOTS - 1, -1, -1)])
        self._counters[C_FREE_SLOTS] = SLOTS

    def _open_flow_table(self, max_flows: int) -> None:
        self._max_flows = max_flows
        self._flow_counters = np.zeros(flowtable.COUNTERS, np.int64)
        self._flow_counters[MANY] = max_flows // 2
        self._early = np.zeros(ROWS, np.int64)
        """Packets of the batch under way that stand at the beginning of a direction."""
        self._evicted_before = 0
        """Flows that had lost their rows when the index was made: the slots of later ones are still taken."""
        self._runs = np.zeros(min(CAPACITY, max_flows), RUN)
        self._halves = np.zeros(2 * len(self._runs), HALF)
        self._table = new_index(2 << 13)
        self._recent = new_ring(duplicates.MOST_RECENT, duplicates.RECENT)
        self._aliases = new_ring(duplicates.MOST_ALIASES, duplicates.ALIAS)

    def hear(
        self,
        buffer: NDArray[np.uint8],
        records: Rows,
        first_frame: int,
        capture: int,
        on_marks: Callable[[NDArray[np.uint8], Rows, Rows], None],
        spare: int | None = None,
    ) -> None:
        """Take in one batch.

        Args:
            buffer: bytes of frames.
            records: where they are in it.
            first_frame: number of the first.
            capture: index of the capture file.
            on_marks: gets (buffer, marks, packets) while the buffer is still valid.
            spare: where the part of *buffer* begins that datagrams may be put together in; without, none are.
        """
        start = 0
        while start < len(records):
            self._fragment_counters[fragments.TAIL] = len(buffer) if spare is None else spare
            part = records[start : start + ROWS]
            start += self._hear_part(buffer, part, first_frame + start, capture, on_marks)

    def _hear_part(
        self,
        buffer: NDArray[np.uint8],
        records: Rows,
        first_frame: int,
        capture: int,
        on_marks: Callable[[NDArray[np.uint8], Rows, Rows], None],
    ) -> int:
        packets = self._packets
        unread, without_ip = int(self._stops[Stop.LINK_TYPE]), frames_without_ip(self._stops)
        count = decode(buffer, records, len(records), first_frame, capture, packets, self._stops, *self._fragments)
        if self._stops[Stop.LINK_TYPE] > unread:
            self._note_links(packets["frame"][:count][packets["stop"][:count] == Stop.LINK_TYPE] - first_frame, records)
        if frames_without_ip(self._stops) > without_ip:
            hear_lan(buffer, packets, count, self._lan, self._marks, self._stops, on_marks)
        self._make_room_for_flows(count)
        track(
            packets, count, self._runs, self._halves, self._table, *self._recent, *self._aliases, self._early,
            self._flow_counters, self._stops,
        )  # fmt: skip
        errors.note_errors(buffer, packets, count, self._runs, self._table, *self._aliases, *self._errors)
        early = int(self._flow_counters[EARLY_NOW])
        self._read_initials(buffer, early)
        mark_tunnels(buffer, packets, self._early, early, self._runs, self._halves)
        self._listen(buffer, count, on_marks)
        beginnings.mark(
            buffer, packets, count, self._early, early, self._runs, self._halves, self._marks, self._counters,
            self._plant, on_marks,
        )  # fmt: skip
        if not self._only_flows:
            note_senders(buffer, packets, self._early, early, self._halves, *self._senders)
            note_openings(buffer, packets, count, *self._openings)
            self._beats = beats.hear(packets, count, self._runs, self._beats)
            commands.count_commands(buffer, packets, count, self._runs, self._halves, *self._walks)
        return count

    def _listen(
        self, buffer: NDArray[np.uint8], count: int, on_marks: Callable[[NDArray[np.uint8], Rows, Rows], None]
    ) -> None:
        packets, counters, index = self._packets, self._counters, 0
        while True:
            index = listen(
                buffer, index, count, packets, self._runs, self._halves, self._table, self._named,
                self._questions, self._answers, self._answer_index, self._answer_counters,
                self._claims, self._claim_slots, self._claim_counters, self._marks,
                self._arena, self._starts, self._lengths, self._slots, self._pool,
                self._hellos, *self._shapes, *self._certificates, self._shown, counters, self._limits,
                self._text, self._joined, self._held, self._covered, self._ready, self._owners, self._told,
            )  # fmt: skip
            if counters[C_MARKS]:
                on_marks(buffer, self._marks[: counters[C_MARKS]], packets)
                counters[C_MARKS] = 0
            if index >= count:
                return
            self._make_room_for_names()

    def _note_links(self, unread: NDArray[np.int64], records: Rows) -> None:
        """Count the frames *unread* of a batch by link type."""
        links, counts = np.unique(records["link"][unread], return_counts=True)
        for link, count in zip(links.tolist(), counts.tolist(), strict=True):
            self._unread_links[link] = self._unread_links.get(link, 0) + count

    def _read_initials(self, buffer: NDArray[np.uint8], count: int) -> None:
        index = 0
        while True:
            index = read_initials(
                buffer, index, count, self._packets, self._early, self._runs, self._halves, self._named,
                self._arena, self._starts, self._lengths, self._slots, self._pool, self._hellos,
                *self._shapes, self._text, self._counters, self._limits, *self._desk,
            )  # fmt: skip
            if index >= count:
                break
            self._make_room_for_names()

    def tell(self, packets: Rows, index: int, fact: Named | Spoken) -> None:
        """Keep what a Python dissector read in packet *index* of the batch under way."""
        from kwel.protocols.sayings import Spoken

        if isinstance(fact, Spoken):
            if packets["flow"][index] >= 0:
                self._runs["application"][packets["flow"][index]] = fact.application
            return
        self._note_name(fact.name[:MAX_NAME], int(fact.source), int(fact.from_initiator), packets, index)

    def _note_name(self, name: bytes, source: int, from_initiator: int, packets: Rows, index: int) -> int:
        self._make_room_for_names()
        self._text[: len(name)] = np.frombuffer(name, np.uint8)
        return note_told_name(
            self._text, len(name), source, from_initiator, packets, index, self._runs, self._named,
            self._arena, self._starts, self._lengths, self._slots, self._pool, self._counters,
        )  # fmt: skip

    def _number_of(self, name: bytes) -> int:
        """Return the number of a name that no packet of the batch under way holds."""
        self._packets["flow"][0] = -1
        return self._note_name(name, 0, 0, self._packets, 0) if name else 0

    def is_filling(self) -> bool:
        """Return whether flows or names take up so much of their room that what comes next may soon find none."""
        return namepool.is_filling(self._pool) or self._flow_counters[FLOWS] > namepool.FILLING * self._max_flows

    def _make_room_for_flows(self, more: int) -> None:
        flows, size = int(self._flow_counters[FLOWS]), len(self._runs)
        while flows + more > size and size < self._max_flows:
            size = min(2 * size, self._max_flows)
        if size > len(self._runs):
            self._runs, self._halves = grown(self._runs, size), grown(self._halves, 2 * size)
        stale = int(self._flow_counters[EVICTED]) - self._evicted_before
        slots = slots_of(self._table)
        if 2 * (flows + more) > slots or 4 * (flows + stale + more) > 3 * slots:
            # the recent packets and the aliases are known by hashes with this seed
            self._table = new_index(2 * slots if 2 * (flows + more) > slots else slots, seed_of(self._table))
            rehash(self._runs, flows, self._table)
            self._evicted_before += stale
        self._flow_counters[LIMIT] = size

    def _make_room_for_names(self) -> None:
        limits, counters = self._limits, self._counters
        if counters[C_NAMED] > limits[L_NAMED]:
            self._named = grown(self._named, 2 * len(self._named))
        if counters[C_HELLOS] > limits[L_HELLOS]:
            self._hellos = grown(self._hellos, 2 * len(self._hellos))
        answers = int(self._answer_counters[ANSWERS])
        if answers > limits[L_ANSWERS]:
            if 2 * len(self._answers) == slots_of(self._answer_index):
                self._answers = grown(self._answers, 2 * len(self._answers))
            self._answer_index = new_index(min(4 * slots_of(self._answer_index), 2 * len(self._answers)))
            index_answers(self._answers, answers, self._answer_index)
        names = int(self._pool[NAMES])
        if names > limits[L_NAMES]:
            if 2 * len(self._starts) == slots_of(self._slots):
                self._starts = grown(self._starts, 2 * len(self._starts))
                self._lengths = grown(self._lengths, len(self._starts))
            self._slots = new_index(min(4 * slots_of(self._slots), 2 * len(self._starts)))
            index_names(self._arena, self._starts, self._lengths, names, self._slots)
        if self._pool[ARENA] > limits[L_ARENA]:
            self._arena = grown(self._arena, 2 * len(self._arena))
        self._set_limits()

    def _set_limits(self) -> None:
        """Tell the kernels how full each table may be before one more message; an index at most half."""
        rooms = (
            len(self._named),
            slots_of(self._answer_index) // 2,
            slots_of(self._slots) // 2,
            len(self._arena),
            len(self._marks),
            len(self._hellos),
        )
        self._limits[:] = [room - adds for room, adds in zip(rooms, MESSAGE_ADDS, strict=True)]

    def finish(self) -> Heard:
        """Return the tables. The listener hears nothing after this."""
        count = int(self._flow_counters[FLOWS])
        flows = self._runs.view(FLOW)
        finish(self._runs, flows, count)
        flows = flows[:count]
        joined = np.flatnonzero((flows["name"] == 0) & (flows["answer"] > 0))
        flows["name"][joined] = self._answers["question"][flows["answer"][joined] - 1]
        flows["name_source"][joined] = NameSource.DNS
        named = self._named[: self._counters[C_NAMED]]
        questions = settle(self._questions[: self._counters[C_QUESTIONS]], int(flows["last"].max()) if count else 0)
        read = shown.read_all(self._certificates, self._shown[: self._counters[C_SHOWN]])
        named = shown.name_flows(flows, named, read.certificates, read.shown, self._number_of)
        names = int(self._pool[NAMES])
        return Heard(
            flows=flows,
            names=Names(self._arena[: self._pool[ARENA]], self._starts[:names], self._lengths[:names]),
            named=shown.in_order(named),
            questions=questions,
            answers=self._answers[: self._answer_counters[ANSWERS]],
            claims=self._claims[: self._claim_counters[CLAIMS]],
            senders=self._senders.found(),
            openings=self._openings.found(),
            hellos=self._hellos[: self._counters[C_HELLOS]],
            fingerprints=Fingerprints(self._shapes),
            lan=self._lan.rows[: self._lan.counters[PAIRS]],
            certificates=read.certificates,
            shown=read.shown,
            unread_links=self._unread_links,
            beats=beats.finished(self._beats, flows[: 0 if self._only_flows else count]),
            stops={stop.label: int(self._stops[stop]) for stop in Stop},
            **self._by_flow(flows),
            notes={
                **self._notes(),
                "certificates-malformed": read.malformed,
                "dns-unanswered": int((questions["state"] == Asked.UNANSWERED).sum()),
            },
        )

    def _by_flow(self, flows: Rows) -> dict[str, Any]:
        """Return what all flows together tell: what is proven, and what another part of the whole may prove."""
        proven, hinted = commands.finished(self._walks, flows)
        tunnels = self._fragments[-2][: self._fragment_counters[fragments.MIRRORS]]
        told = {"commands": proven, "hinted": hinted, "tunnels": tunnels, "mirrors": sessions(tunnels, flows)}
        return {**told, "errors": self._errors[1][: self._errors[2][errors.KEPT]]}

    def _notes(self) -> dict[str, int]:
        """Count what was looked at and could not be read, or not kept."""
        missing = int(self._flow_counters[flowtable.MISSING])
        return {
            "bytes-missing": missing,
            "bytes-acknowledged": int(self._flow_counters[flowtable.CLOSED]) if missing else 0,
            "aliases-not-kept": int(self._flow_counters[duplicates.ALIASES_LOST]),
            "fragments-incomplete": fragments.incomplete(self._fragments),
            "fragments-crowded-out": int(self._fragment_counters[fragments.CROWDED_OUT]),
            "mirrors-not-kept": int(self._fragment_counters[fragments.MIRRORS_LOST]),
            "packets-cut": int(self._flow_counters[CUT_PACKETS]),
            "stations-not-kept": int(self._lan.counters[REFUSED]),
            "flows-evicted": int(self._flow_counters[EVICTED]),
            "icmp-errors-not-kept": int(self._errors[2][errors.REFUSED]),
            "malformed-dns": int(self._counters[C_MALFORMED]),
            "requests-cut": int(self._counters[C_CUT]),
            "ot-not-looked-at": int(self._counters[C_OT_UNREAD] + self._plant[UNREAD]),
            "dns-answers-cut": int((self._answers["kind"][: self._answer_counters[ANSWERS]] == 0).sum()),
            "streams-given-up": int(self._counters[C_EVICTED] + self._counters[C_LATE]),
            "certificates-cut": int(self._counters[C_CERTIFICATES_CUT]),
            "certificates-not-kept": int(self._certificates.counters[namepool.REFUSED]),
            **self._desk.notes(),
            **self._walks.notes(),
            "names-not-kept": int(self._pool[namepool.REFUSED]),
            "dns-questions-not-kept": int(self._counters[C_QUESTIONS_REFUSED]),
            "dns-answers-not-kept": int(self._answer_counters[dns.REFUSED]),
            "hellos-partial": int(self._hellos["partial"][: self._counters[C_HELLOS]].sum()),
            "fingerprints-not-kept": int(self._shapes.places[ja4.REFUSED]),
            "claims-not-kept": int(self._claim_counters[claims.REFUSED]),
            **self._senders.notes(),
            **self._openings.notes(),
            **self._beats.notes(),
        }
