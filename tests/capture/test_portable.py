"""The fallback by scapy: what goes over a cable comes out, or is counted as lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmarks.wire import NEAR, Wire

from kwel.analysis.analyser import Analyser
from kwel.capture.live import CannotListen, InterfaceGone
from kwel.capture.portable import Portable
from kwel.sensor.lockdown import inside
from tests.capture.test_ring import frame, frames_in, heard_again, sizes_of, tag, udp

if TYPE_CHECKING:
    from pathlib import Path


def opened(wire: Wire, filter: str = "") -> Portable:
    """Return the near end, receiving."""
    live = Portable(NEAR, patience=0.1, filter=filter)
    with inside(wire.near):
        live.start()
    return live


def caught(live: Portable) -> list[bytes]:
    """Return frames until none come."""
    got: list[bytes] = []
    for batch in live.batches():
        if batch is None:
            break
        got += [batch.buffer[int(r["start"]) : int(r["start"]) + int(r["captured"])].tobytes() for r in batch.records]
    return got


def test_tags_are_where_they_were(wire: Wire) -> None:
    live = opened(wire)
    sent = [frame(80, tag(0x8100, 5)), frame(80), frame(90, tag(0x88A8, 9) + tag(0x8100, 5))]
    wire.send(sent)
    assert caught(live) == sent
    live.close()


def test_a_filter_lets_through_what_it_says(wire: Wire) -> None:
    live = opened(wire, "udp port 53")
    wire.send([frame(), udp(1, 2, (9, 53)), udp(1, 2, (9, 54))])
    assert caught(live) == [udp(1, 2, (9, 53))]
    live.close()


def test_a_name_in_a_filter_is_refused_before_scapy_sees_it() -> None:
    with pytest.raises(CannotListen, match=r"example\.com"):
        Portable("lo", filter="host example.com")


def test_what_found_no_room_is_counted(wire: Wire) -> None:
    live = opened(wire)
    sent = wire.send(frame(9000, seed=i) for i in range(6000))
    got = len(caught(live))
    losses = live.losses()
    assert losses.dropped > 0
    assert losses.frames == got
    assert losses.frames + losses.dropped == sent
    live.close()


def test_an_interface_that_is_not_there_is_named(wire: Wire) -> None:
    live = Portable("nowhere0")
    with inside(wire.near), pytest.raises(CannotListen, match="nowhere0"):
        live.start()
    live.close()


def test_an_interface_that_is_taken_away_says_so(wire: Wire) -> None:
    live = opened(wire)
    wire.send([frame()])
    assert len(caught(live)) == 1
    wire.cut()
    batches = live.batches()
    with pytest.raises(InterfaceGone, match=NEAR):  # noqa: PT012 -- when it comes is not known
        while True:
            next(batches)
    live.close()


def test_it_says_what_a_file_of_the_same_frames_says(wire: Wire, samples: Path) -> None:
    live = opened(wire)
    path = samples / "vlan_trunk.pcap"
    count = wire.send(frames_in(path))
    analyser = Analyser(1 << 14)
    analyser.begin("live")
    for batch in live.batches():
        if batch is not None:
            analyser.process(batch)
        if live.frames >= count:
            break
    assert sizes_of(analyser.finish(())) == sizes_of(heard_again(path))
    live.close()
