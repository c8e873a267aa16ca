"""What goes over a cable comes out of the ring: each frame once, with its bytes, or counted as lost."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.wire import NEAR, Wire
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kwel.analysis.analyser import Analyser
from kwel.capture import Batch, CaptureFile
from kwel.capture.live import CannotListen, Fanout, InterfaceGone
from kwel.capture.ring import Ring
from kwel.merge.renumbering import is_question
from kwel.merge.stacking import NAMED_IN
from kwel.sensor.lockdown import inside
from tests.capture.making import pcap, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kwel.model.traffic import Traffic

PATIENCE = 0.15
FLOWS = 1 << 14


def opened(wire: Wire, **options: object) -> Ring:
    """Return a ring on the near end that receives."""
    with inside(wire.near):
        ring = Ring(NEAR, patience=PATIENCE, hold=0.02, **options)  # type: ignore[arg-type]
    try:
        ring.start()
    except CannotListen:
        ring.close()
        raise
    return ring


def caught(ring: Ring, count: int, seconds: float = 5.0) -> list[tuple[int, int, bytes, int]]:
    """Return (number, time, bytes, length on the wire) of *count* frames, or of those that came until none did."""
    found: list[tuple[int, int, bytes, int]] = []
    end = time.monotonic() + seconds
    for batch in ring.batches():
        if batch is None:
            if time.monotonic() > end or len(found) >= count:
                return found
            if found:
                return found
            continue
        for i, row in enumerate(batch.records):
            start = int(row["start"])
            data = batch.buffer[start : start + int(row["captured"])].tobytes()
            found.append((batch.first_frame + i, int(row["time"]), data, int(row["wire"])))
        if len(found) >= count:
            return found
    raise AssertionError("batches never end")


def frame(size: int = 60, tags: bytes = b"", seed: int = 0) -> bytes:
    """Return an Ethernet frame of random bytes."""
    dice = random.Random(seed)
    head = bytes.fromhex("020000000002020000000001") + tags + b"\x88\xb5"
    return head + dice.randbytes(max(size - len(head), 0))


def tag(kind: int, value: int) -> bytes:
    """Return a VLAN tag."""
    return struct.pack(">HH", kind, value)


def test_every_frame_comes_once_with_its_bytes_and_its_number(wire: Wire) -> None:
    ring = opened(wire)
    sent = [frame(14 + i % 1501, seed=i) for i in range(3000)]
    before = time.time_ns()
    wire.send(sent)
    got = caught(ring, len(sent))
    assert [data for _, _, data, _ in got] == sent
    assert [number for number, _, _, _ in got] == list(range(1, 3001))
    assert all(length == len(data) for _, _, data, length in got)
    times = [when for _, when, _, _ in got]
    assert times == sorted(times)
    assert before - 10**9 < times[0] <= times[-1] < time.time_ns() + 10**9
    losses = ring.losses()
    assert (losses.interface, losses.frames, losses.dropped, losses.missed) == (NEAR, 3000, 0, 0)
    assert ring.losses().frames == 0
    ring.close()


sizes = st.integers(24, 9014)  # of a tagged frame below 20 bytes the system makes nothing
QUICK = (Phase.explicit, Phase.generate)
"""To make an example smaller takes minutes here: each lets the patience pass."""

tagging = st.sampled_from(
    [
        b"",
        tag(0x8100, 5),
        tag(0x8100, 0),
        tag(0x8100, 0xFFFF),
        tag(0x88A8, 100) + tag(0x8100, 7),
        tag(0x8100, 100) + tag(0x8100, 7),
    ]
)


@settings(max_examples=25, phases=QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes=st.lists(st.tuples(sizes, tagging), min_size=1, max_size=60), seed=st.integers(0, 1 << 30))
def test_tags_and_sizes_come_out_as_they_went_in(wire: Wire, shapes: list[tuple[int, bytes]], seed: int) -> None:
    ring = opened(wire, blocks=8, block_size=1 << 16)
    sent = [frame(size, tags, seed + i) for i, (size, tags) in enumerate(shapes)]
    wire.send(sent)
    got = caught(ring, len(sent))
    assert [data for _, _, data, _ in got] == sent
    assert ring.facts["tagged"] == sum(1 for _, tags in shapes if tags)
    ring.close()


def test_many_frames_go_round_a_small_ring(wire: Wire) -> None:
    ring = opened(wire, blocks=4, block_size=1 << 14)
    sent: list[bytes] = []
    got: list[bytes] = []
    for turn in range(40):
        more = [frame(60 + (turn * 37 + i) % 700, seed=turn * 100 + i) for i in range(40)]
        sent += more
        wire.send(more)
        got += [data for _, _, data, _ in caught(ring, len(more))]
    assert got == sent
    assert ring.losses().dropped == 0
    ring.close()


def test_what_found_no_room_is_counted(wire: Wire) -> None:
    ring = opened(wire, blocks=2, block_size=1 << 14)
    count = wire.send(frame(500, seed=i) for i in range(2000))
    got = caught(ring, count)
    losses = ring.losses()
    assert losses.dropped > 0
    assert losses.frames == len(got)
    assert losses.frames + losses.dropped == count
    assert ring.losses().dropped == 0
    assert ring.facts["dropped"] == losses.dropped
    ring.close()


def test_a_frame_that_is_longer_than_a_block_is_cut_and_says_how_long_it_was(wire: Wire) -> None:
    ring = opened(wire, blocks=4, block_size=1 << 12)
    wire.send([frame(9000)])
    ((_, _, data, length),) = caught(ring, 1)
    assert length == 9000
    assert data == frame(9000)[: len(data)]
    assert 3500 < len(data) < 4096
    assert ring.facts["cut"] == 1
    ring.close()


def test_none_comes_within_the_patience_and_numbers_begin_anew_when_told(wire: Wire) -> None:
    ring = opened(wire)
    batches = ring.batches()
    began = time.monotonic()
    assert next(batches) is None
    assert time.monotonic() - began < 10 * PATIENCE
    assert ring.link == "up"
    wire.send([frame(), frame()])
    first = next(batches)
    assert first is not None
    assert first.first_frame == 1
    ring.next_frame = 1
    wire.send([frame()])
    while (second := next(batches)) is None:
        pass
    assert second.first_frame == 1
    ring.close()


def test_behind_the_frames_there_is_room_to_write_to(wire: Wire) -> None:
    ring = opened(wire)
    wire.send([frame()])
    batch = next(ring.batches())
    assert batch is not None
    batch.buffer[batch.spare :] = 7
    assert batch.buffer[-1] == 7
    assert int(batch.records["start"].max()) < batch.spare
    ring.close()
    assert not batch.buffer[: batch.spare].any()  # no longer the ring's memory, and still no fault


def test_an_interface_that_was_down_is_heard_again(wire: Wire) -> None:
    ring = opened(wire)
    wire.send([frame(seed=1)])
    time.sleep(0.1)
    wire.set_link("down")
    got = [data for _, _, data, _ in caught(ring, 1)]
    batches = ring.batches()
    for _ in range(10):
        assert next(batches) is None
        if ring.link == "down":
            break
    assert ring.link == "down"
    wire.set_link("up")
    wire.send([frame(seed=2)])
    got += [data for _, _, data, _ in caught(ring, 1)]
    assert got == [frame(seed=1), frame(seed=2)]
    assert ring.losses().frames == 2
    ring.close()


def test_an_interface_that_is_down_at_first_is_heard_once_it_is_up(wire: Wire) -> None:
    wire.set_link("down")
    ring = opened(wire)
    assert ring.link == "down"
    batches = ring.batches()
    assert next(batches) is None
    wire.set_link("up")
    wire.send([frame(seed=3)])
    while (batch := next(batches)) is None:
        pass
    assert len(batch.records) == 1
    ring.close()


SEALED = """
import sys
from kwel.kernel.build import jit
from kwel.capture.ring import Ring
from kwel.sensor.lockdown.seal import give_up_rights, seal

jit.load()
ring = Ring("span0", patience=0.1)
ring.start()
give_up_rights()
seal([ring.fileno()])
print("ready", flush=True)
heard = idle = 0
for batch in ring.batches():
    heard += 0 if batch is None else len(batch.records)
    idle += batch is None and heard > 0
    if idle > 2:
        break
print(heard, *ring.losses(), ring.link)
ring.close()
"""


def test_a_sealed_process_hears_and_counts(wire: Wire) -> None:
    """Nothing in the loop needs a privilege, a new socket, or a call of the system that could send."""
    words = ["ip", "netns", "exec", wire.near, sys.executable, "-c", SEALED]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as hear:
        assert hear.stdout is not None
        assert hear.stdout.readline() == "ready\n"
        wire.send(frame(seed=i) for i in range(200))
        told, _ = hear.communicate(timeout=30)
    assert hear.returncode == 0
    assert told.split() == ["200", "span0", "200", "0", "0", "up"]


def test_an_interface_that_is_taken_away_says_so_after_its_last_frame(wire: Wire) -> None:
    ring = opened(wire)
    wire.send([frame(seed=1), frame(seed=2)])
    wire.cut()
    got = 0
    batches = ring.batches()
    with pytest.raises(InterfaceGone, match="span0"):  # noqa: PT012 -- when it comes is not known
        while True:
            batch = next(batches)
            got += 0 if batch is None else len(batch.records)
    assert got == 2
    losses = ring.losses()
    assert losses.frames == 2
    assert losses.missed is None or losses.missed == 0
    ring.close()


def test_an_interface_that_is_not_there_is_named(wire: Wire) -> None:
    with inside(wire.near), pytest.raises(CannotListen, match="nowhere0: no such interface"):
        Ring("nowhere0")
    with inside(wire.near), pytest.raises(CannotListen, match="no such interface"):
        Ring("x" * 40)


def test_an_interface_is_heard_again_after_it_was_let_go(wire: Wire) -> None:
    for turn in range(3):
        ring = opened(wire)
        wire.send([frame(seed=turn)])
        assert [data for _, _, data, _ in caught(ring, 1)] == [frame(seed=turn)]
        ring.close()
        ring.close()


def test_numbers_that_make_no_ring_are_refused() -> None:
    for blocks, size in ((1, 1 << 20), (8, 1000), (4096, 1 << 20), (8, 4097)):
        with pytest.raises(ValueError, match="make no ring"):
            Ring("lo", blocks=blocks, block_size=size)


def test_a_group_or_a_clock_that_there_is_not_is_a_mistake() -> None:
    for fanout in (Fanout(1 << 16, 2, 0), Fanout(1, 2, 2), Fanout(1, 2, 0, "guess")):
        with pytest.raises(ValueError, match="fanout"):
            Ring("lo", fanout=fanout)
    with pytest.raises(ValueError, match="sundial"):
        Ring("lo", timestamps="sundial")


def udp(source: int, destination: int, ports: tuple[int, int], *, cut: int = 0, offset: int = 0) -> bytes:
    """Return a frame with a UDP datagram between two addresses of 192.0.2.0/24, or a fragment of one."""
    load = struct.pack(">HHHH", *ports, 108, 0) + bytes(100)
    load = load[offset : offset + cut] if cut else load[offset:]
    fragment = offset // 8 | (0x2000 if cut else 0)
    head = struct.pack(
        ">BBHHHBBH4B4B", 0x45, 0, 20 + len(load), 77, fragment, 64, 17, 0, 192, 0, 2, source, 192, 0, 2, destination
    )
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack(">H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + head[12:]
    return bytes.fromhex("0200000000020200000000010800") + head + load


def test_both_directions_and_all_fragments_of_a_flow_go_to_one_member(wire: Wire) -> None:
    members = [opened(wire, fanout=Fanout(77, 2, i), blocks=4, block_size=1 << 18) for i in range(2)]
    flows = [(host, port) for host in range(1, 40) for port in (1000, 2000)]
    frames = {(host, port): [udp(host, 200, (port, 53)), udp(200, host, (53, port))] for host, port in flows}
    fragments = {host: [udp(host, 201, (9, 9), cut=64), udp(host, 201, (9, 9), offset=64)] for host in range(1, 40)}
    wire.send(one for pair in (*frames.values(), *fragments.values()) for one in pair)
    got = [{data for _, _, data, _ in caught(member, 1000, 1.0)} for member in members]
    assert all(len(part) > 20 for part in got)
    assert not got[0] & got[1]
    assert len(got[0] | got[1]) == 2 * len(frames) + 2 * len(fragments)
    for pair in (*frames.values(), *fragments.values()):
        assert {i for i in range(2) for one in pair if one in got[i]} in ({0}, {1})
    assert members[1].losses().missed == 0
    for member in members:
        member.close()


def test_a_group_that_others_share_another_way_is_refused(wire: Wire) -> None:
    first = opened(wire, fanout=Fanout(78, 2, 0))
    with pytest.raises(CannotListen, match="group 78"):
        opened(wire, fanout=Fanout(78, 2, 1, "cpu"))
    first.close()


def test_a_filter_lets_through_what_it_says_and_sees_through_a_tag(wire: Wire) -> None:
    ring = opened(wire, filter="udp and host 192.0.2.7")
    wanted, other = udp(7, 200, (5, 53)), udp(8, 200, (5, 53))
    tagged = wanted[:12] + tag(0x8100, 9) + wanted[12:]
    wire.send([other, wanted, frame(), tagged])
    assert [data for _, _, data, _ in caught(ring, 2)] == [wanted, tagged]
    losses = ring.losses()
    assert (losses.frames, losses.dropped) == (2, 0)
    ring.close()


def test_a_filter_that_is_none_is_named(wire: Wire) -> None:
    with inside(wire.near), pytest.raises(CannotListen, match="span0: the filter"):
        Ring(NEAR, filter="host 192.0.2.7 and and")


STEPS = st.integers(-(10**18), 10**18)


@settings(max_examples=10, phases=QUICK)
@given(steps=st.lists(STEPS, min_size=1, max_size=20))
def test_a_clock_that_is_set_meanwhile_changes_times_and_nothing_else(steps: list[int], samples: Path) -> None:
    """The times of frames are the wall clock's: where that is set, they go with it."""
    analyser = Analyser(FLOWS)
    analyser.begin("live")
    frames, now = 0, 0
    for batch in CaptureFile("mixed", samples / "mixed_plant.pcapng").batches():
        for begin in range(0, len(batch.records), 400):
            part = batch.records[begin : begin + 400].copy()
            now += steps[begin // 400 % len(steps)]
            part["time"] += min(max(now, -(10**18)), 10**18)
            analyser.process(Batch(batch.buffer, part, batch.first_frame + begin, batch.spare))
            frames += len(part)
    traffic = analyser.finish((CaptureFile("live", None).describe(),))
    assert traffic.coverage.packets == frames
    assert len(traffic.flows) == len(heard_again(samples / "mixed_plant.pcapng").flows) > 50


SAMPLE_FILES = ("mixed_plant.pcapng", "vlan_trunk.pcap", "qinq_trunk.pcap", "office_it.pcap", "erspan2_frag.pcap")


def frames_in(path: Path) -> Iterator[bytes]:
    """Yield the Ethernet frames of a capture."""
    for batch in CaptureFile(path.name, path).batches():
        for row in batch.records:
            assert row["link"] == 1
            yield batch.buffer[int(row["start"]) : int(row["start"]) + int(row["captured"])].tobytes()


def heard_live(ring: Ring, count: int, copy: list[bytes]) -> Traffic:
    """Return what *count* frames on the ring make, and put a pcap of them into *copy*."""
    analyser = Analyser(FLOWS)
    analyser.begin("live")
    got = 0
    for batch in ring.batches():
        if batch is None:
            continue
        for row in batch.records:
            start = int(row["start"])
            data = batch.buffer[start : start + int(row["captured"])].tobytes()
            copy.append(record(data, time=divmod(int(row["time"]), 10**9), wire=int(row["wire"])))
        analyser.process(batch)
        got += len(batch.records)
        if got >= count:
            break
    return analyser.finish((CaptureFile("live", None).describe(),))


def heard_again(path: Path) -> Traffic:
    """Return what a capture file makes."""
    file = CaptureFile("live", path)
    analyser = Analyser(FLOWS)
    analyser.begin("live")
    for batch in file.batches():
        analyser.process(batch)
    return analyser.finish((CaptureFile("live", None).describe(),))


def tables(traffic: Traffic) -> dict[str, object]:
    """Return all that a traffic says, in a form that compares.

    Names and fingerprints are spelt out and hellos sorted: which of two frames of a batch is looked at first depends on
    where batches end, which of a ring nobody can foresee.
    """
    found: dict[str, object] = {}
    names = [traffic.names[i] for i in range(len(traffic.names))]
    fingerprints = list(traffic.fingerprints)
    for name in ("flows", "named", "answers", "claims", "hellos", "shown", "questions", "mirrors", "lan", "commands",
                 "senders", "openings", "beats", "rhythms"):  # fmt: skip
        rows = getattr(traffic, name)
        columns = {column: np.asarray(rows[column]).tolist() for column in rows.dtype.names}  # not the padding
        for column in NAMED_IN.get(name, ()):
            columns[column] = [names[number] for number in columns[column]]
        if name == "flows":
            asked = zip(columns["asked"], is_question(traffic).tolist(), strict=True)
            columns["asked"] = [number if is_own else names[number] for number, is_own in asked]
        if name == "hellos":
            columns["fingerprint"] = [str(fingerprints[number]) for number in columns["fingerprint"]]
        told = [repr(row) for row in zip(*columns.values(), strict=True)]
        found[name] = sorted(told) if name in ("hellos", "named") else told
    found["names"], found["fingerprints"] = sorted(names), sorted(map(str, fingerprints))
    for name in ("certificates", "observed", "coverage"):
        found[name] = getattr(traffic, name)
    return found


def sizes_of(traffic: Traffic) -> list[tuple[object, ...]]:
    """Return the flows without their times, with their names."""
    columns = ("initiator_hi", "initiator_lo", "responder_hi", "responder_lo", "initiator_port", "responder_port",
               "transport", "vlan", "tunnel", "bytes_out", "bytes_in", "packets_out", "packets_in", "payload_out",
               "payload_in")  # fmt: skip
    return sorted(
        (*(int(flow[column]) for column in columns), traffic.names[int(flow["name"])]) for flow in traffic.flows
    )


@pytest.mark.parametrize("name", SAMPLE_FILES)
def test_live_and_replay_of_the_same_frames_say_the_same(wire: Wire, samples: Path, tmp_path: Path, name: str) -> None:
    ring = opened(wire)
    sent = list(frames_in(samples / name))
    wire.send(sent)
    copy: list[bytes] = []
    live = heard_live(ring, len(sent), copy)
    assert ring.losses().dropped == 0
    ring.close()
    path = tmp_path / "again.pcap"
    path.write_bytes(pcap(*copy, magic=0xA1B23C4D))
    assert tables(live) == tables(heard_again(path))
    original = heard_again(samples / name)
    assert len(live.flows) > 0
    assert sizes_of(live) == sizes_of(original)
