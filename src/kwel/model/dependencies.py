"""An asset that needs something outside: the record that the whole analysis is for."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.fast_dataclass import quick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kwel.model.assets import AssetKind
    from kwel.model.claims import Evidence
    from kwel.model.verdicts import Attribution


class DependencyState(enum.StrEnum):
    """Whether anything came of it. Ordered from strongest to weakest in this listing."""

    USED = "used"
    """Answered: both sides sent."""
    ATTEMPTED = "attempted"
    """Unanswered or refused: nothing came back."""
    RESOLVED_ONLY = "resolved-only"
    """Looked up in the DNS and never contacted."""


STATES = (DependencyState.USED, DependencyState.ATTEMPTED, DependencyState.RESOLVED_ONLY)
"""``Dependencies.state`` indexes this."""


@quick
@dataclass(frozen=True, slots=True)
class Dependency:
    """An asset needs something outside: the record that the whole analysis is for."""

    asset: str
    """Asset id."""
    asset_label: str
    asset_kind: AssetKind
    host: str
    """The name contacted, else the address."""
    attribution: Attribution
    state: DependencyState
    first: int
    last: int
    flows: int
    bytes_out: int
    bytes_in: int
    port: int | None
    """Port of the strongest flow."""
    application: str | None
    evidence: tuple[Evidence, ...]


class Begun(enum.IntEnum):
    """Who began the conversations of a way."""

    BY_ASSET = 0
    FROM_OUTSIDE = 1
    UNPROVEN = 2
    """No packet proves it."""


@dataclass(frozen=True)
class Ways:
    """In which ways dependencies are reached: columns of equal length, one row a dependency, beginner and service.

    In order of the dependencies. One that was only looked up has none.
    """

    dependency: NDArray
    begun: NDArray
    """Of ``Begun``."""
    transport: NDArray
    """IP protocol number."""
    port: NDArray
    """Of whoever answers; 0 where there is none, or where a port nobody owns was only tried."""
    application: NDArray
    """Of ``kinds.Application``: by content."""
    is_used: NDArray
    """Whether any of it was answered."""
    flows: NDArray
    capture: NDArray
    """Of the first conversation that proves most: index into the captures, and its first frame."""
    frame: NDArray

    def between(self, start: int, end: int) -> Ways:
        """Return those of some dependencies, which count from 0 again."""
        part = slice(*np.searchsorted(self.dependency, (start, end)).tolist())
        columns = {name: getattr(self, name)[part] for name in self.__dataclass_fields__}
        return Ways(**{**columns, "dependency": columns["dependency"] - start})


class Dependencies:
    """All dependencies as columns of equal length; row *i* as an object is ``dependencies[i]``.

    A big capture has a hundred thousand of them, of which a report shows some hundreds: whoever counts or groups
    uses the columns, whoever shows takes the object. Rows are in order of asset, then bytes out, largest first.
    """

    def __init__(
        self,
        columns: Mapping[str, NDArray],
        attributions: Sequence[Attribution],
        build: Callable[[int], Dependency],
        contacts: tuple[NDArray, NDArray] | None = None,
        ways: Callable[[], Ways] | None = None,
    ) -> None:
        self.asset: NDArray = columns["asset"]
        """Index into the report's assets."""
        self.attribution: NDArray = columns["attribution"]
        """Index into ``attributions``."""
        self.state: NDArray = columns["state"]
        """Index into ``STATES``."""
        self.first: NDArray = columns["first"]
        self.last: NDArray = columns["last"]
        self.flows: NDArray = columns["flows"]
        self.bytes_out: NDArray = columns["bytes_out"]
        self.bytes_in: NDArray = columns["bytes_in"]
        none = np.zeros(len(self.asset), np.int64)
        self.sealed: NDArray = columns.get("sealed", none)
        """Flows that are encrypted."""
        self.hiding: NDArray = columns.get("hiding", none)
        """Flows that carry encrypted look-ups, by port or by what the hello offers."""
        self.misfits: NDArray = columns.get("misfits", none)
        """Flows on which a certificate was shown that does not cover the name asked for."""
        self.rtt_us: NDArray = columns.get("rtt_us", none)
        """Shortest time from SYN to SYN-ACK, as the capture saw them, in microseconds; 0 is not measured."""
        self.excluded: NDArray = columns.get("excluded", none)
        """1 where that is too short for the place of the host; else 0."""
        self._columns = columns
        self.attributions = attributions
        self.contacts: tuple[NDArray, NDArray] = contacts or (none[:0], none[:0])
        """Rows of the flows that these dependencies are made of, and which of them each belongs to."""
        self.left_out = 0
        """Destinations and names looked up for which there was no room: a scan or a flood."""
        self._build = build
        self._find_ways = ways
        self._ways: Ways | None = None

    @property
    def ways(self) -> Ways:
        """Return in which ways they are reached: found when somebody asks, for that takes sorting all conversations."""
        if self._ways is None:
            self._ways = self._find_ways() if self._find_ways else _no_ways()
        return self._ways

    def parts(self, rows: int) -> Iterator[Dependencies]:
        """Yield all of it, so many rows at a time and each part with its own attributions alone; at least one part."""
        for start in range(0, max(len(self), 1), rows):
            columns = {key: column[start : start + rows] for key, column in self._columns.items()}
            used, columns["attribution"] = np.unique(columns["attribution"], return_inverse=True)
            seen = [self.attributions[index] for index in used.tolist()]
            yield Dependencies(
                columns,
                seen,
                lambda index, start=start: self._build(start + index),  # type: ignore[misc]
                ways=lambda start=start: self.ways.between(start, start + rows),  # type: ignore[misc]
            )

    def __len__(self) -> int:
        return len(self.asset)

    def __getitem__(self, index: int) -> Dependency:
        """Return one row with its evidence."""
        if not 0 <= index < len(self.asset):
            raise IndexError(index)
        return self._build(index)

    def __iter__(self) -> Iterator[Dependency]:
        return (self._build(index) for index in range(len(self.asset)))


def _no_ways() -> Ways:
    none = np.zeros(0, np.int64)
    return Ways(*(none for _ in Ways.__dataclass_fields__))
