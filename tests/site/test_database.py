"""A user's own database of addresses is evidence under its own name, never decides, and cannot do harm."""

from __future__ import annotations

import ipaddress
import random
from typing import TYPE_CHECKING, Any

import pytest

from kwel.attribution.attribute import Attributor
from kwel.attribution.feeds import mmdb
from kwel.attribution.overrides import Overruled
from kwel.model.claims import Grade
from kwel.model.site import AddressSaid
from kwel.site import SiteError, load
from kwel.site.database import open_database, said_of
from tests.attribution.test_attribute import BOOK, FACTS, Stub, kinds

if TYPE_CHECKING:
    from pathlib import Path

NESTED = {"country": {"iso_code": "NL", "names": {"en": "Netherlands"}}, "city": {"names": {"en": "Delft"}}}
NETWORK = {"autonomous_system_number": 64500, "autonomous_system_organization": "Somebody"}
FLAT = {"country": "NL", "city": "Delft", "asn": "AS64500", "as_name": "Somebody"}
LITE = {"country": "Netherlands", "country_code": "NL", "asn": "AS64500", "as_name": "Somebody"}
PROXIES = {"is_anonymous": 1, "is_hosting_provider": 1}


def write(path: Path, *rows: tuple[str, dict[str, Any]], kind: str = "Test-City") -> Path:
    """Write a database; later prefixes come later in the address space."""
    records = [record for _, record in rows]
    networks = [ipaddress.ip_network(prefix) for prefix, _ in rows]
    ranges = [mmdb.Range(int(of[0]), int(of[-1]), number) for number, of in enumerate(networks)]
    path.write_bytes(mmdb.write(ranges, records, kind, "a test", 1_780_000_000))
    return path


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (NESTED, AddressSaid("NL", "Delft")),
        (NETWORK, AddressSaid(None, None, 64500, "Somebody")),
        (FLAT, AddressSaid("NL", "Delft", 64500, "Somebody")),
        (LITE, AddressSaid("NL", None, 64500, "Somebody")),
        ({"asn": "AS64500", "name": "Somebody", "domain": "x.example"}, AddressSaid(None, None, 64500, "Somebody")),
        ({"registered_country": {"iso_code": "US"}}, AddressSaid()),
        ({"country": "nl", "city": 7, "asn": "64500x", "as_name": "Somebody"}, AddressSaid()),
        ({"country": {"iso_code": ["NL"]}, "city": {"names": "x"}, "asn": True, 3: 4}, AddressSaid(None, None)),
        ({"asn": 1 << 32, "city": "x" * 1000}, AddressSaid(None, "x" * 300)),
        (PROXIES, AddressSaid()),
    ],
)
def test_every_spelling_of_a_record_is_read_and_all_else_says_nothing(
    record: dict[Any, Any], said: AddressSaid
) -> None:
    assert said_of(record) == said


def test_a_database_says_what_it_is_and_what_it_holds(tmp_path: Path) -> None:
    database = open_database(write(tmp_path / "city.mmdb", ("1.1.1.0/24", NESTED), ("51.68.0.0/16", NESTED)))

    assert (database.info.file, database.info.kind, database.info.date) == ("city.mmdb", "Test-City", "2026-05-28")
    assert database.info.source == "city.mmdb, 2026-05-28"
    assert database.look("51.68.44.12").country == "NL"
    assert database.look("52.0.0.1") == database.look("2001:db8::1") == AddressSaid()
    assert database.unread == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "damaged, or not in MaxMind DB format"),
        (b"PK\x03\x04 a zip file", "damaged, or not in MaxMind DB format"),
        (b"x" * 4096 + mmdb.MARKER + b"\xe0", "damaged, or not in MaxMind DB format"),
        (None, "No such file or directory; name a file in MaxMind DB format"),
    ],
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "city.mmdb"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SiteError, match=why) as raised:
        open_database(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_a_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "proxies.mmdb", ("1.0.0.0/8", PROXIES))

    with pytest.raises(SiteError, match="a database of another kind, with 'is_anonymous', 'is_hosting_provider'"):
        open_database(path)


def test_a_damaged_database_is_refused_or_says_nothing_and_ends_soon(tmp_path: Path) -> None:
    whole = write(
        tmp_path / "city.mmdb", ("1.0.0.0/8", NESTED), ("2.0.0.0/7", FLAT), ("8.0.0.0/5", NETWORK)
    ).read_bytes()
    draw, path, refused = random.Random(4), tmp_path / "damaged.mmdb", 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 8)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(data[: draw.randint(1, len(data))] if draw.random() < 0.3 else data)
        try:
            database = open_database(path)
        except SiteError:
            refused += 1
            continue
        for address in ("1.1.1.1", "3.3.3.3", "9.9.9.9", "2001:db8::1"):
            database.look(address)

    assert 0 < refused < 300


def site_with(folder: Path, *rows: tuple[str, dict[str, Any]], more: str = "") -> Overruled:
    write(folder / "own.mmdb", *rows)
    (folder / "site.toml").write_text(f'{more}\n[[databases]]\nfile = "own.mmdb"\n', encoding="utf-8")
    return Overruled(Attributor(BOOK, Stub()), BOOK, load(folder / "site.toml", BOOK), "2026-11-24")


def test_a_place_that_only_the_users_database_knows_is_grade_d_and_decides_nothing(tmp_path: Path) -> None:
    everywhere = site_with(tmp_path, ("0.0.0.0/1", FLAT), ("128.0.0.0/1", FLAT))
    plain = Attributor(BOOK, Stub())
    for address in FACTS:
        before, found = plain(address, None), everywhere(address, None)
        outcome = everywhere.outcome(everywhere.network(address, None), everywhere.meaning(None))

        assert (found.verdict, outcome.verdict) == (before.verdict, before.verdict), address
        assert outcome.location == (found.location.value if found.location else None)
        if before.location is None and not before.anycast:
            assert found.location is not None
            assert (found.location.value, found.location.grade) == ("NL", Grade.D)
            assert found.location.evidence[0].source == "own.mmdb, 2026-05-28"
        else:
            assert found.location == before.location


def test_what_differs_from_better_evidence_is_rejected_under_the_name_of_the_database(tmp_path: Path) -> None:
    found = site_with(tmp_path, ("52.57.0.0/16", FLAT))("52.57.120.30", None)
    told = {step.kind: step for step in found.rejected}

    assert dict(told["site-geolocation-against-place"].values) == {
        "country": "NL",
        "city": "Delft",
        "place": "Frankfurt (DE)",
        "database": "Test-City",
    }
    network = site_with(tmp_path, ("116.202.0.0/16", NETWORK))("116.202.40.7", None)
    assert "site-asn-against-asn" in kinds(network.rejected)
    assert all(
        tuple(key for key, _ in step.values) == BOOK.vocabulary.evidence[step.kind]
        for step in (*found.evidence, *found.rejected, *network.evidence, *network.rejected)
    )


def test_an_operator_that_only_the_database_knows_is_grade_d(tmp_path: Path) -> None:
    found = site_with(tmp_path, ("203.0.113.0/24", NETWORK))("203.0.113.1", None)

    assert found.operator is not None
    assert (found.operator.value, found.operator.grade, found.operator_id) == ("Somebody", Grade.D, None)
    assert (found.verdict.value, found.reason) == ("unknown", "operator-without-rule")
    assert dict(found.evidence[-1].values)["reason"] == "operator-without-rule"
