"""Addresses change hands: a capture is judged by the edition of the tables that is nearest to it, and says so."""

from __future__ import annotations

import datetime
import json
import os
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kwel import analyse
from kwel.attribution.feeds import mmdb
from kwel.attribution.feeds.install import Made, install, manifest_of
from kwel.attribution.feeds.mmdb import Range
from kwel.attribution.feeds.ranges import block
from kwel.attribution.tables import CLOUD
from kwel.kernel.build import jit
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DAY = datetime.date.fromisoformat
SAMPLE = ROOT / "sample_pcaps" / "no_dns_no_sni.pcap"
ADDRESS = "3.88.101.55"
"""What the sample's plant talks to, without a name."""
HEADER, RECORD = 24, struct.Struct("<IIII")  # pcap: draft-ietf-opsawg-pcap, sections 4 and 5


def captured_on(day: str, folder: Path) -> Path:
    """Return the sample as if it had been captured on a day."""
    data = bytearray(SAMPLE.read_bytes())
    wanted = int(datetime.datetime.combine(DAY(day), datetime.time(12), datetime.UTC).timestamp())
    shift, position = wanted - RECORD.unpack_from(data, HEADER)[0], HEADER
    while position < len(data):
        seconds, micro, kept, sent = RECORD.unpack_from(data, position)
        RECORD.pack_into(data, position, seconds + shift, micro, kept, sent)
        position += RECORD.size + kept
    path = folder / f"{day}.pcap"
    path.write_bytes(data)
    return path


def add_edition(folder: Path, day: str, provider: str, region: str) -> None:
    """Add an edition of the table of published ranges in which the address is *provider*'s."""
    prefix = block("3.88.0.0/16")
    record: dict[str, Any] = {"provider": provider, "prefix_length": 16, "region": region}
    table = mmdb.write([Range(prefix.first, prefix.last, 0)], [record], "kwel-Cloud", "test", 1)
    made = Made(CLOUD, table, "test", f"list of {day}", "none", day, 1, ())
    install(folder, {"tables.toml": manifest_of([made]).encode(), CLOUD: table}, DAY(day))


@pytest.fixture
def editions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder in which the address was Azure's in March and Oracle's in September 2025."""
    jit.load()
    folder = tmp_path / "data"
    monkeypatch.setenv("KWEL_DATA_DIR", str(folder))
    add_edition(folder, "2025-03-01", "azure", "westeurope")
    add_edition(folder, "2025-09-01", "oracle", "eu-frankfurt-1")
    return folder


@pytest.mark.parametrize(
    ("day", "operator", "dated"),
    [
        ("2024-01-01", "azure", "2025-03-01"),
        ("2025-05-31", "azure", "2025-03-01"),
        ("2025-06-01", "oracle", "2025-09-01"),  # as far from one as from the other: the later
        ("2026-03-01", "oracle", "2025-09-01"),
        ("2026-11-24", "aws", "2026-10-26"),  # the shipped one is nearest
    ],
)
def test_a_capture_is_judged_by_the_nearest_edition(
    editions: Path, tmp_path: Path, day: str, operator: str, dated: str
) -> None:
    analysis = analyse(str(captured_on(day, tmp_path)))
    (seen,) = {d.attribution.operator_id for d in analysis.dependencies if d.attribution.address == ADDRESS}

    assert seen == operator
    assert next(table.date for table in analysis.report.tables if table.name == CLOUD) == dated


def report(capture: Path, seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "kwel", "report", capture.name, "--json"]
    return subprocess.run(command, cwd=capture.parent, env=environment, capture_output=True, check=True).stdout


def test_the_same_capture_and_edition_give_the_same_bytes_and_the_gap(editions: Path, tmp_path: Path) -> None:
    capture = captured_on("2025-03-11", tmp_path)
    first = report(capture, "1")
    add_edition(editions, "2026-05-01", "google-cloud", "europe-west4")  # further away: it changes nothing

    assert report(capture, "2") == first
    tables = {table["name"]: table for table in json.loads(first)["tables"]}
    assert (tables[CLOUD]["date"], tables[CLOUD]["older_by_days"]) == ("2025-03-01", 10)
    assert len(tables[CLOUD]["sha256"]) == 64
    assert tables["asn.mmdb"]["older_by_days"] == -463, "newer than the capture: shipped, of 2026-06-17"


def test_the_page_says_how_far_each_table_lies_from_the_capture(editions: Path, tmp_path: Path) -> None:
    capture, page = captured_on("2025-03-11", tmp_path), tmp_path / "page.html"
    command = [sys.executable, "-m", "kwel", "report", str(capture), "-o", str(page)]
    subprocess.run(command, check=True, capture_output=True)
    text = page.read_text(encoding="utf-8")

    assert "list of 2025-03-01" in text
    assert "10 dagen" in text
    assert "10 days" in text
