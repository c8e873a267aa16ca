"""Flows and a spell of trouble in, what the asset did meanwhile out: went on, stopped, turned to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.columns import address_text
from kwel.interruptions.signs import HOUSEKEEPING, OUTSIDE, SECOND, Column, Pairs
from kwel.kinds import Application
from kwel.model.interruptions import Aftermath, Fate
from kwel.rhythms import SILENCES, TICK

if TYPE_CHECKING:
    from collections.abc import Collection

    from kwel.interruptions.runs import Run
    from kwel.model.traffic import Traffic

GRACE: Final = 5 * SECOND
"""What was under way when trouble began may end in so much time."""
LESS: Final = 0.5
GONE: Final = 0.05
"""Parts of the time that an asset was active before."""
ENOUGH: Final = 30 * SECOND
"""Of capture, before and during, to say anything."""
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
        self._order = np.argsort(self._asset, kind="stable")
        self._outward = np.flatnonzero((sides[0] >= 0) & (sides[1] == OUTSIDE))
        self._asks = sides[0][self._outward].astype(np.int64)
        self._over = int(flows["last"].max()) if len(flows) else 0

    def _of_asset(self, asset: int) -> tuple[Column, Column]:
        """Return rows of the asset's flows inside, and whether they speak a protocol of the plant."""
        low, high = np.searchsorted(self._asset[self._order], [asset, asset + 1])
        place = self._order[low:high]
        return self._rows[place], self._speaks[place]

    def _spells(self, rows: Column) -> Column:
        """Return (begin, end) of the time that flows were active: their silences are left out."""
        flows, rhythms = self._traffic.flows, self._traffic.rhythms
        ends = np.stack([self._last(rows, side) for side in (0, 1)]).max(axis=0)
        begins, ends = [flows["first"][rows]], [ends]
        for row in rows.tolist():
            quiet = _shared_silences(rhythms, row)
            if len(quiet):
                begins.append(quiet[:, 1])
                ends.append(quiet[:, 0])
        start, end = np.concatenate(begins), np.concatenate(ends)
        order = np.argsort(start, kind="stable")
        return np.stack([start[order], np.maximum(end[np.argsort(end, kind="stable")], start[order])], axis=1)

    def _last(self, rows: Column, side: int) -> Column:
        beat = self._traffic.beats["last"][2 * rows + side].astype(np.int64)
        last: Column = self._traffic.flows["first"][rows] + np.maximum(beat - 1, 0) * TICK
        return last

    def was_heard(self, asset: int, since: int, until: int) -> bool:
        """Return whether the asset sent or was sent anything well within a spell."""
        flows = self._traffic.flows
        rows, _ = self._of_asset(asset)
        rows = np.concatenate([rows, self._outward[self._asks == asset]])
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
        flows = self._traffic.flows
        if len(rows) == 0:
            return Fate.NO_LOCAL, None
        spells = self._spells(rows)
        first = max(begin - REACH, int(flows["first"].min()))
        before, during = _active(spells, first, begin), _active(spells, begin + GRACE, over)
        if before == 0:
            return Fate.NO_LOCAL, None
        if begin - first < ENOUGH or over - begin - GRACE < ENOUGH:
            return Fate.UNSURE, None
        part = (during / (over - begin - GRACE)) / (before / (begin - first))
        last = int(spells[spells[:, 0] < over, 1].clip(max=over).max())
        if part < GONE or over - last > max(ENOUGH, (over - begin) // 2):
            return Fate.STOPPED, max(0.0, (last - begin) / SECOND)
        return (Fate.LESS if part < LESS else Fate.KEPT_RUNNING), None

    def _fell_back(self, asset: int, run: Run, begin: int, over: int) -> str | None:
        """Return the host outside that the asset first turned to meanwhile, over the same port, with an answer."""
        flows, pairs = self._traffic.flows, self._pairs
        rows = self._outward[self._asks == asset]
        port = int(pairs.port[run.pair])
        rows = rows[(flows["responder_port"][rows] == port) & (self._of[rows] != run.pair) & (self._of[rows] >= 0)]
        known = set(self._of[rows[flows["first"][rows] < begin]].tolist())
        for row in rows[np.argsort(flows["first"][rows], kind="stable")].tolist():
            flow = flows[row]
            if not begin <= flow["first"] <= over or int(self._of[row]) in known or not flow["packets_in"]:
                continue
            name = self._traffic.names[int(flow["name"])] if flow["name"] else ""
            return name or address_text(int(flow["responder_hi"]), int(flow["responder_lo"]))
        return None


def _shared_silences(rhythms: Column, flow: int) -> Column:
    """Return (since, until) of silences of a flow in which neither side spoke."""
    low, high = np.searchsorted(rhythms["half"], [2 * flow, 2 * flow + 2])
    quiet = [
        [(int(row["since"][slot]), int(row["until"][slot])) for slot in range(SILENCES) if row["until"][slot]]
        for row in rhythms[low:high]
    ]
    if high - low == 1:
        return np.zeros((0, 2), np.int64)
    shared = [
        (max(a, c), min(b, d)) for a, b in (quiet[0] if quiet else ()) for c, d in (quiet[1] if quiet else ())
        if min(b, d) - max(a, c) >= GRACE
    ]  # fmt: skip
    return np.array(sorted(shared), np.int64).reshape(-1, 2)


def _active(spells: Column, since: int, until: int) -> int:
    """Return for how long of a span any spell lasted, with a second around each packet."""
    total, at = 0, since
    for begin, end in spells.tolist():
        low, high = max(begin, at), min(end + SECOND, until)
        if high > low:
            total += high - low
            at = high
    return total
