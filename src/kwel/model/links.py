"""The way from an asset to whoever runs the host, as links: each is known for itself, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kwel.model.claims import Evidence, Grade

Part = Literal["supplier", "service", "alias", "front", "host"]
By = Literal["own", "vendor", "operator", "customer", "domain", "number", "unknown"]


@dataclass(frozen=True, slots=True)
class Link:
    """Who stands at one point of the way."""

    part: Part
    """Through whom, for what, under which alias, behind which front, at whose host."""
    name: str | None
    """The host name that speaks here; of the last link the address where nothing has a name."""
    value: str | None
    """A company, a product, or a domain where nobody knows whose it is; ``None`` is not known."""
    by: By
    """What makes it known: the user's site file; a vendor's or an operator's rule; that it is the name of some customer
    of an operator; a domain that somebody registered; a network that no rule knows."""
    jurisdiction: str | None
    """ISO 3166-1 alpha-2, of the parent where there is one."""
    grade: Grade
    evidence: tuple[Evidence, ...]
