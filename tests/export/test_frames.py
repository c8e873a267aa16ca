"""The frames that every format is written from."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from kwel import export
from kwel.analysis.stages import Options
from kwel.export import conclusions, flows
from kwel.export.schema import INVENTORY, NAME_SOURCES, TABLES, Table
from kwel.model.records.columns import NameSource
from tests.export import plant

SOURCE = SimpleNamespace(options=Options(), traffic=plant.make_traffic(), report=plant.make_report())


@pytest.mark.parametrize("table", [*TABLES, INVENTORY], ids=lambda table: table.name)
def test_columns_stand_as_the_contract_lists_them(table: Table) -> None:
    assert tuple(export.frame(table.name, SOURCE).columns) == table.keys


@pytest.mark.parametrize("table", [*TABLES, INVENTORY], ids=lambda table: table.name)
def test_every_kind_is_the_type_that_an_analyst_expects(table: Table) -> None:
    frame = export.frame(table.name, SOURCE)
    types = {"text": "str", "list": "object", "whole": "int64", "flag": "bool", "time": "datetime64[ns, UTC]"}

    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        column.name: "Int64" if column.kind == "whole" and column.optional else types[column.kind]
        for column in table.columns
    }


@pytest.mark.parametrize("table", [*TABLES, INVENTORY], ids=lambda table: table.name)
def test_only_optional_columns_are_ever_empty(table: Table) -> None:
    frame = export.frame(table.name, SOURCE)

    for column in table.columns:
        assert column.optional or not frame[column.name].isna().any(), column.name


def test_flows_say_who_began_how_far_it_came_and_what_it_is_called() -> None:
    row = flows.flows_table(plant.make_traffic()).iloc[0]

    assert row.initiator_address == "10.20.3.32"
    assert (row.responder_address, row.responder_port, row.transport) == ("192.0.2.7", 8883, "tcp")
    assert (row.vlan, row.state, row.direction_known) == ("500.20", "established", True)
    assert (row["name"], row.name_source) == ("iot.cloud.example", "tls-sni")
    assert row["first"].isoformat() == "2026-03-02T09:14:07.120331+00:00"


def test_names_point_at_their_frame() -> None:
    names = flows.names_table(plant.make_traffic())

    assert names.frame.tolist() == [118, 140]
    assert names.source.tolist() == ["tls-sni", "http-host"]
    assert names.responder_address.tolist() == ["192.0.2.7", "2001:db8::7"]


def test_dependencies_name_each_frame_of_their_evidence_once() -> None:
    row = conclusions.dependencies_table(plant.make_report()).iloc[0]

    assert row.evidence == ["plant.pcapng#118"]
    assert (row.operator, row.parent_jurisdiction, row.location) == ("Example Cloud", "US", "NL")
    assert row.verdict == "foreign"


def test_a_capture_without_traffic_gives_tables_without_rows() -> None:
    traffic = plant.make_traffic()
    empty = SimpleNamespace(options=Options(), traffic=SimpleNamespace(
        captures=traffic.captures, flows=traffic.flows[:0], named=traffic.named[:0], names=traffic.names,
        questions=traffic.questions,
    ))  # fmt: skip

    assert len(export.frame("flows", empty)) == len(export.frame("names", empty)) == 0


def test_a_time_that_is_not_known_is_empty_and_not_1970() -> None:
    traffic = plant.make_traffic()
    traffic.flows["first"][1] = 0

    assert flows.flows_table(traffic)["first"].isna().tolist() == [False, True]


def test_contract_lists_every_source_of_names() -> None:
    listed = NAME_SOURCES.replace("`", "").replace(" or ", ", ").split(", ")

    assert listed == [source.label for source in NameSource if source]


def test_a_new_kind_of_protocol_is_named_by_its_number() -> None:
    traffic = plant.make_traffic()
    traffic.flows["transport"] = np.array([253, 1], np.uint8)

    frame = flows.flows_table(traffic)
    assert frame.transport.tolist() == ["ip-253", "icmp"]
    assert frame.community_id.isna().tolist() == [False, True]
