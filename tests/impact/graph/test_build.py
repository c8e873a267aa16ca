"""Who needs what, of a capture whose truth is written beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import Options, analyse
from kwel.site import load

if TYPE_CHECKING:
    from kwel.model.graph import Graph, Need
    from kwel.model.report import Report

MIXED = str(Path(__file__).parents[3] / "sample_pcaps" / "mixed_plant.pcapng")


@pytest.fixture(scope="module")
def report() -> Report:
    return analyse(MIXED).report


@pytest.fixture(scope="module")
def graph(report: Report) -> Graph:
    assert report.needs is not None
    return report.needs()


def between(report: Report, graph: Graph, source: str, target: str) -> list[Need]:
    """Return the needs of one asset for another or for a service outside, by label."""
    found = []
    for need in graph.needs:
        name = report.assets[need.target].label if need.inside else graph.externals[need.target].label
        if (report.assets[need.source].label, name) == (source, target):
            found.append(need)
    return found


def test_a_poller_needs_its_device_and_not_the_other_way_round(report: Report, graph: Graph) -> None:
    (need,) = between(report, graph, "10.20.2.21", "10.20.1.11")

    assert (need.function, need.path, need.why.value, need.why.grade.name) == ("monitoring", "data", "s7comm", "C")
    assert need.evidence[0].where is not None
    assert between(report, graph, "10.20.1.11", "10.20.2.21") == []


def test_a_client_needs_its_resolver_for_control(report: Report, graph: Graph) -> None:
    (need,) = between(report, graph, "10.20.1.11", "sw-line1")

    assert (need.function, need.path, need.carries) == ("name-resolution", "control", ("name-resolution",))


def test_services_outside_are_one_a_supplier_operator_and_region(report: Report, graph: Graph) -> None:
    (need,) = between(report, graph, "10.20.3.32", "Azure IoT Hub")
    external = graph.externals[need.target]

    assert (external.operator_id, external.region, external.supplier) == ("azure", "westeurope", "Microsoft")
    assert [report.dependencies[row].host for row in external.dependencies] == list(external.hosts)
    assert need.named


def test_an_unknown_use_of_a_cloud_is_graded_unknown(report: Report, graph: Graph) -> None:
    (need,) = between(report, graph, "10.20.2.22", "Hetzner")

    assert (need.function, need.why.grade.name) == (None, "U")


def test_columns_and_objects_say_the_same(graph: Graph) -> None:
    for row, need in enumerate(graph.needs):
        assert graph.edges.felt[row] == need.felt
        assert graph.edges.source[row] == need.source
        code = graph.edges.function[row]
        assert (graph.functions[code] if code >= 0 else None) == need.function


def test_every_need_passes_a_conduit_where_zones_differ(report: Report, graph: Graph) -> None:
    known = {conduit.id for conduit in report.conduits}

    assert all(need.conduit in known for need in graph.needs if not need.inside)


def test_the_same_captures_give_the_same_graph(graph: Graph) -> None:
    again = analyse(MIXED).report.needs

    assert again is not None
    assert list(again().needs) == list(graph.needs)
    assert again().externals == graph.externals


def test_the_site_says_for_how_long_it_goes_on(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        '[[buffers]]\nfunction = "monitoring"\nhours = 2\nreason = "tested"\n'
        '[[buffers]]\nasset = "10.20.3.32"\nfunction = "monitoring"\nhours = 72\nreason = "tested"\n'
    )

    report = analyse(MIXED, Options(site=load(site))).report

    assert report.needs is not None
    hours = {report.assets[of.source].label: of.hours for of in report.needs().needs if of.function == "monitoring"}
    assert hours["10.20.3.32"] == 72
    assert hours["10.20.2.21"] == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('hours = 72\nreason = "x"', "asset or function"),
        ('function = "monitoring"\nhours = -1\nreason = "x"', "from 0 to"),
        ('function = "cooking"\nhours = 1\nreason = "x"', "cooking"),
        ('function = "monitoring"\nhours = 1', "reason"),
    ],
)
def test_a_buffer_that_says_too_little_is_refused(tmp_path: Path, text: str, words: str) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f"[[buffers]]\n{text}\n")

    with pytest.raises(ValueError, match=words):
        load(site)
