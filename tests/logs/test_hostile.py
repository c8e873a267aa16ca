"""Damaged logs: never a traceback; what cannot be read is counted, and the first of it named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.analysis.stages import read_traffic
from tests.conftest import SAMPLES
from tests.logs.writing import write_eve, write_netflow, write_zeek

if TYPE_CHECKING:
    from pathlib import Path

PIECES = [
    b"\t",
    b"\n",
    b"#fields\tts\n",
    b"\xff\xfe",
    b"\0",
    b'"',
    b"{",
    b"[[[[[[",
    b"1e999",
    b"-1",
    b"99999999999999999999",
    b"NaN",
]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    folder = tmp_path_factory.mktemp("logs")
    traffic = read_traffic(str(SAMPLES / "dhcp_dns_tls.pcap"))
    for name in ("tsv", "json"):
        (folder / name).mkdir()
        write_zeek(traffic, folder / name, as_json=name == "json")
    write_eve(traffic, folder / "eve.json", dns=3)
    write_eve(traffic, folder / "eve1.json", dns=1)
    write_netflow(traffic, folder / "netflow.json")
    return [(file.name, file.read_bytes()) for file in sorted(folder.rglob("*")) if file.is_file()]


@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_log_is_read_as_far_as_it_can_be(
    data: st.DataObject, sources: list[tuple[str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    name, raw = data.draw(st.sampled_from(sources))
    damaged = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(30, len(damaged) - 1))
        piece = data.draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)))
        damaged[at : at + data.draw(st.integers(0, 12))] = piece
    file = tmp_path_factory.mktemp("damaged") / name
    file.write_bytes(bytes(damaged))

    traffic = read_traffic(str(file))

    (capture,) = traffic.captures
    assert (traffic.coverage.notes.get("log-lines-unread", 0) > 0) <= (capture.problem is not None)
    for rows in (traffic.named, traffic.answers, traffic.questions, traffic.hellos, traffic.shown):
        assert not len(rows) or int(rows["flow"].max()) < len(traffic.flows)


@pytest.mark.parametrize(
    "line",
    [
        '{"timestamp":"2026-11-26T01:00:00Z","event_type":"flow","src_ip":["a"],"dest_ip":{}}',
        '{"timestamp":7,"event_type":"dns","src_ip":"10.0.0.1","dest_ip":"10.0.0.2","dns":[]}',
        '{"timestamp":"2026-11-26T01:00:00Z","event_type":["x"]}',
        '{"timestamp":"2026-11-26T01:00:00Z","event_type":"flow","src_ip":"10.0.0.1","dest_ip":"10.0.0.2",'
        '"flow":{"bytes_toserver":1e300,"pkts_toserver":-5,"start":"0001-01-01T00:00:00Z"}}',
        '{"timestamp":"9999-12-31T23:59:59Z","event_type":"tls","src_ip":"::1","dest_ip":"::2","tls":{"sni":7}}',
        "[" * 5000,
        '{"a":' * 5000,
        "null",
        "",
    ],
)
def test_odd_events_do_no_harm(line: str, tmp_path: Path) -> None:
    file = tmp_path / "eve.json"
    first = '{"timestamp":"2026-11-26T01:00:00Z","event_type":"stats"}\n'
    file.write_text(first + line + "\n")

    assert len(read_traffic(str(file)).captures) == 1


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "conn.log"
    head = b"#separator \\x09\n#path\tconn\n#fields\tts\tuid\n"
    file.write_bytes(head + b"x" * (9 << 20) + b"\n1795523384.5\tC1\n")

    (capture,) = read_traffic(str(file)).captures

    assert capture.problem is not None
    assert "line 4: is longer than" in capture.problem
