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

TIMES = ("minute-0", "minutes", "hours", "days", "weeks")
"""When an outage is felt, the soonest first."""
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
    by: Literal["flows", "packets"] = "flows"
    """Whether conversations were counted, or the packets of one that lasts: then the spread is not known, and is the
    period."""


@dataclass(frozen=True, slots=True)
class Server:
    """What sort of server is needed, as rules/needs.toml says."""

    id: str
    carries: tuple[str, ...] = ()
    """Functions that it passes on: where it loses one itself, those who use it lose it too."""
    hands_on: bool = False
    """What they lose is what the server lost; what they have of the server itself goes on."""
    alone: bool = False
    """It is known to go on serving whatever it loses."""
    unseen: bool = False
    """Where nobody saw whom it asks in turn, it is not known what it rests on."""


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
    server: Server | None = None
    """For a server of the plant: whether this need stops with what the server loses itself."""
    through: int | None = None
    """Index into the report's assets: a proxy of the plant that this need goes through."""
    named: bool = False
    """Whether the target was found by a name: then it cannot be found when the source can resolve none."""
    hours: float | None = None
    """For so long the source goes on without it, as the site says."""
    conduit: str | None = None
    """Id of the conduit that it passes."""

    @property
    def carries(self) -> tuple[str, ...]:
        """Return the functions that the server passes on."""
        return self.server.carries if self.server else ()

    @property
    def felt(self) -> int:
        """Return when it is felt that this stops, as an index into ``TIMES``."""
        period = self.rhythm.period if self.rhythm else None
        return time_of(self.impact, self.hours, period)


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
    felt: NDArray[Any]
    """Index into ``TIMES``; of a function that is not known, as rules/needs.toml takes it."""
    server: NDArray[Any]
    """Index into ``Graph.servers``; -1 is none."""


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
        servers: Sequence[Server] = (),
        assets: int = 0,
        names: str = "name-resolution",
        may_stop_serving: Sequence[str] = (),
    ) -> None:
        self.externals = tuple(externals)
        self.needs = needs
        self.zones = tuple(zones)
        """Ids of the zones that each asset stands in; empty where no zones were drawn."""
        self.functions = tuple(functions)
        """The functions that ``edges`` speaks of."""
        self.servers = tuple(servers)
        """The sorts of server that ``edges`` speaks of."""
        self.names = names
        """The function without which an asset finds nothing outside by its name."""
        self.may_stop_serving = tuple(may_stop_serving)
        """Functions: a server that loses one of these may stop serving."""
        if edges is None:
            self.functions = tuple(sorted({f for need in needs for f in (need.function, *need.carries) if f}))
            self.servers = tuple(dict.fromkeys(need.server for need in needs if need.server))
            edges = edges_of(needs, self.functions, self.servers)
        self.edges = edges
        ends = [edges.source, edges.target[edges.inside.astype(bool)], edges.through]
        self.assets = max([assets, len(zones), *(int(end.max()) + 1 for end in ends if len(end))])
        """How many assets there are."""
        self.authorities: tuple[tuple[int, str], ...] = ()
        """Needs, by index, and whose certificates were shown there; TLS 1.3 shows none."""
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


def edges_of(needs: Iterable[Need], functions: Sequence[str], servers: Sequence[Server]) -> Edges:
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
            need.felt,
            servers.index(need.server) if need.server else -1,
        )
        for need in needs
    ]
    table = np.array(rows, np.int64).reshape(len(rows), len(Edges._fields))
    return Edges(*table.T)


MINUTE, DAY, WEEK = 1 / 60, 24.0, 168.0
"""Hours."""
UNKNOWN = "hours"
"""Where nothing says how soon."""


def time_of(impact: str | None, hours: float | None = None, period: float | None = None) -> int:
    """Return when an outage is felt, as an index into ``TIMES``.

    Args:
        impact: how soon it is usually felt.
        hours: for so long the site says that it goes on.
        period: seconds between contacts. What stops work within minutes stops it at once where contact is constant.

    >>> [TIMES[time_of("minutes", period=5)], TIMES[time_of("minutes", hours=30)]]
    ['minute-0', 'days']
    """
    if hours is not None:
        return sum(hours >= bound for bound in (MINUTE, 1, DAY, WEEK))
    if impact == "minutes" and period is not None and period <= 60:
        return 0
    return TIMES.index(impact or UNKNOWN)
