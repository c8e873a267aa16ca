"""What the maintainer's tool makes of its sources, and that what is shipped is what it made."""

from __future__ import annotations

import gzip
import hashlib
import tomllib
from pathlib import Path
from typing import Any

import build_tables
import maxminddb
import msgpack
import pytest
from build_tables import Table, manifest
from table_sources import Source, cloud_rows, vendor_rows

from kwel.attribution.feeds import lists

ROOT = Path(__file__).parents[2]
DATA = ROOT / "rules" / "data"
SETTINGS: dict[str, Any] = tomllib.loads(build_tables.SETTINGS.read_text(encoding="utf-8"))
MANIFEST: dict[str, Any] = tomllib.loads((DATA / "tables.toml").read_text(encoding="utf-8"))


def test_a_mac_block_keeps_the_digits_that_it_consists_of() -> None:
    text = b"# comment\n\n00:50:C2\t\tA, Inc\n00:50:C2:00:10:00/36\tB\n00:1B:C5:00:00:00/28\tC\n"

    assert list(vendor_rows(Source("p", "1", "", text))) == [
        ("0050C2", "A, Inc"),
        ("0050C2001", "B"),
        ("001BC50", "C"),
    ]


@pytest.mark.parametrize(("version", "date"), [("2026.10.1", "2026-10-01"), ("2.3.2026061719", "2026-06-17")])
def test_a_version_tells_the_date_of_the_data(version: str, date: str) -> None:
    assert Source("p", version, "", b"").date == date


def test_an_azure_tag_loses_its_region_and_nothing_else() -> None:
    ranges = [
        {"cidr": "10.0.0.0/8", "p": 0, "r": "germanywc", "s": "STORAGE.GERMANYWESTCENTRAL"},
        {"cidr": "10.0.0.0/8", "p": 0, "s": "FRONT.BACKEND"},
        {"cidr": "10.0.0.0/8", "p": 0, "r": "", "s": "OSN,OBJECT_STORAGE"},
        {"cidr": "10.0.0.0/8", "p": 0},
    ]
    feed = {"version": "2026-10-26", "providers": ["azure"], "ranges": ranges}
    _, rows = cloud_rows(Source("p", "1", "", gzip.compress(msgpack.packb(feed))), {"azure": "azure"}, ())

    assert [row.services for row in rows] == [("STORAGE",), ("FRONT.BACKEND",), ("OSN", "OBJECT_STORAGE"), ()]


def test_the_manifest_is_toml_and_tells_all_of_each_table() -> None:
    source = Source("@scope/p", "1.2", "00", b"")
    read = tomllib.loads(manifest(SETTINGS, [Table("oui.tsv", b"abc", "2026-10-01", 3, (source,))]))

    assert read["oui.tsv"]["inputs"] == ["@scope/p 1.2 sha256:00"]
    assert read["oui.tsv"]["bytes"] == 3
    assert read["oui.tsv"]["sha256"] == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_a_shipped_table_is_the_one_its_manifest_describes(name: str) -> None:
    data = (DATA / name).read_bytes()

    assert len(data) == MANIFEST[name]["bytes"]
    assert hashlib.sha256(data).hexdigest() == MANIFEST[name]["sha256"]


def test_every_table_of_the_settings_is_shipped_and_no_other() -> None:
    assert set(MANIFEST) == set(SETTINGS["tables"])
    assert {file.name for file in DATA.iterdir()} == {*MANIFEST, "tables.toml"}


def test_the_tables_are_dated_as_their_data_and_not_as_their_making() -> None:
    for name, about in MANIFEST.items():
        if name.endswith(".mmdb"):
            with maxminddb.open_database(DATA / name) as database:
                epoch = database.metadata().build_epoch
            assert epoch % 86_400 == 0
            assert str(about["date"]) == _date(epoch)


def _date(epoch: int) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(epoch, datetime.UTC).date().isoformat()


def test_every_provider_of_the_table_has_an_operator_and_every_operator_a_provider() -> None:
    referred = {
        entry["provider"]
        for file in (ROOT / "rules" / "operators").glob("*.toml")
        for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("ranges", ())
    }

    fetched = lists.load(ROOT / "rules").providers
    assert set(SETTINGS["providers"].values()) <= set(fetched)
    assert referred == set(fetched)


def test_the_tables_leave_room_in_the_wheel() -> None:
    import zlib

    packed = sum(len(zlib.compress((DATA / name).read_bytes(), 6)) for name in MANIFEST)
    assert packed < 10_000_000
