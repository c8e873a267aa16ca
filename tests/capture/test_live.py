"""Opening an interface: by the ring, or the portable way, with the same outcome."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from benchmarks.wire import NEAR, Wire

from kwel.capture import packet_socket
from kwel.capture.live import CannotListen, Fanout, open_live
from kwel.sensor.lockdown import inside
from tests.capture.test_ring import frame

if TYPE_CHECKING:
    from kwel.capture.live import Live


def opened(wire: Wire, how: str) -> Live:
    """Return the near end, receiving."""
    with inside(wire.near):
        live = open_live(NEAR, how=how, patience=0.1)
        live.start()
    return live


@pytest.mark.parametrize("how", ["ring", "portable"])
def test_both_ways_give_the_same_frames(wire: Wire, how: str) -> None:
    live = opened(wire, how)
    assert live.how == how
    assert live.fileno() > 0
    sent = [frame(60 + i, seed=i) for i in range(50)]
    wire.send(sent)
    got: list[bytes] = []
    end = time.monotonic() + 5
    for batch in live.batches():
        if len(got) == len(sent) or time.monotonic() > end:
            break
        if batch is None:
            continue
        got += [batch.buffer[int(r["start"]) : int(r["start"]) + int(r["captured"])].tobytes() for r in batch.records]
    assert got == sent
    losses = live.losses()
    assert (losses.frames, losses.dropped, losses.missed) == (50, 0, 0)
    assert live.link == "up"
    live.close()


def test_where_there_is_no_ring_the_other_way_is_taken(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise packet_socket.NoRing("no rings here")

    monkeypatch.setattr(packet_socket, "set_up", refuse)
    with inside(wire.near):
        live = open_live(NEAR)
        assert live.how == "portable"
        live.close()
        with pytest.raises(CannotListen, match="no rings here"):
            open_live(NEAR, how="ring")
        with pytest.raises(CannotListen, match="packet rings"):
            open_live(NEAR, fanout=Fanout(1, 2, 0))


def test_a_way_that_there_is_not_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="guess"):
        open_live("lo", how="guess")
