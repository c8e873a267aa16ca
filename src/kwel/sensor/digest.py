"""A window of the spool in, the same in the store out, with what was concluded of it and the frames that it cites."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from kwel.analysis import stages
from kwel.capture.frames import read_frames, within, write_frames
from kwel.evidence.renumber import renumber
from kwel.export import frame
from kwel.sensor import proofs
from kwel.sensor.journal import trace
from kwel.store import Damaged, StoreError, spool
from kwel.store.files import is_full
from kwel.store.parts import DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from kwel.analysis.result import Analysis, Options
    from kwel.export.schema import Name
    from kwel.model.report import Report
    from kwel.model.window import Window
    from kwel.store import Store

TABLES: tuple[Name, ...] = ("assets", "facts", "dependencies", "commands", "interruptions")
"""What of the conclusions is kept beside the traffic, for questions."""


TIMES, SPARE = 2, 1 << 20
"""A window and its conclusions take at most so often the room of what waits, and so many bytes more."""


@dataclass(frozen=True, slots=True)
class Digesting:
    """How windows are taken from the spool into the store."""

    spool: Path
    proofs: Path
    """What the one who holds the lock has written."""
    options: Options
    evidence: int = 2 << 20
    """Bytes of frames that a window may keep for good."""
    see: Callable[[Window, Report | None], None] | None = None
    """Told of each window, with what was concluded from it where that is stored too."""
    complain: Callable[[str], None] = print
    lost: Callable[[Sequence[LostWindow]], None] | None = None
    """Told of windows of one source that are lost, before what says so leaves the spool."""


class LostWindow(NamedTuple):
    """A window that did not come into the store."""

    source: str
    line: str
    """Which one, and why."""


@dataclass(slots=True)
class Digested:
    """What became of the windows that waited."""

    stored: int = 0
    lost: list[LostWindow] = field(default_factory=list)
    report: Report | None = None
    """Of the last one."""
    window: Window | None = None
    waits: bool = False
    """Windows were left where they are, for there is no room to store them."""


def _has_room(path: Path) -> bool:
    """Return whether a window can be stored beside the copy that waits, which is safe as long as it waits."""
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    space = os.statvfs(path)
    return space.f_bavail * space.f_frsize > TIMES * size + SPARE


def digest_all(how: Digesting, into: Store) -> Digested:
    """Take every window that waits into the store.

    Raises:
        OSError: the disk fails for another reason than that it is full; what waits goes on waiting.
    """
    done = Digested()
    for path in spool.waiting(how.spool):
        if not _has_room(path):
            done.waits = True
            how.complain(f"{path.name} waits: the disk of {into.root} has no room to store it")
            break
        try:
            window, lost = spool.read_window(path), spool.read_lost(path)
        except (Damaged, NotADirectoryError) as error:
            _lose(how, done, [LostWindow(_source_of(path), f"{path.name}: {error}")])
            spool.set_aside(path)
            how.complain(f"{path.name} is damaged and was set aside: {error}")
            continue
        for one in lost:
            into.lose(one)
        _lose(how, done, [LostWindow(of.source, f"window {of.sequence} of {of.source}: {of.reason}") for of in lost])
        try:
            _digest(how, into, _with_proofs(how, window, into), path, done)
        except StoreError as error:  # its number is another window's: it must not keep the later ones out
            _lose(how, done, [LostWindow(window.source, f"{path.name}: {error}")])
            spool.set_aside(path)
            how.complain(f"{path.name} was set aside: {error}")
    return done


def _lose(how: Digesting, done: Digested, lost: Sequence[LostWindow]) -> None:
    done.lost += lost
    if how.lost and lost:
        how.lost(lost)


def _source_of(path: Path) -> str:
    """Return of which source a folder of the spool is, by its name alone."""
    return unquote(path.name[: -DIGITS - 1])


def _with_proofs(how: Digesting, window: Window, into: Store) -> Window:
    closed = (part.closed for part in into.windows() if (part.sensor, part.source) == (window.sensor, window.source))
    before = max((moment for moment in closed if moment <= window.opened), default=None)
    return replace(window, proofs=proofs.of_window(how.proofs, window, before))


def _digest(how: Digesting, into: Store, window: Window, path: Path, done: Digested) -> None:
    """Take one window into the store, and out of the spool; one that nothing can be concluded from, as it was heard."""
    evidence = how.spool / f".{path.name}.kept.pcapng"
    evidence.unlink(missing_ok=True)
    analysis: Analysis | None = None
    try:
        try:
            window, analysis = _concluded(how, window, path, evidence)
            frames = evidence if evidence.exists() else None
        except OSError as error:
            if not is_full(error):
                raise
            frames = None
        except Exception as error:  # noqa: BLE001 - a fault of ours must not keep later windows out of the store
            how.complain(f"{path.name}: nothing can be concluded from it: {error!r}; it is stored as it was heard")
            trace(error)
            frames = spool.evidence_of(path)
        added = into.add(window, tables_of(analysis) if analysis else {}, frames)
    finally:
        evidence.unlink(missing_ok=True)
    if added.part is None and not added.already:
        line = f"window {window.sequence} of {window.source}: the disk is full"
        _lose(how, done, [LostWindow(window.source, line)])
    if how.see and not added.already:  # evidence that is not stored is not cited
        how.see(window, analysis.report if analysis and added.part else None)
    spool.remove(path)
    done.stored += 1
    if analysis:
        done.report, done.window = analysis.report, window


def _concluded(how: Digesting, window: Window, path: Path, evidence: Path) -> tuple[Window, Analysis]:
    """Return a window with the frames that its conclusions cite, written to *evidence*, and the conclusions."""
    analysis = stages.conclude(window.traffic, how.options)
    frames = spool.evidence_of(path)
    if frames is None:
        return window, analysis
    records, data, _ = read_frames(frames)
    kept = within(records, cited(analysis.report), how.evidence)
    if len(kept) == len(records):
        evidence.hardlink_to(frames)
        return window, analysis
    write_frames(evidence, records[kept - 1], data, window.source, f"Frames that kwel cites: {window.source}")
    window = replace(window, traffic=renumber(window.traffic, kept))
    return window, stages.conclude(window.traffic, how.options)


def tables_of(analysis: Analysis) -> dict[str, pd.DataFrame]:
    """Return what of an analysis is kept beside the traffic."""
    return {name: frame(name, analysis) for name in TABLES}


def cited(report: Report) -> list[int]:
    """Return the numbers of the frames that a report on one window cites anywhere."""
    from kwel.export.report_json import write_report_json

    out = io.BytesIO()
    write_report_json(report, out)
    name = re.escape(report.captures[0].name.encode())
    return sorted({int(number) for number in re.findall(name + rb"#(\d+)", out.getvalue())} - {0})
