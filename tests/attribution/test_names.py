"""Names count on label boundaries, and places only where an operator writes them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel import rulebook
from kwel.attribution.names import NOTHING, NameReader, misplaced

BOOK = rulebook.load()
READER = NameReader(BOOK)
RULES = Path(__file__).parents[2] / "rules"
LABELS = sorted(
    {
        *(part for o in BOOK.operators.values() for d in o.domains for part in (d, *d.split("."))),
        *(name.replace("{region}", "westeurope") for service in BOOK.services for name in service.names),
        *("eu-west-1", "a", ""),
    }
)


def operator_of(name: str | None, *chain: str) -> str | None:
    operator = READER.read(name, chain).operator
    return operator.id if operator else None


def place_of(name: str | None, *chain: str) -> tuple[str, str] | None:
    place = READER.read(name, chain).place
    return (place.region.country, place.suffix) if place else None


@pytest.mark.parametrize("name", ["S3.EU-West-1.AmazonAWS.com", "s3.eu-west-1.amazonaws.com."])
def test_case_and_a_closing_dot_make_no_difference(name: str) -> None:
    assert READER.read(name) is READER.read("s3.eu-west-1.amazonaws.com")


def test_the_end_of_the_chain_is_the_host() -> None:
    assert operator_of("www.vendor.example", "lb.vendor.example", "x.eu-west-1.elb.amazonaws.com") == "aws"
    assert operator_of("download.windowsupdate.com", "x.edgesuite.net", "a1.dspw65.akamai.net") == "akamai"


def test_an_end_that_no_rule_knows_leaves_the_host_to_the_names_before_it() -> None:
    assert operator_of("x.amazonaws.com", "mystery.example") == "aws"


def test_an_application_within_a_platform_is_told_by_the_name_asked_for() -> None:
    assert operator_of("login.microsoftonline.com", "www.tm.prod.aadmsa.trafficmanager.net") == "microsoft-365"
    assert operator_of("time.windows.com", "twc.trafficmanager.net") == "azure"


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("plant.s3.eu-central-1.amazonaws.com", "DE"),
        ("s3-eu-west-3.amazonaws.com", "FR"),
        ("x.westeurope.cloudapp.azure.com", "NL"),
        ("blob.ams09prdstr05a.store.core.windows.net", "NL"),
        ("AMS-efz.ms-acdc.office.com", "NL"),
        ("backup.s3.nl-ams.scw.cloud", "NL"),
        ("sos-at-vie-1.exo.io", "AT"),
        ("objectstorage.eu-frankfurt-1.oraclecloud.com", "DE"),
    ],
)
def test_a_place_is_read_where_the_operator_writes_it(name: str, country: str) -> None:
    place = place_of(name)

    assert place is not None
    assert place[0] == country


@pytest.mark.parametrize(
    "name",
    [
        "shop-westeurope.azurewebsites.net",  # chosen by the customer
        "westeurope.azurewebsites.net",
        "plant-am-01.cloudapp.net",
        "eu-central-1.vendor.example",
        "historian.hz-fsn1.example",
        "amsterdam09.store.core.windows.net",
        "nowhere-1.amazonaws.com",
    ],
)
def test_what_a_customer_writes_into_a_name_is_no_place(name: str) -> None:
    assert place_of(name) is None


def test_a_place_may_stand_in_any_name_of_the_chain() -> None:
    assert place_of("outlook.office365.com", "AMS-efz.ms-acdc.office.com") == ("NL", "ms-acdc.office.com")


def test_the_service_is_that_of_the_name_asked_for() -> None:
    read = READER.read("eu.hik-connect.com", ("lb.eu-central-1.elb.amazonaws.com",))

    assert read.service is not None
    assert (read.service.vendor, read.service_suffix) == ("Hikvision", "hik-connect.com")
    assert READER.read("www.vendor.example", ("hub.azure-devices.net",)).service is None


def test_the_longest_suffix_names_the_service() -> None:
    assert READER.read("cnm-ih-na.azure-devices.net").service is not READER.read("x.azure-devices.net").service


def test_names_of_which_the_same_is_known_are_answered_with_one_object() -> None:
    assert READER.read("a.blob.core.windows.net") is READER.read("b.blob.core.windows.net")
    assert READER.read("a.example", ("b.example",)) is READER.read(None)
    assert READER.read(None) == NOTHING


@given(st.one_of(st.text(), st.text(alphabet="a.-_{}*").map(lambda text: text + ".amazonaws.com")))
def test_whatever_the_wire_calls_a_name_there_is_an_answer(name: str) -> None:
    READER.read(name, (name, name))


def test_a_name_longer_than_a_name_may_be_means_nothing() -> None:
    assert READER.read("a." * 40_000 + "amazonaws.com") == NOTHING


@given(st.lists(st.sampled_from(LABELS), min_size=1, max_size=5).map(".".join))
def test_a_remembered_parent_says_the_same_as_the_rulebook(name: str) -> None:
    found = READER.read(name)
    name = name.rstrip(".")

    assert (found.operator and (found.operator, found.suffix)) == BOOK.operator_of(name)
    assert (found.service and (found.service, found.service_suffix)) == BOOK.service_of(name)


def test_a_name_of_nothing_but_dots_is_nobody() -> None:
    assert NameReader(BOOK).read("." * 250 + "x") is not None
    assert operator_of("." * 253) is None


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("shop-a5eff0dabmhwfphu.westeurope-01.azurewebsites.net", "westeurope"),
        ("eastus2-3.in.applicationinsights.azure.com", "eastus2"),  # the longest id that leaves what must follow
        ("cr2.westeurope1-a.control.database.windows.net", "westeurope"),
        ("twin.api.weu.digitaltwins.azure.net", "westeurope"),
        ("cluster.abc.0001.euc1.cache.amazonaws.com", "eu-central-1"),
    ],
)
def test_digits_may_follow_a_region_and_a_short_code_may_stand_for_it(name: str, region: str) -> None:
    place = READER.read(name).place

    assert place is not None
    assert (place.kind, place.region.id) == ("region-in-name", region)


@pytest.mark.parametrize(
    "name",
    [
        "x.westeurope-.azurewebsites.net",
        "x.westeurope-1a.azurewebsites.net",
        "euc1.s3.amazonaws.com",  # a code, and not where ElastiCache writes it
        "twin.api.euc1.digitaltwins.azure.net",  # a code of another operator
        "x.euw1.cache.amazonaws.com.vendor.example",
    ],
)
def test_a_token_counts_only_under_the_suffix_of_the_operator_whose_it_is(name: str) -> None:
    assert place_of(name) is None


def test_examples_of_places_are_held_against_the_rules(tmp_path: Path) -> None:
    copy = tmp_path / "rules"
    shutil.copytree(RULES, copy, ignore=shutil.ignore_patterns("data", "*.py"))
    file = copy / "operators" / "scaleway.toml"
    file.write_text(file.read_text().replace('"backup.s3.nl-ams.scw.cloud" = "nl-ams"', '"x.scw.cloud" = "nl-ams"'))

    assert misplaced() == []
    assert misplaced(copy) == ["operators/scaleway.toml: examples.places: 'x.scw.cloud' tells no place"]
