"""The first bytes of a file in, what kind of file it is out.

pcap: draft-ietf-opsawg-pcap section 4, and the magic number of the modified format (Wireshark: wiretap/libpcap.c).
pcapng: draft-ietf-opsawg-pcapng section 4.1. The first bytes of what kwel does not read are those of the
openers in Wireshark's wiretap directory, and of file(1).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from kwel.capture import records as r
from kwel.capture.blocks import DROPPED, WIDTH, index_blocks
from kwel.capture.links import link_name
from kwel.capture.unpack import packing
from kwel.columns import RECORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.native import Kernel

HEAD = 24
"""Bytes that decide: a pcap file header."""

ROWS = 0x4000
"""Rows of a batch: 384 KiB, which stay in the processor's cache together with the buffer."""

PCAP = {
    0xA1B2C3D4: (1000, 16),
    0xA1B23C4D: (1, 16),
    0xA1B2CD34: (1000, 24),
}
"""Magic number: nanoseconds in a unit of the fraction, bytes of a record's header."""

PCAPNG = b"\x0a\x0d\x0d\x0a"

OTHERS = (
    (b"snoop\0\0\0", "snoop"),
    (b"TRSNIFF data", "Sniffer"),
    (b"GMBU", "Network Monitor"),
    (b"RTSS", "Network Monitor"),
    (b"XCP\0", "NetXRay"),
    (b"\x1c\x00\x01\xac", "IXIA lcap"),
    (b"\x1c\x00\x01\xab", "IXIA lcap"),
    (b"\xac\x01\x00\x1c", "IXIA lcap"),
    (b"\xab\x01\x00\x1c", "IXIA lcap"),
    (b"\x7fNetScaler", "NetScaler trace"),
    (b"btsnoop\0", "btsnoop"),
    (b"\x04\x22\x4d\x18", "lz4 (unpack it first)"),
    (b"PK\x03\x04", "zip (unpack it first)"),
    (b"7z\xbc\xaf\x27\x1c", "7z (unpack it first)"),
    (b"\x1f\x9d", "compress (unpack it first)"),
)
"""First bytes and name of well-known files that kwel does not read."""

READS = "kwel reads pcap and pcapng, plain or packed as .gz, .zst, .xz or .bz2"

STATUSES = {
    r.TOO_LONG: "record {record} at byte {byte} claims {claim} bytes; read up to there",
    r.HOLE: "record {record} at byte {byte} and what follows are zeros, a hole in the file; read up to there",
    r.BAD_BLOCK: "the block after frame {frame} at byte {byte} does not fit its length ({claim}); read up to there",
    r.BAD_TRAILER: "the block after frame {frame} at byte {byte} has two lengths that differ; read up to there",
    r.BAD_ORDER: "the section after frame {frame} at byte {byte} has no byte order; read up to there",
    r.BAD_VERSION: "the section after frame {frame} at byte {byte} is pcapng version {claim}, kwel reads version 1; "
    "read up to there",
    r.NO_INTERFACE: "frame {record} at byte {byte} is of interface {claim}, which the file does not describe; "
    "read up to there",
    r.TOO_MANY_INTERFACES: "the block after frame {frame} at byte {byte} describes a 65537th interface; "
    "read up to there",
}
"""Why reading stopped: one line for the user."""


class Index:
    """Where the frames of one capture lie. Holds what the kernels keep from buffer to buffer."""

    def __init__(self, name: str, kernel: Kernel, *, in_words: bool) -> None:
        self.format = name
        self.links: NDArray[np.int64] = np.zeros(0x1_0000, np.int64)
        self.records = np.empty(ROWS, RECORD)
        self._kernel = kernel
        self._in_words = in_words
        self._interfaces: NDArray[np.int64] = np.zeros(16 * WIDTH, np.int64)
        self.state: NDArray[np.int64] = np.zeros(r.STATE, np.int64)
        self.state[r.FIRST], self.state[r.LAST], self.state[r.LOST] = r.FOREVER, -1, -1

    def run(self, buffer: NDArray[np.uint8], end: int, *, final: bool) -> int:
        """Index from ``position`` to *end*; return a status of ``records``."""
        self.state[r.FINAL] = final
        arrays = (buffer, buffer.view(np.uint32)) if self._in_words else (buffer,)
        while True:
            status = self._kernel(*arrays, end, self.state, self.links, self._interfaces, self.records)
            if status != r.GROW or self.rows:
                return r.FULL if status == r.GROW else status
            self._interfaces = np.concatenate([self._interfaces, np.zeros_like(self._interfaces)])

    @property
    def position(self) -> int:
        """Where the next record begins in the buffer."""
        return int(self.state[r.POSITION])

    @position.setter
    def position(self, value: int) -> None:
        self.state[r.POSITION] = value

    @property
    def rows(self) -> int:
        """Rows that the last run filled."""
        return int(self.state[r.ROWS])

    @property
    def frame(self) -> int:
        """The last frame number given out."""
        return int(self.state[r.FRAME])

    @property
    def packets(self) -> int:
        """Packets so far."""
        return int(self.state[r.PACKETS])

    @property
    def times(self) -> tuple[int, int] | tuple[None, None]:
        """The earliest and the latest time stamp so far."""
        first, last = int(self.state[r.FIRST]), int(self.state[r.LAST])
        return (first, last) if first <= last else (None, None)

    @property
    def dropped(self) -> int | None:
        """Packets that the capturing machine says it lost."""
        rows = self._interfaces[: int(self.state[r.INTERFACES]) * WIDTH].reshape(-1, WIDTH)
        lost = [int(count) for count in [*rows[:, DROPPED], self.state[r.LOST]] if count >= 0]
        return sum(lost) if lost else None

    def packets_by_link(self) -> tuple[tuple[str, int], ...]:
        """Return link types and how many packets are of each."""
        return tuple((link_name(int(link)), int(self.links[link])) for link in np.flatnonzero(self.links))

    def explain(self, status: int, base: int) -> str:
        """Return why *status* ended the reading; *base* is where the buffer begins in the file."""
        return STATUSES[status].format(
            record=self.frame + 1, frame=self.frame, byte=base + self.position, claim=int(self.state[r.CLAIM])
        )

    def cut(self, base: int, end: int) -> str:
        """Return how the file ended in the middle of a record; *end* is where in the buffer."""
        byte = base + min(self.position, end)
        return f"is cut off after frame {self.frame}, at byte {byte}; read up to there; copy the file again"


def open_index(head: bytes, suffix: str | None = None) -> Index | str:
    """Return the index of the capture that *head* begins, or one line that says why it is none.

    Args:
        head: its first bytes.
        suffix: of the packing that was taken off.
    """
    if suffix and packing(head):
        return f"is packed twice, {packing(head)} in {suffix}; unpack it once"
    if head.startswith(PCAPNG):
        return Index("pcapng", index_blocks, in_words=True)
    if not head:
        return "is empty; capture again, or check the copy"
    for order in "<>":
        magic = struct.unpack_from(order + "I", head)[0] if len(head) >= 4 else 0
        if magic in PCAP:
            return _pcap_index(head, order, *PCAP[magic])
    for first, name in OTHERS:
        if head.startswith(first):
            return f"not a capture kwel reads: {name}; {READS}"
    return f"not a capture: it begins with {_shown(head)}; {READS}"


def _pcap_index(head: bytes, order: str, scale: int, header: int) -> Index | str:
    if len(head) < HEAD:
        return f"is cut off in the file header: {len(head)} of {HEAD} bytes; copy the file again"
    major, minor, link = struct.unpack_from(order + "4xHH12xI", head)
    index = Index("pcap", r.index_records, in_words=False)
    state = index.state
    state[r.POSITION], state[r.SWAPPED] = HEAD, order == ">"
    state[r.SCALE], state[r.HEADER], state[r.ORDER] = scale, header, _length_order(major, minor)
    state[r.LINK] = link & 0xFFFF  # above: length of the frame check sequence, reserved bits
    state[r.LONGEST] = r.longest_frame(link & 0xFFFF)
    return index


def _length_order(major: int, minor: int) -> int:
    """Return which length comes first in a record: files before 2.3 have the one on the wire first, 2.3 may."""
    if (major, minor) == (2, 3):
        return 1
    return 2 if (major == 2 and minor < 3) or major == 543 else 0


def _shown(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "zeros"
    if all(32 <= byte < 127 or byte in b"\r\n\t" for byte in head):
        return "text"
    return "the bytes " + head[:4].hex(" ")
