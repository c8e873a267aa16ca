"""Look-ups in the shipped tables, held against the providers' lists; and tables that are not whole."""

from __future__ import annotations

import gzip
import importlib.metadata
import ipaddress
import re
import shutil
import tomllib
import zipfile
import zlib
from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import msgpack
import pytest

from kwel import rulebook
from kwel.attribution.attribute import Attributor
from kwel.attribution.tables import AddressFacts, TableError, Tables

DATA = Path(str(files("kwel.rules") / "data"))
TOOLS = Path(__file__).parents[2] / "tools"
NOTHING = AddressFacts()


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables.open()


@pytest.mark.parametrize(
    ("address", "provider", "region"),
    [
        ("13.69.64.110", "azure", "westeurope"),
        ("20.60.222.10", "azure", "westeurope"),
        ("20.189.173.11", "azure", "westus"),
        ("52.18.10.21", "aws", "eu-west-1"),
        ("52.57.120.30", "aws", "eu-central-1"),
        ("3.88.101.55", "aws", "us-east-1"),
        ("2a05:d018:76c::21", "aws", "eu-west-1"),
        ("13.32.0.1", "aws", "global"),
        ("104.18.22.45", "cloudflare", None),
        ("2606:4700::1111", "cloudflare", None),
    ],
)
def test_an_address_in_a_published_range_has_its_provider_and_region(
    tables: Tables, address: str, provider: str, region: str | None
) -> None:
    facts = tables.lookup(address)

    assert (facts.cloud_provider, facts.region) == (provider, region)
    assert facts.cloud_prefix is not None
    assert ipaddress.ip_address(address) in ipaddress.ip_network(facts.cloud_prefix)


@pytest.mark.parametrize(
    ("address", "asn", "organisation"),
    [
        ("8.8.8.8", 15169, "Google"),
        ("116.202.40.7", 24940, "Hetzner"),
        ("51.68.44.12", 16276, "OVH"),
        ("47.91.80.20", 45102, "Alibaba"),
        ("163.172.208.9", 12876, "Scaleway"),
        ("80.158.20.14", 6878, "T-Systems"),
        ("52.97.133.210", 8075, "Microsoft"),
        ("2a00:1450:400e:811::2004", 15169, "Google"),
        ("2001:41d0:700:1::12", 16276, "OVH"),
        ("2a01:4f8:241:5::7", 24940, "Hetzner"),
    ],
)
def test_an_address_has_the_network_that_announces_it(
    tables: Tables, address: str, asn: int, organisation: str
) -> None:
    facts = tables.lookup(address)

    assert facts.asn == asn
    assert facts.as_org is not None
    assert organisation in facts.as_org


def test_the_evidence_names_the_prefix_as_it_is_published(tables: Tables) -> None:
    facts = tables.lookup("13.69.64.110")

    assert facts.cloud_prefix == "13.69.0.0/17"
    assert facts.services == ("AZURECLOUD", "SQLMANAGEMENT")


def test_registration_and_geolocation_are_kept_apart(tables: Tables) -> None:
    facts = tables.lookup("52.57.120.30")

    assert (facts.as_country, facts.country) == ("US", "DE")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.16.0.1", "172.31.255.255",
        "192.0.2.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.51.100.7", "203.0.113.7",
        "224.0.0.251", "239.255.255.250", "255.255.255.255",
        "::", "::1", "64:ff9b::a00:1", "fd00::1", "fe80::1", "ff02::fb", "2001:db8::1", "2002:808:808::1",
    ],
)  # fmt: skip
def test_an_address_of_nobody_on_the_internet_gives_nothing(tables: Tables, address: str) -> None:
    assert tables.lookup(address) == NOTHING


def test_an_ipv4_address_in_ipv6_clothing_is_the_same_address(tables: Tables) -> None:
    assert tables.lookup("::ffff:13.69.64.110") == tables.lookup("13.69.64.110")


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.3.4.5", "host.example", "1.2.3.4/8", "fe80::1%eth0", "é", "1\x00"])
def test_what_is_no_address_is_refused_in_one_line(tables: Tables, text: str) -> None:
    with pytest.raises(ValueError, match="not an IP address"):
        tables.lookup(text)


def test_an_answer_is_remembered(tables: Tables) -> None:
    assert tables.lookup("8.8.8.8") is tables.lookup("8.8.8.8")


def test_every_table_says_where_it_comes_from(tables: Tables) -> None:
    infos = {info.name: info for info in tables.infos()}

    assert set(infos) == {"cloud.mmdb", "asn.mmdb", "country.mmdb", "oui.tsv"}
    assert all(info.source and info.licence and info.rows > 1000 and len(info.date) == 10 for info in infos.values())


class Row(NamedTuple):
    provider: str
    region: str | None
    services: frozenset[str]


Feed = dict[tuple[int, int, int], Row]
"""By family, prefix length and network: what all rows of that prefix say together."""


@pytest.fixture(scope="module")
def feed() -> Feed:
    """The list that the shipped table was made of, read anew and without the tool."""
    manifest = tomllib.loads((DATA / "tables.toml").read_text(encoding="utf-8"))
    package, version, _ = manifest["cloud.mmdb"]["inputs"][0].split()
    found = importlib.metadata.distribution(package)  # of the test extra
    if found.version != version:
        pytest.skip(f"{package} {found.version} is not the {version} that the table was made of")
    data: Any = msgpack.unpackb(
        gzip.decompress(Path(str(found.locate_file("cloudip/data/cloudip.msgpack.gz"))).read_bytes())
    )
    ids = tomllib.loads((TOOLS / "build_tables.toml").read_text(encoding="utf-8"))["providers"]
    rows: Feed = {}
    for entry in data["ranges"]:
        network = ipaddress.ip_network(entry["cidr"])
        region = entry.get("r") or None
        tags = {tag.rsplit(".", 1)[0] if region else tag for tag in entry.get("s", "").split(",") if tag}
        key = (network.version, network.prefixlen, int(network[0]))
        before = rows.get(key, Row("", None, frozenset()))
        rows[key] = Row(ids[data["providers"][entry["p"]]], before.region or region, before.services | tags)
    return rows


def covering(feed: Feed, lengths: dict[int, list[int]], version: int, address: int) -> list[tuple[int, Row]]:
    """Return all prefixes around *address*, the longest first."""
    bits = 32 if version == 4 else 128
    keys = ((version, length, address >> (bits - length) << (bits - length)) for length in lengths[version])
    return [(key[1], feed[key]) for key in keys if key in feed]


@pytest.mark.slow
def test_every_published_prefix_is_found_at_both_ends(tables: Tables, feed: Feed) -> None:
    lengths: defaultdict[int, list[int]] = defaultdict(list)
    for version, length in sorted({key[:2] for key in feed}, reverse=True):
        lengths[version].append(length)
    for version, length, network in feed:
        size = 1 << ((32 if version == 4 else 128) - length)
        for address in {network, network + size - 1}:
            around = covering(feed, lengths, version, address)
            placed = [(n, row) for n, row in around if row.region and row.region.lower() != "global"]
            everywhere = "global" if any(row.region for _, row in around) else None
            text = str(ipaddress.IPv4Address(address) if version == 4 else ipaddress.IPv6Address(address))
            facts = tables.lookup(text)

            assert facts.cloud_provider == around[0][1].provider, text
            assert facts.region == (placed[0][1].region if placed else everywhere), text
            assert facts.services == tuple(sorted(set().union(*(row.services for _, row in around)))), text
            assert str(facts.cloud_prefix).endswith(f"/{(placed or around)[0][0]}"), text


@pytest.mark.slow
def test_every_published_prefix_has_the_operator_and_the_place_of_the_rules(tables: Tables, feed: Feed) -> None:
    book = rulebook.load()
    attributor = Attributor(book, tables)
    owners = {
        (claim.provider, region): operator
        for operator in book.operators.values()
        for claim in operator.ranges
        for region in claim.regions or (None,)
    }
    for version, length, network in feed:
        size = 1 << ((32 if version == 4 else 128) - length)
        for address in {network, network + size - 1}:
            text = str(ipaddress.IPv4Address(address) if version == 4 else ipaddress.IPv6Address(address))
            facts, found = tables.lookup(text), attributor.attribute(text, None)
            owner = owners.get((str(facts.cloud_provider), facts.region)) or owners[str(facts.cloud_provider), None]
            assert found.operator_id == owner.id, text
            place = book.regions.get(owner.regions, {}).get(facts.region or "")
            in_a_zone = "zone-against-region" in {step.kind for step in found.rejected}
            if place is not None and not found.anycast and not in_a_zone:
                assert found.location is not None, text
                assert found.location.value == place.country, text


def test_every_documented_prefix_has_its_operator_at_both_ends(tables: Tables) -> None:
    book = rulebook.load()
    attributor = Attributor(book, tables)
    for operator in book.operators.values():
        for prefix in operator.prefixes:
            network = ipaddress.ip_network(prefix)
            for address in (network[0], network[-1]):
                found = attributor.attribute(str(address), None)
                assert found.operator_id == operator.id, (prefix, address)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped tables, to be damaged."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


@pytest.mark.parametrize("name", ["cloud.mmdb", "asn.mmdb", "country.mmdb", "tables.toml"])
def test_a_missing_table_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()

    with pytest.raises(TableError, match=rf"^data table {name}: .*make data"):
        Tables.open(copied)


@pytest.mark.parametrize("size", [0, 1, 14, 1000, 100_000])
def test_a_table_cut_short_is_named(copied: Path, size: int) -> None:
    with (copied / "country.mmdb").open("r+b") as file:
        file.truncate(size)

    with pytest.raises(TableError, match=rf"country\.mmdb: damaged: {size} bytes"):
        Tables.open(copied)


@pytest.mark.parametrize("position", [0, 1, 1000, -1000, -1])
def test_a_single_damaged_bit_never_reaches_the_reader(copied: Path, position: int) -> None:
    data = bytearray((copied / "asn.mmdb").read_bytes())
    data[position] ^= 1
    (copied / "asn.mmdb").write_bytes(data)

    with pytest.raises(TableError, match=r"asn\.mmdb: damaged"):
        Tables.open(copied)


@pytest.mark.parametrize(
    "junk", [b"", bytes(100), b"\xab\xcd\xefMaxMind.com", b"\xab\xcd\xefMaxMind.com" + b"\xff" * 99]
)
def test_a_file_that_is_no_table_is_named(copied: Path, junk: bytes) -> None:
    (copied / "asn.mmdb").write_bytes(junk)
    manifest = copied / "tables.toml"
    manifest.write_text(re.sub(r"crc32 = \S+", f"crc32 = {zlib.crc32(junk)}", manifest.read_text()))
    shutil.copy(copied / "asn.mmdb", copied / "cloud.mmdb")

    with pytest.raises(TableError, match=r"cloud\.mmdb"):
        Tables.open(copied)


def test_a_folder_in_place_of_a_table_is_named(copied: Path) -> None:
    (copied / "asn.mmdb").unlink()
    (copied / "asn.mmdb").mkdir()

    with pytest.raises(TableError, match=r"asn\.mmdb"):
        Tables.open(copied)


@pytest.mark.parametrize(
    "text", ["", "not toml", '["cloud.mmdb"]\nbytes = "many"', "cloud = 1", '"cloud.mmdb" = 3', "\x00"]
)
def test_a_manifest_that_says_nothing_usable_is_an_error(copied: Path, text: str) -> None:
    (copied / "tables.toml").write_text(text)

    with pytest.raises(TableError, match=r"^data table"):
        Tables.open(copied)


class Holding(dict[str, tuple[object, int]]):
    """A table by address: the record and the length of the network that it holds for."""

    def get_with_prefix_len(self, address: str, /) -> tuple[object, int]:
        return self.get(address, (None, 32))


def holding(cloud: dict[str, tuple[object, int]]) -> Tables:
    readers = {"cloud.mmdb": Holding(cloud), "asn.mmdb": Holding(), "country.mmdb": Holding()}
    return Tables(readers, RuntimeError, ())


def test_networks_that_the_table_joins_keep_the_prefix_that_was_published() -> None:
    record = {"provider": "aws", "prefix_length": 25}
    tables = holding({"192.0.2.1": (record, 24), "192.0.2.129": (record, 24)})

    found = [tables.lookup(address).cloud_prefix for address in ("192.0.2.1", "192.0.2.129")]

    assert found == ["192.0.2.0/25", "192.0.2.128/25"]


def test_what_holds_for_an_ipv6_network_holds_for_no_ipv4_address() -> None:
    tables = holding({"::1": ({"provider": "aws", "prefix_length": 8}, 8)})

    assert tables.lookup("::1").cloud_provider == "aws"
    assert tables.lookup("::7").cloud_provider == "aws"
    assert tables.lookup("192.0.2.1").cloud_provider is None


@pytest.mark.parametrize(
    "record",
    [
        3,
        "text",
        {"provider": 3},
        {"region": ["here"]},
        {"prefix_length": "16"},
        {"prefix_length": 33},
        {"services": "S3"},
        {"services": [3]},
    ],
)
def test_a_record_of_another_shape_is_an_error(record: object) -> None:
    with pytest.raises(TableError, match="make data"):
        holding({"192.0.2.1": (record, 32)}).lookup("192.0.2.1")


def test_a_reader_that_finds_damage_is_an_error() -> None:
    class Damaged:
        def get_with_prefix_len(self, _: str, /) -> tuple[object, int]:
            raise RuntimeError("bad data")

    with pytest.raises(TableError, match=r"cloud\.mmdb: bad data"):
        Tables({"cloud.mmdb": Damaged()}, RuntimeError, ()).lookup("192.0.2.1")


def test_tables_in_a_zip_archive_can_be_read(tmp_path: Path, tables: Tables) -> None:
    archive = tmp_path / "kwel.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in DATA.iterdir():
            packed.write(file, f"data/{file.name}")

    with zipfile.ZipFile(archive) as packed:
        assert Tables.open(zipfile.Path(packed, "data/")).lookup("8.8.8.8") == tables.lookup("8.8.8.8")
