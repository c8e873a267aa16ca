"""The store with the real joining: cut into windows, stored, compacted and read, a capture tells the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kwel.analysis.analyser import Analyser
from kwel.analysis.stages import Options, conclude
from kwel.capture import find_captures
from kwel.store import Level, Store
from kwel.store.compaction import compact
from tests.store.windows import SAMPLES, traffic_of, window

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

NAME = "mixed_plant.pcapng"


def heard(begin: int, end: int) -> Traffic:
    """Return the traffic of some frames of the capture, numbered as they stand there."""
    (file,) = find_captures([str(SAMPLES / NAME)], hash_files=False)
    analyser, seen = Analyser(10_000), 0
    analyser.begin(NAME)
    for batch in file.batches():
        first, count = max(0, begin - seen), len(batch.records)
        rows = batch.records[first : max(0, end - seen)]
        if len(rows):
            analyser.process(replace(batch, records=rows, first_frame=seen + first + 1))
        seen += count
    return analyser.finish((file.describe(),))


def cut(parts: int) -> list[Traffic]:
    """Return the traffic of a capture as windows would have heard it."""
    total = traffic_of(NAME).coverage.packets
    borders = [part * total // parts for part in range(parts + 1)]
    return [heard(begin, end) for begin, end in pairwise(borders)]


def told(traffic: Traffic) -> Any:
    """What is concluded, but for the frames that it rests on."""
    analysis = conclude(traffic, Options())
    rows = analysis.dependency_table.drop(columns=["evidence", "ways", "unproven", "rtt_us"])
    assets = analysis.asset_table.drop(columns=["evidence"])
    return rows.astype(str).to_dict("records"), assets.astype(str).to_dict("records")


def test_a_capture_that_was_stored_in_windows_tells_the_same(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        for number, part in enumerate(cut(3), 1):
            store.add(window(number, traffic=part), {}, SAMPLES / NAME)
        traffic = store.read()

    assert told(traffic) == told(traffic_of(NAME))


def test_it_still_does_when_the_windows_were_compacted(tmp_path: Path) -> None:
    """The frames that are cited lie in one file then, and are the same ones."""
    with Store(tmp_path, write=True) as store:
        for number, part in enumerate(cut(3), 1):
            store.add(window(number, traffic=part), {}, SAMPLES / NAME)
        store.add(window(30, traffic=traffic_of("ipv6.pcap")), {})
        before = store.read(until=store.windows()[2].closed + 1)
        compact(store, [Level.HOUR])
        (hour,) = [part for part in store.windows() if part.level is Level.HOUR]
        after = store.read_part(hour)

    assert told(after) == told(traffic_of(NAME))
    count = traffic_of(NAME).captures[0].packets
    numbers = {one.name: at * count for at, one in enumerate(before.captures)}
    assert [one.where.frame for one in after.observed] == [
        one.where.frame + numbers[one.where.capture] for one in before.observed
    ]
    assert after.coverage.packets == traffic_of(NAME).coverage.packets
