"""Windows for tests, made from the sample captures."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.analysis.stages import Options, conclude, read_traffic
from kwel.export import concluded
from kwel.model.traffic import Traffic
from kwel.model.window import Check, ClockStep, Losses, Proof, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.store import Store

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"
PLANT = SAMPLES / "mixed_plant.pcapng"
MINUTE = 60 * 10**9
LENGTH = 5 * MINUTE
BEGIN = 1_790_000_000 * 10**9


@lru_cache(maxsize=8)
def traffic_of(name: str = "mixed_plant.pcapng") -> Traffic:
    return read_traffic(str(SAMPLES / name))


@lru_cache(maxsize=2)
def tables_of(name: str = "mixed_plant.pcapng") -> dict[str, Any]:
    report = conclude(traffic_of(name), Options()).report
    return {table: concluded(table, report) for table in ("dependencies", "assets", "facts")}


def window(
    sequence: int, *, source: str = "span0", opened: int | None = None, traffic: Traffic | None = None
) -> Window:
    begin = BEGIN + sequence * LENGTH if opened is None else opened
    heard = traffic or traffic_of()
    return Window(
        sensor="substation-7",
        source=source,
        sequence=sequence,
        opened=begin,
        closed=begin + LENGTH,
        lasted=LENGTH,
        traffic=heard,
        losses=(Losses("span0", heard.coverage.packets, 3, None),),
        proofs=(Proof("span0", begin, begin + LENGTH, 0, 0, (Check("egress-drop", True, "2"),)),),
        clock_steps=(ClockStep(begin, -5),) if sequence % 7 == 3 else (),
    )


def tiny(sequence: int, source: str = "span0") -> Window:
    """A window of few rows: for tests that write hundreds."""
    return window(sequence, source=source, traffic=few())


@lru_cache(maxsize=1)
def few() -> Traffic:
    whole = traffic_of("ipv6.pcap")
    return replace(whole, observed=(), **{key: getattr(whole, key)[:0] for key in ("beats", "rhythms", "openings")})


def windows_in(store: Store) -> Counter[tuple[str, int]]:
    """How often each window is in the store, by what the folders hold that the manifest names."""
    return Counter(
        (part.source, number)
        for part in store.windows()
        for first, last in part.sequences
        for number in range(first, last + 1)
    )


def assert_same(one: Traffic, other: Traffic, *, but: tuple[str, ...] = ()) -> None:
    """Compare all of two traffics."""
    for field in fields(Traffic):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name in but:
            continue
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, field.name
            assert len(a) == len(b), field.name
            for name in a.dtype.names or ():
                assert np.array_equal(a[name], b[name]), (field.name, name)
        elif field.name == "names":
            assert a.joined() == b.joined()
        elif field.name == "fingerprints":
            assert tuple(a) == tuple(b)
        else:
            assert a == b, field.name


def stacked(parts: Sequence[Traffic]) -> Traffic:
    """Put traffic together without any thought: rows below one another, captures and packets added."""
    rows: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Traffic)
        if isinstance(getattr(parts[0], field.name), np.ndarray)
    }
    coverage = parts[0].coverage
    counts = {key: sum(getattr(part.coverage, key) for part in parts) for key in ("packets", "used")}
    aside: Counter[str] = Counter()
    for part in parts:
        aside.update(part.coverage.set_aside)
    return replace(
        parts[0],
        captures=tuple(one for part in parts for one in part.captures),
        observed=tuple(one for part in parts for one in part.observed),
        coverage=replace(coverage, **counts, set_aside=dict(aside)),
        **rows,
    )
