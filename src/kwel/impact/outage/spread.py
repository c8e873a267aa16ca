"""Edges and what stops in, what falls with it out: level by level, in columns.

An asset loses a function when a need for it breaks and no alternative is left. A need breaks when its target stops;
when its proxy stops; when the server passes on something that it lost itself; or when its name cannot be resolved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.graph import Graph

Column = Any
NEVER: Final = 99
"""In place of a time: it goes on."""


class Fallen(NamedTuple):
    """What falls. A *loss* is one function of one asset: its number is ``Web.loss_of`` of both."""

    broken: NDArray[Any]
    """By need: the level at which it breaks, from 1; 0: it does not."""
    lost: NDArray[Any]
    """By loss, the level; 0: it is not lost."""
    by: NDArray[Any]
    """By loss: the need through which it is lost; -1 where it is not."""
    after: NDArray[Any]
    """By loss: the loss that it follows from; -1: what stops is the next end."""
    felt: NDArray[Any]
    """By loss: index into ``TIMES``; NEVER where it is not lost."""


class Web:
    """A graph, laid out for walking. *states*: needs with these states count."""

    def __init__(self, graph: Graph, rows: Column) -> None:
        edges = graph.edges
        self.width = len(graph.functions) + 1  # the last is "not known"
        self.rows = rows
        ends = (edges.source, edges.target[edges.inside.astype(bool)], edges.through[edges.through >= 0])
        self.who: NDArray[Any] = np.unique(np.concatenate(ends)).astype(np.int64)
        """Assets that need or are needed: losses are numbered by their places here, for most need nothing."""
        self.place = np.full(len(edges.source), -1, np.int64)
        """By need of the graph, its place here; -1 where it does not count."""
        self.place[rows] = np.arange(len(rows))
        self.source, self.target, self.through = (
            column[rows] for column in (edges.source, edges.target, edges.through)
        )
        self.inside, self.named = edges.inside[rows].astype(bool), edges.named[rows].astype(bool)
        self.felt = edges.felt[rows].astype(np.int64)
        function = edges.function[rows]
        self.loss = self.loss_of(self.source, np.where(function < 0, self.width - 1, function))
        self.group = edges.group[rows]
        self.groups = np.bincount(self.group[self.group >= 0], minlength=1)
        self.names = graph.functions.index(graph.names) if graph.names in graph.functions else None
        self.passes, self.hands = self._passing(graph, edges.server[rows])
        handing, handed = self.hands
        self.onward = self.loss_of(self.source[handing], handed % self.width)
        """What the source of each need that is handed something on loses by it."""
        self.finder = self.loss_of(np.where(self.through >= 0, self.through, self.source), self.names or 0)
        """By need, the loss without which its name cannot be resolved."""

    def loss_of(self, asset: Column, function: Column) -> Column:
        """Return the number of a function of an asset that needs or is needed."""
        return np.searchsorted(self.who, asset) * self.width + function

    def asset_of(self, loss: Column) -> Column:
        """Return whose function it is."""
        return self.who[loss // self.width]

    def _passing(self, graph: Graph, server: Column) -> tuple[tuple[Column, Column], tuple[Column, Column]]:
        """Return (need, loss of its server that breaks it), and (need, loss of its server that it hands on)."""
        number = {function: index for index, function in enumerate(graph.functions)}
        kinds: tuple[list[Column], list[Column]] = [], []
        for index, kind in enumerate(graph.servers):
            rows = np.flatnonzero((server == index) & self.inside)
            for function in kind.carries:
                if len(rows) and function in number:
                    pair = np.stack([rows, self.loss_of(self.target[rows], number[function])])
                    kinds[int(kind.hands_on)].append(pair)
        empty = np.zeros((2, 0), np.int64)
        found = [np.concatenate([empty, *pairs], axis=1) for pairs in kinds]
        return (found[0][0], found[0][1]), (found[1][0], found[1][1])


class _Walk:
    """Breaks needs level by level, and remembers what each loss follows from."""

    def __init__(self, web: Web) -> None:
        self.web = web
        losses = len(web.who) * web.width
        self.broken, self.cause = np.zeros(len(web.rows), np.int64), np.full(len(web.rows), -1, np.int64)
        self.lost, self.by = np.zeros(losses, np.int64), np.full(losses, -1, np.int64)
        self.after = np.full(losses, -1, np.int64)
        self.left = web.groups.copy()
        self.level = 0

    def strike(self, rows: Column, causes: Column | None = None) -> bool:
        """Break needs, of the loss that each follows from; return whether anything is lost by it."""
        new = self.broken[rows] == 0
        rows = rows[new]
        self.broken[rows] = self.level
        self.cause[rows] = -1 if causes is None else causes[new]
        grouped = self.web.group[rows] >= 0
        np.subtract.at(self.left, self.web.group[rows[grouped]], 1)
        final = rows[~grouped | (self.left[self.web.group[rows]] == 0)]
        return self.lose(self.web.loss[final], final)

    def lose(self, losses: Column, rows: Column, after: Column | None = None) -> bool:
        """Lose what is not lost yet; of several needs that do it on one level, the first counts."""
        losses, first = np.unique(losses, return_index=True)
        rows = rows[first]
        new = self.lost[losses] == 0
        losses, rows = losses[new], rows[new]
        self.lost[losses], self.by[losses] = self.level, rows
        self.after[losses] = self.cause[rows] if after is None else after[first][new]
        return bool(len(losses))

    def next(self) -> bool:
        """Go one level further; return whether anything more is lost."""
        web, gone = self.web, self.lost > 0
        self.level += 1
        found = False
        need, of_server = web.passes
        hit = gone[of_server] & (self.broken[need] == 0)
        handing, handed = web.hands
        onward = web.onward
        reach = gone[handed] & ~gone[onward]
        if web.names is not None:
            finder = web.finder
            blind = np.flatnonzero(~web.inside & web.named & gone[finder] & (self.broken == 0))
            blind = blind[web.loss[blind] != finder[blind]]
            found |= self.strike(blind, finder[blind])
        rows, causes = _first(need[hit], of_server[hit])
        found |= self.strike(rows, causes)
        return found | self.lose(onward[reach], handing[reach], handed[reach])


def _first(rows: Column, causes: Column) -> tuple[Column, Column]:
    rows, first = np.unique(rows, return_index=True)
    return rows, causes[first]


def spread(web: Web, externals: Column, assets: Column, more_needs: Column | None = None) -> Fallen:
    """Return what falls when services outside and assets stop, masks over both, and when some needs more break."""
    walk = _Walk(web)
    walk.level = 1
    ends = np.where(web.inside, assets[np.where(web.inside, web.target, 0)], False)
    if len(externals):
        ends |= ~web.inside & externals[np.where(web.inside, 0, web.target)]
    ends |= (web.through >= 0) & assets[np.maximum(web.through, 0)]
    if more_needs is not None:
        ends[more_needs] = True
    ends &= ~assets[web.source]  # what stops itself needs nothing
    more = walk.strike(np.flatnonzero(ends))
    while more:
        more = walk.next()
    return Fallen(walk.broken, walk.lost, walk.by, walk.after, _felt(web, walk))


def _felt(web: Web, walk: _Walk) -> Column:
    """Return when each loss is felt: a need as late as itself and what it follows from, a loss as soon as any need.

    Of alternatives the last one counts. Repeated until nothing is felt sooner, for ways of several lengths may meet.
    """
    felt = np.where(walk.lost > 0, NEVER - 1, NEVER)
    rows = np.flatnonzero(walk.broken)
    single, grouped = rows[web.group[rows] < 0], rows[web.group[rows] >= 0]
    onward, handed = web.onward, web.hands[1]
    while True:
        before = felt.copy()
        of_need = np.maximum(web.felt, np.where(walk.cause >= 0, before[np.maximum(walk.cause, 0)], 0))
        np.minimum.at(felt, web.loss[single], of_need[single])
        last = np.zeros(len(web.groups), np.int64)
        np.maximum.at(last, web.group[grouped], of_need[grouped])
        whole = grouped[walk.left[web.group[grouped]] == 0]
        np.minimum.at(felt, web.loss[whole], last[web.group[whole]])
        np.minimum.at(felt, onward, np.where(walk.lost[onward] > 0, before[handed], NEVER))
        felt = np.where(walk.lost > 0, felt, NEVER)
        if (felt == before).all():
            return felt
