from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kwel.analysis.stages import Options, analyse, conclude, read_traffic
from kwel.model.claims import Observed, Where
from kwel.model.names import Names
from kwel.model.traffic import Certificate, Traffic
from kwel.store import codec, folder
from kwel.store.schema import SHAPES
from tests.store.windows import SAMPLES, assert_same, traffic_of

if TYPE_CHECKING:
    from pathlib import Path

CAPTURES = sorted([*SAMPLES.glob("*.pcap*"), *(SAMPLES / "lan").glob("*.pcap*"), *(SAMPLES / "ot").glob("*.pcap*")])


def there_and_back(traffic: Traffic) -> Traffic:
    """Through the bytes of Parquet files, as they lie on a disk."""
    from pyarrow import parquet

    files = {key: bytes(folder.parquet_bytes(table)) for key, table in codec.spell(traffic).items() if table.num_rows}
    tables = {key: parquet.read_table(pa.BufferReader(data)) for key, data in files.items()}
    return codec.read(tables, traffic.captures, traffic.coverage)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_traffic_comes_back_as_it_was(path: Path) -> None:
    traffic = read_traffic(str(path))

    assert_same(there_and_back(traffic), traffic)


def test_the_report_of_what_was_stored_is_the_report_of_the_capture() -> None:
    traffic = traffic_of()

    again = conclude(there_and_back(traffic), Options())

    assert again.dependency_table.equals(analyse(str(SAMPLES / "mixed_plant.pcapng")).dependency_table)
    assert again.asset_table.equals(analyse(str(SAMPLES / "mixed_plant.pcapng")).asset_table)


names = st.lists(st.binary(min_size=1, max_size=12), unique=True, max_size=8)
spelt_escapes = st.lists(st.sampled_from([b"\\", b"x5c", b"\\x41", b"\xff", b"a", b"\\x"]), min_size=1).map(b"".join)


def made_names(raw: list[bytes]) -> Names:
    lengths = np.array([0, *map(len, raw)], np.int64)
    return Names(np.frombuffer(b"".join(raw), np.uint8), np.cumsum(lengths) - lengths, lengths)


@given(names | st.lists(spelt_escapes, unique=True, max_size=6))
def test_any_bytes_of_a_name_come_back(raw: list[bytes]) -> None:
    from kwel.store import spelling

    assert spelling.read_names(spelling.spell_names(made_names(raw))).joined() == made_names(raw).joined()


@st.composite
def hostile(draw: st.DrawFn) -> dict[str, Any]:
    """Rows of any bits at all, as far as they point to something."""
    rows: dict[str, Any] = {}
    for key, shape in SHAPES.items():
        count = draw(st.integers(0, 4))
        bits = draw(hnp.arrays(np.uint8, count * shape.rows.itemsize))
        table = np.frombuffer(bits.tobytes(), shape.rows).copy()
        for field in shape.names:
            table[field] %= 3
        for field in shape.fingerprints:
            table[field] %= 2
        if key == "rhythms":
            table["squares"] = np.nan_to_num(table["squares"])
        rows[key] = table
    return rows


@given(hostile())
def test_rows_of_any_content_come_back(rows: dict[str, Any]) -> None:
    base = traffic_of("ipv6.pcap")
    traffic = Traffic(
        captures=base.captures,
        names=made_names([b"plc.plant.example", b"\\x41\xfe"]),
        observed=(),
        coverage=base.coverage,
        fingerprints=("", "t13d1516h2_8daaf6152771_b186095e22b6"),
        **rows,
    )

    assert_same(there_and_back(traffic), traffic)


@given(st.text(max_size=20), st.integers(0, 2**48 - 1), st.integers(-(2**62), 2**62))
def test_what_hosts_say_comes_back(text: str, mac: int, time: int) -> None:
    base = traffic_of("ipv6.pcap")
    said = Observed("hostname", text, "dhcp", Where("a.pcapng", 7), time, "10.0.0.1", mac, 12, 5)
    certificate = Certificate(text, (text, "b"), "", "ab" * 32)
    traffic = Traffic(
        base.captures, base.flows, base.names, base.named, base.answers, base.claims, (said,), base.coverage,
        certificates=(certificate,),
    )  # fmt: skip

    again = there_and_back(traffic)

    assert again.observed == (said,)
    assert again.certificates == (certificate,)


def test_half_a_surrogate_pair_is_stored_escaped() -> None:
    base = traffic_of("ipv6.pcap")
    said = Observed("hostname", "a\udc80", "dhcp", Where("a", 1), 1)
    traffic = Traffic(
        base.captures, base.flows, base.names, base.named, base.answers, base.claims, (said,), base.coverage
    )

    assert there_and_back(traffic).observed[0].value == "a\\udc80"


def test_anybody_reads_addresses_times_names_and_labels() -> None:
    row = codec.spell(traffic_of())["flows"].to_pylist()[0]

    assert row["initiator"].count(".") == 3
    assert row["transport"] in ("tcp", "udp")
    assert row["first"].tzinfo is not None
    assert {"name", "state", "application", "direction"} <= set(row)
    assert not {"initiator_hi", "initiator_lo"} & set(row)


def test_a_column_that_is_not_there_yet_is_full_of_zeros() -> None:
    traffic = traffic_of()
    tables = codec.spell(traffic)
    tables["flows"] = tables["flows"].drop_columns(["rtt_us"])

    assert not codec.read(tables, traffic.captures, traffic.coverage).flows["rtt_us"].any()


@pytest.mark.parametrize("key", codec.KEYS)
def test_every_table_has_the_columns_that_it_is_said_to_have(key: str) -> None:
    assert codec.spell(traffic_of())[key].schema.equals(codec.schema_of(key))
