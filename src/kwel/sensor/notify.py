"""How the sensor is doing in, a datagram to systemd out, where systemd started it: sd_notify(3), a local socket."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def ready() -> None:
    """Say that the interfaces are locked."""
    _tell("READY=1")


def alive() -> None:
    """Say that the supervisor still goes round: without this systemd starts the sensor anew (WatchdogSec=)."""
    _tell("WATCHDOG=1")


def stopping() -> None:
    """Say that the last windows are being written."""
    _tell("STOPPING=1")


def _tell(what: str) -> None:
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
        to.sendto(what.encode(), f"\0{path[1:]}" if path.startswith("@") else path)
