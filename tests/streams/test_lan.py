"""Who speaks what to whom without IP is counted, within bounds, and what a station says is read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.rows import MARK, PACKET, Mark, Stop
from kwel.model.kinds import Lan, LanSide
from kwel.model.records.columns import mac_text
from kwel.streams.lan import AGAIN, MARKED, PAIRS, REFUSED, REPEATED, LanTables, note_lan
from tests.kernel import lan_frames as made
from tests.streams.making import ethernet, hear

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000


def frames_of(count: int, payload: bytes, kind: int = 0x8892) -> list[bytes]:
    return [b"\x01\x0e\xcf\0\0\0" + (0x001B1B << 24 | i).to_bytes(6, "big") + kind.to_bytes(2, "big") + payload
            for i in range(count)]  # fmt: skip


class Heard:
    """Tables that hear frames of one protocol."""

    def __init__(self, rows: int = 8) -> None:
        full = LanTables.empty()
        self.tables = full._replace(rows=full.rows[:rows])
        self.stops = np.zeros(len(Stop), np.int64)
        self.marks = np.zeros(16, MARK)
        self.marked = list[int]()

    def take(self, frames: list[bytes], protocol: Lan, side: LanSide = LanSide.STATION, every: int = SECOND) -> None:
        packets = np.zeros(len(frames), PACKET)
        start = 0
        for i, (packet, frame) in enumerate(zip(packets, frames, strict=True)):
            packet["stop"], packet["transport"], packet["flags"] = Stop.LAN, protocol, side
            packet["ethernet"], packet["payload"], packet["end"] = start, start + 14, start + len(frame)
            packet["wire"], packet["time"], packet["frame"], packet["index"] = len(frame), i * every, i + 1, i
            start += len(frame)
        self.stops[Stop.LAN] = len(frames)
        data, index = np.frombuffer(b"".join(frames), np.uint8), 0
        while index < len(frames):
            index = note_lan(data, index, len(frames), packets, *self.tables, self.marks, self.stops)
            self.marked += self.marks["frame"][: self.tables.counters[MARKED]].tolist()


def test_frames_of_a_pair_are_one_row(tmp_path: Path) -> None:
    back = made.cyclic(0x8001)
    there = ethernet(made.cyclic(), 0x8892)
    traffic = hear(tmp_path, [there, there, there[6:12] + there[:6] + b"\x88\x92" + back, there])

    assert [int(row["frames"]) for row in traffic.lan] == [3, 1]
    row = traffic.lan[0]
    assert (mac_text(int(row["source"])), mac_text(int(row["destination"]))) == (
        "00:1b:1b:10:00:21",
        "00:09:0f:aa:00:01",
    )
    assert (Lan(row["protocol"]), int(row["bytes"]), int(row["first_frame"])) == (Lan.PROFINET_RT, 3 * len(there), 1)
    assert int(row["last"] - row["first"]) == 3_000_000


def test_every_packet_is_used_or_set_aside(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [ethernet(made.goose(), 0x88B8), ethernet(b"\0" * 50, 0x88B8)])

    assert (traffic.coverage.packets, traffic.coverage.used) == (2, 1)
    assert dict(traffic.coverage.set_aside) == {"not-ip": 1}


def test_without_room_frames_are_set_aside_and_counted() -> None:
    heard = Heard(rows=8)
    heard.take(frames_of(10, made.cyclic()), Lan.PROFINET_RT)

    assert (heard.tables.counters[PAIRS], heard.tables.counters[REFUSED]) == (8, 2)
    assert (heard.stops[Stop.LAN], heard.stops[Stop.TABLE_FULL]) == (8, 2)


def test_what_a_station_repeats_is_marked_once() -> None:
    heard = Heard()
    answers = [frames_of(1, made.dcp_answer(transaction=i))[0] for i in range(5)]
    heard.take([*answers, *frames_of(1, made.dcp_answer("pump-8"))], Lan.PROFINET_DCP, LanSide.SERVER)

    assert heard.marked == [1, 6]
    assert heard.tables.counters[REPEATED] == 4


def test_it_is_marked_again_after_an_hour() -> None:
    heard = Heard()
    heard.take(frames_of(1, made.dcp_answer()) * 3, Lan.PROFINET_DCP, LanSide.SERVER, every=AGAIN * 2 // 3)

    assert heard.marked == [1, 3]


def test_counters_within_a_message_do_not_make_it_another() -> None:
    heard = Heard()
    heard.take([frames_of(1, made.goose(state=i))[0] for i in range(4)], Lan.GOOSE, LanSide.PUBLISHER)
    heard.take(frames_of(1, made.goose("IED1PROT/LLN0$GO$gcb02")), Lan.GOOSE, LanSide.PUBLISHER)

    assert heard.marked == [1, 1]


def test_more_sayings_than_marks_are_read_in_turns() -> None:
    heard = Heard(rows=64)
    heard.take(frames_of(50, made.dcp_answer()), Lan.PROFINET_DCP, LanSide.SERVER)

    assert heard.marked == list(range(1, 51))


def test_questions_for_all_and_accepted_settings_say_nothing() -> None:
    heard = Heard()
    heard.take(frames_of(1, made.dcp(0xFEFD, 3, 0, b"\2\2")), Lan.PROFINET_DCP, LanSide.CLIENT)
    heard.take(frames_of(1, made.dcp(0xFEFD, 4, 1, made.dcp_block(5, 4, bytes(3)))), Lan.PROFINET_DCP, LanSide.SERVER)

    assert heard.marked == []


def test_the_kinds_of_marks(tmp_path: Path) -> None:
    traffic = hear(
        tmp_path,
        [
            ethernet(made.dcp_answer(), 0x8892), ethernet(made.goose(), 0x88B8), ethernet(made.samples(), 0x88BA),
            ethernet(made.powerlink_ident(), 0x88AB), ethernet(made.DLR_BEACON, 0x80E1),
        ],
    )  # fmt: skip

    assert {said.protocol for said in traffic.observed} == {"profinet-dcp", "goose", "sv", "powerlink", "dlr"}
    assert {mac_text(said.mac or 0) for said in traffic.observed} == {"00:1b:1b:10:00:21"}
    assert {Mark[said.protocol.upper().replace("-", "_")] for said in traffic.observed}


MICROSECOND = 1000


def test_a_frame_that_was_mirrored_twice_counts_once(tmp_path: Path) -> None:
    frames = [frame for i in range(4) for frame in [ethernet(made.goose(state=i), 0x88B8)] * 2]
    traffic = hear(tmp_path, frames, step=100)

    assert [int(row["frames"]) for row in traffic.lan] == [4]
    assert (traffic.coverage.used, dict(traffic.coverage.set_aside)) == (4, {"duplicate": 4})


def test_a_frame_that_is_sent_again_a_millisecond_later_is_another() -> None:
    heard = Heard()
    heard.take(frames_of(1, made.cyclic()) * 10, Lan.PROFINET_RT, every=600 * MICROSECOND)

    assert int(heard.tables.rows[0]["frames"]) == 10


def test_frames_of_fast_cycles_may_be_alike() -> None:
    heard = Heard()
    heard.take(frames_of(1, made.ethercat()) * 10, Lan.ETHERCAT, every=250 * MICROSECOND)

    assert int(heard.tables.rows[0]["frames"]) == 10
    assert heard.stops[Stop.DUPLICATE] == 0


def test_frames_of_fast_cycles_are_copies_where_others_are() -> None:
    heard = Heard()
    heard.take([f for f in frames_of(2, made.cyclic()) for _ in range(2)], Lan.PROFINET_RT, every=10 * MICROSECOND)
    heard.take(frames_of(1, made.ethercat(), 0x88A4) * 2, Lan.ETHERCAT, every=10 * MICROSECOND)

    assert [int(row["frames"]) for row in heard.tables.rows[:3]] == [1, 1, 1]


def test_the_same_bytes_in_another_vlan_are_another_frame(tmp_path: Path) -> None:
    frame = made.goose()
    tagged = ethernet(frame, 0x88B8, b"\x81\0\0\x14")
    traffic = hear(tmp_path, [ethernet(frame, 0x88B8), tagged], step=10)

    assert [int(row["frames"]) for row in traffic.lan] == [1, 1]
