"""A file of nfcapd in, flows out: read by the program nfdump itself, whose file format is its own.

The columns are asked for by name (nfdump(1), "fmt:"); what is not in a file is 0 there. Version 1.7.1 prints the end of
a flow as seconds wrongly (``%ter``), so times are asked for as dates, in UTC.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from kwel.logs.cells import addresses, by_value, counts
from kwel.logs.lines import blocks
from kwel.logs.pairing import pair
from kwel.logs.services import ICMP, ICMPV6
from kwel.model.records.columns import FLOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kwel.logs.gathered import Gathered
    from kwel.logs.lines import Block
    from kwel.logs.logs import Bytes, Log, Reading
    from kwel.model.records.columns import Rows

PROGRAM: Final = "nfdump"
FIELDS: Final = ("ts", "te", "sa", "da", "sp", "dp", "pr", "flg", "ipkt", "ibyt", "opkt", "obyt", "svln")
FORMAT: Final = "fmt:" + "|".join(f"%{name}" for name in FIELDS)
ABSENT: Final = "nfdump is not installed: install the package nfdump, then run this again"
FLAGS: Final = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}
TCP: Final = 6
MOST_BYTES, MOST_PACKETS = (1 << 62) - 1, 0xFFFF_FFFF
PIECE: Final = 0x1_0000
MOST_COMPLAINT: Final = 200
LATEST: Final = 4_102_444_800_000_000_000


class Output:
    """What a program prints, as a log is read."""

    suffix: str | None = None

    def __init__(self, pipe: IO[bytes]) -> None:
        self.problem: str | None = None
        self._pipe = pipe

    def fill(self, view: memoryview) -> int:
        """Fill *view*; return how many bytes, fewer than asked for only at the end."""
        have = 0
        while have < len(view) and (count := self._pipe.readinto(view[have:])):  # type: ignore[attr-defined]
            have += count
        return have

    def settle(self) -> None:
        """Nothing waits."""


def read_nfdump(log: Log, source: Bytes, gathered: Gathered, reading: Reading, most: int) -> None:
    """Take in a whole file.

    Args:
        log: the file.
        source: its bytes, unpacked: nfdump reads files, so what came packed is unpacked into one.
        gathered: where to.
        reading: told of what cannot be read.
        most: flows to keep.
    """
    reading.title = "nfcapd"
    program = shutil.which(PROGRAM)
    if program is None:
        reading.problem = ABSENT
        return
    with _as_file(log, source) as path, tempfile.TemporaryFile() as complaints:
        command = [program, "-r", path, "-q", "-N", "-6", "-o", FORMAT]
        environment = {"TZ": "UTC", "LC_ALL": "C", "PATH": os.environ.get("PATH", "")}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, env=environment) as running:
            assert running.stdout is not None
            _read_lines(blocks(Output(running.stdout), reading), gathered, reading, most)
        complaints.seek(0)
        said = (
            complaints.read(0x1000).decode("utf-8", "backslashreplace").split("\n")[0].strip().replace(path, log.name)
        )
        if running.returncode or said:
            why = (
                "".join(c if c.isprintable() else " " for c in said)[:MOST_COMPLAINT] or f"status {running.returncode}"
            )
            reading.problem = f"nfdump stopped after record {reading.lines}: {why}"


@contextmanager
def _as_file(log: Log, source: Bytes) -> Iterator[str]:
    """Yield the path of a file that holds what the log does, unpacked."""
    if source.suffix is None and log.path is not None:
        yield os.path.abspath(log.path)
        return
    with tempfile.NamedTemporaryFile(prefix="kwel-") as file:
        piece = memoryview(bytearray(PIECE))
        while count := source.fill(piece):
            source.settle()
            file.write(piece[:count])
        file.flush()
        yield file.name


def _read_lines(lines: Iterator[Block], gathered: Gathered, reading: Reading, most: int) -> None:
    records: list[Rows] = []
    kept = 0
    for block in lines:
        rows = _rows(block, reading)
        reading.lines += len(block.starts) - 1
        room = max(0, most - kept)
        reading.note("flows-evicted", max(0, len(rows) - room))
        records.append(rows[:room])
        kept += len(records[-1])
    if not kept:
        return
    every = np.concatenate(records)
    flows, one_way = pair(every, (every["flags_out"] | every["flags_in"]) > 0)
    reading.note("log-one-way", one_way)
    reading.saw(int(flows["first"].min()), int(flows["last"].max()))
    keys = [hash(("nfdump", reading.capture, number)) for number in range(len(flows))]
    gathered.add_flows(flows, np.array(keys, np.int64).view(np.uint64), most)


def _rows(block: Block, reading: Reading) -> Rows:
    """Return records as rows of ``columns.FLOW``, the source as initiator."""
    numbers, cells = [], []
    for row in range(len(block.starts) - 1):
        parts = [part.strip() for part in block.line(row).decode().split("|")]
        if len(parts) == len(FIELDS):
            numbers.append(block.first + row)
            cells.append(parts)
        else:
            reading.refuse(block.first + row, f"nfdump tells {len(parts)} of {len(FIELDS)} fields", "record")
    rows = np.zeros(len(cells), FLOW)
    if not cells:
        return rows
    sound = _fill(rows, dict(zip(FIELDS, zip(*cells, strict=True), strict=True)))
    rows["first_frame"], rows["capture"] = np.array(numbers) & MOST_PACKETS, reading.capture
    for row in np.flatnonzero(~sound).tolist():
        reading.refuse(numbers[row], "has no addresses, no packets, or no sound time", "record")
    return rows[sound]


def _fill(rows: Rows, told: dict[str, tuple[str, ...]]) -> NDArray[np.bool_]:
    """Fill rows from columns of text; return which of them are flows."""
    import pyarrow as pa

    columns = {name: pa.array(values, pa.string()) for name, values in told.items()}
    rows["initiator_hi"], rows["initiator_lo"], one = addresses(columns["sa"])
    rows["responder_hi"], rows["responder_lo"], other = addresses(columns["da"])
    rows["version"] = np.where((rows["initiator_hi"] == 0) & (rows["initiator_lo"] >> np.uint64(32) == 0xFFFF), 4, 6)
    number = counts(columns["pr"])
    rows["transport"] = np.where((number >= 0) & (number < 256), number, 0)
    icmp = np.isin(rows["transport"], (ICMP, ICMPV6))
    for field, name in (("initiator_port", "sp"), ("responder_port", "dp")):
        port = counts(columns[name])  # of ICMP, type and code with a point between: none
        rows[field] = np.where((port < 0) | (port > 0xFFFF) | icmp, 0, port)
    rows["first"], rows["last"] = (_moments(columns[name]) for name in ("ts", "te"))
    rows["last"] = np.maximum(rows["first"], rows["last"])
    tag = counts(columns["svln"])
    rows["vlan"] = np.where((tag > 0) & (tag < 4096), tag, 0)
    rows["flags_out"] = by_value(columns["flg"], _flags, 0, np.uint8)
    rows["flags_out"][rows["transport"] != TCP] = 0
    for way, side in (("out", "i"), ("in", "o")):
        rows[f"packets_{way}"] = np.clip(counts(columns[f"{side}pkt"]), 0, MOST_PACKETS)
        rows[f"bytes_{way}"] = np.clip(counts(columns[f"{side}byt"]), 0, MOST_BYTES)
    counted = (rows["packets_out"] > 0) | (rows["packets_in"] > 0)
    sound: NDArray[np.bool_] = one & other & counted & (rows["first"] > 0) & (rows["last"] < LATEST)
    return sound


def _moments(column: Any) -> NDArray[np.int64]:
    """Return ``2026-11-26 01:00:00.123`` as nanoseconds since the epoch; 0 for what is none."""

    def of(text: str) -> int:
        try:
            return int(np.datetime64(text.replace(" ", "T"), "ns").astype(np.int64))
        except ValueError:
            return 0

    found: NDArray[np.int64] = by_value(column, of, 0, np.int64)
    return found


def _flags(text: str) -> int:
    """Return TCP flags as nfdump writes them.

    >>> _flags("...AP.SF"), _flags("........"), _flags("0x1b")
    (27, 0, 27)
    """
    if text.startswith("0x"):
        try:
            return int(text, 16) & 0xFF
        except ValueError:
            return 0
    return sum(FLAGS.get(letter, 0) for letter in set(text))
