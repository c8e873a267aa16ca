from __future__ import annotations

from dataclasses import replace

import pytest

from kwel.findings.commands import SHOWN, find_commands
from kwel.model.assets import Asset, AssetKind
from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.commands import Command, CommandClass, Party
from kwel.model.findings import Severity
from tests.findings.test_contacts import WHY, asset, attribution

PLC = asset("plc", AssetKind.OT)
PC = asset("pc", AssetKind.IT)
HMI = asset("hmi", AssetKind.OT)


def party(of: Asset | str) -> Party:
    return Party(of, None, of, True) if isinstance(of, str) else Party(of.id, of.id, of.label, False)


def command(
    source: Asset | str, kind: CommandClass, *, target: Asset = PLC, count: int = 3, answered: bool = True
) -> Command:
    return Command(
        party(source), party(target), "modbus", kind, (f"some {kind}",), count, 10, 20, Where("a.pcap", 7), answered
    )


def kinds(*commands: Command, assets: tuple[Asset, ...] = (PLC, PC, HMI)) -> list[tuple[str, Severity]]:
    return [(finding.kind, finding.severity) for finding in find_commands(commands, assets)]


@pytest.mark.parametrize("kind", [CommandClass.MODE, CommandClass.PROGRAM, CommandClass.WRITE])
def test_who_acts_on_the_plant_from_outside_is_the_gravest_finding(kind: CommandClass) -> None:
    assert kinds(command("198.51.100.7", kind)) == [(f"{kind}-from-outside", Severity.HIGH)]
    assert kinds(command("198.51.100.7", kind, answered=False)) == [(f"{kind}-from-outside", Severity.MEDIUM)]
    assert kinds(command(PC, kind)) == [(f"{kind}-from-it", Severity.MEDIUM)]
    assert kinds(command(HMI, kind)) == []


def test_to_read_from_outside_is_a_lesser_one_and_to_ask_who_is_there_none() -> None:
    assert kinds(command("198.51.100.7", CommandClass.READ)) == [("read-from-outside", Severity.MEDIUM)]
    assert kinds(command("198.51.100.7", CommandClass.SESSION), command(PC, CommandClass.READ)) == []


def test_a_station_of_the_office_levels_is_office_whatever_it_speaks() -> None:
    why = (Evidence("inferred", "level"),)
    office = replace(HMI, level=Claim("4", Grade.B, why))

    assert kinds(command(office, CommandClass.WRITE), assets=(PLC, office)) == [("write-from-it", Severity.MEDIUM)]


def test_one_finding_names_all_who_do_it_the_busiest_first() -> None:
    sources = [command(f"198.51.100.{n}", CommandClass.WRITE, count=n) for n in range(1, 9)]
    finding = find_commands(sources, (PLC,))[0]

    assert dict(finding.values) | {"commands": ""} == {
        "asset": "plc", "source": "198.51.100.8", "sources": "8", "protocol": "modbus", "commands": "", "count": "36",
    }  # fmt: skip
    assert [step.kind for step in finding.evidence[:SHOWN]] == ["command-write"] * SHOWN
    assert finding.evidence[0].where == Where("a.pcap", 7)


def test_whose_an_address_outside_is_is_told_with_its_evidence() -> None:
    finding = find_commands([command("198.51.100.7", CommandClass.WRITE)], (PLC,), lambda _: attribution())[0]

    assert dict(finding.values)["operator"] == "Example Cloud"
    assert WHY in finding.evidence
    office = find_commands([command(PC, CommandClass.WRITE)], (PLC, PC), lambda _: attribution())[0]
    assert "operator" not in dict(office.values)


def test_the_gravest_comes_first() -> None:
    found = kinds(
        command(PC, CommandClass.WRITE),
        command("198.51.100.7", CommandClass.WRITE),
        command("198.51.100.7", CommandClass.MODE),
    )

    assert [kind for kind, _ in found] == ["mode-from-outside", "write-from-outside", "write-from-it"]
