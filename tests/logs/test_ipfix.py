from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.analysis.stages import analyse, read_traffic
from kwel.model.records.columns import Direction, State
from tests.conftest import SAMPLES
from tests.logs.flow_export import ONE_WAY, both_ways, ipfix, netflow, one_way, record, set_of, template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

PLANT = SAMPLES / "mixed_plant.pcapng"
HOUR = 3_600_000_000_000


@pytest.fixture(scope="module")
def flows() -> Rows:
    found = read_traffic(str(PLANT), discovery=False).flows
    kept: Rows = found[(found["version"] == 4) & (found["packets_out"] > 0)]
    return kept


def read(data: bytes, folder: Path) -> Traffic:
    file = folder / "flows.ipfix"
    file.write_bytes(data)
    return read_traffic(str(file))


@pytest.mark.parametrize(
    "encode", [one_way, both_ways, lambda flows: netflow(flows, booted=int(flows["first"].min()) - HOUR)]
)
def test_flows_come_back_as_they_were(encode: Callable[[Rows], bytes], flows: Rows, tmp_path: Path) -> None:
    found = read(encode(flows), tmp_path)

    assert [capture.problem for capture in found.captures] == [None]
    assert len(found.flows) == len(flows)
    keys = ("initiator_lo", "responder_lo", "initiator_port", "responder_port", "transport")
    order, same = (np.lexsort([rows[key] for key in keys]) for rows in (found.flows, flows))
    for key in (*keys, "bytes_out", "bytes_in", "packets_out", "packets_in"):
        assert np.array_equal(found.flows[key][order], flows[key][same]), key
    tcp = flows["transport"][same] == 6
    assert np.array_equal(found.flows["state"][order][tcp], flows["state"][same][tcp])
    assert (
        abs(found.flows["first"][order] - flows["first"][same]).max() <= 2_000_000
    )  # uptime is told in milliseconds, from a moment that is, too


def test_dependencies_by_address_are_those_of_the_packets(flows: Rows, tmp_path: Path) -> None:
    file = tmp_path / "flows.ipfix"
    file.write_bytes(one_way(flows))

    found, shown = analyse(str(file)), analyse(str(PLANT))

    def by_address(made: object) -> set[tuple[str | None, str]]:
        return {(of.attribution.address, of.state.value) for of in made.dependencies if of.attribution.address}  # type: ignore[attr-defined]

    assert by_address(found) == by_address(shown)
    assert len(by_address(found)) > 10
    assert all(of.attribution.grade <= 2 for of in found.dependencies)


def test_a_sample_is_an_estimate_and_said_to_be(flows: Rows, tmp_path: Path) -> None:
    options = template(257, [(149, 4, 0), (305, 4, 0), (306, 4, 0)], scopes=1)
    told = set_of(257, struct.pack(">III", 7, 1, 99))
    body = [set_of(3, options), told, set_of(2, template(256, ONE_WAY)), set_of(256, record(flows[0], ONE_WAY))]

    found = read(ipfix(body), tmp_path)

    assert found.flows["bytes_out"][0] == 100 * int(flows["bytes_out"][0])
    assert found.coverage.notes["log-sampled"] == 1


def test_strings_and_lists_of_any_length_are_passed_over(flows: Rows, tmp_path: Path) -> None:
    fields = [*ONE_WAY[:4], (82, 0xFFFF, 0), (291, 0xFFFF, 0), *ONE_WAY[4:]]
    raw = record(flows[0], ONE_WAY)
    row = raw[:12] + b"\x04eth0" + b"\xff" + struct.pack(">H", 300) + bytes(300) + raw[12:]

    found = read(ipfix([set_of(2, template(256, fields)), set_of(256, row * 3)]), tmp_path)

    assert found.captures[0].lines == 3
    assert int(found.flows["packets_out"][0]) == 3 * int(flows["packets_out"][0])


def test_records_that_are_missing_are_counted(flows: Rows, tmp_path: Path) -> None:
    rows = [set_of(256, record(flow, ONE_WAY)) for flow in flows[:2]]
    data = ipfix([set_of(2, template(256, ONE_WAY)), rows[0]], sequence=5) + ipfix([rows[1]], sequence=16)

    assert read(data, tmp_path).coverage.notes["log-records-lost"] == 10


def test_one_direction_alone_is_an_attempt(flows: Rows, tmp_path: Path) -> None:
    tcp = flows[(flows["transport"] == 6) & (flows["state"] == State.UNANSWERED)]
    plain = tcp if len(tcp) else flows[flows["transport"] == 6][:1].copy()
    plain["flags_out"], plain["packets_in"] = 2, 0

    found = read(one_way(plain[:1]), tmp_path)

    assert State(int(found.flows["state"][0])) is State.UNANSWERED
    assert found.flows["initiator_lo"][0] == plain["initiator_lo"][0]


def test_who_began_is_not_known_where_times_are_the_same(flows: Rows, tmp_path: Path) -> None:
    one = flows[flows["transport"] == 6][:1]
    there, back = record(one[0], ONE_WAY), bytearray(record(one[0], ONE_WAY, turned=True))
    back[26:34] = there[26:34]  # the same beginning

    found = read(ipfix([set_of(2, template(256, ONE_WAY)), set_of(256, there + bytes(back))]), tmp_path)

    assert Direction(int(found.flows["direction"][0])) is Direction.UNKNOWN
    assert found.flows["responder_port"][0] == min(one["initiator_port"][0], one["responder_port"][0])


@given(data=st.data())
def test_damage_is_told_and_never_raised(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    from kwel.model.records.columns import FLOW

    made = np.zeros(3, FLOW)
    made["initiator_lo"], made["responder_lo"] = 0xFFFF_0A01_0101, 0xFFFF_C000_0207
    made["transport"], made["packets_out"], made["first"], made["last"] = 6, 3, 1795523384 * 10**9, 1795523385 * 10**9
    booted = 1795520000 * 10**9
    raw = bytearray(data.draw(st.sampled_from([one_way(made), both_ways(made), netflow(made, booted=booted)])))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(16, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(24, len(raw)))]

    found = read(bytes(raw), tmp_path_factory.mktemp("damaged"))

    assert len(found.flows) <= 6
