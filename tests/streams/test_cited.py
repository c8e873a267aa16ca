"""The frames that rows cite are kept as they pass, and nobody can crowd out those that tell something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.analysis.analyser import Analyser
from kwel.capture import CaptureFile
from kwel.capture.frames import read_frames
from kwel.streams.cited import PER_PAIR, Cited
from tests.evidence.test_renumber import cited as numbers_in
from tests.streams.making import ethernet, ipv4, tcp, udp, write_pcap

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

ROOM = 8 << 20


def heard(path: Path, room: int = ROOM) -> tuple[Traffic, Cited]:
    analyser, cited, file = Analyser(100_000), Cited(room), CaptureFile("x", path)
    analyser.begin("x")
    for batch in file.batches():
        told = analyser.process(batch)
        cited.keep(analyser.listener, batch.buffer, batch.records, batch.first_frame, told)
    return analyser.finish((file.describe(),)), cited


@pytest.mark.parametrize("name", ["mixed_plant.pcapng", "office_it.pcap", "dhcp_dns_tls.pcap"])
def test_every_cited_frame_is_kept_byte_for_byte(samples: Path, name: str) -> None:
    (path,) = samples.rglob(name)
    traffic, cited = heard(path)
    records, numbers, data = cited.frames()
    whole, content, _ = read_frames(path)

    for row, number in zip(records, numbers.tolist(), strict=True):
        original = whole[number - 1]
        assert row["time"] == original["time"]
        assert bytes(data[row["start"] : row["start"] + row["captured"]]) == bytes(
            content[original["start"] : original["start"] + original["captured"]]
        )
    rows = [traffic.named, traffic.answers, traffic.hellos, traffic.questions, traffic.shown]
    telling = {int(frame) for table in rows for frame in table["frame"]}
    assert telling | {one.where.frame for one in traffic.observed} <= set(numbers.tolist())
    assert set(numbers.tolist()) <= set(numbers_in(traffic)) | {0}
    assert cited.crowded_out == 0
    assert len(traffic.flows) == 0 or np.isin(traffic.flows["first_frame"], numbers).mean() > 0.5


def test_a_scan_crowds_out_no_names(samples: Path, tmp_path: Path) -> None:
    (path,) = samples.rglob("office_it.pcap")
    records, data, _ = read_frames(path)
    office = [bytes(data[row["start"] : row["start"] + row["captured"]]) for row in records]
    scan = [
        ethernet(ipv4(tcp(b"", port, 2), 6, f"10.9.{port >> 8}.{port & 255}", "192.0.2.1"))
        for port in range(1024, 9216)
    ]
    traffic, cited = heard(write_pcap(tmp_path / "scanned.pcap", scan + office), room=512 << 10)

    assert cited.crowded_out > 0
    assert len(traffic.hellos) > 0
    assert {int(frame) for frame in traffic.hellos["frame"]} <= set(cited.frames()[1].tolist())


def test_of_many_flows_between_two_hosts_a_few_are_kept(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(udp(b"x", 1024 + i, 4433), 17)) for i in range(100)]
    traffic, cited = heard(write_pcap(tmp_path / "many.pcap", frames))

    assert len(traffic.flows) == 100
    assert 0 < np.isin(traffic.flows["first_frame"], cited.frames()[1]).sum() <= 2 * PER_PAIR
