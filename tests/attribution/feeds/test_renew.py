"""The tables of networks, places and vendors are made anew of all their lists, or stay as they were."""

from __future__ import annotations

import datetime
import gzip
import json
from typing import TYPE_CHECKING

import pytest

from kwel.attribution.feeds import lists
from kwel.attribution.feeds.fetch import Fetched
from kwel.attribution.feeds.formats import FeedError
from kwel.attribution.feeds.install import install
from kwel.attribution.feeds.update import Update, fetch_lists
from kwel.attribution.tables import ASN, CLOUD, COUNTRY, OUI
from tests.attribution.feeds.serving import COUNTRIES, GOOGLE, IEEE, IP2ASN, feeds_toml, tables_toml

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.attribution.editions import Edition
    from kwel.attribution.feeds.renew import Outcome

DAY = datetime.date(2026, 11, 25)
LISTS = {
    "iptoasn": gzip.compress(IP2ASN.encode()),
    "dbip-2026-11": gzip.compress(COUNTRIES.encode()),
    "ieee-l": IEEE.encode(),
    "ieee-s": IEEE.encode(),
    "google": json.dumps({**GOOGLE, "prefixes": [*GOOGLE["prefixes"], {"ipv4Prefix": "142.250.0.0/15"}]}).encode(),
    "cloud": json.dumps(GOOGLE).encode(),
}
ROOT = "https://lists.example"


class Web:
    """What lies where."""

    def __init__(self, **changed: bytes | None) -> None:
        self.files = {**LISTS, **{name.replace("_", "-"): data for name, data in changed.items()}}
        self.asked: list[str] = []

    def __call__(self, url: str, most_bytes: int) -> Fetched:
        self.asked.append(url)
        data = self.files.get(url.rpartition("/")[2])
        if data is None:
            raise FeedError("the server answers 404")
        return Fetched(data, url, "Mon, 23 Nov 2026 04:00:00 GMT")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    served = {
        "google-cloud": ("google-cloud", "google-ip-ranges", f"{ROOT}/cloud"),
        "google": ("google", "google-ip-ranges", f"{ROOT}/google"),
    }
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "feeds.toml").write_text(feeds_toml(served, minus="google-cloud") + tables_toml(ROOT))
    return folder


@pytest.fixture
def before(tmp_path: Path) -> list[Edition]:
    """An edition with the same content, made without comparison."""
    from kwel.attribution.editions import Edition
    from kwel.attribution.feeds import registers
    from kwel.attribution.feeds.install import Made, manifest_of
    from kwel.attribution.tables import read_manifest

    rows = registers.stretches("ip2asn", IP2ASN.encode())
    places = registers.stretches("range-countries", COUNTRIES.encode())
    vendors = registers.vendors(IEEE.encode())
    files = {
        CLOUD: registers.database(registers.Content([], [], 0), "k", "a", DAY),
        ASN: registers.database(registers.networks(rows, (), ("EU",)), "k", "a", DAY),
        COUNTRY: registers.database(registers.places(places, (), ("EU",)), "k", "a", DAY),
        OUI: registers.vendor_table(vendors, ("IEEE Registration Authority", "Private"))[0],
    }
    made = [Made(name, data, "a", "s", "l", "2026-11-01", 1, ()) for name, data in files.items()]
    root = install(tmp_path / "editions", {"tables.toml": manifest_of(made).encode(), **files}, DAY)
    return [Edition("before", root, read_manifest(root))]


def update(rules: Path, before: list[Edition], web: Web, *only: str) -> tuple[Update, list[Outcome]]:
    said: list[Outcome] = []
    return fetch_lists(lists.load(rules), web, before, DAY, said.append, only), said


def test_every_table_is_made_anew_with_its_source_its_licence_and_its_date(
    rules: Path, before: list[Edition], tmp_path: Path
) -> None:
    from kwel.attribution.editions import editions, open_tables

    done, said = update(rules, before, Web())

    assert set(done.files) == {"tables.toml", CLOUD, ASN, COUNTRY, OUI}
    assert not [outcome for outcome in said if outcome.problem]
    install(tmp_path / "new", done.files, DAY)
    tables = open_tables(None, editions(tmp_path / "new")[1:])
    facts = tables.lookup("198.51.7.7")
    assert (facts.asn, facts.as_org, facts.as_country, facts.country) == (
        64500, "EXAMPLE-NET Example B.V.", "NL", "NL",
    )  # fmt: skip
    told = {info.name: info for info in tables.infos()}
    assert (told[ASN].source, told[ASN].licence, told[ASN].date) == ("a registry", "PDDL", "2026-11-23")
    assert (tables.folders[OUI] / OUI).read_text().startswith("001B1B\tSiemens AG\n")


def test_the_services_of_google_are_its_addresses_without_those_of_its_cloud(
    rules: Path, before: list[Edition], tmp_path: Path
) -> None:
    from kwel.attribution.editions import editions, open_tables

    done, _ = update(rules, before, Web())
    install(tmp_path / "new", done.files, DAY)
    found = open_tables(None, editions(tmp_path / "new")[1:])

    assert [found.lookup(a).cloud_provider for a in ("142.250.1.1", "34.90.0.1")] == ["google", "google-cloud"]


def test_without_the_list_of_the_cloud_there_is_none_of_the_services(rules: Path, before: list[Edition]) -> None:
    done, said = update(rules, before, Web(cloud=None), CLOUD)

    assert [outcome.problem for outcome in said if outcome.problem] == [
        "the server answers 404", "not without the list of google-cloud",
    ]  # fmt: skip
    assert done.files == {}


def test_only_what_is_asked_for_is_fetched(rules: Path, before: list[Edition]) -> None:
    web = Web()
    done, _ = update(rules, before, web, COUNTRY)

    assert set(done.files) == {"tables.toml", COUNTRY}
    assert web.asked == [f"{ROOT}/dbip-2026-11"]


def test_on_the_first_days_of_a_month_the_list_of_the_month_before_will_do(rules: Path, before: list[Edition]) -> None:
    web = Web(dbip_2026_11=None, dbip_2026_10=LISTS["dbip-2026-11"])
    done, _ = update(rules, before, web, COUNTRY)

    assert COUNTRY in done.files
    assert web.asked == [f"{ROOT}/dbip-2026-11", f"{ROOT}/dbip-2026-10"]


LESS = "\n".join(IP2ASN.splitlines()[3:])
OTHERS = IP2ASN.replace("64500", "64599").replace("64502", "64598").replace("64501", "64597")


@pytest.mark.parametrize(
    ("changed", "table", "why"),
    [
        ({"iptoasn": gzip.compress(LESS.encode())}, ASN, "more than half is gone"),
        ({"iptoasn": gzip.compress(OTHERS.encode())}, ASN, "agrees with the table before in 0 of 4 ranges"),
        ({"iptoasn": b"<html>maintenance</html>"}, ASN, "not in the format ip2asn"),
        ({"iptoasn": LISTS["iptoasn"][:-9]}, ASN, "cut off"),
        ({"iptoasn": None}, ASN, "answers 404"),
        ({"dbip_2026_11": None}, COUNTRY, "answers 404"),
        ({"dbip_2026_11": COUNTRIES.replace("NL", "KP").replace("DE", "KP").encode()}, COUNTRY, "agrees with"),
        ({"ieee_s": None}, OUI, "answers 404"),
        ({"ieee_l": b"Assignment,Organization Name\n001B1B,A\n", "ieee_s": b"Assignment,Organization Name\n001B1B,A\n"},
         OUI, "agrees with the table before in 0 of 1"),
    ],
)  # fmt: skip
def test_a_list_that_is_not_believed_leaves_its_table_as_it_was_and_the_others_are_made(
    rules: Path, before: list[Edition], changed: dict[str, bytes | None], table: str, why: str
) -> None:
    done, said = update(rules, before, Web(**changed))

    (problem,) = [outcome.problem for outcome in said if outcome.problem]
    assert why in problem
    assert set(done.files) == {"tables.toml", CLOUD, ASN, COUNTRY, OUI} - {table}


@pytest.mark.parametrize("told", ["", "soon", "Mon, 23 Nov 2099 04:00:00 GMT", "Mon, 23 Nov 1970 04:00:00 GMT"])
def test_a_date_that_cannot_be_is_today(rules: Path, before: list[Edition], told: str) -> None:
    web = Web()

    def fetch(url: str, most_bytes: int) -> Fetched:
        return web(url, most_bytes)._replace(modified=told)

    done = fetch_lists(lists.load(rules), fetch, before, DAY, only=(COUNTRY,))

    assert b'date = "2026-11-25"' in done.files["tables.toml"]
