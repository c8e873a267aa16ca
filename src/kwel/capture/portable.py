"""An interface in, batches of its frames out, by scapy's listening socket: where the system has no packet rings.

A system call and a copy a frame: some hundred times as dear as ``ring``, which is the way on Linux. scapy knows how to
listen on the others; only that is used of it, and the socket that it makes for it has no way to send. Times of frames
are a floating-point number of seconds, so good to some hundred nanoseconds.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.capture.file import SPARE, Batch
from kwel.capture.filters import Unfit, check_words
from kwel.capture.live import CannotListen, InterfaceGone
from kwel.model.records.columns import RECORD
from kwel.model.window import Losses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.capture.card_counters import CardCounters

ROWS = 1024
"""Frames of a batch at most."""
LONGEST = 0x1_1000
"""Bytes of a frame at most: one that the card put together has 64 KiB and its headers. What is longer is cut."""
ROOM = 0x20_0000
"""Bytes of frames of a batch at most."""
WAITING = 0x200_0000
"""Bytes of frames that the system is asked to keep until they are fetched."""
SO_RCVBUFFORCE = 33


class Portable:
    """One interface. Satisfies ``live.Live``."""

    how = "portable"
    timestamps = "software"
    merging: tuple[str, ...] = ()

    def __init__(self, interface: str, *, patience: float = 0.5, promiscuous: bool = True, filter: str = "") -> None:
        """Take note of what is wanted; nothing is opened before ``start``. Arguments as of ``ring.Ring``.

        Raises:
            CannotListen: the filter is none.
        """
        self.interface, self.next_frame = interface, 1
        self.frames = self.dropped = 0
        """Since ``start``: frames handed out; frames that the system threw away before they were fetched."""
        self.counts_drops = False
        """Whether the system tells what it threw away; else the losses are of the card alone."""
        self._patience, self._promiscuous, self._filter = patience, promiscuous, filter
        self._told = 0
        self._link_state = "unknown"
        self._socket: Any = None
        self._inner: Any = None
        self._counters: CardCounters | None = None
        self._records = np.zeros(ROWS, RECORD)
        self._buffer = np.zeros(ROOM + SPARE, np.uint8)
        try:
            check_words(filter)
        except Unfit as unfit:
            raise CannotListen(f"{interface}: {unfit}") from None

    def start(self) -> None:
        """Open the socket; from here on frames are kept. Needs the privilege to listen.

        Raises:
            CannotListen: it cannot be heard.
        """
        import logging

        import scapy.arch  # noqa: F401 -- chooses the socket for this system
        from scapy.config import conf
        from scapy.error import Scapy_Exception
        from scapy.interfaces import NetworkInterfaceDict

        logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
        wanted = self._filter or None
        # It remembers the interfaces that it saw first, maybe of another namespace; or none, see dissect/discovery.py.
        if sys.platform == "linux" and not conf.ifaces.providers:
            from scapy.arch.linux import LinuxInterfaceProvider

            conf.ifaces.register_provider(LinuxInterfaceProvider)
        NetworkInterfaceDict.reload(conf.ifaces)
        try:
            self._socket = conf.L2listen(iface=self.interface, promisc=self._promiscuous, filter=wanted)
        except (OSError, ValueError, Scapy_Exception) as error:
            raise CannotListen(f"{self.interface}: scapy cannot listen on it: {error}") from None
        self._inner = getattr(self._socket, "ins", None)
        if hasattr(socket, "AF_PACKET") and isinstance(self._inner, socket.socket):
            self._start_on_linux(self._inner)
        elif getattr(getattr(self._socket, "LL", None), "__name__", "") == "Ether":
            self._link = 1
        else:
            raise CannotListen(f"{self.interface}: its frames are no Ethernet frames, and are not read live")

    def _start_on_linux(self, inner: socket.socket) -> None:
        from kwel.capture import packet_socket as ps
        from kwel.capture.card_counters import CardCounters

        try:
            self._link = ps.link_of(inner, self.interface)
            inner.setsockopt(ps.SOL_PACKET, ps.PACKET_IGNORE_OUTGOING, 1)
            with suppress(OSError):
                inner.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, WAITING)
            inner.setblocking(False)
            address = ps.hardware_address(inner, self.interface)
            self._index = ps.index_of(inner, self.interface)
            self._counters = CardCounters(self.interface, self._index, address)
        except OSError as error:
            raise ps.why(self.interface, error) from None
        self.counts_drops = True
        self._look_at_link()

    @property
    def link(self) -> str:
        """Return ``up``, ``no-carrier``, ``down``, or ``unknown``: as it was seen last, while nothing came."""
        return self._link_state

    @property
    def facts(self) -> dict[str, int]:
        """Return what happened since ``start``, in numbers of frames."""
        return {"frames": self.frames, "dropped": self.dropped}

    def fileno(self) -> int:
        """Return the descriptor of the socket; -1 before ``start``."""
        return self._socket.fileno() if self._socket is not None else -1

    def files(self) -> tuple[int, ...]:
        """Return the descriptors of the files that the card's counters are read from."""
        return self._counters.files() if self._counters is not None else ()

    def batches(self) -> Iterator[Batch | None]:
        """Yield frames in the order that they came in; ``None`` where none came within the patience. Never ends.

        Raises:
            InterfaceGone: it was taken away, or fails.
        """
        while True:
            rows = self._fill()
            if rows:
                first, self.next_frame = self.next_frame, self.next_frame + rows
                self.frames += rows
                yield Batch(self._buffer, self._records[:rows], first, ROOM)
            else:
                self._look_at_link()
                yield None

    def _fill(self) -> int:
        """Wait for a frame, take it and those that are there already; return how many."""
        rows = at = 0
        patience = self._patience
        try:
            while rows < ROWS and at + LONGEST <= ROOM and select.select([self._socket], [], [], patience)[0]:
                patience = 0.0
                _, frame, seconds = self._socket.recv_raw(LONGEST)
                if not frame:
                    continue
                nanoseconds = time.time_ns() if seconds is None else int(float(seconds) * 1e9)
                self._buffer[at : at + len(frame)] = np.frombuffer(frame, np.uint8)
                self._records[rows] = (nanoseconds, at, len(frame), len(frame), self._link, 0)
                rows, at = rows + 1, at + len(frame)
        except BlockingIOError:
            pass
        except OSError as error:
            if not rows and self._is_gone():
                raise InterfaceGone(f"{self.interface}: {error.strerror}") from None
        return rows

    def _is_gone(self) -> bool:
        self._look_at_link()
        return self._counters is None

    def _look_at_link(self) -> None:
        """Ask for the state of the link, where the system is Linux.

        Raises:
            InterfaceGone: the interface was taken away.
        """
        if self._counters is None:
            return
        from kwel.capture import packet_socket as ps

        self._link_state = ps.link_state(self._inner, self.interface, self._index)
        if self._link_state == "gone":
            raise InterfaceGone(f"{self.interface}: the interface was taken away")

    def losses(self) -> Losses:
        """Return what became of the frames since this was asked last, or since ``start``."""
        dropped = 0
        if self._counters is not None:
            from kwel.capture import packet_socket as ps

            counts = self._inner.getsockopt(ps.SOL_PACKET, ps.PACKET_STATISTICS, 8)
            dropped = struct.unpack("=2I", counts)[1]
        self.dropped += dropped
        frames, self._told = self.frames - self._told, self.frames
        return Losses(self.interface, frames, dropped, self._counters.missed() if self._counters else None)

    def close(self) -> None:
        """Let go of the interface."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._counters is not None:
            self._counters.close()
            self._counters = None
