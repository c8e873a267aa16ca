"""An interface in, batches of its frames straight out of the system's packet ring out: no frame is copied.

The ring is AF_PACKET's TPACKET_V3 (Linux, Documentation/networking/packet_mmap.rst): blocks of memory that the system
fills with frames and hands over whole. It is mapped in front of ordinary memory, so that one array holds both: the
frames, and the room behind them in which the analysis puts fragments together. A block goes back to the system when the
next batch is asked for and all its frames have been handed out.

Works on Linux 5.4 and later, on processors whose bytes are in little-endian order. ``live`` says in which order the
methods are called. One thread calls them.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import select
import socket
import struct
import time
from typing import TYPE_CHECKING

import numpy as np

from kwel.capture import packet_socket as ps
from kwel.capture import ring_blocks
from kwel.capture.card_counters import CardCounters
from kwel.capture.file import SPARE, Batch
from kwel.capture.filters import NOTHING, Unfit, compile_filter
from kwel.capture.live import CannotListen, InterfaceGone
from kwel.model.records.columns import RECORD
from kwel.model.window import Losses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.capture.live import Fanout

ROWS = 4096
"""Frames of a batch at most: as many as the analysis decodes at a time, while their headers are in the cache."""
LARGEST = 1 << 31
"""Bytes of a ring at most: offsets into the batch's buffer have 32 bits."""
GIVEN = 1
"""Bit of a block's status: it is ours (TP_STATUS_USER)."""
MAP_FIXED = 0x10


class Ring:
    """One interface, or one member's part of it. Satisfies ``live.Live``."""

    how = "ring"

    def __init__(
        self,
        interface: str,
        *,
        blocks: int = 64,
        block_size: int = 1 << 20,
        patience: float = 0.5,
        hold: float = 0.25,
        promiscuous: bool = True,
        fanout: Fanout | None = None,
        filter: str = "",
        timestamps: str = "software",
    ) -> None:
        """Open the socket and the ring; nothing is received before ``start``. Needs CAP_NET_RAW.

        Args:
            interface: its name.
            blocks: of the ring. All of them together are what may come while nobody asks for a batch.
            block_size: bytes, a multiple of the page size and of 2048.
            patience: seconds after which ``None`` is yielded where nothing came.
            hold: seconds that the system may wait for more frames before it hands over a block that has some. Each
                such block takes a place in the ring: at low rates ``blocks * hold`` seconds may pass without a batch
                being asked for, 16 by default.
            promiscuous: ask the card for frames to others too.
            fanout: this process's part of a group.
            filter: in the language of pcap-filter(7), see ``filters``; what it lets not through is not counted.
            timestamps: ``hardware`` asks for the card's clock.

        Raises:
            CannotListen: it cannot be heard; ``NoRing``: the system has no such ring.
            ValueError: the numbers make no ring.
        """
        if blocks < 2 or block_size < 1 << 12 or block_size & ((1 << 12) - 1) or blocks * block_size > LARGEST:
            raise ValueError(f"{blocks} blocks of {block_size} bytes make no ring")
        if timestamps not in ("software", "hardware") or (fanout is not None and not fanout.is_sound):
            raise ValueError(f"timestamps {timestamps!r} and fanout {fanout} are not both known")
        self.interface, self.next_frame = interface, 1
        self.frames = self.dropped = self.froze = 0
        """Since ``start``: frames handed out; frames that found no room in the ring; times that it was full."""
        self._patience, self._hold, self._promiscuous, self._fanout = patience, hold, promiscuous, fanout
        self._blocks, self._block_size = blocks, block_size
        self._told = self._unread_told = 0
        self._link_state, self._gone_at = "unknown", float("inf")
        self._socket = ps.open_socket(interface)
        try:
            self._prepare(filter, timestamps)
        except OSError as error:
            self._socket.close()
            raise ps.why(interface, error) from None
        except BaseException:
            self._socket.close()
            raise

    def _prepare(self, filter: str, timestamps: str) -> None:
        packets = self._socket
        self._index = ps.index_of(packets, self.interface)
        self._link = ps.link_of(packets, self.interface)
        try:
            self._program = compile_filter(filter, self._link) if filter else None
        except Unfit as unfit:
            raise CannotListen(f"{self.interface}: {unfit}") from None
        ps.set_up(packets)
        self.timestamps = ps.stamp(packets, self.interface, timestamps)
        if self._fanout is not None or self._program is not None:
            ps.set_filter(packets, NOTHING if self._fanout is not None else self._program)
        self.merging = ps.merging(packets, self.interface)
        """``gro``, ``lro``: what puts frames together before they are seen; see ``packet_socket.merging``."""
        ps.make_ring(packets, self._block_size, self._blocks, self._hold)
        self._counters = CardCounters(self.interface, self._index, ps.hardware_address(packets, self.interface))
        self._map()

    def _map(self) -> None:
        """Map the ring in front of ordinary memory. The array keeps both mapped for as long as anybody holds it."""
        size = self._blocks * self._block_size
        self._memory = mmap.mmap(-1, size + SPARE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._buffer = np.frombuffer(self._memory, np.uint8)
        _map_over(self._buffer.ctypes.data, size, self._socket.fileno())
        self._words = self._buffer[:size].view(np.uint32)
        self._status = self._words[ring_blocks.BLOCK_STATUS // 4 :: self._block_size // 4]
        self._records = np.zeros(ROWS, RECORD)
        self._state = np.zeros(ring_blocks.STATE, np.int64)
        self._kept = 0
        """The first block that has not gone back to the system."""

    def start(self) -> None:
        """Begin to receive: bind the socket, join the group. What is read of the past is nothing.

        Raises:
            CannotListen: the interface is gone, or, with a fanout, down or shared by others in another way.
        """
        packets = self._socket
        try:
            packets.bind((self.interface, ps.ETH_P_ALL))
            if self._promiscuous:
                ps.promise_all(packets, self._index)
            if self._fanout is not None:
                self._join(self._fanout)
                ps.set_filter(packets, self._program)
            if self._program is not None:
                ps.lock_filter(packets)
            self._look_at_link()
        except OSError as error:
            raise ps.why(self.interface, error) from None
        self._poll = select.poll()
        self._poll.register(packets, select.POLLIN | select.POLLERR)

    def _join(self, fanout: Fanout) -> None:
        try:
            ps.join_fanout(self._socket, fanout)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise CannotListen(
                f"{self.interface}: group {fanout.group} cannot be joined: the interface is down, or others share it "
                "by another mode; set it up, or take another group"
            ) from None

    @property
    def link(self) -> str:
        """Return ``up``, ``no-carrier``, ``down``, or ``unknown``: as it was seen last, while nothing came."""
        return self._link_state

    @property
    def facts(self) -> dict[str, int]:
        """Return what happened since ``start``, in numbers of frames, bytes, or times."""
        state = self._state
        return {
            "frames": self.frames,
            "bytes": int(state[ring_blocks.BYTES]),
            "dropped": self.dropped,
            "froze": self.froze,
            "cut": int(state[ring_blocks.CUT]),
            "tagged": int(state[ring_blocks.TAGGED]),
            "stamped": int(state[ring_blocks.STAMPED]),
            "unread": int(state[ring_blocks.UNREAD]),
        }

    def fileno(self) -> int:
        """Return the descriptor of the packet socket."""
        return self._socket.fileno()

    def files(self) -> tuple[int, ...]:
        """Return the descriptors of the files that the card's counters are read from."""
        return self._counters.files()

    def batches(self) -> Iterator[Batch | None]:
        """Yield frames in the order that they came in, at most ``ROWS`` at a time; ``None`` where none came.

        Never ends. A batch is valid until the next one is asked for. While the interface is down ``None`` comes, and
        frames again once it is up.

        Raises:
            InterfaceGone: it was taken away; all frames before were yielded.
        """
        spare = self._blocks * self._block_size
        while True:
            self._release()
            ready = self._given()
            rows = 0
            if ready or self._state[ring_blocks.LEFT]:
                rows = ring_blocks.index_frames(
                    self._buffer, self._words, self._block_size, self._blocks, ready, self._link, self._state,
                    self._records,
                )  # fmt: skip
            if rows:
                first, self.next_frame = self.next_frame, self.next_frame + rows
                self.frames += rows
                yield Batch(self._buffer, self._records[:rows], first, spare)
            elif not ready and not self._wait():
                yield None

    def _given(self) -> int:
        """Return how many blocks in a row are ours and were not begun; as few as surely fill a batch, or about."""
        block = int(self._state[ring_blocks.BLOCK]) + (1 if self._state[ring_blocks.LEFT] else 0)
        count, most = 0, self._blocks // 4 + 1
        while count < most and self._status[(block + count) % self._blocks] & GIVEN:
            count += 1
        return count

    def _release(self) -> None:
        """Give back the blocks whose frames have all been handed out."""
        block, last = self._kept, int(self._state[ring_blocks.BLOCK])
        for _ in range(int(self._state[ring_blocks.DONE])):
            self._status[block] = 0
            block = (block + 1) % self._blocks
        self._kept, self._state[ring_blocks.DONE] = last, 0

    def _wait(self) -> bool:
        """Wait for a block, no longer than the patience; return whether there may be one."""
        if not self._poll.poll(1000 * self._patience):
            self._look_at_link()
            return False
        if (fault := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) == 0:
            return True
        if fault not in (errno.ENETDOWN, errno.ENODEV):
            raise InterfaceGone(f"{self.interface}: {os.strerror(fault)}")
        self._look_at_link()
        return True

    def _look_at_link(self) -> None:
        """Ask for the state of the link; where the interface is gone, say so once the last block has been handed out.

        Raises:
            InterfaceGone: twice ``hold`` has passed since it was gone, and nothing came.
        """
        self._link_state = ps.link_state(self._socket, self.interface, self._index)
        if self._link_state != "gone":
            return
        self._gone_at = min(self._gone_at, time.monotonic())
        if time.monotonic() > self._gone_at + 2 * self._hold:
            raise InterfaceGone(f"{self.interface}: the interface was taken away")

    def losses(self) -> Losses:
        """Return what became of the frames since this was asked last, or since ``start``.

        ``frames`` are those that were handed out; a few more may wait in the ring, and count the next time.
        """
        counts = self._socket.getsockopt(ps.SOL_PACKET, ps.PACKET_STATISTICS, 12)  # reading sets them to 0
        _, dropped, froze = struct.unpack("=3I", counts)
        unread = int(self._state[ring_blocks.UNREAD])
        more = dropped + unread - self._unread_told
        self._unread_told = unread
        self.dropped, self.froze = self.dropped + more, self.froze + froze
        frames, self._told = self.frames - self._told, self.frames
        first = self._fanout is None or self._fanout.member == 0
        return Losses(self.interface, frames, more, self._counters.missed() if first else 0)

    def close(self) -> None:
        """Let go of the interface. A batch that somebody still holds has zeros for frames from now on."""
        if self._socket.fileno() < 0:
            return
        self._socket.close()
        self._counters.close()
        _map_over(self._buffer.ctypes.data, self._blocks * self._block_size, -1)


def _map_over(address: int, size: int, file: int) -> None:
    """Map *file*, or with -1 new memory, in place of what is mapped at *address*."""
    map_at = ctypes.CDLL(None, use_errno=True).mmap
    map_at.restype = ctypes.c_void_p
    map_at.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long]
    kind = mmap.MAP_SHARED if file >= 0 else mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    got = map_at(address, size, mmap.PROT_READ | mmap.PROT_WRITE, kind | MAP_FIXED, file, 0)
    if got != address:
        raise OSError(ctypes.get_errno(), "the ring could not be mapped")
