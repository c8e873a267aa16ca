"""A sealed process that tries to send in every way it knows; tests run it.

Run as ``python -m tests.sensor.lockdown.prisoner``.

It prints one JSON object: for each way the error it ended in, or "done".
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import platform
import socket
import struct
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "setsockopt": (54, 208), "shutdown": (48, 210), "recvmmsg": (299, 243),
    "sendfile": (40, 71), "splice": (275, 76), "tee": (276, 77), "vmsplice": (278, 75),
    "copy_file_range": (326, 285), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "io_setup": (206, 0), "io_submit": (209, 2), "bpf": (321, 280),
    "ptrace": (101, 117), "process_vm_writev": (311, 271), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "execve": (59, 221), "execveat": (322, 281), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40),
    "kill": (62, 129), "tkill": (200, 130), "seccomp": (317, 277), "capset": (126, 91), "setuid": (105, 146),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219), "init_module": (175, 105),
    "finit_module": (313, 273), "open_tree": (428, 428), "fsopen": (430, 430), "reboot": (169, 142),
    "open_by_handle_at": (304, 265), "unknown": (1000, 1000),
}  # fmt: skip
"""Calls that must be refused whatever they are given, x86-64 and aarch64."""
FRAME = b"\xff" * 6 + bytes.fromhex("0200000000aa") + b"\x88\xb6" + b"LEAK" * 12
SET_FLAGS = 0x8914
"""SIOCSIFFLAGS, linux/sockios.h."""
libc = ctypes.CDLL(None, use_errno=True)


def outcome(way: Callable[[], Any]) -> str:
    ctypes.set_errno(0)
    try:
        said = way()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except RuntimeError as error:
        return str(error)
    return errno.errorcode[ctypes.get_errno()] if said == -1 else "done"


def ways_out(one: socket.socket) -> dict[str, Callable[[], Any]]:
    column = platform.machine() != "x86_64"
    fd, frame = one.fileno(), ctypes.create_string_buffer(FRAME)
    ways: dict[str, Callable[[], Any]] = {
        name: partial(libc.syscall, numbers[column], -1, 0, 0, 0, 0, 0) for name, numbers in NUMBERS.items()
    }
    ways |= {
        "send": lambda: one.send(FRAME),
        "write": lambda: os.write(fd, FRAME),
        "writev": lambda: os.writev(fd, [FRAME]),
        "pwrite": lambda: os.pwrite(fd, FRAME, 0),
        "pwritev": lambda: os.pwritev(fd, [FRAME], 0),
        "high half": lambda: libc.syscall(1 if not column else 64, ctypes.c_ulong(fd | 1 << 40), frame, len(FRAME)),
        "os.sendfile": lambda: os.sendfile(fd, os.open(__file__, os.O_RDONLY), 0, 64),
        "dup": lambda: libc.dup(fd),
        "dup3": lambda: libc.dup3(fd, 50, 0),
        "fcntl dup": lambda: libc.fcntl(fd, 0, ctypes.c_long(50)),
        "fcntl dup cloexec": lambda: libc.fcntl(fd, 1030, ctypes.c_long(50)),
        "reopen": lambda: os.open(f"/proc/self/fd/{fd}", os.O_WRONLY),
        "ioctl": lambda: libc.ioctl(fd, ctypes.c_ulong(SET_FLAGS), ctypes.create_string_buffer(40)),
        "fork": fork,
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "fork into a network namespace": lambda: libc.syscall(56 if not column else 220, 0x40000011, 0, 0, 0, 0),
        "clone3": lambda: libc.syscall(435, 0, 0),
        "prctl": lambda: libc.prctl(4, ctypes.c_ulong(1), 0, 0, 0),
        "signal to another": lambda: libc.syscall(234 if not column else 131, 1, 1, 0),
    }
    if not column:
        ways["x32 write"] = lambda: libc.syscall(0x40000000 | 1, fd, frame, len(FRAME))
        ways["dup2"] = lambda: libc.syscall(33, fd, 50)
        ways["vfork"] = lambda: libc.syscall(58)
    return ways


def fork() -> int:
    """Make a copy of this process that does nothing, and wait for it."""
    if child := os.fork():
        os.waitpid(child, 0)
    else:
        os._exit(0)
    return child


def works(one: socket.socket, folder: Path) -> dict[str, Callable[[], Any]]:
    """Return what a watcher has to go on doing."""

    def write_file() -> None:
        part, whole = folder / "a.part", folder / "a"
        with open(part, "wb") as file:
            file.write(b"x" * 100_000)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, whole)
        directory = os.open(folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)

    def write_table() -> None:
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.table({"a": list(range(100_000))}), folder / "a.parquet", compression="zstd")
        assert parquet.read_table(folder / "a.parquet").num_rows == 100_000

    def start_thread() -> None:
        threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def wait() -> None:
        import select

        poll = select.poll()
        poll.register(one, select.POLLIN)
        poll.poll(10)

    def hear() -> None:
        one.settimeout(5)
        assert one.recvfrom(2048)

    def hear_message() -> None:
        one.settimeout(5)
        assert one.recvmsg(2048, 256)

    return {
        "file": write_file, "table": write_table, "thread": start_thread, "poll": wait, "hear": hear,
        "hear message": hear_message,
        "losses": lambda: struct.unpack("II", one.getsockopt(263, 6, 8)),
        "memory": lambda: mmap.mmap(-1, 1 << 20).close(),
        "clock": lambda: (time.time_ns(), time.monotonic_ns()),
        "sleep": lambda: time.sleep(0.001),
        "sent": lambda: Path("/proc/thread-self/net/dev").read_text(),
        "folder": lambda: [entry.stat() for entry in os.scandir(folder)],
        "second descriptor of a file": lambda: os.close(os.dup(os.open(folder, os.O_RDONLY))),
        "collect": lambda: __import__("gc").collect(),
    }  # fmt: skip


def foreign_call() -> None:
    """Make a system call in the manner of 32-bit processors: getpid by int 0x80."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    at = ctypes.addressof(ctypes.c_char.from_buffer(code))
    ctypes.CFUNCTYPE(ctypes.c_int)(at)()


def main(what: str, *options: str) -> None:
    if options:  # another user may not be able to read the libraries; its threads lose their rights with it
        from pyarrow import parquet

        assert parquet.__name__
    from kwel.sensor.lockdown.seal import seal

    one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    one.bind(("mon0", 0))
    if what == "threads":
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    held: list[socket.socket] = []
    if what == "other-socket":
        held.append(socket.socket())
    folder = Path(tempfile.mkdtemp())  # inside the sealed process's reach, whoever it becomes
    os.chmod(folder, 0o777)
    checks = seal([one], user=options[0] if options else None, may_fork=what == "forks")
    if what == "foreign":
        foreign_call()
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    said = {
        "checks": checks,
        "status": status,
        "out": {name: outcome(way) for name, way in ways_out(one).items()},
        "work": {name: outcome(way) for name, way in works(one, folder).items()},
    }
    for path in folder.iterdir():
        path.unlink()
    print(json.dumps(said), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
