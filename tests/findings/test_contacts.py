from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kwel import rulebook
from kwel.findings import find, names_hidden
from kwel.findings.contacts import MOST, MOST_INFO
from kwel.findings.kind import LICENSOR
from kwel.findings.registry import CONTACTS
from kwel.model.assets import Asset, AssetKind
from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.coverage import Coverage
from kwel.model.dependencies import STATES, Dependencies, Dependency, DependencyState
from kwel.model.findings import Severity
from kwel.model.verdicts import Attribution, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.findings import Finding

USED, ATTEMPTED, RESOLVED = (STATES.index(state) for state in DependencyState)
WHY = Evidence("observed", "spoken", (), Where("plant.pcapng", 7))
COVERAGE = Coverage(0, 0, {}, {})
BLOC = ("NL", "DE", "FR")


def claim(value: str | None) -> Claim | None:
    return Claim(value, Grade.B, (WHY,)) if value else None


def asset(name: str, kind: AssetKind = AssetKind.UNKNOWN) -> Asset:
    return Asset(
        id=name, label=name, kind=kind, kind_why=claim(kind.value), role=None, addresses=(name,), macs=(), vendor=None,
        product=None, firmware=None, names=(), zone=None, vlans=(), protocols=(), first=0, last=0, evidence=(),
    )  # fmt: skip


def attribution(
    name: str | None = "iot.cloud.example", verdict: Verdict = Verdict.FOREIGN, **fields: Any
) -> Attribution:
    known: dict[str, Any] = {
        "address": "192.0.2.1", "operator": "Example Cloud", "parent": "Example Inc.", "parent_jurisdiction": "US",
        "service": None, "supplier": None, "supplier_jurisdiction": None, "path": None, "grade": Grade.B, **fields,
    }  # fmt: skip
    return Attribution(
        address=known["address"], name=name, chain=(), operator=claim(known["operator"]), operator_id=None,
        operator_jurisdiction=None, parent=claim(known["parent"]), parent_jurisdiction=known["parent_jurisdiction"],
        location=None, region=None, place="Frankfurt (DE)", anycast=False, role=None, service=claim(known["service"]),
        supplier=known["supplier"], supplier_jurisdiction=known["supplier_jurisdiction"],
        function=known.get("function"), path=known["path"], impact=None, grade=known["grade"], verdict=verdict,
        reason=known.get("reason", ""), elsewhere=(),
        evidence=known.get("evidence", ()),
        rejected=known.get("rejected", ()),
        offering=known.get("offering"),
    )  # fmt: skip


Row = tuple[int, Attribution, int]
"""Asset, attribution, state."""


def dependencies(assets: Sequence[Asset], rows: Sequence[Row], **columns: Any) -> Dependencies:
    attributions = list({id(row[1]): row[1] for row in rows}.values())
    at = {id(seen): n for n, seen in enumerate(attributions)}
    count = len(rows)
    table = {
        "asset": np.array([row[0] for row in rows], np.int64),
        "attribution": np.array([at[id(row[1])] for row in rows], np.int64),
        "state": np.array([row[2] for row in rows], np.int64),
        **{key: np.zeros(count, np.int64) for key in ("first", "last")},
        **{key: np.array(columns.get(key, [1] * count), np.int64) for key in ("flows", "bytes_out", "bytes_in")},
        **{
            key: np.array(columns.get(key, [0] * count), np.int64)
            for key in ("sealed", "hiding", "misfits", "excluded")
        },
    }

    def build(n: int) -> Dependency:
        owner, seen = assets[rows[n][0]], rows[n][1]
        return Dependency(
            owner.id, owner.label, owner.kind, seen.name or seen.address or "", seen, STATES[rows[n][2]], 0, 0, 1, 1, 1,
            443, "tls", (WHY,),
        )  # fmt: skip

    return Dependencies(table, attributions, build)


def findings(assets: Sequence[Asset], *rows: Row, bloc: Sequence[str] = BLOC, **columns: Any) -> tuple[Finding, ...]:
    return find(assets, dependencies(assets, rows, **columns), COVERAGE, bloc=bloc)[0]


def kinds(*rows: Row, kind: AssetKind = AssetKind.UNKNOWN) -> list[str]:
    return [finding.kind for finding in findings([asset("a", kind)], *rows)]


@pytest.mark.parametrize(
    ("verdict", "found"),
    [
        (Verdict.FOREIGN, ["asset-uses-foreign-cloud"]),
        (Verdict.EU_OPERATED_FOREIGN_PARENT, ["asset-uses-foreign-cloud"]),
        (Verdict.EU_LOCATED_ONLY, ["asset-uses-foreign-cloud"]),
        (Verdict.EU_PROVIDER_FOREIGN_LOCATION, ["asset-uses-foreign-cloud"]),
        (Verdict.FRONT_HIDES_ORIGIN, ["front-hides-origin"]),
        (Verdict.UNKNOWN, ["undecided-destination"]),
        (Verdict.PLACE_UNPROVEN, ["undecided-destination"]),
        (Verdict.EU_CONTROLLED, []),
        (Verdict.EU_INDICATED, []),
    ],
)
def test_the_verdict_alone_decides(verdict: Verdict, found: list[str]) -> None:
    assert kinds((0, attribution(verdict=verdict), USED)) == found


def test_an_ot_asset_has_a_finding_of_its_own_and_says_why_it_is_ot() -> None:
    (finding,) = findings([asset("plc", AssetKind.OT)], (0, attribution(), USED))

    assert (finding.kind, finding.severity) == ("ot-asset-uses-foreign-cloud", Severity.HIGH)
    assert finding.evidence == (WHY,)
    assert dict(finding.values) == {
        "asset": "plc", "host": "iot.cloud.example", "hosts": "1", "operator": "Example Cloud", "service": "",
        "supplier": "", "parent": "Example Inc.", "jurisdiction": "US", "place": "Frankfurt (DE)", "bytes_out": "1",
        "bytes_in": "1", "port": "443", "flows": "1",
    }  # fmt: skip


def test_severity_does_not_follow_the_grade() -> None:
    weak, strong = attribution(grade=Grade.C), attribution(grade=Grade.A)
    plant = [asset("plc", AssetKind.OT)]

    assert findings(plant, (0, weak, USED))[0].severity == findings(plant, (0, strong, USED))[0].severity


def test_an_attempt_is_never_a_use() -> None:
    assert kinds((0, attribution(), ATTEMPTED)) == ["attempt-blocked"]
    assert kinds((0, attribution(verdict=Verdict.EU_CONTROLLED), ATTEMPTED)) == []


def test_look_ups_are_one_finding_an_asset_for_information() -> None:
    rows = [(0, attribution(f"n{n}.example", address=None), RESOLVED) for n in range(9)]
    (finding,) = findings([asset("a")], *rows)

    assert (finding.kind, finding.severity) == ("resolved-never-contacted", Severity.INFO)
    assert dict(finding.values)["hosts"] == "9"
    assert len(finding.dependencies) < 9


def test_a_destination_without_a_name_is_called_so() -> None:
    assert kinds((0, attribution(None, Verdict.UNKNOWN), USED)) == ["unnamed-destination"]


def test_a_proxied_contact_is_both_a_contact_and_a_use_of_the_proxy() -> None:
    assert kinds((0, attribution(address=None), USED)) == ["asset-uses-foreign-cloud", "proxy-use"]


def test_a_supplier_outside_is_said_where_the_host_does_not_say_it_already() -> None:
    chinese = attribution(supplier="Example Cameras", supplier_jurisdiction="CN")
    in_bloc = attribution(verdict=Verdict.EU_CONTROLLED, supplier="Example Tools", supplier_jurisdiction="US")
    same = attribution(supplier="Example Inc.", supplier_jurisdiction="US")
    dutch = attribution(supplier="Voorbeeld", supplier_jurisdiction="NL")

    assert "vendor-cloud-outside" in kinds((0, chinese, USED))
    assert kinds((0, in_bloc, USED)) == ["vendor-cloud-outside"]
    assert "vendor-cloud-outside" not in kinds((0, same, USED))
    assert "vendor-cloud-outside" not in kinds((0, dutch, USED))
    (finding,) = findings([asset("a")], (0, in_bloc, USED))
    assert dict(finding.values)["jurisdiction"] == "US"


def test_without_a_bloc_nothing_is_said_of_suppliers() -> None:
    seen = attribution(verdict=Verdict.EU_CONTROLLED, supplier="Example Tools", supplier_jurisdiction="US")

    assert findings([asset("a")], (0, seen, USED), bloc=()) == ()


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        (AssetKind.IIOT, Severity.HIGH),
        (AssetKind.SHARED, Severity.HIGH),
        (AssetKind.UNKNOWN, Severity.MEDIUM),
        (AssetKind.IT, Severity.LOW),
    ],
)
def test_a_service_that_can_steer_a_device_of_the_plant_is_graver(kind: AssetKind, severity: Severity) -> None:
    (finding,) = findings([asset("a", kind)], (0, attribution(path="control"), USED))

    assert finding.severity == severity


def test_hosts_of_one_service_are_one_finding_led_by_what_proves_most() -> None:
    weak = attribution("a.example", service="Example IoT", grade=Grade.C)
    strong = attribution("b.example", service="Example IoT", grade=Grade.A)
    (finding,) = findings([asset("a")], (0, weak, USED), (0, strong, USED), bytes_out=[9000, 10], flows=[3, 4])

    assert (finding.grade, dict(finding.values)["host"]) == (Grade.A, "b.example")
    assert {key: dict(finding.values)[key] for key in ("hosts", "flows", "bytes_out")} == {
        "hosts": "2", "flows": "7", "bytes_out": "9010",
    }  # fmt: skip


def test_the_gravest_come_first_then_ot_then_the_surest_then_the_largest() -> None:
    plant = [asset("it", AssetKind.IT), asset("plc", AssetKind.OT), asset("plc2", AssetKind.OT)]
    sure, unsure = attribution("s.example", grade=Grade.A, operator="S"), attribution("u.example", grade=Grade.C)
    rows = [(0, sure, USED), (1, unsure, USED), (2, sure, USED), (1, sure, USED)]
    found = findings(plant, *rows, bytes_out=[1, 1, 10, 20])

    assert [(f.asset, dict(f.values)["host"]) for f in found] == [
        ("plc", "s.example"), ("plc2", "s.example"), ("plc", "u.example"), ("it", "s.example"),
    ]  # fmt: skip


def test_there_are_never_too_many() -> None:
    plant = [asset(f"a{n}") for n in range(200)]
    rows = [(n, attribution(operator=f"Operator {n}"), USED) for n in range(200)]
    looked_up = [(n, attribution(address=None), RESOLVED) for n in range(200)]

    assert len(findings(plant, *rows, *looked_up)) == MOST
    assert len(findings(plant, *looked_up)) == MOST_INFO


def test_nothing_outside_is_nothing_to_find() -> None:
    assert findings([asset("a")]) == ()


def test_every_kind_has_its_levels_and_ot_is_never_the_least() -> None:
    for kind in CONTACTS:
        assert kind.severity.ot >= kind.severity.other >= kind.severity.it


def test_sixty_thousand_dependencies_take_a_moment() -> None:
    plant = [asset(f"a{n}", AssetKind.OT if n % 7 == 0 else AssetKind.IT) for n in range(1600)]
    seen = [attribution(f"h{n}.example", operator=f"Operator {n % 300}") for n in range(4000)]
    rows = [(n % 1600, seen[n * 7 % 4000], n % 3) for n in range(60_000)]
    table = dependencies(plant, rows)

    began = time.process_time()
    found, _ = find(plant, table, COVERAGE, bloc=BLOC)
    took = time.process_time() - began

    assert len(found) == MOST
    assert took < 2.0, "measured 0.4 s on a quiet machine"


def test_findings_beyond_those_that_are_shown_are_counted() -> None:
    plant = [asset(f"a{n}", AssetKind.OT) for n in range(MOST + 3)]

    found, left_out = find(plant, dependencies(plant, [(n, attribution(), 0) for n in range(MOST + 3)]), COVERAGE)

    assert len({finding.id for finding in found}) == MOST
    assert left_out == 3


RESOLVER = attribution("dns.example", Verdict.EU_CONTROLLED, function="name-resolution")
CLOUD = attribution(verdict=Verdict.EU_CONTROLLED)


@pytest.mark.parametrize(
    ("at", "columns", "hidden"),
    [
        (RESOLVER, {"sealed": [3]}, 3),
        (RESOLVER, {"sealed": [0]}, 0),
        (CLOUD, {"sealed": [3]}, 0),
        (CLOUD, {"sealed": [3], "hiding": [2]}, 2),
        (RESOLVER, {"sealed": [3], "hiding": [3]}, 3),
    ],
)
def test_names_are_hidden_by_what_is_spoken_or_by_whom_it_is_spoken_to(
    at: Attribution, columns: dict[str, Any], hidden: int
) -> None:
    plant, rows = [asset("a")], [(0, at, USED)]

    assert names_hidden(dependencies(plant, rows, **columns)) == hidden
    assert [f.kind for f in findings(plant, *rows, **columns)] == ["names-hidden"] * bool(hidden)


AGAINST = Evidence(
    "inferred",
    "name-against-network",
    (("name_operator", "Claimed"), ("suffix", "cloud.example"), ("network_operator", "Owner")),
)


@pytest.mark.parametrize(("looked_up", "found"), [("published-range", 1), ("documented-range", 1), ("asn", 0)])
def test_a_name_against_a_published_range_is_a_conflict(looked_up: str, found: int) -> None:
    evidence = (Evidence("looked-up", looked_up, (), source="cloud, 2026-10-26"),)
    at = attribution(verdict=Verdict.EU_CONTROLLED, evidence=evidence, rejected=(AGAINST,))
    conflicts = [f for f in findings([asset("a")], (0, at, USED)) if f.kind == "name-against-address"]

    assert len(conflicts) == found
    assert all(dict(f.values)["claimed"] == "Claimed" for f in conflicts)


def test_an_alias_against_a_published_range_is_no_conflict() -> None:
    evidence = (Evidence("looked-up", "published-range", (), source="cloud, 2026-10-26"),)
    at = attribution("notcloud.example", Verdict.EU_CONTROLLED, evidence=evidence, rejected=(AGAINST,))

    assert findings([asset("a")], (0, at, USED)) == ()


def test_a_certificate_of_another_is_a_finding() -> None:
    assert [f.kind for f in findings([asset("a")], (0, CLOUD, USED), misfits=[1])] == ["certificate-of-another"]


def test_a_front_is_named_with_whose_control_it_is_under() -> None:
    """A mail gateway on hosts that nobody knows: its supplier is the front, and that is one finding."""
    step = Evidence("inferred", "front", (("operator", "Sieve"), ("what", "Sieve Mail")))
    gateway = attribution(
        verdict=Verdict.FRONT_HIDES_ORIGIN, operator=None, parent=None, parent_jurisdiction=None, service="Sieve Mail",
        supplier="Sieve", supplier_jurisdiction="US", evidence=(step,),
    )  # fmt: skip
    (finding,) = findings([asset("mail")], (0, gateway, USED))

    assert finding.kind == "front-hides-origin"
    assert {key: value for key, value in finding.values if key in ("operator", "jurisdiction")} == {
        "operator": "Sieve",
        "jurisdiction": "US",
    }


def test_control_is_that_of_the_owner_of_the_technology_where_the_verdict_hangs_on_it() -> None:
    offering = rulebook.load().law.offerings["s3ns"]
    seen = attribution(
        verdict=Verdict.EU_OPERATED_FOREIGN_PARENT, parent_jurisdiction="FR", reason=LICENSOR, offering=offering
    )
    (finding,) = findings([asset("a")], (0, seen, USED))

    assert dict(finding.values)["jurisdiction"] == offering.jurisdiction == "US"
    assert LICENSOR in rulebook.load().vocabulary.reasons


def test_a_round_trip_too_short_for_the_place_is_a_finding_beside_what_else_there_is() -> None:
    assert [f.kind for f in findings([asset("a")], (0, CLOUD, USED), excluded=[1])] == ["round-trip-against-place"]
    assert findings([asset("a")], (0, CLOUD, ATTEMPTED), excluded=[1]) == ()
