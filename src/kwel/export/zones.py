"""A Report in, the tables of zones and of conduits out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.export.contract import framed
from kwel.export.schema import CONDUITS, ZONES
from kwel.model.claims import Grade
from kwel.model.zones import Origin

if TYPE_CHECKING:
    import pandas as pd

    from kwel.export.contract import Cell
    from kwel.model.report import Report
    from kwel.model.zones import Conduit, Service, Zone


def zones_table(report: Report) -> pd.DataFrame:
    """Return one row a zone, with the columns of ``schema.ZONES``."""
    return framed(ZONES, [_zone(zone) for zone in report.zones])


def conduits_table(report: Report) -> pd.DataFrame:
    """Return one row a conduit, with the columns of ``schema.CONDUITS``."""
    return framed(CONDUITS, [_conduit(of, report) for of in report.conduits])


def _zone(zone: Zone) -> dict[str, Cell]:
    step = zone.why.evidence[0]
    return {
        "zone": zone.id,
        "name": zone.name,
        "origin": zone.origin.value,
        "key": zone.key or None,
        "level": zone.level,
        "sl_t": None if zone.security_level is None else str(zone.security_level),
        "owner": zone.owner,
        "prefixes": list(zone.prefixes),
        "vlans": [str(vlan) for vlan in zone.vlans],
        "assets": len(zone.assets),
        "kinds": [f"{kind.value}={count}" for kind, count in zone.kinds],
        "flows": zone.flows,
        "packets": zone.packets,
        "bytes": zone.bytes,
        "grade": zone.why.grade.name,
        "because": step.source or dict(step.values).get("by", step.kind),
        "level_told": zone.level_told,
    }


def _conduit(of: Conduit, report: Report) -> dict[str, Cell]:
    source, target = report.zones[of.source], report.zones[of.target]
    numbers = ("flows", "attempts", "unsure", "packets_out", "packets_in", "bytes_out", "bytes_in", "first", "last")
    return {
        "conduit": of.id,
        "from_zone": source.name,
        "to_zone": target.name,
        "from_level": source.level,
        "to_level": target.level,
        "proposed": Origin.PROPOSED in (source.origin, target.origin),
        "direction": "both-ways" if of.back else "one-way",
        "back": of.back,
        "state": of.state.value,
        "protocols": [spelt(service) for service in of.services],
        "protocols_left_out": of.services_left_out,
        "by_port_only": [spelt(service) for service in of.services if service.grade <= Grade.D],
        **{key: getattr(of, key) for key in numbers},
        "initiators_count": of.initiators.count,
        "initiators": list(of.initiators.first),
        "responders_count": of.responders.count,
        "responders": list(of.responders.first),
        "commands": [f"{kind}={count}" for kind, count in of.commands],
        "evidence": list(dict.fromkeys(str(step.where) for step in of.evidence if step.where)),
    }


def spelt(service: Service) -> str:
    """Return a service as one word: ``modbus:tcp/502``, ``tcp/8443``."""
    return service.label.replace(" ", ":")
