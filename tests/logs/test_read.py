from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.analysis.stages import analyse, find_files, read_traffic
from kwel.logs.eve_flows import COLUMNS, MOST_BYTES, Flows, Halves
from kwel.logs.gathered import Gathered
from kwel.model.claims import Grade
from kwel.model.records.columns import Direction, NameSource, State
from kwel.model.verdicts import Verdict
from tests.conftest import SAMPLES
from tests.logs.writing import write_eve, write_netflow, write_zeek

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.analysis.result import Analysis
    from kwel.model.traffic import Traffic

PLANT = SAMPLES / "mixed_plant.pcapng"
ALIKE = ["mixed_plant.pcapng", "proxy_connect.pcap", "quic_h3.pcap", "no_dns_no_sni.pcap", "blocked_attempts.pcap"]


def told(analysis: Analysis) -> set[tuple[object, ...]]:
    """Return what depends on what: not who, for a log has no MAC addresses."""
    return {
        (of.host, of.state, of.attribution.operator and of.attribution.operator.value) for of in analysis.dependencies
    }


def logs(traffic: Traffic, folder: Path, kind: str) -> Path:
    folder.mkdir(exist_ok=True)
    match kind:
        case "zeek":
            write_zeek(traffic, folder)
        case "zeek-json":
            write_zeek(traffic, folder, as_json=True)
        case "zeek-iso":
            write_zeek(traffic, folder, as_json=True, times="iso")
        case _:
            write_eve(traffic, folder / "eve.json", dns=int(kind[-1]))
    return folder


@pytest.fixture(scope="module")
def plant() -> Traffic:
    return read_traffic(str(PLANT))


@pytest.mark.parametrize("kind", ["zeek", "zeek-json", "zeek-iso", "eve1", "eve2", "eve3"])
@pytest.mark.parametrize("name", ALIKE)
def test_a_log_tells_the_dependencies_that_frames_show(name: str, kind: str, tmp_path: Path) -> None:
    shown = analyse(str(SAMPLES / name))
    folder = logs(shown.traffic, tmp_path / "logs", kind)

    found = analyse(str(folder))

    assert told(found) == told(shown)
    assert [capture.problem for capture in found.traffic.captures] == [None] * len(found.traffic.captures)


@pytest.mark.parametrize("kind", ["zeek", "eve3"])
def test_what_rests_on_a_log_is_graded_c_at_most_and_says_why(kind: str, plant: Traffic, tmp_path: Path) -> None:
    found = analyse(str(logs(plant, tmp_path / "logs", kind)))

    for of in found.dependencies:
        judged = of.attribution
        claims = (judged.operator, judged.parent, judged.location, judged.service)
        assert max([judged.grade, *(claim.grade for claim in claims if claim)]) <= Grade.C
        assert judged.verdict is not Verdict.EU_CONTROLLED
        assert "told-by-log" in {step.kind for step in of.evidence}
    for asset in found.assets:
        known = (asset.role, asset.kind_why, asset.vendor, *asset.protocols, *asset.macs)
        assert all(claim.grade <= Grade.C for claim in known if claim)
    assert "told-by-log" in {of.key for of in found.report.coverage.shortcomings}


def test_evidence_names_the_line_that_tells_it(plant: Traffic, tmp_path: Path) -> None:
    folder = logs(plant, tmp_path / "logs", "zeek")

    found = analyse(str(folder))

    seen = 0
    for of in found.dependencies:
        for step in of.evidence:
            if step.where and step.kind in ("tls-sni", "dns-answer", "flow-seen"):
                line = (folder / step.where.capture).read_text().splitlines()[step.where.frame - 1]
                values = dict(step.values)
                assert (values.get("name") or values["responder"]) in line
                seen += 1
    assert seen > 20


def test_flows_are_as_the_log_has_them(plant: Traffic, tmp_path: Path) -> None:
    found = read_traffic(str(logs(plant, tmp_path / "logs", "zeek")))

    same = ("initiator_lo", "responder_lo", "initiator_port", "responder_port", "transport", "version", "state")
    counts = ("bytes_out", "bytes_in", "packets_out", "packets_in", "payload_out", "payload_in", "application")
    assert len(found.flows) == len(plant.flows)
    for key in (*same, *counts):
        assert np.array_equal(found.flows[key], plant.flows[key]), key
    assert abs(found.flows["first"] - plant.flows["first"]).max() < 1000  # a log has microseconds
    assert set(found.flows["direction"]) <= {Direction.HANDSHAKE, Direction.FIRST, Direction.REQUEST, Direction.UNKNOWN}


@pytest.mark.parametrize(
    ("history", "state", "expected"),
    [
        ("ShADadFf", "SF", State.ESTABLISHED), ("S", "S0", State.UNANSWERED), ("Sr", "REJ", State.REFUSED),
        ("ShR", "RSTO", State.ESTABLISHED), ("DadA", "OTH", State.MIDSTREAM), ("SR", "RSTOS0", State.UNANSWERED),
        ("SAD", "SH", State.ESTABLISHED), ("hAf", "SHR", State.ESTABLISHED), ("-", "-", State.MIDSTREAM),
    ],
)  # fmt: skip
def test_how_far_a_flow_came(history: str, state: str, expected: State, tmp_path: Path) -> None:
    fields = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto conn_state history orig_pkts resp_pkts"
    values = f"1795523384.5 C1 10.1.1.1 50000 192.0.2.7 443 tcp {state} {history} 3 2"
    file = tmp_path / "conn.log"
    file.write_text(
        "\n".join(
            ["#separator \\x09", "#path\tconn", "#fields\t" + fields.replace(" ", "\t"), values.replace(" ", "\t"), ""]
        )
    )

    (flow,) = read_traffic(str(file)).flows

    assert State(int(flow["state"])) is expected


def test_a_log_without_conn_log_still_tells_conversations(plant: Traffic, tmp_path: Path) -> None:
    folder = logs(plant, tmp_path / "logs", "zeek")
    (folder / "conn.log").unlink()

    found = read_traffic(str(folder / "ssl.log"))

    assert len(found.flows) == len({int(row["flow"]) for row in found.named})
    assert set(found.flows["state"]) == {State.ESTABLISHED}
    assert set(found.flows["name_source"]) == {NameSource.TLS_SNI}
    assert found.flows["bytes_out"].sum() == 0


def test_two_logs_of_one_conversation_count_it_once(plant: Traffic, tmp_path: Path) -> None:
    folder = logs(plant, tmp_path / "logs", "zeek")
    write_eve(plant, folder / "eve.json")

    found = read_traffic(str(folder))

    assert len(found.flows) == len(plant.flows)
    assert found.coverage.notes["log-flows-twice"] == len(plant.flows)


def test_netflow_events_are_put_together_again(plant: Traffic, tmp_path: Path) -> None:
    file = tmp_path / "eve.json"
    write_netflow(plant, file)

    found = read_traffic(str(file))

    assert len(found.flows) == len(plant.flows)
    assert found.flows["bytes_in"].sum() + found.flows["bytes_out"].sum() == int(
        plant.flows["bytes_in"].sum() + plant.flows["bytes_out"].sum()
    )


def netflow(flow_id: int, *, turned: bool = False, port: int = 4000, pkts: int = 1, flags: str = "02") -> str:
    ends = ("10.0.0.1", port, "192.0.2.9", 443)
    source, source_port, target, target_port = (*ends[2:], *ends[:2]) if turned else ends
    return json.dumps({
        "timestamp": "2026-11-26T01:00:00Z", "event_type": "netflow", "flow_id": flow_id, "proto": "TCP",
        "src_ip": source, "src_port": source_port, "dest_ip": target, "dest_port": target_port,
        "netflow": {"pkts": pkts, "bytes": 100 * pkts, "start": "2026-11-26T00:59:00Z", "end": "2026-11-26T01:00:00Z"},
        "tcp": {"tcp_flags": flags},
    })  # fmt: skip


def test_all_netflow_events_of_one_flow_add_up(tmp_path: Path) -> None:
    file = tmp_path / "eve.json"
    lines = [
        netflow(1), netflow(1, turned=True, pkts=2, flags="12"), netflow(1, pkts=4, flags="10"),
        netflow(1, turned=True, pkts=8, flags="11"), netflow(1, port=4001, pkts=16),
    ]  # fmt: skip
    file.write_text("\n".join(lines))

    flows = read_traffic(str(file)).flows
    told = {(int(row["initiator_port"]), int(row["packets_out"]), int(row["packets_in"])) for row in flows}
    assert told == {(4000, 5, 10), (4001, 16, 0)}
    (one,) = flows[flows["initiator_port"] == 4000]
    assert (one["bytes_out"], one["bytes_in"]) == (500, 1000)
    assert (one["flags_out"], one["flags_in"]) == (0x12, 0x13)


@pytest.mark.parametrize("batch", [1, 2, 50_000])
def test_however_far_apart_netflow_events_of_a_flow_are_they_add_up(
    batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kwel.logs.eve_flows.BATCH", batch)
    file = tmp_path / "eve.json"
    ports = range(4000, 4020)
    lines = [netflow(port, port=port, turned=turned) for turned in (False, True, False) for port in ports]
    file.write_text("\n".join(lines))

    flows = read_traffic(str(file)).flows
    assert [(int(row["initiator_port"]), int(row["packets_out"]), int(row["packets_in"])) for row in flows] == [
        (port, 2, 1) for port in ports
    ]
    assert set(flows["responder_port"].tolist()) == {443}


def test_netflow_events_are_kept_for_as_many_flows_as_there_is_room_for() -> None:
    gathered = Gathered()
    flows = Flows(gathered, 0, most=3)
    halves = Halves(flows)
    row = dict.fromkeys(COLUMNS, 0) | {"transport": 6, "bytes_out": MOST_BYTES, "packets_out": 1}
    for line in range(1, 12):
        halves.add(tuple((row | {"first_frame": line, "initiator_port": line % 5}).values()), line % 5)
    halves.close()

    assert gathered.notes["flows-evicted"] == 2
    (kept,) = gathered.flows
    assert sorted(kept["initiator_port"].tolist()) == [1, 2, 3]
    assert kept["bytes_out"].max() == MOST_BYTES, "a sum does not run over"


def test_rotated_and_packed_logs_are_found_in_a_folder(plant: Traffic, tmp_path: Path) -> None:
    import gzip

    folder = logs(plant, tmp_path / "logs", "zeek")
    day = folder / "2026-11-26"
    day.mkdir()
    (day / "conn.01-00-00.log.gz").write_bytes(gzip.compress((folder / "conn.log").read_bytes()))
    (folder / "stderr.log").write_text("listening on eth0\n")
    (folder / "conn.log").rename(folder / "x")
    (folder / "x").unlink()

    found = read_traffic(str(folder))

    assert {capture.format for capture in found.captures} >= {"zeek conn.gz", "zeek dns", "zeek ssl"}
    assert len(found.flows) == len(plant.flows)


def test_a_log_and_its_packed_copy_are_one(plant: Traffic, tmp_path: Path) -> None:
    import gzip

    folder = logs(plant, tmp_path / "logs", "zeek")
    (folder / "conn.copy.log.gz").write_bytes(gzip.compress((folder / "conn.log").read_bytes()))

    assert len([file for file in find_files([str(folder)]) if "conn" in file.name]) == 1


def test_lines_that_cannot_be_read_are_counted_and_the_first_is_named(plant: Traffic, tmp_path: Path) -> None:
    folder = logs(plant, tmp_path / "logs", "zeek")
    file = folder / "conn.log"
    lines = file.read_text().splitlines()
    lines[9] = "what is this"
    lines[12] = lines[12].replace("10.", "x.", 1)
    file.write_text("\n".join(lines))

    found = read_traffic(str(file))

    (capture,) = found.captures
    assert capture.problem is not None
    assert capture.problem.startswith("line 10: has 1 of ")
    assert "and 1 more" in capture.problem
    assert found.coverage.notes["log-lines-unread"] == 2
    assert len(found.flows) == len(plant.flows) - 2


def test_the_same_logs_give_the_same_traffic(plant: Traffic, tmp_path: Path) -> None:
    folder = logs(plant, tmp_path / "logs", "zeek")

    one, other = read_traffic(str(folder)), read_traffic(str(folder))

    for key in ("flows", "named", "answers", "questions", "shown"):
        assert np.array_equal(getattr(one, key), getattr(other, key)), key


def test_what_frames_show_too_counts_once_and_in_full(plant: Traffic, tmp_path: Path) -> None:
    folder = logs(plant, tmp_path / "logs", "zeek")

    shown, both = analyse(str(PLANT)), analyse([str(PLANT), str(folder)])

    assert len(both.traffic.flows) == len(plant.flows)
    assert both.traffic.coverage.notes["log-flows-twice"] == len(plant.flows)
    assert told(both) == told(shown)
    assert [of.attribution.grade for of in both.dependencies] == [of.attribution.grade for of in shown.dependencies]
    assert "told-by-log" not in {of.key for of in both.report.coverage.shortcomings}


def test_logs_beside_captures_add_what_frames_do_not_show(plant: Traffic, tmp_path: Path) -> None:
    office = SAMPLES / "office_it.pcap"
    folder = logs(plant, tmp_path / "logs", "zeek")

    alone, both = analyse(str(office)), analyse([str(office), str(folder)])

    assert len(both.traffic.flows) == len(alone.traffic.flows) + len(plant.flows)
    assert told(alone) <= told(both)
    by_log = [of for of in both.dependencies if any(s.where and s.where.capture.endswith(".log") for s in of.evidence)]
    assert by_log
    told_alone = [of for of in by_log if "told-by-log" in {step.kind for step in of.evidence}]
    assert told_alone
    assert all(of.attribution.grade <= Grade.C for of in told_alone)
    assert max(of.attribution.grade for of in both.dependencies) > Grade.C
