"""Zones and conduits in, the two tables that IEC 62443-3-2 asks for out: what the zones are, and what passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.claims import Grade
from kwel.model.verdicts import Control
from kwel.model.zones import ConduitState
from kwel.report import numbers
from kwel.report.places import zone_name
from kwel.report.text import NOT_ANY, NOTHING, Text, code, joined, plain, wire
from kwel.report.zonemap import control_of, kinds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.report import Report
    from kwel.model.zones import Conduit, Ends, Service, Zone
    from kwel.report.phrases import Phrases

ZONES, CONDUITS = 60, 80
"""Rows of each table."""
SERVICES, MEMBERS = 4, 8
_NAMED, _PREFIXES = 2, 3


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """One zone."""

    anchor: str
    id: Text
    name: Text
    extent: Text
    level: Text
    target: Text
    """Security level that the site aims at."""
    kinds: Text
    members: list[tuple[Text, str | None]]
    """Its first assets, each with the anchor of its row where it has one."""
    more: Text
    owner: Text
    why: Text


@dataclass(frozen=True, slots=True)
class ConduitRow:
    """One conduit."""

    anchor: str
    id: Text
    control: Control
    source: Text
    source_link: str
    source_ends: Text
    target: Text
    target_link: str
    target_ends: Text
    services: list[tuple[Text, Text]]
    more: Text
    commands: Text
    out: Text
    into: Text
    flows: Text
    when: Text
    frame: Text


@dataclass(frozen=True, slots=True)
class Register:
    """Both tables, and how many rows each leaves out."""

    zones: list[ZoneRow]
    zones_left_out: int
    conduits: list[ConduitRow]
    conduits_left_out: int


def register(report: Report, links: Mapping[str, str], phrases: Phrases) -> Register:
    """Return zones and conduits as tables; conduits that leave Europe come first, then in their order.

    *links* are the anchors of assets by id.
    """
    ends = {end for conduit in report.conduits for end in (conduit.source, conduit.target)}
    zones = [(number, zone) for number, zone in enumerate(report.zones) if zone.assets or number in ends]
    order = sorted(report.conduits, key=lambda conduit: control_of(report, conduit) is not Control.NON_EUROPEAN)
    labels = {asset.id: asset.label for asset in report.assets}
    return Register(
        zones=[_zone(report, number, zone, links, phrases) for number, zone in zones[:ZONES]],
        zones_left_out=max(0, len(zones) - ZONES),
        conduits=[_conduit(report, conduit, labels, phrases) for conduit in order[:CONDUITS]],
        conduits_left_out=max(0, len(order) - CONDUITS),
    )


def _zone(report: Report, number: int, zone: Zone, links: Mapping[str, str], phrases: Phrases) -> ZoneRow:
    say = phrases.say
    extent = [plain(f"VLAN {', '.join(str(vlan) for vlan in zone.vlans[:4])}")] if zone.vlans else []
    more = [plain("…")] if len(zone.prefixes) > _PREFIXES else []
    extent += [joined([*(code(prefix) for prefix in zone.prefixes[:_PREFIXES]), *more], " ")] if zone.prefixes else []
    steps = zone.why.evidence
    members = [report.assets[index] for index in zone.assets[:MEMBERS]]
    rest = len(zone.assets) - len(members)
    return ZoneRow(
        anchor=f"z-{number}",
        id=plain(zone.id),
        name=zone_name(zone, say),
        extent=joined(extent, "; "),
        level=wire(zone.level, 20) if zone.level else NOT_ANY,
        target=plain(f"SL-T {zone.security_level}") if zone.security_level is not None else NOTHING,
        kinds=kinds_of(zone, say) or NOT_ANY,
        members=[(wire(asset.label, 40), links.get(asset.id)) for asset in members],
        more=say.count("assets.more", rest) if rest else NOTHING,
        owner=wire(zone.owner, 60) if zone.owner else NOTHING,
        why=joined([phrases.grade(zone.why.grade), *(phrases.sentence(step) for step in steps[:1])], "; "),
    )


def _conduit(report: Report, conduit: Conduit, labels: dict[str, str], phrases: Phrases) -> ConduitRow:
    say = phrases.say
    more = max(0, len(conduit.services) - SERVICES) + conduit.services_left_out
    tried = say.count("conduit.attempts", conduit.attempts) if conduit.attempts else NOTHING
    flows = [numbers.number(conduit.flows), *filter(None, [tried])]
    kinds = [joined([say.term("command", kind), numbers.number(count)], " ") for kind, count in conduit.commands]
    return ConduitRow(
        anchor=conduit.id.casefold(),
        id=plain(conduit.id),
        control=control_of(report, conduit) or Control.NONE,
        source=zone_name(report.zones[conduit.source], say),
        source_link=f"z-{conduit.source}",
        source_ends=_ends(conduit.initiators, labels),
        target=zone_name(report.zones[conduit.target], say),
        target_link=f"z-{conduit.target}",
        target_ends=_ends(conduit.responders, labels),
        services=[_service(service, phrases) for service in conduit.services[:SERVICES]],
        more=say.count("assets.more", more) if more else NOTHING,
        commands=joined(kinds),
        out=numbers.size(conduit.bytes_out),
        into=numbers.size(conduit.bytes_in),
        flows=joined(flows),
        when=numbers.period(conduit.first, conduit.last),
        frame=phrases.frame(conduit.evidence),
    )


def _ends(ends: Ends, labels: dict[str, str]) -> Text:
    names = [wire(labels.get(name, name), 40) for name in ends.first[:_NAMED]]
    return joined([*names, *([plain("…")] if ends.count > len(names) else [])])


def _service(service: Service, phrases: Phrases) -> tuple[Text, Text]:
    """Return a protocol and, in small type, its port and how sure that is."""
    say = phrases.say
    port = plain(f"{service.transport.upper()} {service.port}" if service.port else service.transport.upper())
    if service.protocol is None:
        remarks = [say("conduit.by-port")] if service.grade <= Grade.D else []
        name = port
    else:
        remarks, name = [port], say.first(f"term.{service.protocol}") or wire(service.protocol.upper(), 30)
    remarks += [say("conduit.tried")] if service.state is ConduitState.ATTEMPTED else []
    return name, joined([*remarks, phrases.place(service.where)])
