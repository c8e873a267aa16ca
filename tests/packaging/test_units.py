"""The units are as hard as they say, and start commands that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import click
import pytest

from kwel.cli.app import app
from kwel.sensor.lockdown.syscalls import ALLOWED
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOT_USED = {"futex_requeue", "futex_wait", "futex_wake", "mseal"}
"""Calls of Linux 6.7 and later that the C library of Debian 12 does not make."""
UNITS = sorted((ROOT / "packaging" / "systemd").glob("*.service"))
SCRIPTS = [ROOT / "packaging" / "deb" / name for name in ("postinst", "prerm", "postrm")]
STARTED = [
    (unit.name, shlex.split(line))
    for unit in UNITS
    for line in re.findall(r"^Exec\w+=[-+!@]*(/usr/bin/kwel .*)$", unit.read_text(), flags=re.M)
]


@pytest.mark.parametrize(("name", "most"), [("kwel-sensor.service", 2.0), ("kwel-alerts.service", 1.0)])
def test_what_it_may_do_is_little(name: str, most: float, require_tool: Callable[[str], str]) -> None:
    analyse = [require_tool("systemd-analyze"), "security", "--offline=true", "--no-pager"]
    done = subprocess.run(
        [*analyse, str(ROOT / "packaging" / "systemd" / name)], capture_output=True, text=True, check=False
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)

    assert exposure, done.stderr
    assert float(exposure[1]) < most


def test_the_aim_is_one_that_can_be_missed(require_tool: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "soft.service").write_text("[Service]\nExecStart=/bin/true\n")
    done = subprocess.run(
        [require_tool("systemd-analyze"), "security", "--offline=true", "--no-pager", str(tmp_path / "soft.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert float(done.stdout.rpartition(": ")[2].split()[0]) > 9


def test_the_sensor_has_no_network_but_its_mirror_ports() -> None:
    unit = (ROOT / "packaging" / "systemd" / "kwel-sensor.service").read_text()

    assert "\nNetworkNamespacePath=/run/netns/kwel\n" in unit
    assert "\nRestrictAddressFamilies=AF_PACKET AF_NETLINK AF_UNIX\n" in unit
    assert "SYS_ADMIN" not in unit
    assert "\nUser=kwel\n" in unit


def test_what_a_sealed_process_may_ask_of_the_system_the_unit_lets_through(require_tool: Callable[[str], str]) -> None:
    """A call that the unit refuses would end the sensor at its first window, not at its start."""
    unit = (ROOT / "packaging" / "systemd" / "kwel-sensor.service").read_text()
    told = subprocess.run(
        [require_tool("systemd-analyze"), "syscall-filter"], capture_output=True, text=True, check=True
    )
    sets: dict[str, list[str]] = {}
    for line in told.stdout.splitlines():
        if line.startswith("@"):
            within = sets.setdefault(line.split()[0], [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            within.append(line.strip())

    def calls(word: str) -> set[str]:
        return {call for one in sets[word] for call in calls(one)} if word.startswith("@") else {word}

    allowed = set(calls("@default"))
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, flags=re.M):
        of = {call for word in line.removeprefix("~").split() for call in calls(word)}
        allowed = allowed - of if line.startswith("~") else allowed | of
    assert {"seccomp", "capset", "prctl"} <= allowed
    assert sorted(set(ALLOWED) - allowed - NOT_USED) == []


def test_a_mirror_port_that_left_for_its_namespace_does_not_take_the_sensor_along() -> None:
    """The device unit of an interface goes when the interface is moved, and would stop what is bound to it."""
    unit = (ROOT / "packaging" / "systemd" / "kwel-mirror@.service").read_text()

    assert "\nBindsTo=" not in unit
    assert "\nWantedBy=kwel-sensor.service\n" in unit, "one port that fails must not keep the sensor from the others"


def test_a_mirror_port_that_comes_back_is_fetched_as_it_was_at_first() -> None:
    """The device starts it each time that it appears, so it must be over by then; it may do what the first one may."""
    first, later = (
        (ROOT / "packaging" / "systemd" / f"kwel-{name}@.service").read_text() for name in ("mirror", "fetch")
    )

    assert "\nAlso=kwel-fetch@%i.service\n" in first
    assert "\nWantedBy=sys-subsystem-net-devices-%i.device\n" in later
    assert "\nRemainAfterExit=" not in later
    assert "\nConditionPathExists=/sys/class/net/%I\n" in later
    may = re.compile(r"^(?:ExecStart|Capability|Protect|Private|Restrict|NoNew|Lock).*$", re.M)
    assert may.findall(first) == may.findall(later)


def test_what_sends_alerts_hears_nothing() -> None:
    unit = (ROOT / "packaging" / "systemd" / "kwel-alerts.service").read_text()

    assert "\nCapabilityBoundingSet=\n" in unit
    assert "AF_PACKET" not in unit
    assert "\nIPAddressDeny=any\n" in unit


@pytest.mark.parametrize(("unit", "words"), STARTED, ids=[name for name, _ in STARTED])
def test_what_a_unit_starts_is_a_command_with_these_options(unit: str, words: list[str]) -> None:
    command: click.Command = app
    rest = words[1:]
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest.pop(0))
        assert found, f"{unit}: {' '.join(words)}"
        command = found
    options = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in rest if word.startswith("--")} <= options


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda of: of.name)
def test_scripts_of_the_package_can_be_read_by_a_shell(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
