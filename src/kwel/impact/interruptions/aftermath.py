"""Flows and a spell of trouble in, what the asset did meanwhile out: went on, stopped, turned to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.impact.interruptions.signs import HOUSEKEEPING, OUTSIDE, SECOND, Column, Pairs
from kwel.model.interruptions import Aftermath, Fate
from kwel.model.kinds import Application
from kwel.model.records.activity import SILENCES, TICK
from kwel.model.records.columns import address_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from kwel.impact.interruptions.runs import Run
    from kwel.model.traffic import Traffic

GRACE: Final = 5 * SECOND
"""What was under way when trouble began may end in so much time."""
LESS: Final = 0.5
GONE: Final = 0.05
"""Parts of the time that an asset was active before."""
ENOUGH: Final = 30 * SECOND
"""Of capture, before and during, to say anything."""
PAUSES: Final = 2
"""So many times its longest pause before is an asset quiet where it has stopped."""
REACH: Final = 3600 * SECOND
"""How far back "before" goes."""


class Activity:
    """When assets were active inside the plant, and which hosts outside they asked."""

    def __init__(
        self, traffic: Traffic, sides: tuple[Column, Column], pairs: Pairs, of: Column, plant: Collection[int]
    ) -> None:
        self._traffic, self._pairs, self._of = traffic, pairs, of
        flows = traffic.flows
        works = ~np.isin(flows["application"], HOUSEKEEPING)
        inside = np.flatnonzero(works & (sides[0] >= 0) & (sides[1] >= 0) & (sides[0] != sides[1]))
        speaks = np.isin(flows["application"][inside], list(plant))
        self._rows = np.concatenate([inside, inside])
        self._speaks = np.concatenate([speaks, speaks])
        self._asset = np.concatenate([sides[0][inside], sides[1][inside]]).astype(np.int64)
        order = np.argsort(self._asset, kind="stable")
        self._rows, self._speaks, self._asset = self._rows[order], self._speaks[order], self._asset[order]
        outward = np.flatnonzero((sides[0] >= 0) & (sides[1] == OUTSIDE))
        self._outward = outward[np.argsort(sides[0][outward], kind="stable")]
        self._asks = sides[0][self._outward].astype(np.int64)
        self._first = int(flows["first"].min()) if len(flows) else 0
        self._over = int(flows["last"].max()) if len(flows) else 0
        self._quiet = _shared_silences(traffic.rhythms)

    def _of_asset(self, asset: int) -> tuple[Column, Column]:
        """Return rows of the asset's flows inside, and whether they speak a protocol of the plant."""
        low, high = np.searchsorted(self._asset, [asset, asset + 1])
        return self._rows[low:high], self._speaks[low:high]

    def _asked_by(self, asset: int) -> Column:
        """Return the flows by which the asset asked hosts outside."""
        low, high = np.searchsorted(self._asks, [asset, asset + 1])
        rows: Column = self._outward[low:high]
        return rows

    def _spells(self, rows: Column) -> Column:
        """Return (begin, end) of the time that flows were active: their silences are left out."""
        last = np.stack([self._last(rows, side) for side in (0, 1)]).max(axis=0)
        flow, since, until = self._quiet
        low, high = (np.searchsorted(flow, rows, side) for side in ("left", "right"))
        count = high - low
        quiet = np.arange(count.sum()) + np.repeat(low - np.cumsum(count) + count, count)
        start = np.sort(np.concatenate([self._traffic.flows["first"][rows], until[quiet]]))
        end = np.sort(np.concatenate([last, since[quiet]]))
        return np.stack([start, np.maximum(end, start)], axis=1)

    def _last(self, rows: Column, side: int) -> Column:
        beat = self._traffic.beats["last"][2 * rows + side].astype(np.int64)
        last: Column = self._traffic.flows["first"][rows] + np.maximum(beat - 1, 0) * TICK
        return last

    def was_heard(self, asset: int, since: int, until: int) -> bool:
        """Return whether the asset sent or was sent anything well within a spell."""
        flows = self._traffic.flows
        rows, _ = self._of_asset(asset)
        rows = np.concatenate([rows, self._asked_by(asset)])
        rows = rows[(flows["first"][rows] < until) & (flows["last"][rows] > since)]
        edge = min(SECOND, (until - since) // 4)
        spells = self._spells(rows)
        return bool(((spells[:, 0] < until - edge) & (spells[:, 1] > since + edge)).any())

    def aftermath(self, run: Run, end: int | None) -> Aftermath:
        """Return what the asset did while something did not answer it."""
        asset = int(self._pairs.asset[run.pair])
        begin, over = run.before, end or self._over
        flows = self._traffic.flows
        local = self._local(asset, run.pair)
        fate, stopped = self._fate(local, begin, over)
        spoken = flows["application"][local][flows["first"][local] < begin]
        protocols = sorted({Application(int(code)).label for code in np.unique(spoken) if code})
        return Aftermath(fate, stopped, tuple(protocols[:6]), self._fell_back(asset, run, begin, over))

    def _local(self, asset: int, pair: int) -> Column:
        """Return the flows that tell whether the asset goes on: of the plant's protocols, else of any inside."""
        rows, speaks = self._of_asset(asset)
        other = self._of[rows] != pair
        rows, speaks = rows[other], speaks[other]
        chosen: Column = rows[speaks] if speaks.any() else rows
        return chosen

    def _fate(self, rows: Column, begin: int, over: int) -> tuple[Fate, float | None]:
        if len(rows) == 0:
            return Fate.NO_LOCAL, None
        spells = self._spells(rows)
        first = max(begin - REACH, self._first)
        before, during = _active(spells, first, begin), _active(spells, begin + GRACE, over)
        if before == 0:
            return Fate.NO_LOCAL, None
        if begin - first < ENOUGH or over - begin - GRACE < ENOUGH:
            return Fate.UNSURE, None
        part = (during / (over - begin - GRACE)) / (before / (begin - first))
        last = int(spells[spells[:, 0] < over, 1].clip(max=over).max())
        if part < GONE or over - last > max(ENOUGH, (over - begin) // 2):
            if over - max(last, begin) < PAUSES * _longest_pause(spells, first, begin):
                return Fate.UNSURE, None
            return Fate.STOPPED, max(0.0, (last - begin) / SECOND)
        return (Fate.LESS if part < LESS else Fate.KEPT_RUNNING), None

    def _fell_back(self, asset: int, run: Run, begin: int, over: int) -> str | None:
        """Return the host outside that the asset first turned to meanwhile, over the same port, with an answer."""
        flows, pairs = self._traffic.flows, self._pairs
        rows = self._asked_by(asset)
        port = int(pairs.port[run.pair])
        rows = rows[(flows["responder_port"][rows] == port) & (self._of[rows] != run.pair) & (self._of[rows] >= 0)]
        first = flows["first"][rows]
        known = np.isin(self._of[rows], self._of[rows[first < begin]])
        turned = np.flatnonzero((first >= begin) & (first <= over) & ~known & (flows["packets_in"][rows] > 0))
        if not len(turned):
            return None
        flow = flows[rows[turned[np.argmin(first[turned])]]]
        name = self._traffic.names[int(flow["name"])] if flow["name"] else ""
        return name or address_text(int(flow["responder_hi"]), int(flow["responder_lo"]))


def _shared_silences(rhythms: Column) -> tuple[Column, Column, Column]:
    """Return (flow, since, until) of silences in which neither side of a flow spoke, in order of flow."""
    half = np.ascontiguousarray(rhythms["half"])
    mine = np.flatnonzero((half[:-1] % 2 == 0) & (half[1:] == half[:-1] + 1))
    each, other = np.repeat(np.arange(SILENCES), SILENCES), np.tile(np.arange(SILENCES), SILENCES)
    since = np.maximum(rhythms["since"][mine][:, each], rhythms["since"][mine + 1][:, other])
    until = np.minimum(rhythms["until"][mine][:, each], rhythms["until"][mine + 1][:, other])
    both = (rhythms["until"][mine][:, each] > 0) & (rhythms["until"][mine + 1][:, other] > 0)
    row, slot = np.nonzero(both & (until - since >= GRACE))
    return half[mine][row] // 2, since[row, slot], until[row, slot]


def _active(spells: Column, since: int, until: int) -> int:
    """Return for how long of a span any spell lasted (ns), with a second around each packet."""
    low, high = np.maximum(spells[:, 0], since), np.minimum(spells[:, 1] + SECOND, until)
    low[1:] = np.maximum(low[1:], high[:-1])  # both columns are in order: what is behind begins where one ended
    return int(np.maximum(high - low, 0).sum())


def _longest_pause(spells: Column, since: int, until: int) -> int:
    """Return the longest time without a spell within a span (ns), its edges among it."""
    known = spells[(spells[:, 0] < until) & (spells[:, 1] > since)]
    begins, ends = np.append(known[:, 0], until), np.append(since, known[:, 1])
    return int((begins - ends).max())
