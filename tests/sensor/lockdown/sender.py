"""A process with a packet socket on mon0 that tries to send; tests run it.

Run as ``python -m tests.sensor.lockdown.sender MODE``.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = b"\xff" * 6 + bytes.fromhex("0200000000aa") + b"\x88\xb6" + b"LEAK" * 12
QDISC_BYPASS = 20
NOBODY = 65534


def attempt(way: Callable[[], object]) -> str:
    try:
        way()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "sent"


def main(mode: str) -> None:
    one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    one.bind(("mon0", 0))
    if mode == "bypass":
        one.setsockopt(263, QDISC_BYPASS, 1)
    if mode == "no-capabilities":
        for capability in range(64):
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    said = {"shutdown": attempt(lambda: one.shutdown(socket.SHUT_WR))} if mode == "shutdown" else {}
    if mode == "sealed":
        from kwel.sensor.lockdown.seal import seal

        seal([one])
    said |= {
        "send": attempt(lambda: one.send(FRAME)),
        "write": attempt(lambda: os.write(one.fileno(), FRAME)),
        "sendto": attempt(lambda: one.sendto(FRAME, ("mon0", 0x88B6))),
        "sendmsg": attempt(lambda: one.sendmsg([FRAME])),
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
