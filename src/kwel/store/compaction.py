"""Windows of a source in, hours and days out: fewer files, fewer rows, the same conclusions.

The new part is written, the manifest switches, the old parts are removed: whenever that is cut short, every window is
in the store once.
"""

from __future__ import annotations

import datetime
import os
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kwel.store import codec, folder, head
from kwel.store.files import Damaged, is_full
from kwel.store.folder import TABLES, WIRE, Content
from kwel.store.frames import cited_in, count_frames
from kwel.store.merging import merged
from kwel.store.parts import Level, overlap, part_id
from kwel.store.store import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from kwel.model.traffic import Traffic
    from kwel.store.parts import Part
    from kwel.store.store import Store

    Concluding = Callable[[Traffic], Mapping[str, pd.DataFrame]]

LEVELS = (Level.HOUR, Level.DAY)
ORDER = tuple(Level)
MOST_BYTES = 64 << 20
"""Of tables of the wire that are joined at a time."""
SHARE = 256
"""Of this machine's memory, no larger part is joined at a time: joining and concluding take up to ninety times as much
(52 MB of tables whose every flow and name was new: 4.6 GB)."""
BILLION = 1_000_000_000


PERIODS = {Level.HOUR: "%Y-%m-%dT%H%z", Level.DAY: "%Y-%m-%d", Level.MONTH: "%Y-%m"}


def period(level: Level, moment: int) -> str:
    """Return the hour, day or month in which a moment lies, by the clocks of the place where the sensor stands.

    Reports are made of its days, so that no part may go beyond one of its midnights.

    >>> period(Level.MONTH, 1_790_000_000 * 10**9)
    '2026-09'
    """
    here = datetime.datetime.fromtimestamp(moment // BILLION, datetime.UTC).astimezone()
    return here.strftime(PERIODS[level])


def room() -> int:
    """Return how many bytes of tables are joined at a time on this machine."""
    return min(MOST_BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // SHARE)


def groups(parts: Sequence[Part], level: Level, *, most_bytes: int = MOST_BYTES) -> list[list[Part]]:
    """Return parts that become one: of one source, one behind the other, that are filed in the same period.

    The last period of a source may go on, and stays as it is.
    """
    runs: dict[tuple[str, str, str], list[tuple[str, list[Part]]]] = {}
    for part in sorted(parts, key=lambda one: (one.source, one.sequences)):
        source = runs.setdefault((part.sensor, part.source, part.grade), [])
        when = period(level, part.filed)
        if not source or source[-1][0] != when:
            source.append((when, []))
        source[-1][1].append(part)
    found = []
    for source in runs.values():
        for _, run in source[:-1]:
            smaller = [part for part in run if part.has_wire and ORDER.index(part.level) < ORDER.index(level)]
            for stretch in _stretches(smaller, parts):
                found += [group for group in _bounded(stretch, most_bytes) if len(group) > 1]
    return found


def _stretches(smaller: Iterable[Part], parts: Sequence[Part]) -> list[list[Part]]:
    """Return parts in lists between whose numbers no other part of the source lies."""
    found: list[list[Part]] = []
    for part in smaller:
        first, last = (found[-1][-1].sequences[-1][1] + 1, part.sequences[0][0] - 1) if found else (1, 0)
        apart = first <= last and any(
            other.source == part.source and overlap(other.sequences, ((first, last),)) for other in parts
        )
        if not found or apart:
            found.append([])
        found[-1].append(part)
    return found


def _bounded(parts: Iterable[Part], most_bytes: int) -> list[list[Part]]:
    """Return parts in lists that can be joined in memory."""
    found: list[list[Part]] = []
    size = 0
    for part in parts:
        more = sum(file.size for file in part.present if file.tier == WIRE)
        if not found or size + more > most_bytes:
            found.append([])
            size = 0
        found[-1].append(part)
        size += more
    return found


def compact(
    store: Store,
    levels: Sequence[Level] = LEVELS,
    conclude: Concluding | None = None,
    is_to_pause: Callable[[], bool] | None = None,
) -> int:
    """Compact what can be, and return how many parts became how much fewer.

    Parts are read whole before: what is rotten is set aside rather than put together, and its group waits for the next
    time.

    Args:
        store: of which this process is the writer.
        levels: hours, days, months: each of the parts that the one before left.
        conclude: makes the tables of the whole; without it, those of the parts are put below one another.
        is_to_pause: asked after each group, which may take minutes; what is left then waits for the next time.

    Raises:
        Damaged: something that was to be compacted is not what was written. All else was compacted.
        OSError: the disk fails for another reason than that it is full; then what is left stays as it is.
    """
    saved, wrong = 0, list[str]()
    try:
        for level in levels:
            for group in groups(list(store.manifest.parts.values()), level, most_bytes=room()):
                if saved and is_to_pause and is_to_pause():
                    break
                if not store.manifest.flush():
                    break
                if rotten := [line for part in group for line in store.set_aside(part)]:
                    wrong += rotten
                    continue
                try:
                    store.replace(group, _content(store, group, conclude), level)
                except Damaged as error:
                    wrong.append(str(error))
                    continue
                saved += len(group) - 1
    except OSError as error:
        if not is_full(error):
            raise
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise Damaged(f"{wrong[0]}{more}; all else was put together")
    return saved


def _content(store: Store, parts: Sequence[Part], conclude: Concluding | None) -> Content:
    """Return what the folder of a compacted part holds."""
    first, last = parts[0].sequences[0][0], parts[-1].sequences[-1][1]
    name = f"{part_id(parts[0].source, first, last)}.pcapng"
    heard, heads, evidence, shifts = [], [], [], {}
    frames = 0
    for part in parts:
        traffic, said = store.read_with_head(part)
        heads.append(said)
        own = f"{part.id}.pcapng"
        if part.evidence:
            evidence.append(store.place(part) / part.evidence)
            traffic, shifts[own] = cited_in(traffic, own, frames), frames
            frames += count_frames(evidence[-1])
        heard.append(traffic)
    whole = cited_in(_condensed(joined(heard)), name, 0)
    if conclude is not None:
        from kwel.store.readable import arrow_tables

        tables = arrow_tables(conclude(whole))
    else:
        tables = _below_one_another(store, parts, shifts, name)
    said = {**merged(parts, heads), **head.say_traffic(whole)}
    return Content(said, codec.spell(whole), tables, evidence, name)


def _condensed(traffic: Traffic) -> Traffic:
    """Return traffic in fewer rows, as far as ``kwel.merge`` can."""
    joining: Any = import_module("kwel.merge")
    condense = getattr(joining, "condense", None)
    fewer: Traffic = condense(traffic) if condense else traffic
    return fewer


def _below_one_another(
    store: Store, parts: Sequence[Part], shifts: Mapping[str, int], name: str
) -> dict[str, pa.Table]:
    """Return the tables of all parts, with their frames where those now lie."""
    import pyarrow as pa

    names = {file.name for part in parts for file in part.present if file.tier == TABLES}
    found = {}
    for file in sorted(names):
        key = file.removeprefix(f"{TABLES}/").removesuffix(".parquet")
        tables = [folder.read_table(path) for _, path in store.paths(f"{TABLES}/{key}", parts)]
        whole = pa.concat_tables([table.unify_dictionaries() for table in tables]).combine_chunks()
        found[key] = _cited(whole.unify_dictionaries().combine_chunks(), shifts, name)
    return found


def _cited(table: pa.Table, shifts: Mapping[str, int], name: str) -> pa.Table:
    """Return a table whose lists name frames in the new file."""
    import pyarrow as pa

    place = re.compile("(" + "|".join(map(re.escape, shifts)) + r")#(\d+)") if shifts else None

    def shifted(text: str) -> str:
        return place.sub(lambda at: f"{name}#{int(at[2]) + shifts[at[1]]}", text) if place else text

    for number, column in enumerate(table.schema):
        if pa.types.is_list(column.type):
            values = [[shifted(text) for text in row] for row in table.column(number).to_pylist()]
            table = table.set_column(number, column, pa.array(values, column.type))
    return table
