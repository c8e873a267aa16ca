"""``kwel update`` end to end against a server on loopback: what is new is installed, what is wrong is refused."""

from __future__ import annotations

import datetime
import json
import os
import resource
import stat
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from kwel.attribution import editions
from kwel.attribution.feeds import pack
from kwel.attribution.feeds.formats import FeedError
from kwel.attribution.feeds.install import install
from kwel.attribution.tables import CLOUD, TableError, Tables
from tests.attribution.feeds.serving import (
    AWS,
    AZURE,
    GEOFEED,
    GOOGLE,
    IEEE,
    LINES,
    ORACLE,
    PAGE,
    Site,
    feeds_toml,
    serving,
    tables_toml,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL_DAY = datetime.date(2026, 11, 18)
"""After the date of the shipped tables: of two editions the newer is compared with."""
LINK = r"http://127\.0\.0\.1:\d+/ServiceTags_Public_20\d{6}\.json"


class Plant:
    """A site with a mirror of its own, and a machine that updates from it."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder, self.site, self.data = folder, site, folder / "data"
        site.put("/aws", AWS)
        site.put("/page", PAGE.format(root=site.root))
        site.put("/ServiceTags_Public_20261123.json", AZURE)
        site.put("/google", GOOGLE)
        site.put("/oracle", ORACLE)
        site.put("/geofeed", GEOFEED)
        site.put("/lines", LINES)
        lists = {
            "aws": ("aws", "aws-ip-ranges", "/aws"),
            "azure": ("azure", "azure-service-tags", "/page"),
            "google-cloud": ("google-cloud", "google-ip-ranges", "/google"),
            "oracle": ("oracle", "oracle-ip-ranges", "/oracle"),
            "digitalocean": ("digitalocean", "geofeed", "/geofeed"),
            "cloudflare": ("cloudflare", "prefix-lines", "/lines"),
        }
        served = {name: (provider, form, site.root + path) for name, (provider, form, path) in lists.items()}
        (folder / "feeds.toml").write_text(feeds_toml(served, LINK))

    def run(self, *args: str, data: Path | None = None, room: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run kwel with this machine's data folder or another, where files may have *room* bytes at most."""

        def limit() -> None:
            if room is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

        environment = {**os.environ, "KWEL_DATA_DIR": str(data or self.data)}
        return subprocess.run(
            [sys.executable, "-m", "kwel", *args], capture_output=True, text=True, env=environment, check=False,
            preexec_fn=limit,
        )  # fmt: skip

    def update(self, *args: str, room: int | None = None) -> subprocess.CompletedProcess[str]:
        """Update from the mirror."""
        return self.run("update", "--rules", str(self.folder), *args, room=room)

    def small_before(self) -> None:
        """Install an edition as small as what the mirror serves, so that nothing has shrunk against it."""
        done = make_edition(self.folder / "small", self.site, self.folder)
        install(self.data, done, SMALL_DAY)

    def tables(self) -> Tables:
        """Open the newest tables of the machine."""
        return editions.open_tables(None, editions.editions(self.data))


def make_edition(_: Path, site: Site, rules: Path) -> dict[str, bytes]:
    from kwel.attribution.feeds import lists
    from kwel.attribution.feeds.fetch import fetch
    from kwel.attribution.feeds.update import fetch_lists

    before = editions.Edition("none", rules, {CLOUD: {"date": "2026-01-01"}})
    (rules / CLOUD).write_bytes(empty_table())
    day = SMALL_DAY
    return fetch_lists(lists.load(rules), fetch, [before], day).files


def empty_table() -> bytes:
    from kwel.attribution.feeds import mmdb

    return mmdb.write([], [], "kwel-Cloud", "empty", 0)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    with serving() as site:
        made = Plant(tmp_path, site)
        made.small_before()
        site.asked.clear()
        yield made


def test_an_update_is_a_new_edition_and_lookups_use_it(plant: Plant) -> None:
    done = plant.update()

    assert (done.returncode, done.stderr) == (0, "")
    assert "aws: 5 prefixes of 2026-11-24" in done.stdout
    assert "azure: 5 prefixes of 2026-11-23" in done.stdout
    assert {command for command, _ in plant.site.asked} == {"GET"}
    facts = plant.tables().lookup("3.78.10.7")
    assert (facts.cloud_provider, facts.cloud_prefix, facts.region) == ("aws", "3.78.10.0/24", "eu-central-1-waw-1")
    facts = plant.tables().lookup("13.69.109.131")
    assert (facts.cloud_provider, facts.region, facts.services) == (
        "azure", "westeurope", ("AZURECLOUD", "AZUREIOTHUB"),
    )  # fmt: skip
    assert plant.tables().lookup("2a05:d014::1").cloud_provider == "aws"
    told = {row["table"]: row for row in json.loads(plant.run("data", "--json").stdout) if row["edition"] != "shipped"}
    assert told[CLOUD]["source"].startswith("Lists that the providers publish, fetched ")
    assert any(text.startswith("aws 2026-11-24 sha256:") for text in told[CLOUD]["inputs"])


def test_the_same_lists_on_the_same_day_give_the_same_bytes(plant: Plant) -> None:
    assert plant.update().returncode == plant.update().returncode == 0
    first, second = (edition for edition in editions.editions(plant.data)[-2:])
    assert second.name == f"{first.name}.002"
    assert [(first.root / name).read_bytes() for name in (CLOUD, "tables.toml")] == [
        (second.root / name).read_bytes() for name in (CLOUD, "tables.toml")
    ]


@pytest.mark.parametrize(
    ("served", "why"),
    [
        (b"<html>we are being maintained</html>", "not in the format"),
        (b"", "not in the format"),
        (None, "answers 404"),
        ({**AWS, "prefixes": AWS["prefixes"][2:]}, "more than half is gone"),
        ({**AWS, "prefixes": [{**AWS["prefixes"][0], "ip_prefix": "0.0.0.0/0"}]}, "too wide"),
        (b" " * 200_000, "longer than 100000 bytes"),
    ],
)
def test_a_list_that_cannot_be_believed_is_refused_and_its_provider_keeps_its_ranges(
    plant: Plant, served: Any, why: str
) -> None:
    if served is None:
        del plant.site.files["/aws"]
    else:
        plant.site.put("/aws", served)
    done = plant.update()

    assert done.returncode == 3
    assert why in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("kwel: aws: ")
    tables = plant.tables()
    assert tables.lookup("3.78.10.7").region == "eu-central-1-waw-1"
    assert tables.lookup("3.64.1.1").cloud_prefix == "3.64.0.0/12"
    assert next(info for info in tables.infos() if info.name == CLOUD).source.endswith("; aws as of 2026-11-18")


def test_a_table_of_vendors_that_lost_most_of_them_is_refused(plant: Plant) -> None:
    for name in ("ieee-l", "ieee-s"):
        plant.site.put(f"/{name}", IEEE)
    with (plant.folder / "feeds.toml").open("a") as file:
        file.write(tables_toml(plant.site.root))
    done = plant.update("--only", "vendors")

    assert done.returncode == 3
    assert done.stderr.startswith("kwel: oui.tsv: has 2 MAC blocks where there were ")
    assert "more than half is gone; what was known before is kept" in done.stderr
    assert [path for _, path in plant.site.asked] == ["/ieee-l", "/ieee-s"]


def test_a_program_is_told_what_became_of_each_list(plant: Plant) -> None:
    plant.site.put("/oracle", b"<html>")
    done = plant.update("--json")
    told = json.loads(done.stdout)
    lists = {each["id"]: each for each in told["lists"]}

    assert done.returncode == 3
    assert told["edition"].startswith(str(plant.data))
    assert told["kept"] == ["oracle"]
    assert (lists["aws"]["rows"], lists["aws"]["date"], lists["aws"]["problem"]) == (5, "2026-11-24", None)
    assert "not in the format" in lists["oracle"]["problem"]


def test_where_no_list_can_be_used_nothing_is_changed(plant: Plant) -> None:
    before = sorted(plant.data.rglob("*"))
    plant.site.files.clear()
    done = plant.update()

    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "kwel: no list could be used: nothing was changed"
    assert sorted(plant.data.rglob("*")) == before


def test_a_page_that_no_longer_leads_to_the_list_is_told(plant: Plant) -> None:
    plant.site.put("/page", "<html>moved</html>")

    assert "azure: its page holds no link to the list any more" in plant.update().stderr


def test_reserved_addresses_are_nobodys_whatever_a_list_says(plant: Plant) -> None:
    plant.site.put("/lines", LINES + "10.20.0.0/16\n192.168.0.0/16\n")

    assert plant.update().returncode == 0
    assert plant.tables().lookup("10.20.1.1").cloud_provider is None


def test_a_disk_without_room_is_one_line_and_nothing_is_left_half_done(plant: Plant) -> None:
    before = sorted(plant.data.rglob("*"))
    done = plant.update(room=500)

    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        f"kwel: cannot write to {plant.data}: File too large; set KWEL_DATA_DIR to another folder"
    ]
    assert sorted(plant.data.rglob("*")) == before


def test_a_pack_carries_an_edition_to_a_site_without_internet(plant: Plant) -> None:
    key, packed, away = plant.folder / "key.pem", plant.folder / "pack.zip", plant.folder / "away"
    assert plant.run("data", "key", str(key)).returncode == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert plant.run("data", "key", str(key)).returncode == 3, "a key is never replaced"
    done = plant.update("--bundle", str(packed), "--sign", str(key))
    assert (done.returncode, done.stderr) == (0, "")
    plant.site.files.clear()

    done = plant.run("update", "--bundle", str(packed), "--trust", f"{key}.pub", data=away)

    assert (done.returncode, done.stderr) == (0, "")
    here, there = (editions.editions(folder)[-1] for folder in (plant.data, away))
    assert here.manifest == there.manifest
    assert (here.root / CLOUD).read_bytes() == (there.root / CLOUD).read_bytes()


@pytest.fixture
def packed(plant: Plant) -> tuple[Path, Path]:
    """Return a pack and the public key of whoever signed it."""
    key = plant.folder / "key.pem"
    public = pack.new_key(key)
    edition = editions.editions(plant.data)[-1]
    files = {name: (edition.root / name).read_bytes() for name in ("tables.toml", CLOUD)}
    path = plant.folder / "pack.zip"
    path.write_bytes(pack.write(files, key))
    assert pack.read(path, public) == files
    return path, public


def rewritten(path: Path, change: dict[str, bytes | None]) -> None:
    with zipfile.ZipFile(path) as archive:
        files: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**files, **change}.items():
            if data is not None:
                archive.writestr(name, data)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({CLOUD: b"other"}, "other files than those that were signed"),
        ({CLOUD: None}, "other files than those that were signed"),
        ({"SHA256SUMS": b"0000  cloud.mmdb\n"}, "not signed with"),
        ({"SHA256SUMS": None}, "not a data pack"),
        ({"SHA256SUMS.sig": b"x" * 64}, "not signed with"),
        ({"SHA256SUMS.sig": b""}, "not signed with"),
        ({"../../etc/cron.d/x": b"*"}, "no table of this version"),
        ({"asn.mmdb": b"x"}, "other files than those that were signed"),
    ],
)
def test_a_pack_that_was_tampered_with_is_refused(
    packed: tuple[Path, Path], change: dict[str, bytes | None], why: str
) -> None:
    rewritten(packed[0], change)

    with pytest.raises(FeedError, match=why):
        pack.read(*packed)


def test_a_pack_that_another_signed_is_refused(plant: Plant, packed: tuple[Path, Path]) -> None:
    other = pack.new_key(plant.folder / "other.pem")

    with pytest.raises(FeedError, match="not signed with"):
        pack.read(packed[0], other)
    with pytest.raises(FeedError, match="no public key"):
        pack.read(packed[0], plant.folder / "other.pem")


@pytest.mark.parametrize("size", [0, 1, 30, 200])
def test_a_pack_cut_short_is_refused(packed: tuple[Path, Path], size: int) -> None:
    with packed[0].open("r+b") as file:
        file.truncate(size)

    with pytest.raises(FeedError, match="not a data pack"):
        pack.read(*packed)


def test_a_file_that_unpacks_without_end_is_refused(packed: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "MOST_BYTES", 1000)

    with pytest.raises(FeedError, match="longer than 1000 bytes"):
        pack.read(*packed)


def test_the_same_edition_and_key_give_the_same_pack(plant: Plant, packed: tuple[Path, Path]) -> None:
    files = pack.read(*packed)

    assert pack.write(files, plant.folder / "key.pem") == packed[0].read_bytes()


def test_options_that_contradict_are_explained(plant: Plant) -> None:
    for args in (["--sign", "k"], ["--bundle", "b"], ["--bundle", "b", "--sign", "k", "--trust", "k"]):
        done = plant.run("update", *args)
        assert done.returncode == 2
        assert "--bundle" in done.stderr


def test_an_edition_that_cannot_be_read_is_named_and_not_passed_over(plant: Plant) -> None:
    (plant.data / "2026-11-30").mkdir()
    with pytest.raises(TableError, match=r"2026-11-30: .*remove that folder"):
        editions.editions(plant.data)
    done = plant.run("data")
    assert done.returncode == 3
    assert "2026-11-30" in done.stderr


def test_old_tables_fail_where_the_user_says_how_old_they_may_be(plant: Plant) -> None:
    assert plant.run("data", "--max-age", "0").returncode == 4
    assert plant.run("data", "--max-age", "100000").returncode == 0
