"""What stops when something stops: the nouns of a simulated outage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from kwel.model.dependencies import DependencyState

if TYPE_CHECKING:
    from kwel.model.claims import Claim
    from kwel.model.graph import Path
    from kwel.model.law import Words

TIMES: Final = ("minute-0", "minutes", "hours", "days", "weeks")
"""When an outage is felt, the soonest first."""
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


UndecidedReason = Literal["front-hides-origin", "operator-unknown", "function-unknown", "server-affected"]


@dataclass(frozen=True, slots=True)
class Undecided:
    """An asset of which nobody can say from the captures whether it is affected. Never counted as unaffected."""

    asset: int
    reason: UndecidedReason
    need: int
    """Index of the need that leaves it open."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario does to the plant."""

    scenario: Scenario
    stopped: tuple[int, ...]
    """Indices of the graph's externals that stop."""
    impacts: tuple[Impact, ...]
    """In order of asset and function."""
    zones: tuple[str, ...]
    """Ids of the zones in which assets are affected."""
    conduits: tuple[str, ...]
    """Ids of the conduits that what stops passes."""
    unaffected: int
    """Assets that go on, as far as the captures tell."""
    undecided: tuple[Undecided, ...]

    @property
    def affected(self) -> tuple[int, ...]:
        """Return the assets that lose something that they were seen to use, in order."""
        return tuple(sorted({one.asset for one in self.impacts if one.state is DependencyState.USED}))

    @property
    def tried(self) -> tuple[int, ...]:
        """Return the assets that lose only what they asked for or looked up, in order."""
        return tuple(sorted({one.asset for one in self.impacts} - set(self.affected)))

    @property
    def open(self) -> tuple[int, ...]:
        """Return the assets of which it cannot be said, in order."""
        return tuple(sorted({one.asset for one in self.undecided}))
