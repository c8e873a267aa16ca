"""An interface in, how many frames its card and driver lost since last asked out.

The counters are those of Linux, Documentation/networking/statistics.rst: in /sys/class/net where that shows the
network namespace that the interface is in, else in /proc/net/dev. Their files are opened once, so that reading them
needs no privilege later, nor a file system.

``rx_dropped`` has one more meaning: the system counts there a tagged frame of a protocol that it does not know, such as
GOOSE or PROFINET, when nobody but a listener took it. A host that is deaf (``passive.walls``) drops such frames
elsewhere.

Drivers differ in what they count twice. Of two counters that may hold the same frame both are added: a loss that is
told too large is better than one that is not told.
"""

from __future__ import annotations

import os

NET = "/sys/class/net"
TABLE = "/proc/thread-self/net/dev"
"""Of the network namespace of the thread that opens it."""
LOST = ("rx_errors", "rx_dropped", "rx_missed_errors")
OVERRUN = ("rx_fifo_errors", "rx_over_errors")
"""Two names for the same: the larger one counts."""
NARROW = 1 << 32
"""Counters of some drivers begin again from 0 here."""


class CardCounters:
    """The counters of one interface."""

    def __init__(self, interface: str, index: int, address: str, net: str = NET, table: str = TABLE) -> None:
        """*index*, *address*: the interface's number and MAC, by which the right file system is known."""
        self._interface = interface
        self._files: dict[str, int] = {}
        self._table: int | None = None
        folder = f"{net}/{interface}"
        if _text(f"{folder}/ifindex") == str(index) and _text(f"{folder}/address") == address:
            for name in (*LOST, *OVERRUN):
                if (file := _opened(f"{folder}/statistics/{name}")) is not None:
                    self._files[name] = file
        if not self._files:
            self._table = _opened(table)
        self._before = self._read()

    def files(self) -> tuple[int, ...]:
        """Return the descriptors that are read from."""
        return (*self._files.values(), *(() if self._table is None else (self._table,)))

    def missed(self) -> int | None:
        """Return the frames lost since this was asked last, or since the beginning; ``None``: nothing tells."""
        now = self._read()
        if now is None:
            return None
        before, self._before = self._before or now, now
        more = {name: risen(before.get(name, value), value) for name, value in now.items()}
        overrun = max((more.pop(name, 0) for name in OVERRUN), default=0)
        return sum(more.values()) + overrun

    def close(self) -> None:
        """Close the files."""
        for file in self.files():
            os.close(file)
        self._files, self._table = {}, None

    def _read(self) -> dict[str, int] | None:
        try:
            if self._table is not None:
                return _row(_whole(self._table), self._interface)
            return {name: int(os.pread(file, 32, 0)) for name, file in self._files.items()} or None
        except (OSError, ValueError):  # the interface is gone
            return None


def risen(before: int, now: int) -> int:
    """Return by how much a counter rose that may have begun again, at 2^32 or because the driver was loaded anew."""
    if now >= before:
        return now - before
    if before < NARROW and now + NARROW - before < NARROW // 2:
        return now + NARROW - before
    return now


def _row(table: str, interface: str) -> dict[str, int] | None:
    """Return the counters of one interface in the format of /proc/net/dev: its errs, drop and fifo columns."""
    for line in table.splitlines():
        name, colon, rest = line.strip().rpartition(":")
        if colon and name == interface:
            cells = rest.split()
            return {"rx_errors": int(cells[2]), "rx_dropped": int(cells[3]), "rx_fifo_errors": int(cells[4])}
    return None


def _whole(file: int) -> str:
    """Return a file of the system from its beginning: it comes a page at a time."""
    pieces: list[bytes] = []
    while piece := os.pread(file, 1 << 16, sum(map(len, pieces))):
        pieces.append(piece)
    return b"".join(pieces).decode("ascii", "replace")


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def _opened(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
