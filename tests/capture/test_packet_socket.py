"""What is asked of an interface before it is heard."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

import pytest
from benchmarks.wire import NEAR, Wire, run

from kwel.capture import packet_socket as ps
from kwel.capture.live import CannotListen
from kwel.sensor.lockdown import inside

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_interface_tells_what_it_is(wire: Wire) -> None:
    with inside(wire.near), ps.open_socket(NEAR) as packets:
        index = ps.index_of(packets, NEAR)
        assert index > 0
        assert ps.link_of(packets, NEAR) == ps.link_of(packets, "lo") == 1
        assert ps.flags_of(packets, NEAR) & ps.IFF_UP
        assert len(ps.hardware_address(packets, NEAR)) == 17
        assert ps.link_state(packets, NEAR, index) == "up"
        assert ps.link_state(packets, NEAR, index + 1) == "gone"
        assert ps.link_state(packets, "none0", index) == "gone"
        wire.set_link("down")
        assert ps.link_state(packets, NEAR, index) == "down"


def test_a_cable_that_is_not_plugged_in_shows(wire: Wire) -> None:
    run("ip", "-n", wire.far, "link", "set", "switch0", "down")
    with inside(wire.near), ps.open_socket(NEAR) as packets:
        index, end = ps.index_of(packets, NEAR), time.monotonic() + 5
        while ps.link_state(packets, NEAR, index) == "up" and time.monotonic() < end:
            time.sleep(0.05)  # the system looks at links once a second
        assert ps.link_state(packets, NEAR, index) == "no-carrier"


def test_what_puts_frames_together_is_told(wire: Wire, require_tool: Callable[[str], str]) -> None:
    require_tool("ethtool")
    with inside(wire.near), ps.open_socket(NEAR) as packets:
        before = ps.merging(packets, NEAR)
        run("ip", "netns", "exec", wire.near, "ethtool", "-K", NEAR, "gro", "off" if "gro" in before else "on")
        assert ps.merging(packets, NEAR) != before
        assert ps.merging(packets, "none0") == ()


def test_a_card_without_a_clock_leaves_the_time_to_the_system(wire: Wire) -> None:
    with inside(wire.near), ps.open_socket(NEAR) as packets:
        ps.set_up(packets)
        assert ps.stamp(packets, NEAR, "software") == "software"
        assert ps.stamp(packets, NEAR, "hardware") in ("software", "hardware")


def test_an_interface_with_frames_of_another_kind_is_refused(wire: Wire) -> None:
    try:
        run("ip", "-n", wire.near, "link", "add", "odd0", "type", "vcan")
    except RuntimeError:
        pytest.skip("this kernel makes no CAN interface")
    with inside(wire.near), ps.open_socket("odd0") as packets, pytest.raises(CannotListen, match="ARPHRD 280"):
        ps.link_of(packets, "odd0")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EPERM, "CAP_NET_RAW"),
        (errno.ENODEV, "no such interface"),
        (errno.ENETDOWN, "is down"),
        (errno.ENOMEM, "fewer or smaller blocks"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_each_error_says_what_to_do(number: int, words: str) -> None:
    assert words in str(ps.why("span0", OSError(number, os.strerror(number))))


def test_nothing_is_heard_before_it_is_bound(wire: Wire) -> None:
    with inside(wire.near), ps.open_socket(NEAR) as packets:
        packets.setblocking(False)
        wire.send([bytes(60)])
        with pytest.raises(BlockingIOError):
            packets.recv(100)
