"""What stops when something stops: the nouns of a simulated outage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.model.claims import Claim
    from kwel.model.dependencies import DependencyState
    from kwel.model.graph import Graph, Path
    from kwel.model.law import Words

WEEKS: Final = 14
"""Days: what is felt after weeks is not felt before."""
Time = Literal["minute-0", "minutes", "hours", "days", "weeks"]
ScenarioKind = Literal["operator", "region", "jurisdiction", "function", "supplier", "internet", "asset", "file"]


@dataclass(frozen=True, slots=True)
class Takes:
    """What of services outside a scenario takes away: all that fits every list that is not empty."""

    operators: tuple[str, ...] = ()
    """Ids of operators, as rules/operators names them."""
    parents: tuple[str, ...] = ()
    """Names of ultimate parents."""
    jurisdictions: tuple[str, ...] = ()
    """ISO 3166-1 alpha-2: of the parent, else of the operator; of a supplier too."""
    regions: tuple[str, ...] = ()
    """As the operator names them, ``westeurope``."""
    locations: tuple[str, ...] = ()
    """ISO 3166-1 alpha-2 of the place."""
    functions: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """What the operator does there: ``cdn``, ``security-gateway``, …"""
    keys: tuple[str, ...] = ()
    """Single services of this graph, ``S-01``."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something stops, outside or in the plant."""

    id: str
    title: Words
    kind: ScenarioKind
    matches: tuple[Takes, ...]
    """Any of these; nothing where ``everything`` is set."""
    notice: int
    """Days between the announcement and the cut; 0: none."""
    source: str
    reviewed: str
    """ISO 8601."""
    duration: int | None = None
    """Days that it lasts; ``None``: nobody says."""
    everything: bool = False
    """Everything outside stops: the way out is cut."""
    assets: tuple[int, ...] = ()
    """Assets that stop themselves, by index."""
    why: Words | None = None
    """What it stands for."""


@dataclass(frozen=True, slots=True)
class Impact:
    """A function of an asset that stops."""

    asset: int
    """Index into the report's assets."""
    function: str | None
    path: Path | None
    direct: bool
    """Whether the asset itself talks to what stops; else it stands behind a server of the plant, or finds no names."""
    chain: tuple[int, ...]
    """Indices of needs, from the asset to what stops: the shortest such chain."""
    impact: Time
    """When it is felt."""
    why: Claim
    """Why then; graded as the weakest need of the chain."""
    alternative: int | None
    """Index of a need of the same asset for the same function that goes on."""
    state: DependencyState
    """Whether it was in use: the weakest of the chain. Of what was only tried, an outage changes nothing."""
    hours: float | None = None
    """For so long the asset goes on without it, as the site says."""
    by_name: bool = False
    """Whether it stops because the name cannot be resolved, and not the service itself."""


UndecidedReason = Literal[
    "front-hides-origin",  # what stands behind a front cannot be seen
    "operator-unknown",
    "supplier-unknown",
    "place-unknown",
    "function-unknown",
    "upstream-unseen",  # a server asks others in turn, and nobody saw whom
    "server-affected",  # a server loses something itself, and may serve on
]


@dataclass(frozen=True, slots=True)
class Undecided:
    """An asset of which nobody can say from the captures whether it is affected. Never counted as unaffected."""

    asset: int
    reason: UndecidedReason
    need: int
    """Index of the need that leaves it open."""


class Losses(NamedTuple):
    """The impacts as columns of equal length, in their order: whoever counts uses these."""

    asset: NDArray[Any]
    function: NDArray[Any]
    """Index into the graph's functions; one beyond the last is not known."""
    felt: NDArray[Any]
    """Index into ``TIMES``."""
    used: NDArray[Any]
    """Whether it was in use."""
    need: NDArray[Any]
    """Index of the need of the asset itself through which it is lost."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a scenario does to the plant."""

    scenario: Scenario
    graph: Graph
    stopped: tuple[int, ...]
    """Indices of the graph's externals that stop."""
    impacts: Sequence[Impact]
    """In order of asset and function."""
    losses: Losses
    affected: tuple[int, ...]
    """Assets that lose something that they were seen to use, in order."""
    tried: tuple[int, ...]
    """Assets that lose only what they asked for or looked up: an outage changes nothing that worked."""
    zones: tuple[str, ...]
    """Ids of the zones in which assets are affected."""
    broken: tuple[int, ...]
    """Indices of the needs that break."""
    unaffected: int
    """Assets that go on, as far as the captures tell."""
    undecided: tuple[Undecided, ...]
    """Losses that may come on top; an affected asset may be here as well."""

    @cached_property
    def conduits(self) -> tuple[str, ...]:
        """Ids of the conduits that what breaks passes."""
        found = (self.graph.needs[row].conduit for row in self.broken)
        return tuple(sorted({conduit for conduit in found if conduit}))

    @property
    def open(self) -> tuple[int, ...]:
        """Return the assets of which it cannot be said whether they are affected, in order."""
        return tuple(sorted({one.asset for one in self.undecided} - set(self.affected)))

    def within(self, impact: Impact) -> bool:
        """Return whether an impact is felt before the outage ends."""
        days = self.scenario.duration
        return days is None or impact.impact != "weeks" or days >= WEEKS


Axis = Literal["operator", "region", "parent", "authority", "resolver"]
"""Over what dependence is concentrated: who runs it, where, under whose parent, whose certificates, whose names."""


@dataclass(frozen=True, slots=True)
class Concentration:
    """How far functions rest on few: of every function of every asset that rests on something outside, a share.

    Never of bytes: a camera sends more than a licence check, and does not matter more for it.
    """

    axis: Axis
    units: int
    """Functions of assets that were counted."""
    known: int
    """Those among them of which the axis is known for at least one of what they rest on."""
    shares: tuple[tuple[str, float], ...]
    """The largest first; together 1, of what is known."""

    @property
    def hhi(self) -> float:
        """Return the Herfindahl-Hirschman index: the sum of squared shares, 1 where all rests on one."""
        return sum(share * share for _, share in self.shares)

    @property
    def top(self) -> float:
        """Return the share of the largest."""
        return self.shares[0][1] if self.shares else 0.0


@dataclass(frozen=True, slots=True)
class SinglePoint:
    """An asset, or a service outside, whose loss alone stops functions of several assets."""

    inside: bool
    target: int
    """Index into the report's assets, else into the graph's externals."""
    assets: int
    """That lose something; itself not counted."""
    functions: tuple[tuple[str, int], ...]
    """What is lost, by how many assets, most first; the empty name is a function that is not known."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a plant's dependence comes to: the scenarios, and on how few it rests."""

    outcomes: tuple[Outcome, ...]
    concentration: tuple[Concentration, ...]
    points: tuple[SinglePoint, ...]
    points_left_out: int
    """Assets and services that were not tried, for they have the fewest users."""
