"""Dependencies in, in which ways each is reached out, as words: for tables, and to be read again by ``kwel check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kwel.model.dependencies import Begun, DependencyState
from kwel.model.kinds import Application
from kwel.model.transports import transport_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.dependencies import Dependencies

LABELS: Final = {int(spoken): spoken.label if spoken else "-" for spoken in Application}
BEGUN: Final = {Begun.BY_ASSET: "outbound", Begun.FROM_OUTSIDE: "inbound", Begun.UNPROVEN: "unproven"}
STATES: Final = (DependencyState.ATTEMPTED.value, DependencyState.USED.value)


def spelt_ways(rows: Dependencies, captures: Sequence[str]) -> list[list[str]]:
    """Return the ways of each dependency: who begins, protocol, transport and port, state, and where it is seen."""
    found: list[list[str]] = [[] for _ in range(len(rows))]
    ways = rows.ways
    columns = (ways.dependency, ways.begun, ways.application, ways.transport, ways.port, ways.is_used, ways.capture,
               ways.frame)  # fmt: skip
    for dependency, begun, application, transport, port, used, capture, frame in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        service = f"{LABELS.get(application, '-')} {transport_text(transport)}{f'/{port}' if port else ''}"
        where = f"{captures[capture]}#{frame}" if frame else "-"
        found[dependency].append(f"{BEGUN[Begun(begun)]} {service} {STATES[used]} {where}")
    return found
