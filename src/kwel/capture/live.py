"""An interface in, batches of its frames as they come out: by the system's ring where there is one, else by scapy.

``open_live`` is the way in; ``Live`` says what it returns. A process that hears an interface does this, in this order:

1. ``live = open_live("span0", …)``: the socket is there, nothing is received yet.
2. ``live.start()``: from here on frames are kept, or counted as lost.
3. Privileges are given up. Nothing below needs any, nor a new socket: ``live.fileno()`` and ``live.files()`` name the
   descriptors that are used, ``SYSTEM_CALLS`` what is done with them.
4. ``for batch in live.batches():``, for ever. ``None`` comes where nothing else did within the patience.
5. ``live.losses()`` at the end of each window, then ``live.next_frame = 1``.
6. ``live.close()``.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.capture.file import Batch
    from kwel.model.window import Losses

SYSTEM_CALLS = ("poll", "getsockopt", "pread64", "ioctl")
"""What ``Ring`` asks of the system after ``start``. Of ``ioctl`` only SIOCGIFFLAGS and SIOCGIFINDEX; where it is
refused the link's state is not known. Beside them Python and numpy map and unmap memory."""

PORTABLE_SYSTEM_CALLS = (*SYSTEM_CALLS, "recvmsg", "recvfrom")
"""The same of ``Portable``."""

MODES = ("hash", "cpu", "queue")
"""How a fanout deals out frames; see ``Fanout``."""


class CannotListen(Exception):
    """An interface that cannot be heard: one line that says which, why, and what to do."""


class InterfaceGone(Exception):
    """The interface was taken away. Whatever was caught before was handed out; open it anew once it is back."""


class Fanout(NamedTuple):
    """Several sockets, one a process, that share the frames of one interface: each gets a part."""

    group: int
    """Up to 65,535; the same for all, and of no other program in the network namespace."""
    members: int
    member: int
    """Which one this is, from 0; the first tells what the card lost, for it is the same for all."""
    mode: str = "hash"
    """``hash``: by addresses and ports, both directions of a flow and all fragments of a datagram to the same member;
    ``cpu``: by the processor that took the frame in; ``queue``: by the card's own queue. With the latter two it is the
    card that decides whether both directions of a flow come together."""

    @property
    def is_sound(self) -> bool:
        """Return whether there is such a group, and such a member of it."""
        return 0 <= self.group < 1 << 16 and 0 <= self.member < self.members and self.mode in MODES


class Live(Protocol):
    """An interface that is heard."""

    interface: str
    how: str
    """``ring`` or ``portable``."""
    timestamps: str
    """``software`` or ``hardware``: whose clock the times of frames are of."""
    merging: tuple[str, ...]
    """``gro``, ``lro``: what in the card or driver puts frames together before anybody sees them."""
    next_frame: int
    """Number of the next frame; set it to 1 where a window begins."""

    @property
    def link(self) -> str:
        """Return ``up``, ``no-carrier``, ``down``, ``gone``, or ``unknown``."""

    @property
    def facts(self) -> dict[str, int]:
        """Return what happened since ``start``: ``frames``, ``dropped`` and more, all of them counts."""

    def fileno(self) -> int:
        """Return the descriptor of the packet socket."""

    def files(self) -> tuple[int, ...]:
        """Return the descriptors of the files that counters are read from."""

    def start(self) -> None:
        """Begin to receive; raises ``CannotListen``."""

    def batches(self) -> Iterator[Batch | None]:
        """Yield frames as they come, ``None`` when none came; raises ``InterfaceGone``."""

    def losses(self) -> Losses:
        """Return what became of the frames since this was asked last."""

    def close(self) -> None:
        """Let go of the interface."""


def open_live(
    interface: str,
    *,
    how: str = "auto",
    patience: float = 0.5,
    promiscuous: bool = True,
    filter: str = "",
    fanout: Fanout | None = None,
    timestamps: str = "software",
    blocks: int = 64,
    block_size: int = 1 << 20,
) -> Live:
    """Open an interface; nothing is received before ``start``.

    Args:
        interface: its name.
        how: ``ring``, ``portable``, or ``auto``: the ring, and where the system has none the other.
        patience: seconds after which ``None`` is yielded where nothing came.
        promiscuous: ask the card for frames to others too.
        filter: in the language of pcap-filter(7), see ``filters``.
        fanout: this process's part of a group.
        timestamps: ``hardware`` asks for the card's clock, and has the system's where the card has none.
        blocks: of the ring.
        block_size: bytes, a multiple of the page size.

    Raises:
        CannotListen: it cannot be heard.
    """
    if how not in ("auto", "ring", "portable"):
        raise ValueError(f"how is {how!r}")
    if how != "portable" and hasattr(socket, "AF_PACKET") and sys.byteorder == "little":
        from kwel.capture.packet_socket import NoRing
        from kwel.capture.ring import Ring

        try:
            return Ring(
                interface, patience=patience, promiscuous=promiscuous, filter=filter, fanout=fanout,
                timestamps=timestamps, blocks=blocks, block_size=block_size,
            )  # fmt: skip
        except NoRing:
            if how == "ring":
                raise
    elif how == "ring":
        raise CannotListen(f"{interface}: this system has no packet rings; capture it the portable way")
    if fanout is not None:
        raise CannotListen(f"{interface}: processes can share an interface on Linux only, by its packet rings")
    from kwel.capture.portable import Portable

    return Portable(interface, patience=patience, promiscuous=promiscuous, filter=filter)
