"""An outage that is made on purpose: the nouns of a drill, of what was predicted, and of what happened."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kwel.model.claims import Evidence
    from kwel.model.interruptions import Fate, Interruption
    from kwel.model.law import Words
    from kwel.model.outage import Scenario, Time


@dataclass(frozen=True, slots=True)
class Target:
    """What a drill cuts off: one service outside, as assets were seen to reach it."""

    key: str
    """Of the graph's external, ``S-01``."""
    label: str
    operator: str | None
    hosts: tuple[str, ...]
    """Names that assets used."""
    addresses: tuple[str, ...]
    """Addresses that they reached: a service that moves to others is not cut by these."""
    ports: tuple[tuple[str, int], ...]
    """Transport and port, ``("tcp", 8883)``."""
    assets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """Something to look at while the cut lasts."""

    asset: int
    function: str | None
    time: Time
    direct: bool
    through: tuple[str, ...]
    """What stands between, by label: servers of the plant, then the service."""
    alternative: str | None
    """Host or service that goes on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A test protocol."""

    scenario: Scenario
    targets: tuple[Target, ...]
    watches: tuple[Watch, ...]
    """What the simulation says stops: sorted by when it is felt."""
    undecided: tuple[int, ...]
    """Assets of which the captures do not tell what they lose."""
    rests: tuple[int, ...]
    """Assets that go on, as far as the captures tell: that has to be seen too."""
    uncut: tuple[str, ...]
    """Services that stop in the scenario and that no asset was seen to reach by an address: no rule cuts them off."""


class Predicted(enum.StrEnum):
    """What a simulation said of a need."""

    STOPS = "stops"
    GOES_ON = "goes-on"
    UNDECIDED = "undecided"


class Happened(enum.StrEnum):
    """What became of a need while the cut lasted."""

    STOPPED = "stopped"
    """It was answered before, and was not any more."""
    WENT_ON = "went-on"
    NOT_TRIED = "not-tried"
    """Nobody asked: it may have stopped, or it was not its time."""


class Judgement(enum.StrEnum):
    """What was predicted against what happened."""

    AS_PREDICTED = "as-predicted"
    WORSE = "worse"
    """It stopped, and should have gone on."""
    BETTER = "better"
    """It went on, and should have stopped: the cut did not reach it, or there is another way."""
    DECIDED = "decided"
    """Nobody could say before; now it is known."""
    NOT_TESTED = "not-tested"


@dataclass(frozen=True, slots=True)
class Tested:
    """One need of one asset, before, while and after the cut."""

    asset: int
    """Index into the assets of the captures from before."""
    target: str
    """Host or asset that was needed, as it is called."""
    inside: bool
    function: str | None
    predicted: Predicted
    happened: Happened
    judgement: Judgement
    recovered: bool | None
    """Whether it was answered again afterwards; ``None`` where it had not stopped, or nobody asked."""
    evidence: tuple[Evidence, ...]


Local = Literal["before", "during", "after"]


@dataclass(frozen=True, slots=True)
class AssetTested:
    """What became of one asset."""

    asset: int
    fate: Fate
    """Of its traffic inside the plant."""
    rates: tuple[float, float, float]
    """Bytes a second inside the plant: before, during, after."""
    is_back: bool | None
    """Whether that returned afterwards; ``None`` where it had not stopped."""
    judgement: Judgement
    """The gravest of its needs."""
    tested: tuple[Tested, ...]
    interruptions: tuple[Interruption, ...]
    """What the captures show in detail where they follow on one another: when it began, how it was tried again."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A drill, judged."""

    scenario: Scenario
    begun: int
    """First and last packet of the captures of the cut, nanoseconds since the epoch."""
    ended: int
    assets: tuple[AssetTested, ...]
    uncut: tuple[str, ...]
    """What should have been cut off and was answered all the same."""
    unseen: tuple[str, ...]
    """Assets that show in the captures of the cut alone, by label."""

    def count(self, judgement: Judgement) -> int:
        """Return of how many assets that is the judgement."""
        return sum(one.judgement == judgement for one in self.assets)

    @property
    def surprises(self) -> int:
        """Return of how many assets something stopped, or went on, that should not."""
        return self.count(Judgement.WORSE) + self.count(Judgement.BETTER)


@dataclass(frozen=True, slots=True)
class DrillTold:
    """A drill that was judged before, as its file says."""

    file: str
    """Name without folders."""
    sha256: str
    scenario: str
    title: Words
    begun: str
    """RFC 3339, UTC."""
    ended: str
    counts: tuple[tuple[Judgement, int], ...]
    """Assets by judgement."""
    stopped: tuple[str, ...]
    """Assets whose work inside the plant stopped, by label."""
    back: int
    """How many of those came back."""
    uncut: tuple[str, ...]
    """What was not cut off."""
