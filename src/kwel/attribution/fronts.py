"""A host and the service behind its name in, what stands there before somebody else's origin out.

A front is a network of edges (CDN), or a gateway that traffic or mail goes through: who is behind it cannot be seen.
It may be told by its operator, by a suffix, by a tag of the published range, or by the service itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kwel.attribution.claims import owns
from kwel.attribution.steps import inferred, service_rule

if TYPE_CHECKING:
    from kwel.attribution.hosts import Host, Known
    from kwel.attribution.names import HostName
    from kwel.model.claims import Evidence
    from kwel.rulebook.model import Service, Vocabulary


class Front(NamedTuple):
    """What stands before an origin."""

    what: str
    """Empty where nothing does."""
    role: str | None
    """What the host is there."""
    hides_place: bool
    """Whether the address is that of an edge, so that a place says nothing; a gateway stands where it stands."""
    evidence: tuple[Evidence, ...]
    """Of a service; that of a host comes with its place."""

    def __bool__(self) -> bool:
        return bool(self.what)


def front_of(host: Host, known: Known, named: HostName, service: Service | None, words: Vocabulary) -> Front:
    """Return the front, the first of these that says one."""
    kind = host.operator.kind if host.operator else None
    # 1. The service is a gateway: whoever it belongs to, what goes through it goes elsewhere.
    if service and service.front:
        step = inferred("front", service_rule(service), operator=service.vendor, what=service.product)
        return Front(service.product, service.front, hides_place=False, evidence=(step,))
    # 2. The host is a front's, or a part of its network that is one; but nobody is hidden from their own owner.
    what = _of_host(host, known, named, words) if host.operator and not owns(service, host.operator) else ""
    role = words.front_kinds[0] if what and kind not in words.front_kinds else kind
    if not what and known.is_own_service and kind is not None:
        role = words.service_kind or kind
    return Front(what, role, hides_place=bool(what), evidence=())


def _of_host(host: Host, known: Known, named: HostName, words: Vocabulary) -> str:
    operator = host.operator
    assert operator is not None
    if operator.kind in words.front_kinds:
        return operator.name
    if host.name_counts and named.front:
        return named.suffix
    if known.facts and host.network and host.numbers is None:
        return next((tag for tag in host.network.front_tags if tag in known.facts.services), "")
    return ""
