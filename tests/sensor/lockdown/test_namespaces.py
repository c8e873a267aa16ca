"""A thread goes into a network namespace and comes back, whatever happens there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kwel.sensor import lockdown
from kwel.sensor.lockdown import interface, namespaces
from kwel.sensor.lockdown.programs import ask

if TYPE_CHECKING:
    from tests.sensor.lockdown.wires import Wire


def here() -> str:
    return os.readlink(namespaces.HERE)


def test_a_thread_comes_back_whatever_happens(wire: Wire) -> None:
    before = here()
    with lockdown.inside(wire.sensor):
        assert here() != before
        assert namespaces.name_of_this() == wire.sensor
        with lockdown.inside(wire.switch), lockdown.inside(wire.switch):
            assert namespaces.name_of_this() == wire.switch
        assert namespaces.name_of_this() == wire.sensor
    with pytest.raises(ZeroDivisionError), lockdown.inside(wire.sensor):
        divmod(1, here() == before)
    assert here() == before


def test_programs_and_counters_are_those_of_the_namespace(wire: Wire) -> None:
    with lockdown.inside(wire.sensor):
        assert "mon0" in ask("ip", "link")
        assert interface.sent("mon0") == 0
    assert interface.sent("mon0") is None


def test_one_that_is_not_there_is_told() -> None:
    with (
        pytest.raises(lockdown.PassiveError, match="there is no network namespace kwel-none"),
        lockdown.inside("kwel-none"),
    ):
        pass


def test_ipv6_is_off_for_all_that_enter_a_new_one(wire: Wire) -> None:
    namespaces.create(wire.own)
    namespaces.create(wire.own)
    with lockdown.inside(wire.own):
        ask("ip", "link", "add", "any0", "type", "veth", "peer", "name", "any1")
        with open("/proc/sys/net/ipv6/conf/any0/disable_ipv6") as file:
            assert file.read().strip() == "1"
