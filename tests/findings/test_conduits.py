"""Conduits are held against levels that the site has said; where nobody drew the zones, there is one question."""

from __future__ import annotations

import pytest

from kwel.findings.conduits import find_conduits
from kwel.model.assets import AssetKind
from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.findings import Severity
from kwel.model.zones import Conduit, ConduitState, Ends, Origin, Service, Zone

WHERE = Where("a.pcap", 7)
SEEN = Evidence("observed", "flow-seen", (), WHERE)


def zone(name: str, level: str | None = None, kind: AssetKind | None = None, origin: Origin = Origin.SITE) -> Zone:
    kinds = ((kind, 2),) if kind else ()
    why = Claim(name, Grade.B, (Evidence("looked-up", "site-zone", (("zone", name),), source="site file site.toml"),))
    return Zone(
        f"Z-{name}", "", name, origin, level, None, None, (), (), kinds, (), why, 0, 0, 0, origin is Origin.SITE
    )


CELL, LINE, SITE = zone("cell", "1"), zone("line", "2"), zone("site", "3")
DMZ, OFFICE = zone("dmz", "3.5"), zone("office", "4")
OUTSIDE = zone("internet", origin=Origin.OUTSIDE)
PLC = zone("proposed: 10.0.1.0/24 (OT)", None, AssetKind.OT, Origin.PROPOSED)
DESKS = zone("proposed: 10.0.4.0/24 (IT)", None, AssetKind.IT, Origin.PROPOSED)


def conduit(number: int, state: ConduitState = ConduitState.USED, source: int = 0, target: int = 1) -> Conduit:
    service = Service("tls", "tcp", 443, Grade.B, state, 1, 1, 1, 90, 10, 5, 6, WHERE)
    ends = Ends(1, ("a",))
    return Conduit(
        f"C-{number:02d}", source, target, None, state, (service,), 0, ends, ends, 1, 0, 0, 1, 1, 90, 10, 5, 6, (SEEN,)
    )


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        (CELL, OFFICE, ("conduit-skips-levels", Severity.HIGH)),
        (OFFICE, CELL, ("conduit-skips-levels", Severity.HIGH)),
        (CELL, OUTSIDE, ("conduit-skips-levels", Severity.HIGH)),
        (OUTSIDE, CELL, ("zone-reached-from-outside", Severity.HIGH)),
        (OUTSIDE, SITE, ("zone-reached-from-outside", Severity.HIGH)),
        (LINE, OUTSIDE, ("zone-reaches-outside", Severity.MEDIUM)),
        (SITE, OFFICE, ("office-without-dmz", Severity.MEDIUM)),
        (CELL, LINE, None),
        (CELL, SITE, None),
        (SITE, DMZ, None),
        (DMZ, OFFICE, None),
        (OFFICE, OUTSIDE, None),
        (DMZ, OUTSIDE, None),
    ],
)
def test_levels_that_the_site_says_decide(source: Zone, target: Zone, found: tuple[str, Severity] | None) -> None:
    findings = find_conduits((source, target), (conduit(1),))

    assert [(of.kind, of.severity) for of in findings] == ([found] if found else [])
    assert all(of.grade is Grade.B for of in findings)


def test_what_was_only_tried_is_one_less() -> None:
    (found,) = find_conduits((CELL, OFFICE), (conduit(1, ConduitState.ATTEMPTED),))

    assert found.severity is Severity.MEDIUM


def test_proposed_zones_break_nothing_and_ask_one_question() -> None:
    zones = (PLC, DESKS, zone("proposed: 10.0.2.0/24 (OT)", None, AssetKind.OT, Origin.PROPOSED), OUTSIDE)
    several = (conduit(1), conduit(2, source=1, target=2), conduit(3, source=0, target=3))
    (found,) = find_conduits(zones, several)

    assert (found.kind, found.severity, found.grade) == ("office-without-dmz-proposed", Severity.LOW, Grade.D)
    assert dict(found.values)["conduits"] == "C-01, C-02"


@pytest.mark.parametrize("other", [zone("told without level"), zone("shared", None, AssetKind.SHARED)])
def test_without_a_level_nothing_is_said(other: Zone) -> None:
    assert find_conduits((CELL, other), (conduit(1),)) == []


def test_a_zone_without_a_level_is_asked_about_and_not_accused() -> None:
    (found,) = find_conduits((PLC, OFFICE), (conduit(1),))

    assert (found.kind, found.grade) == ("office-without-dmz-proposed", Grade.D)


def test_one_finding_a_zone_names_what_passes_and_shows_the_frames() -> None:
    (found,) = find_conduits((CELL, OFFICE, OUTSIDE), (conduit(1), conduit(2, target=2)))
    values = dict(found.values)

    assert (values["zone"], values["zones"], values["conduits"]) == ("cell", "2", "C-01, C-02")
    assert (values["bytes_out"], values["bytes_in"], values["protocols"]) == ("180", "20", "tls tcp/443")
    assert found.evidence[0].where == WHERE
    assert found.evidence[-1].source == "site file site.toml"
