"""The first bytes of a file in, what kind of file it is out.

pcap: draft-ietf-opsawg-pcap section 4; the magic numbers of its variants, and how AIX numbers links, are those that
Wireshark knows (wiretap/libpcap.c). pcapng: draft-ietf-opsawg-pcapng section 4.1. snoop: RFC 1761; datalinks of IANA's
registry "Snoop Datalink Types", of Solaris (sys/dlpi.h), and of Shomiti's analysers, which used other numbers
(wiretap/snoop.c). The first bytes of what kwel does not read are those of the openers in Wireshark's wiretap
directory, and of file(1).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from kwel.capture import records as r
from kwel.capture.blocks import index_blocks
from kwel.capture.interfaces import DROPPED, WIDTH
from kwel.capture.links import link_name
from kwel.capture.resolved import MOST_BLOCKS, Resolved
from kwel.capture.unpack import packing
from kwel.capture.variants import HEADERS, PEEK, record_header
from kwel.model.records.columns import RECORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.kernel.build.jit import Kernel

HEAD = PEEK
"""Bytes that decide."""

ROWS = 0x4000
"""Rows of a batch: 384 KiB, which stay in the processor's cache together with the buffer."""

PCAP = {
    0xA1B2C3D4: (1000, 24),
    0xA1B23C4D: (1, 24),
    0xA1B2CD34: (1000, 24),
    0x1C0001AB: (1000, 28),
    0x1C0001AC: (1, 28),
}
"""Magic number: nanoseconds in a unit of the fraction, bytes of the file's header. The last two: IXIA lcap."""

RESERVED = 0x03FF_0000
"""Bits of the link type that are zero in a sound file; those above tell of a frame check sequence."""

AIX_LINKS = {6: 1, 9: 6, 15: 10, 24: 0}
"""Interface types of RFC 1573 that AIX writes in files of version 2.2, with nanoseconds, and link types."""

SNOOP = b"snoop\0\0\0"
SNOOP_VERSIONS = (2, 3, 4, 5)
"""RFC 1761, and three of Shomiti Surveyor."""
SNOOP_LINKS = {0: 1, 2: 6, 4: 1, 8: 10, 9: 0, 14: 0, 16: 122, 18: 123, 0x8000_0005: 226}
SHOMITI_LINKS = {0: 1, 2: 6, 4: 1, 8: 10, 10: 1, 11: 6, 12: 1, 13: 6, 14: 6, 19: 1}
SHOMITI_TRAILER = 16
"""So much padding in the first record is a trailer that only Shomiti writes."""

PCAPNG = b"\x0a\x0d\x0d\x0a"

OTHERS = (
    (b"TRSNIFF data", "Sniffer"),
    (b"GMBU", "Network Monitor"),
    (b"RTSS", "Network Monitor"),
    (b"XCP\0", "NetXRay"),
    (b"\x7fNetScaler", "NetScaler trace"),
    (b"btsnoop\0", "btsnoop"),
    (b"\x02\x21\x4c\x18", "lz4 of before 2013 (unpack it first)"),
    (b"PK\x03\x04", "zip (unpack it first)"),
    (b"7z\xbc\xaf\x27\x1c", "7z (unpack it first)"),
    (b"\x1f\x9d", "compress (unpack it first)"),
)
"""First bytes and name of well-known files that kwel does not read."""

READS = "kwel reads pcap, pcapng and snoop, plain or packed as .gz, .zst, .lz4, .xz or .bz2"

PASSED_OVER = {"custom": r.CUSTOM, "secrets": r.SECRETS, "events": r.JOURNAL, "unknown": r.UNKNOWN}
"""Sorts of pcapng block that are not read, and where they are counted."""

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
        self.state[r.SCANNED] = MOST_BLOCKS
        self.resolved = Resolved()

    def run(self, buffer: NDArray[np.uint8], end: int, *, final: bool) -> int:
        """Index from ``position`` to *end*; return a status of ``records``."""
        self.state[r.FINAL] = final
        arrays = (buffer, buffer.view(np.uint32)) if self._in_words else (buffer,)
        while True:
            status = self._kernel(*arrays, end, self.state, self.links, self._interfaces, self.records)
            if status == r.ASIDE:
                self._read_names(buffer)
            elif status == r.GROW and not self.rows:
                self._interfaces = np.concatenate([self._interfaces, np.zeros_like(self._interfaces)])
            elif status != r.GROW:
                return status
            if self.rows:
                return r.FULL

    def _read_names(self, buffer: NDArray[np.uint8]) -> None:
        """Read the name resolution block at ``position``, and pass over it."""
        order = ">" if self.state[r.SWAPPED] else "<"
        start = self.position
        total = (struct.unpack_from(order + "I", buffer.data, start + 4)[0] + 3) & ~3
        self.resolved.read(buffer[start + 8 : start + min(total - 4, r.HELD)].tobytes(), order)
        self.state[r.SCANNED] -= 1
        self.position = start + total

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

    @property
    def passed_over(self) -> tuple[tuple[str, int], ...]:
        """Sorts of block that were not read, and how many of each there were."""
        unread = {key: int(self.state[where]) for key, where in PASSED_OVER.items()}
        unread["names"] = max(0, int(self.state[r.NAME_BLOCKS]) - MOST_BLOCKS)
        return tuple((key, count) for key, count in unread.items() if count)

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
    if head.startswith(SNOOP):
        return _snoop_index(head)
    if not head:
        return "is empty; capture again, or check the copy"
    for order in "<>":
        magic = struct.unpack_from(order + "I", head)[0] if len(head) >= 4 else 0
        if magic in PCAP:
            return _pcap_index(head, order, magic)
    for first, name in OTHERS:
        if head.startswith(first):
            return f"not a capture kwel reads: {name}; {READS}"
    return f"not a capture: it begins with {_shown(head)}; {READS}"


def _pcap_index(head: bytes, order: str, magic: int) -> Index | str:
    scale, start = PCAP[magic]
    if len(head) < start:
        return f"is cut off in the file header: {len(head)} of {start} bytes; copy the file again"
    major, minor, snap, network = struct.unpack_from(order + "4xHH8xII", head)
    if network & RESERVED:
        return f"is no sound pcap file: its link type is {network:#010x}, whose upper bits mean nothing; copy it again"
    link, name = network & 0xFFFF, "pcap"  # above: length of the frame check sequence
    if magic in HEADERS and (major, minor) == (2, 2) and network in AIX_LINKS:
        link, scale = AIX_LINKS[network], 1
    layout = _length_order(major, minor)
    header = 16
    if magic in HEADERS and layout == r.PCAP and (link, scale) == (network & 0xFFFF, PCAP[magic][0]):
        header = record_header(head, start, magic, order, snap, r.longest_frame(link))
    index = Index(name, r.index_records, in_words=False)
    state = index.state
    state[r.POSITION], state[r.SWAPPED] = start, order == ">"
    state[r.SCALE], state[r.HEADER], state[r.LAYOUT] = scale, header, layout
    state[r.LINK], state[r.LONGEST] = link, r.longest_frame(link)
    return index


def _length_order(major: int, minor: int) -> int:
    """Return which length comes first in a record: files before 2.3 have the one on the wire first, 2.3 may."""
    if (major, minor) == (2, 3):
        return r.EITHER
    return r.SWAPPED_LENGTHS if (major == 2 and minor < 3) or major == 543 else r.PCAP


def _snoop_index(head: bytes) -> Index | str:
    if len(head) < 16:
        return f"is cut off in the file header: {len(head)} of 16 bytes; copy the file again"
    version, datalink = struct.unpack_from(">8xII", head)
    if version not in SNOOP_VERSIONS:
        return f"is a snoop file of version {version}, kwel reads 2 to 5; convert it to pcap"
    links = SNOOP_LINKS
    if len(head) >= 28:
        captured, length = struct.unpack_from(">20xII", head)
        links = SHOMITI_LINKS if length >= captured + 24 + SHOMITI_TRAILER else links
    link = links.get(datalink)
    if link is None:
        return f"is a snoop file of datalink type {datalink}, which kwel does not read; convert it to pcap"
    index = Index("snoop", r.index_records, in_words=False)
    state = index.state
    state[r.POSITION], state[r.SWAPPED], state[r.SCALE], state[r.HEADER] = 16, 1, 1000, 24
    state[r.LAYOUT], state[r.LINK], state[r.LONGEST] = r.SNOOP, link, r.longest_frame(link)
    return index


def _shown(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "zeros"
    if all(32 <= byte < 127 or byte in b"\r\n\t" for byte in head):
        return "text"
    return "the bytes " + head[:4].hex(" ")
