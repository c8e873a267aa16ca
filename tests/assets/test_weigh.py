from __future__ import annotations

import time
from dataclasses import replace

import pytest

from kwel.assets.conditions import Statement
from kwel.assets.devices import Device
from kwel.assets.evidence import Witness
from kwel.assets.rules import installed
from kwel.assets.weigh import Scales, Verdict, weigh
from kwel.model.assets import AssetKind
from kwel.model.claims import Grade, Observed, Where
from kwel.model.kinds import Application, FactKind
from tests.assets.plant import Plant

SCALES = Scales(installed())
WITNESS = Witness(Plant().traffic(), [])
SIEMENS, DELL = "28:63:36:10:00:11", "d4:be:d9:10:00:24"


def verdict(*known: str) -> Verdict:
    """Return what becomes of a device of which this is known."""
    statements = [Statement.parse(text) for text in known]
    seen = [
        replace(s, by=Observed(kind, s.text, "test", Where("x.pcap", 1), 1))
        if s.sort == "says" and (kind := _kind(s.key))
        else s
        for s in statements
    ]
    return weigh(Device((0, 1, 0)), SCALES.holding(seen), SCALES, WITNESS)


def _kind(text: str) -> FactKind:
    return text  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("known", "role", "grade", "kind"),
    [
        (["says order-number 6ES7 315-2EH14-0AB0"], "controller", Grade.B, AssetKind.OT),
        (["says order-number 6AV2 124-0GC01-0AX0"], "hmi", Grade.B, AssetKind.OT),
        (["says product PowerFlex 525", "speaks enip as server"], "drive", Grade.B, AssetKind.OT),
        (["says product 1756-L61/B LOGIX5561", "speaks enip as server"], "controller", Grade.B, AssetKind.OT),
        (["says product CPU 315-2 PN/DP", "speaks s7comm as server"], "controller", Grade.A, AssetKind.OT),
        (["says product SIPROTEC 5 7SJ82", "speaks mms as server"], "ied", Grade.A, AssetKind.OT),
        (["says description SCALANCE X208"], "switch", Grade.B, AssetKind.OT),
        (["says description FortiGate-60F"], "firewall", Grade.B, AssetKind.UNKNOWN),
        (["says service _axis-video._tcp"], "camera", Grade.B, AssetKind.IIOT),
        (["says service _ipp._tcp"], "printer", Grade.B, AssetKind.IT),
        (["speaks kerberos as server", "speaks dns as server", "serves tcp/389"], "domain-controller", Grade.B, "it"),
        (["speaks s7comm as client with 12"], "scada-server", Grade.B, AssetKind.OT),
        (["speaks opcua as client", "serves tcp/1433"], "historian", Grade.C, AssetKind.OT),
        (["tries 100"], "scanner", Grade.B, AssetKind.UNKNOWN),
        (["says vendor-class MSFT 5.0"], "computer", Grade.B, AssetKind.UNKNOWN),
        (["says vendor-class MSFT 5.0", "speaks modbus as client"], "hmi", Grade.C, AssetKind.OT),
        (["says hostname plc-07"], "controller", Grade.D, AssetKind.UNKNOWN),
    ],
)
def test_what_is_known_of_a_device_tells_its_role(known: list[str], role: str, grade: Grade, kind: str) -> None:
    found = verdict(*known)

    assert found.role is not None
    assert (found.role.value, found.role.grade, found.kind) == (role, grade, kind)
    assert found.role.evidence[-1].source.startswith("rules/devices/")


def test_what_a_thing_is_goes_before_what_it_serves_and_a_hint_after() -> None:
    def role(*known: str) -> str | None:
        found = verdict(*known).role
        return found.value if found else None

    assert role("speaks s7comm as client", "speaks dns as server") == "hmi", "graded lower, but a thing"
    assert role("vendor Axis Communications AB", "speaks dns as server") == "resolver", "a vendor is a hint"
    assert role("vendor Axis Communications AB", "speaks http as server") == "camera", "server says nothing"


def test_a_device_that_may_be_two_things_has_the_second_told() -> None:
    found = verdict("speaks s7comm as client")

    assert found.role is not None
    assert found.role_or is not None
    assert (found.role.value, found.role_or.value, found.role_or.grade) == ("hmi", "engineering-station", Grade.C)
    assert verdict("says order-number 6AV2 124-0GC01-0AX0").role_or is None, "it says itself what it is"


def test_no_name_port_or_vendor_makes_a_device_ot() -> None:
    for known in (
        ["says hostname plc-1"],
        ["vendor Siemens AG"],
        ["serves tcp/502"],
        ["serves tcp/102", "vendor Siemens AG"],
    ):
        assert verdict(*known).kind != AssetKind.OT


def test_a_speaker_of_whom_nobody_knows_that_it_began_counts_one_grade_less() -> None:
    known = Statement("speaks", "s7comm", "server", is_certain=False)
    candidate = SCALES.holding([known])[0]

    assert (candidate.role_grade, candidate.kind_grade) == (Grade.C, Grade.B)


def test_the_level_is_proposed_from_the_role_and_graded_lower() -> None:
    plant = Plant()
    plant.claim("10.0.0.2", SIEMENS)
    plant.flow("10.0.0.3", "10.0.0.2", Application.S7COMM)
    assets = plant.assets()

    controller, hmi = assets[SIEMENS], assets["10.0.0.3"]
    assert controller.level is not None
    assert hmi.level is not None
    assert (controller.level.value, controller.level.grade) == ("1", Grade.C)
    assert (hmi.level.value, hmi.level.grade) == ("2", Grade.D)
    assert controller.level.evidence[-1].kind == "level-proposed"


def test_fifty_thousand_devices_are_weighed_within_a_second() -> None:
    told = [
        [
            Statement("says", "hostname", f"station-{n}", by=1),
            Statement("says", "product", f"SIMATIC S7-1500 CPU 15{n % 20}", by=1),
            Statement("vendor", "Siemens AG"),
            Statement("speaks", "modbus", "server"),
        ]
        for n in range(5_000)
    ]
    SCALES.holding(told[0])
    started = time.process_time()
    for known in told:
        assert SCALES.holding(known)

    assert time.process_time() - started < 10 * 1.0 / 10, (
        "a tenth of the devices, ten times the time for a busy machine"
    )
