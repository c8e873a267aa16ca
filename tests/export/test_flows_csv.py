"""The compiled way to CSV and the readable one write the same bytes."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kwel.export.flows import flows_table
from kwel.export.flows_csv import write_flows_csv
from kwel.export.formats import write_csv
from kwel.export.schema import FLOWS
from kwel.model.records.columns import FLOW, MAPPED, NameSource, State, is_ipv4
from tests.export.plant import make_names, make_traffic

HALF = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 0xFFFF, 0x1_0000_0000, 0xFFFF_0001, 0xFE80 << 48])
IPV4 = st.tuples(st.just(0), st.integers(MAPPED, MAPPED | 0xFFFF_FFFF))
IPV6 = st.tuples(HALF, HALF).filter(lambda halves: not is_ipv4(*halves))
ENDS = st.tuples(IPV4, IPV4) | st.tuples(IPV6, IPV6)
NAMES = ("", "iot.cloud.example", '"quoted", =1', "=1+1", "-x.example", "\x1b[2J")
TIME = st.integers(1, 2**62)


@st.composite
def flow_rows(draw: st.DrawFn) -> np.ndarray:
    row = np.zeros(1, FLOW)
    (row["initiator_hi"], row["initiator_lo"]), (row["responder_hi"], row["responder_lo"]) = draw(ENDS)
    for key in ("initiator_port", "responder_port"):
        row[key] = draw(st.integers(0, 65535))
    row["transport"] = draw(st.sampled_from([1, 6, 17, 58, 132, 47, 253]))
    row["vlan"] = draw(st.sampled_from([0, 20, 4094, 500 << 16 | 20, 500 << 16]))
    row["tunnel"] = draw(st.sampled_from([0, 3 << 24 | 5001, 5 << 24, 200 << 24 | 0xFFFFFF]))
    row["first"], row["last"] = draw(TIME), draw(TIME)
    for key, top in (("packets_out", 2**32), ("packets_in", 2**32), ("bytes_out", 2**62), ("bytes_in", 2**62)):
        row[key] = draw(st.integers(0, top - 1))
    row["first_frame"] = draw(st.integers(0, 2**32 - 1))
    row["name"] = draw(st.integers(0, len(NAMES) - 1))
    row["name_source"] = draw(st.sampled_from([int(source) for source in NameSource]))
    row["state"] = draw(st.sampled_from([int(state) for state in State]))
    row["direction"] = draw(st.integers(0, 3))
    return row


def both(rows: np.ndarray, names: tuple[str, ...] = NAMES) -> tuple[bytes, bytes]:
    traffic = replace(make_traffic(), flows=rows, names=make_names(*names))
    compiled, readable = io.BytesIO(), io.BytesIO()
    write_flows_csv(traffic, compiled)
    write_csv(flows_table(traffic), FLOWS, readable)
    return compiled.getvalue(), readable.getvalue()


@given(st.lists(flow_rows(), min_size=1, max_size=5))
def test_any_flow_is_written_alike(rows: list[np.ndarray]) -> None:
    compiled, readable = both(np.concatenate(rows))

    assert compiled == readable


@given(st.lists(st.text('ab.-=+@",~! \n', min_size=1, max_size=6), max_size=8, unique=True))
def test_any_names_are_written_alike(names: list[str]) -> None:
    rows = np.repeat(make_traffic().flows[:1], len(names) + 1)
    rows["name"] = np.arange(len(rows))
    compiled, readable = both(rows, ("", *names))

    assert compiled == readable


def test_many_flows_are_written_alike_across_the_edges_of_the_buffer() -> None:
    rows = np.repeat(make_traffic().flows, 20_000)
    rows["responder_lo"] += np.arange(len(rows), dtype=np.uint64)
    compiled, readable = both(rows)

    assert len(compiled) > 1 << 22
    assert compiled == readable


def test_without_flows_there_is_the_line_of_names() -> None:
    compiled, readable = both(np.zeros(0, FLOW), ("",))

    assert compiled == readable == (",".join(FLOWS.keys) + "\n").encode()
