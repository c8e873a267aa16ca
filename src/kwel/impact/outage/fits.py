"""A scenario and the services outside in, which of them stop and which may out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.graph import External
    from kwel.model.outage import Scenario, Takes, UndecidedReason

BEHIND: Final = ("operators", "parents", "jurisdictions", "regions", "locations")
"""What a front hides of the origin."""
UNKNOWN: Final[dict[str, UndecidedReason]] = {
    "functions": "function-unknown",
    "regions": "place-unknown",
    "locations": "place-unknown",
    "suppliers": "supplier-unknown",
}
"""What is not known where a service has nothing to compare; else whose it is."""


def stopped_by(externals: Sequence[External], scenario: Scenario) -> tuple[list[int], dict[int, UndecidedReason]]:
    """Return the services that stop, and those of which it is not known, with why."""
    if scenario.everything:
        return list(range(len(externals))), {}
    stop: list[int] = []
    perhaps: dict[int, UndecidedReason] = {}
    for index, external in enumerate(externals):
        found = [_fits(external, takes) for takes in scenario.matches]
        if True in found:
            stop.append(index)
        elif reason := next((one for one in found if isinstance(one, str)), None):
            perhaps[index] = reason
    return stop, perhaps


def _fits(external: External, takes: Takes) -> bool | UndecidedReason:
    """Return whether a service fits every list that is not empty, or why that is not known."""
    doubts: list[UndecidedReason] = []
    for field, wanted, has in _compared(external, takes):
        if not wanted:
            continue
        if any(value in wanted for value in has):
            continue
        if external.front and field in BEHIND:
            doubts.append("front-hides-origin")
        elif not has:
            doubts.append(UNKNOWN.get(field, "operator-unknown"))
        else:
            return False
    return doubts[0] if doubts else True


def _compared(external: External, takes: Takes) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return each list of what is taken away, and what the service has to compare with it."""
    control = external.parent_jurisdiction or external.operator_jurisdiction
    # The law of a supplier reaches its service wherever it runs; of one that nobody knows it is not taken to.
    jurisdictions = _known(control, external.supplier_jurisdiction) if control else ()
    if external.supplier_jurisdiction in takes.jurisdictions:
        jurisdictions = (str(external.supplier_jurisdiction),)
    return [
        ("operators", takes.operators, _known(external.operator_id) or (("",) if external.operator else ())),
        ("parents", takes.parents, _known(external.parent) or (("",) if external.operator else ())),
        ("jurisdictions", takes.jurisdictions, jurisdictions),
        ("regions", takes.regions, _known(external.region)),
        ("locations", takes.locations, _known(external.location)),
        ("functions", takes.functions, _known(external.function)),
        ("suppliers", takes.suppliers, _known(external.supplier)),
        ("services", takes.services, _known(external.service) or ("",)),
        ("roles", takes.roles, _known(external.role) or (("",) if external.operator else ())),
        ("keys", takes.keys, (external.key,)),
    ]


def _known(*values: str | None) -> tuple[str, ...]:
    return tuple(value for value in values if value)
