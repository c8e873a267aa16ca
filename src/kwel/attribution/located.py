"""An attribution and what a user's own databases say of its address in, the attribution with that as evidence out.

Geolocation never decides, whoever publishes it: where nothing better is known it is shown at grade D, where it differs
from what is better known it is shown as rejected. A network number of such a database is treated alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from kwel.model.claims import Claim, Evidence, Grade

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.site import AddressSaid, Database, DatabaseInfo
    from kwel.model.verdicts import Attribution


class Told(NamedTuple):
    """What is shown where tables and rules know nothing: of the first database that says it."""

    country: str | None = None
    organisation: str | None = None


UNTOLD = Told()


def told_by(databases: Sequence[Database], address: str) -> Told:
    """Return what databases say of an address."""
    said = [database.look(address) for database in databases]
    return Told(
        next((of.country for of in said if of.country), None), next((of.as_org for of in said if of.as_org), None)
    )


def located(found: Attribution, databases: Sequence[Database], address: str) -> Attribution:
    """Return an attribution with what databases say of its address."""
    evidence, rejected, location, operator = [], [], found.location, found.operator
    for database in databases:
        said, info = database.look(address), database.info
        if said.country:
            step = _place(said, info, None)
            if location is None and not found.anycast:
                location = Claim(said.country, Grade.D, (step,))
            if location and said.country in location.value.split("/"):
                evidence.append(step)
            else:
                rejected.append(_place(said, info, found.place or (location.value if location else "")))
        if said.asn:
            step, other = _network(said, info), _table_asn(found)
            if operator is None and said.as_org:
                operator = Claim(said.as_org, Grade.D, (step,))
            if other in (None, str(said.asn)):
                evidence.append(step)
            else:
                rejected.append(_network(said, info, other))
    if not evidence and not rejected:
        return found
    return replace(
        found,
        location=location,
        operator=operator,
        evidence=(*found.evidence[:-1], *evidence, *found.evidence[-1:]),
        rejected=(*found.rejected, *rejected),
    )


def _place(said: AddressSaid, info: DatabaseInfo, place: str | None) -> Evidence:
    common = ("country", said.country or ""), ("city", said.city or "")
    if place is None:
        return Evidence("looked-up", "site-geolocation", (*common, ("database", info.kind)), source=info.source)
    values = (*common, ("place", place), ("database", info.kind))
    return Evidence("looked-up", "site-geolocation-against-place", values, source=info.source)


def _network(said: AddressSaid, info: DatabaseInfo, other: str | None = None) -> Evidence:
    common = ("asn", str(said.asn)), ("organisation", said.as_org or "")
    if other is None:
        return Evidence("looked-up", "site-asn", (*common, ("database", info.kind)), source=info.source)
    values = (*common, ("other", other), ("database", info.kind))
    return Evidence("looked-up", "site-asn-against-asn", values, source=info.source)


def _table_asn(found: Attribution) -> str | None:
    """Return the network number that the tables told, where they did."""
    kinds = ("asn", "asn-without-rule")
    return next((dict(s.values)["asn"] for s in found.evidence + found.rejected if s.kind in kinds), None)
