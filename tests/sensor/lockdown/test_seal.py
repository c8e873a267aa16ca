"""A sealed process can send in no way that it tries, and goes on with its work."""

from __future__ import annotations

import ast
import ctypes
import ctypes.util
import json
import platform
import signal
import struct
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kwel.sensor.lockdown import seccomp
from kwel.sensor.lockdown.syscalls import AARCH64, ALLOWED, X86_64
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.sensor.lockdown.wires import Wire

WAYS_TOLD_OTHERWISE = {"reopen": "ENXIO", "clone3": "ENOSYS"}
"""A socket cannot be opened by its name at all; and glibc goes back to clone where there is no clone3."""


def told(wire: Wire, *options: str) -> dict[str, Any]:
    """Return what a prisoner on a locked wire said, while frames arrive."""
    wire.link("up")
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.05):
            wire.stimulate()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        said = wire.python("prisoner", *options)
    finally:
        stop.set()
        thread.join()
    assert said.startswith("{"), said
    found: dict[str, Any] = json.loads(said)
    return found


def test_every_way_out_is_refused_and_the_work_goes_on(wire: Wire) -> None:
    wire.sysctl("ipv6/disable_ipv6", "1")
    wire.link("arp", "off")
    said = told(wire, "all", "nobody")

    assert {way: end for way, end in said["out"].items() if end != "EPERM"} == WAYS_TOLD_OTHERWISE
    assert {work: end for work, end in said["work"].items() if end != "done"} == {}
    assert wire.heard(0.2) == []
    assert [(key, holds) for key, holds, _ in said["checks"]] == [("sealed", True), ("seal-test-refused", True)]
    status = said["status"]
    assert {status[key] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert set(status["Uid"].split()) == {"65534"}


def test_root_that_stays_root_has_no_capability_either(wire: Wire) -> None:
    said = told(wire, "all")

    assert {way: end for way, end in said["out"].items() if end != "EPERM"} == WAYS_TOLD_OTHERWISE
    assert said["status"]["CapEff"] == "0" * 16


def test_where_it_may_fork_the_child_can_send_no_more_than_the_parent(wire: Wire) -> None:
    said = told(wire, "forks")

    ends = {way: end for way, end in said["out"].items() if end != "EPERM"}
    assert ends == {**WAYS_TOLD_OTHERWISE, "fork": "done"}


@pytest.mark.parametrize(
    ("what", "complaint"),
    [("threads", "a thread of a library had them before"), ("other-socket", "another network socket; close it first")],
)
def test_a_process_that_keeps_another_way_is_not_called_sealed(what: str, complaint: str, wire: Wire) -> None:
    said = wire.python("prisoner", what)

    assert "SealError" in said
    assert complaint in said


@pytest.mark.skipif(platform.machine() != "x86_64", reason="32-bit calls are those of x86")
def test_a_call_of_another_architecture_ends_the_process(wire: Wire) -> None:
    one = wire.program(sys.executable, "-m", "tests.sensor.lockdown.prisoner", "foreign")
    said, _ = one.communicate()

    assert one.returncode in (-signal.SIGSYS, -signal.SIGSEGV), said  # the latter where the kernel has no 32-bit calls


OTHERS = """
import os, struct, sys, time
from kwel.sensor.lockdown import seccomp
from kwel.sensor.lockdown.seal import give_up_rights
from kwel.sensor.lockdown.status import sealed
give_up_rights()
lets_all = struct.pack("=HBBI", 6, 0, 0, seccomp.ALLOW)
seccomp.install(lets_all, seccomp.processor())
def told(*filters):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        for one in filters:
            seccomp.install(one, seccomp.processor())
        os.write(writing, b"x")
        time.sleep(60)
    os.read(reading, 1)
    check = sealed(child)
    os.kill(child, 9)
    return check.holds, check.value.partition(", ")[2]
print([told(), told(seccomp.program([], 1, seccomp.processor()))])
"""


def test_a_filter_that_somebody_else_set_seals_nobody() -> None:
    """As that of a container, which lets a packet socket send: there has to be one more."""
    done = subprocess.run([sys.executable, "-c", OTHERS], capture_output=True, text=True, check=True, cwd=ROOT / "src")

    assert ast.literal_eval(done.stdout) == [(False, "Seccomp_filters 1, none of them its own"), (True, "")]


def test_an_unknown_processor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")

    with pytest.raises(seccomp.FilterError, match="riscv64"):
        seccomp.processor()


def test_numbers_of_system_calls_are_those_of_libseccomp() -> None:
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("libseccomp is not installed")
    resolve = ctypes.CDLL(name).seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    resolve.restype = ctypes.c_int
    compared = 0
    for call, numbers in ALLOWED.items():
        for column, machine in ((X86_64, "x86_64"), (AARCH64, "aarch64")):
            known = resolve(seccomp.PROCESSORS[machine].audit, call.encode())
            if known != -1:  # newer than this library
                assert numbers[column] == (known if known >= 0 else None), call
                compared += 1
    assert compared > 300


@pytest.mark.parametrize("machine", seccomp.PROCESSORS)
def test_a_filter_lets_nothing_through_but_what_it_lists(machine: str) -> None:
    """Run the program as the kernel would, for every number and for arguments that matter."""
    on = seccomp.PROCESSORS[machine]
    code = seccomp.program([7, 300], 4711, on)
    names = {numbers[on.column]: name for name, numbers in ALLOWED.items() if numbers[on.column] is not None}

    for number in range(600):
        name = names.get(number)
        free = judge(code, on.audit, number, (1, 1, 0))
        socket = judge(code, on.audit, number, (7, 0, 0))
        if name is None:
            assert free == socket == seccomp.REFUSE
        elif name in seccomp.NOT_OF_SOCKETS:
            assert (free, socket) == (seccomp.ALLOW, seccomp.REFUSE)
            assert judge(code, on.audit, number, (300, 0, 0)) == seccomp.REFUSE
            assert judge(code, on.audit, number, (7 | 1 << 32, 0, 0)) == seccomp.REFUSE
        elif name in seccomp.HEARS:
            assert (free, socket) == (seccomp.REFUSE, seccomp.ALLOW)
    clone = ALLOWED["clone"][on.column]
    assert clone is not None
    assert judge(code, on.audit, clone, (0x11, 0, 0)) == seccomp.REFUSE
    assert judge(code, on.audit, clone, (0x3D0F00, 0, 0)) == seccomp.ALLOW
    assert judge(code, on.audit ^ 1, 0, (0, 0, 0)) == seccomp.KILL


def judge(code: bytes, architecture: int, number: int, arguments: tuple[int, int, int]) -> int:
    """Return what a filter says of a call: an interpreter of the four instructions that it uses."""
    data = struct.pack("<iIQQQQQQQ", number, architecture, 0, *arguments, 0, 0, 0)
    steps = list(struct.iter_unpack("=HBBI", code))
    at = accumulator = 0
    while True:
        operation, if_true, if_false, constant = steps[at]
        at += 1
        if operation == seccomp.RETURN:
            return int(constant)
        if operation == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("<I", data, constant)
        elif operation == seccomp.JUMP_EQUAL:
            at += if_true if accumulator == constant else if_false
        else:
            at += if_true if accumulator & constant else if_false
