"""Who needs what: the nouns of the graph from assets over servers of the plant to services outside.

A *need* is an edge, from an asset to an asset or to a service outside. It says what for (a function of
rules/vocabulary.toml), whether operation or control rests on it, and what proves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np

from kwel.model.dependencies import STATES, DependencyState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from kwel.model.claims import Claim, Evidence
    from kwel.model.verdicts import Verdict

Key = TypeVar("Key")
Path = Literal["data", "control"]
"""Whether what is needed carries the work itself, or steers whether and how it may be done."""


@dataclass(frozen=True, slots=True)
class External:
    """One supplier's one service at one operator in one region, whatever its hosts. ``None`` means: not known."""

    key: str
    """``S-01``: in order within one report."""
    service: str | None
    supplier: str | None
    supplier_jurisdiction: str | None
    operator: str | None
    """Display name."""
    operator_id: str | None
    """Stem of its rule file."""
    operator_jurisdiction: str | None
    parent: str | None
    parent_jurisdiction: str | None
    region: str | None
    location: str | None
    """ISO 3166-1 alpha-2, or ``anycast``."""
    function: str | None
    path: Path | None
    impact: str | None
    """How soon an outage of it is usually felt: from rules/vocabulary.toml or the rule of the service."""
    verdict: Verdict
    front: str | None
    """What stands before an origin that cannot be seen; whose it is, is the operator."""
    hosts: tuple[str, ...]
    """The first few."""
    host_count: int
    dependencies: tuple[int, ...]
    """Rows of the report's dependencies."""
    role: str | None = None
    """What its operator does there: ``cloud``, ``cdn``, ``security-gateway``, …"""

    @property
    def label(self) -> str:
        """Return what to call it: the service, else its operator, else its first host."""
        if self.service:
            return self.service
        return self.operator or (self.hosts[0] if self.hosts else self.key)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How regularly an asset is in touch."""

    period: float
    """Seconds from one contact to the next: the median."""
    spread: float
    """Seconds: the middle half of the periods lies within so much."""
    count: int
    """Periods that were measured."""


@dataclass(frozen=True, slots=True)
class Need:
    """An asset needs another asset, or a service outside."""

    id: str
    """``N-0001``: in order within one report."""
    source: int
    """Index into the report's assets: who needs."""
    target: int
    """Who is needed: index into the report's assets where *inside*, else into the graph's externals."""
    inside: bool
    function: str | None
    """What for; ``None`` where that is not known."""
    path: Path | None
    state: DependencyState
    why: Claim
    """The value is what was seen (``dns``, ``tcp/1433``); C by recognised protocol and proven initiator, D by port."""
    group: str
    """Needs of one source with the same group are alternatives, any one of them is enough; empty: there is none."""
    rhythm: Rhythm | None
    first: int
    last: int
    flows: int
    bytes_out: int
    bytes_in: int
    evidence: tuple[Evidence, ...]
    impact: str | None = None
    """How soon it is felt when this stops: of the service outside, else as the function usually is."""
    carries: tuple[str, ...] = ()
    """For a server of the plant: functions that it passes on. Where it loses one of these itself, this need stops too;
    empty: it serves on its own."""
    through: int | None = None
    """Index into the report's assets: a proxy of the plant that this need goes through."""
    named: bool = False
    """Whether the target was found by a name: then it cannot be found when the source can resolve none."""
    hours: float | None = None
    """For so long the source goes on without it, as the site says."""
    conduit: str | None = None
    """Id of the conduit that it passes."""


class Edges(NamedTuple):
    """The needs as columns of equal length: a simulation touches nothing else."""

    source: NDArray[Any]
    target: NDArray[Any]
    inside: NDArray[Any]
    function: NDArray[Any]
    """Index into ``Graph.functions``; -1 is not known."""
    state: NDArray[Any]
    """Index into ``STATES``."""
    group: NDArray[Any]
    """Needs with the same number are alternatives; -1: there is none."""
    through: NDArray[Any]
    """Index of an asset; -1 is none."""
    named: NDArray[Any]


class Graph:
    """All needs of all assets.

    ``needs`` may be a sequence that makes each need when somebody asks for it: whoever counts or walks uses ``edges``.
    """

    def __init__(
        self,
        externals: Sequence[External],
        needs: Sequence[Need],
        *,
        zones: Sequence[tuple[str, ...]] = (),
        edges: Edges | None = None,
        functions: Sequence[str] = (),
    ) -> None:
        self.externals = tuple(externals)
        self.needs = needs
        self.zones = tuple(zones)
        """Ids of the zones that each asset stands in; empty where no zones were drawn."""
        self.functions = tuple(functions)
        """The functions that ``edges`` speaks of."""
        if edges is None:
            self.functions = tuple(dict.fromkeys(need.function for need in needs if need.function))
            edges = edges_of(needs, self.functions)
        self.edges = edges
        self.unread: dict[str, int] = {}
        """What there was no room for, counted by reason."""

    def zones_of(self, asset: int) -> tuple[str, ...]:
        """Return the ids of the zones that an asset stands in."""
        return self.zones[asset] if asset < len(self.zones) else ()

    def rows_of(self, asset: int) -> tuple[int, ...]:
        """Return the indices of what an asset needs."""
        return self._by_source.get(asset, ())

    def rows_on(self, target: int, *, inside: bool) -> tuple[int, ...]:
        """Return the indices of the needs for an asset, or for a service outside."""
        return self._by_target.get((inside, target), ())

    def needs_of(self, asset: int) -> tuple[Need, ...]:
        """Return what an asset needs."""
        return tuple(self.needs[row] for row in self.rows_of(asset))

    def needed_by(self, target: int, *, inside: bool = True) -> tuple[Need, ...]:
        """Return who needs an asset; with ``inside=False``, who needs a service outside."""
        return tuple(self.needs[row] for row in self.rows_on(target, inside=inside))

    @cached_property
    def _by_source(self) -> dict[int, tuple[int, ...]]:
        return _rows_by(self.edges.source.tolist())

    @cached_property
    def _by_target(self) -> dict[tuple[bool, int], tuple[int, ...]]:
        keys = zip(self.edges.inside.astype(bool).tolist(), self.edges.target.tolist(), strict=True)
        return _rows_by(keys)


def _rows_by(keys: Iterable[Key]) -> dict[Key, tuple[int, ...]]:
    rows: dict[Key, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    return {key: tuple(found) for key, found in rows.items()}


def edges_of(needs: Iterable[Need], functions: Sequence[str]) -> Edges:
    """Return needs as columns."""
    number = {function: index for index, function in enumerate(functions)}
    groups: dict[tuple[int, str], int] = {}
    rows = [
        (
            need.source,
            need.target,
            need.inside,
            -1 if need.function is None else number[need.function],
            STATES.index(need.state),
            groups.setdefault((need.source, need.group), len(groups)) if need.group else -1,
            -1 if need.through is None else need.through,
            need.named,
        )
        for need in needs
    ]
    table = np.array(rows, np.int64).reshape(len(rows), len(Edges._fields))
    return Edges(*table.T)
