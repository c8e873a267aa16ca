"""Light in fibre excludes places; a round trip never proves one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel import rulebook
from kwel.analysis import stages
from kwel.attribution.attribute import Attributor
from kwel.attribution.roundtrips import RoundTrips, apart
from kwel.model.claims import Evidence
from kwel.rulebook import places as placebook
from kwel.rulebook.places import Circle, parse_here
from kwel.site import SiteError, load
from tests.attribution.test_attribute import Stub

BOOK, CIRCLES = rulebook.load(), placebook.circles()
ATTRIBUTOR = Attributor(BOOK, Stub())
SAMPLES = Path(__file__).parents[2] / "sample_pcaps"
CITIES = {
    "NL": (52.37, 4.90), "DE": (50.11, 8.68), "IE": (53.35, -6.26), "US": (39.04, -77.49), "FI": (60.57, 27.19),
    "FR": (50.99, 2.13), "SG": (1.35, 103.82), "BR": (-23.55, -46.63), "GB": (51.51, -0.13), "AU": (-33.87, 151.21),
}  # fmt: skip
"""Places where hosts do stand: Amsterdam, Frankfurt, Dublin, Ashburn, Hamina, Gravelines, …"""


def excluded(here: str, rtt_us: int, name: str | None = None, address: str | None = None) -> dict[str, dict[str, str]]:
    steps = RoundTrips(BOOK, CIRCLES, here).excluded(ATTRIBUTOR.attribute(address, name), rtt_us)
    return {step.kind: dict(step.values) for step in steps}


def test_virginia_is_not_reached_from_the_netherlands_in_three_milliseconds() -> None:
    found = excluded("NL", 3_000, "x.s3.us-east-1.amazonaws.com")["round-trip-against-place"]

    assert found["place"] == "N. Virginia (US)"
    assert 4_500 < int(found["distance"]) < 6_200  # Amsterdam to Ashburn: 6,197 km
    assert (found["km"], found["trip"], found["here"]) == ("308", "0.003000", "NL")
    assert excluded("NL", 90_000, "x.s3.us-east-1.amazonaws.com") == {}


@pytest.mark.parametrize("country", sorted(CITIES))
@given(rtt=st.integers(1, 400_000))
def test_a_place_is_never_excluded_by_what_light_can_do(country: str, rtt: int) -> None:
    """From a city to a city, straight and without delay: whatever is shorter is excluded only if it cannot be."""
    latitude, longitude = CITIES[country]
    trips = RoundTrips(BOOK, CIRCLES, f"{latitude},{longitude}")
    seen = ATTRIBUTOR.attribute("13.69.64.110", None)
    for other, place in CITIES.items():
        assert seen.location is not None
        there = replace(seen, location=replace(seen.location, value=other), region=None)
        distance = apart(Circle(latitude, longitude, 0), Circle(*place, 0))
        if any(step.kind == "round-trip-against-place" for step in trips.excluded(there, rtt)):
            assert rtt / 2000 * CIRCLES.km_per_ms < distance


def test_a_neighbouring_country_is_not_excluded_and_one_of_two_places_is_enough() -> None:
    frankfurt = "x.s3.eu-central-1.amazonaws.com"  # a region called after a city: nearer than all of Germany
    assert "round-trip-against-place" in excluded("52.4,4.9", 1_000, frankfurt)
    assert excluded("52.4,4.9", 4_000, frankfurt) == {}
    assert excluded("NL", 1_000, frankfurt) == {}
    assert excluded("NL", 100, "x.westeurope.cloudapp.azure.com") == {}  # West Europe is in the Netherlands
    germany_or_finland = ATTRIBUTOR.attribute("95.217.1.1", None)
    assert RoundTrips(BOOK, CIRCLES, "NL").excluded(germany_or_finland, 1_000) == ()


def test_geolocation_is_contradicted_as_well_and_apart() -> None:
    seen = ATTRIBUTOR.attribute("13.69.64.110", None)
    step = Evidence(
        "looked-up", "geolocation-against-place", (("country", "US"), ("place", "NL")), source="country.mmdb"
    )
    steps = RoundTrips(BOOK, CIRCLES, "NL").excluded(replace(seen, rejected=(step,)), 2_000)

    assert [(one.kind, dict(one.values)["place"]) for one in steps] == [("round-trip-against-geolocation", "US")]


def test_what_is_at_many_places_or_at_none_is_not_excluded_though_geolocation_is() -> None:
    assert list(excluded("NL", 1, "www.google.com", "8.8.8.8")) == ["round-trip-against-geolocation"]
    assert excluded("NL", 1, "www.supplier.nl") == {}


def test_steps_are_in_the_vocabulary() -> None:
    for kind, values in excluded("NL", 3_000, "x.s3.us-east-1.amazonaws.com").items():
        assert tuple(values) == BOOK.vocabulary.evidence[kind]


@pytest.mark.parametrize("text", ["", "Mars", "NLD", "52.1", "95,5", "5,181", "nan,nan", "1,2,3"])
def test_what_is_no_place_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no place|not on the globe"):
        parse_here(text, CIRCLES)


def test_a_country_and_degrees_are_places() -> None:
    assert parse_here("nl", CIRCLES).label == "NL"
    assert parse_here(" 52.1, 5.1 ", CIRCLES).circles == (Circle(52.1, 5.1, 0),)


def test_every_country_of_the_blocs_has_its_circles_and_every_region_its_own() -> None:
    assert {member for bloc in BOOK.blocs.values() for member in bloc.members} <= set(CIRCLES.countries)
    for owner, places in CIRCLES.regions.items():
        for name, circle in places.items():
            country = CIRCLES.countries[BOOK.regions[owner][name].country]
            assert min(apart(circle, other) for other in country) == 0, (owner, name)


def test_a_capture_says_aloud_what_a_round_trip_contradicts() -> None:
    path = str(SAMPLES / "mixed_plant.pcapng")  # recorded in a laboratory: every host was microseconds away
    told = stages.analyse([path], stages.Options(here="NL"))
    silent = stages.analyse([path])

    kinds = [finding.kind for finding in told.findings]
    assert kinds.count("round-trip-against-place") == 3
    finding = next(
        one for one in told.findings if dict(one.values)["host"] == "3.88.101.55" and "trip" in dict(one.values)
    )
    assert dict(finding.values)["place"] == "N. Virginia (US)"
    rows = told.dependency_table.set_index("host")
    assert rows.place_excluded["3.88.101.55"]
    assert not rows.place_excluded["outlook.office365.com"]
    assert rows.verdict.equals(silent.dependency_table.set_index("host").verdict)  # no verdict rests on it
    assert "round-trip-against-place" not in [finding.kind for finding in silent.findings]
    answer = stages.explain("3.88.101.55", told)
    assert [step["where"] for step in answer["evidence"] if step["kind"] == "round-trip"] == ["mixed_plant.pcapng#476"]


def test_a_round_trip_to_a_proxy_is_none_to_the_host() -> None:
    told = stages.analyse([str(SAMPLES / "proxy_connect.pcap")], stages.Options(here="NL"))

    assert not told.dependencies.excluded.any()
    assert not told.dependencies.rtt_us[[not row.attribution.address for row in told.dependencies]].any()


def test_a_site_file_says_where_its_captures_are_made(tmp_path: Path) -> None:
    file, capture = tmp_path / "site.toml", str(SAMPLES / "mixed_plant.pcapng")
    file.write_text('here = "NL"\n')

    assert stages.analyse([capture], stages.Options(site=load(file))).dependencies.excluded.sum() == 3
    file.write_text('here = "Atlantis"\n')
    with pytest.raises(SiteError, match="here: 'Atlantis' is no place: write a country such as NL"):
        load(file)
