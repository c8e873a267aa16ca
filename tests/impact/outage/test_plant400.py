"""Outages of a plant of 400 assets: what is found from its capture is what its drawing says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel import rulebook
from kwel.analysis.stages import Options, analyse
from kwel.impact.outage import outlook, simulate
from kwel.model.dependencies import DependencyState
from kwel.rulebook import scenarios
from kwel.site import load
from tests.impact.outage import plant400
from tests.impact.outage.plant400 import GROUPS, OPEN, SIZES, TRUTH, address, of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kwel.model.graph import Graph
    from kwel.model.outage import Outcome
    from kwel.model.report import Report
    from kwel.rulebook import Rulebook


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return rulebook.load()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, book: Rulebook) -> Report:
    folder: Path = tmp_path_factory.mktemp("plant")
    site = folder / "site.toml"
    zones = (f'[[zones]]\nname = "{name}"\nprefixes = ["10.50.{n}.0/24"]\n' for n, name in enumerate(GROUPS, 1))
    site.write_text("".join(zones))
    return analyse(str(plant400.make(folder / "plant400.pcap")), Options(site=load(site, book))).report


@pytest.fixture(scope="module")
def graph(report: Report) -> Graph:
    assert report.needs is not None
    return report.needs()


def played(graph: Graph, book: Rulebook, name: str) -> Outcome:
    return simulate(graph, scenarios.choose(name, scenarios.load(None, book), book))


def addresses(report: Report, assets: Iterable[int]) -> frozenset[str]:
    return frozenset(one for asset in assets for one in report.assets[asset].addresses if one.startswith("10.50."))


def test_the_drawing_has_400_assets_and_all_are_found(report: Report) -> None:
    assert sum(SIZES.values()) == 400
    assert len(report.assets) == 401, "and the router, by its MAC"
    assert addresses(report, range(401)) == of(*GROUPS)


@pytest.mark.parametrize("scenario", TRUTH)
def test_those_are_affected_that_the_drawing_says(scenario: str, report: Report, graph: Graph, book: Rulebook) -> None:
    assert addresses(report, played(graph, book, scenario).affected) == TRUTH[scenario]


@pytest.mark.parametrize("scenario", OPEN)
def test_those_are_undecided_of_whom_the_drawing_leaves_it_open(
    scenario: str, report: Report, graph: Graph, book: Rulebook
) -> None:
    outcome = played(graph, book, scenario)

    assert addresses(report, outcome.open) == OPEN[scenario]
    assert len(outcome.affected) + len(outcome.tried) + len(outcome.open) + outcome.unaffected == 401


def test_a_loss_is_followed_through_five_servers(report: Report, graph: Graph, book: Rulebook) -> None:
    label = {own: index for index, asset in enumerate(report.assets) for own in asset.addresses}
    outcome = played(graph, book, "google")
    office = label[address("office")]
    lengths = {one.function: one for one in outcome.impacts if one.asset == office}

    chain = [graph.needs[row] for row in lengths["name-resolution"].chain]
    assert [report.assets[need.source].addresses[0] for need in chain[1:]] == [
        address("resolver", number) for number in range(1, 6)
    ]
    assert not chain[-1].inside
    assert len(lengths["identity"].chain) == 1, "through the proxy, which is gone nowhere"
    assert graph.needs[lengths["identity"].chain[0]].through == label[address("proxy")]


def test_zones_are_those_in_which_somebody_is_affected(report: Report, graph: Graph, book: Rulebook) -> None:
    names = {zone.id: zone.name for zone in report.zones}

    assert {names[zone] for zone in played(graph, book, "azure").zones} == {"broker", "sensors-a"}


def test_functions_are_those_of_the_drawing(report: Report, graph: Graph, book: Rulebook) -> None:
    dns = played(graph, book, "dns")
    lost: dict[str, list[str | None]] = {}
    for one in dns.impacts:
        if one.state is DependencyState.USED:
            lost.setdefault(report.assets[one.asset].addresses[0], []).append(one.function)

    assert lost[address("cameras")] == ["video", "name-resolution"]
    assert lost[address("sensors-b")] == ["monitoring"]
    assert lost[address("office")] == ["identity", "name-resolution"]
    assert lost[address("resolver", 3)] == ["name-resolution"]


def test_single_points_of_failure_are_those_of_the_drawing(report: Report, graph: Graph) -> None:
    points = outlook(graph, ()).points
    found = {
        (report.assets[one.target].addresses[0] if one.inside else graph.externals[one.target].label): one.assets
        for one in points
    }

    assert found["Google Public DNS"] == len(TRUTH["google"] - of("engineers"))
    assert found[address("broker", 1)] == 80
    assert found[address("broker", 2)] == 81
    assert found[address("clock")] == 120
    assert found[address("database")] == 20
    assert address("controllers") not in found, "one drive, one supervisor: no several"
