"""Logs in, the traffic that they tell of out: each is read by what it is, and all that they tell is put together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.logs import eve, ipfix, nfdump, zeek, zeek_logs
from kwel.logs.gathered import Gathered
from kwel.logs.lines import blocks
from kwel.logs.logs import Reading
from kwel.logs.tell import traffic_of
from kwel.model.traffic import Capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kwel.logs.lines import Block
    from kwel.logs.logs import Bytes, Log
    from kwel.model.traffic import Traffic

    Progress = Callable[[int], None]

PROBES: Final = ("zeek", "eve", "ipfix", "netflow", "nfdump")
"""In order of belief, where two tell of the same flow: the more it read of a flow, the earlier."""
MOST_LOGS: Final = 0xFFFF
"""A row has 16 bits for the number of its log."""


def read(logs: Sequence[Log], max_flows: int, progress: Progress | None = None) -> Traffic:
    """Read logs. Raises nothing for what is wrong with them: each says in ``problem`` what could not be read.

    Args:
        logs: files that ``recognise`` knows.
        max_flows: flows that are kept; the others are counted.
        progress: called now and then with the bytes read so far.
    """
    gathered, readings = Gathered(), list[Reading]()
    captures, done = list[Capture](), 0
    for number, log in enumerate(logs):
        reading = Reading(min(number, MOST_LOGS))
        suffix = None
        if number >= MOST_LOGS:
            reading.problem = f"is the {number + 1}th log, and kwel reads {MOST_LOGS} at once; give fewer"
        else:
            suffix = _read_one(log, gathered, reading, max_flows, _ahead(progress, done, log))
        done += log.size or 0
        readings.append(reading)
        captures.append(_capture(log, reading, suffix))
    rank = np.array([PROBES.index(log.log or "") if log.log in PROBES else 0 for log in logs], np.int64)
    traffic = traffic_of(gathered, tuple(captures), rank)
    return replace(traffic, coverage=replace(traffic.coverage, notes=_notes(traffic, readings)))


def _ahead(progress: Progress | None, done: int, log: Log) -> Callable[[], None]:
    def tell() -> None:
        if progress:
            progress(done + log.position)

    return tell


def _read_one(
    log: Log, gathered: Gathered, reading: Reading, max_flows: int, progress: Callable[[], None]
) -> str | None:
    """Read one log; return the suffix of the packing that was taken off."""
    with log.opened() as source:
        if log.log == "zeek":
            _read_zeek(log, source, gathered, reading, max_flows, progress)
        elif log.log == "eve":
            eve.read_eve(_told(blocks(source, reading), progress), gathered, reading, max_flows)
        elif log.log == "nfdump":
            nfdump.read_nfdump(log, source, gathered, reading, max_flows)
        else:
            ipfix.read_ipfix(source, gathered, reading, max_flows)
        return source.suffix


def _told(found: Iterator[Block], progress: Callable[[], None]) -> Iterator[Block]:
    for one in found:
        progress()
        yield one


def _read_zeek(
    log: Log, source: Bytes, gathered: Gathered, reading: Reading, max_flows: int, progress: Callable[[], None]
) -> None:
    lines = _told(blocks(source, reading), progress)
    for piece in zeek.pieces(lines, log.name, zeek_logs.FIELDS, reading):
        zeek_logs.READERS[piece.path](piece, gathered, reading, max_flows)


def _capture(log: Log, reading: Reading, suffix: str | None) -> Capture:
    title = f"{log.log} {reading.title}" if reading.title not in ("", log.log) else f"{log.log}"
    return Capture(
        name=log.name,
        format=title + (f".{suffix}" if suffix else ""),
        bytes=log.size or 0,
        sha256=log.sha256,
        packets=0,
        first=reading.first,
        last=reading.last,
        links=(),
        dropped=reading.lost,
        problem=reading.complaint(),
        kind=log.log or "",
        lines=reading.lines,
    )


def _notes(traffic: Traffic, readings: Sequence[Reading]) -> dict[str, int]:
    """Return what limits what can be said, of all logs."""
    notes = dict(traffic.coverage.notes)
    for reading in readings:
        for key, count in {**reading.notes, "log-lines": reading.lines, "log-lines-unread": reading.unread}.items():
            notes[key] = notes.get(key, 0) + count
    return {key: count for key, count in sorted(notes.items()) if count}
