"""What a site file says goes before tables and rules, counts for less than a published range, and hides nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.attribution.attribute import Attributor
from kwel.attribution.explain import explain
from kwel.attribution.overrides import Overruled
from kwel.attribution.sitenames import Finder
from kwel.model.claims import Grade
from kwel.model.site import Override, Site
from kwel.model.verdicts import Verdict
from kwel.site import load
from tests.attribution.test_attribute import BOOK, FACTS, Stub, kinds

DAY = "2026-11-24"
SIGNED = 'author = "A. Author"\nreason = "contract"\ndate = 2026-01-20\n'
AWS, CLOUD = "52.57.120.30", "13.69.64.110"
OVERRIDES = f"""
domains = ["plant.example"]
[[tenants]]
name = "gw.azure-devices.net"
what = "line 1"
[[overrides]]
prefix = "52.57.0.0/16"
operator = "hetzner"
place = "DE"
{SIGNED}
[[overrides]]
domain = "supplier.example"
supplier = {{ name = "Maker", jurisdiction = "SE" }}
service = "Remote"
function = "remote-access"
{SIGNED}
[[overrides]]
host = "us.supplier.example"
supplier = {{ name = "Maker", jurisdiction = "SE", parent = {{ name = "Group", jurisdiction = "US" }} }}
{SIGNED}
[[overrides]]
domain = "old.example"
operator = {{ name = "Old", jurisdiction = "NL" }}
expires = 2026-06-30
{SIGNED}
[[overrides]]
prefix = "116.202.40.7/32"
operator = "hetzner"
{SIGNED}
[[overrides]]
prefix = "51.68.44.0/24"
place = "FR"
{SIGNED}
"""


def read(text: str) -> Site:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, BOOK)


PLAIN = Attributor(BOOK, Stub())


def overruled(text: str = OVERRIDES, day: str | None = DAY) -> Overruled:
    return Overruled(Attributor(BOOK, Stub()), BOOK, read(text), day)


SITE = overruled()


def test_an_override_goes_before_a_published_range_and_is_only_an_indication() -> None:
    before, found = PLAIN(AWS, None), SITE(AWS, None)

    assert before.verdict is Verdict.EU_LOCATED_ONLY
    assert (found.verdict, found.grade) == (Verdict.EU_INDICATED, Grade.C)
    assert found.operator is not None
    assert (found.operator_id, found.operator_jurisdiction, found.operator.grade) == ("hetzner", "DE", Grade.C)
    assert found.location is not None
    assert (found.location.grade, found.region, found.place) == (Grade.C, None, None)
    assert found.site is not None
    assert (found.site.overrides, found.site.without) == ((1,), before)


def test_the_sources_name_the_file_the_author_and_the_date() -> None:
    told = explain(SITE, SITE(AWS, None))

    assert "site file site.toml (A. Author, 2026-01-20)" in told["sources"]
    assert told["overrides"] == [1]
    assert told["without_overrides"]["verdict"] == "eu-located-only"
    assert told["evidence"][-1]["values"]["operator"] == "DE"
    assert ["parent-outside"] in told["changes"]


def test_the_links_say_by_whose_word_the_operator_is_known() -> None:
    *_, host = SITE.links.find(SITE(AWS, None))
    *_, known = SITE.links.find(SITE("116.202.40.7", None))

    assert (host.value, host.by, known.by) == ("Hetzner", "own", "operator")


def test_what_the_tables_said_is_rejected_with_its_source_and_grade() -> None:
    found = SITE(AWS, None)
    told = {dict(step.values)["field"]: step for step in found.rejected if step.kind == "overruled"}

    assert dict(told["operator"].values)["value"] == "Amazon Web Services (US)"
    assert dict(told["operator"].values)["grade"] == "B"
    assert told["operator"].source == "cloud.mmdb, 2026-10-26"
    assert "published-range" in kinds(found.rejected)
    assert "published-range" not in kinds(found.evidence)


def test_an_override_that_says_the_same_leaves_the_better_evidence() -> None:
    before, found = PLAIN("116.202.40.7", None), SITE("116.202.40.7", None)

    assert (found.operator, found.verdict, found.grade) == (before.operator, before.verdict, before.grade)
    assert "overruled" not in kinds(found.rejected)
    assert "site-override" in kinds(found.evidence)


def test_a_place_that_the_displaced_operator_publishes_goes_with_it() -> None:
    site = overruled(f'[[overrides]]\nprefix = "52.57.0.0/16"\noperator = "hetzner"\n{SIGNED}')
    found = site(AWS, None)

    assert (found.location, found.region, found.verdict) == (None, None, Verdict.PLACE_UNPROVEN)
    assert "region-place" in kinds(found.rejected)


def test_a_place_that_only_geolocation_knew_counts_once_the_site_says_it() -> None:
    before, found = PLAIN("51.68.44.12", None), SITE("51.68.44.12", None)

    assert (before.verdict, found.verdict) == (Verdict.PLACE_UNPROVEN, Verdict.EU_INDICATED)


def test_the_supplier_of_an_override_reaches_the_verdict_with_its_parent() -> None:
    european, american = (SITE("116.202.40.7", f"{where}.supplier.example") for where in ("eu", "us"))

    assert (european.supplier_jurisdiction, american.supplier_jurisdiction) == ("SE", "US")
    assert (european.verdict, american.verdict) == (Verdict.EU_INDICATED, Verdict.EU_LOCATED_ONLY)
    assert (european.function, european.path) == ("remote-access", "control")
    assert american.function is None, "the most specific one is taken whole"


def test_whoever_runs_the_origin_a_front_sees_everything() -> None:
    said = f'[[overrides]]\nprefix = "18.66.0.0/16"\noperator = "hetzner"\nplace = "DE"\n{SIGNED}'
    before, found = PLAIN("18.66.1.1", None), overruled(said)("18.66.1.1", None)
    denied = overruled(said + "front = false\n")("18.66.1.1", None)

    assert before.verdict is found.verdict is Verdict.FRONT_HIDES_ORIGIN
    assert found.operator_id == "aws"
    assert found.site is not None
    assert (found.site.overrides, found.site.held) == ((1,), (1,)), "the place was applied"
    assert "site-override-behind-front" in kinds(found.rejected)
    assert (denied.verdict, denied.operator_id) == (Verdict.EU_INDICATED, "hetzner")


def test_what_has_expired_is_not_applied_and_said_so() -> None:
    found = SITE(AWS.replace("52", "203"), "x.old.example")
    in_time = overruled(day="2026-06-30")(None, "x.old.example")
    (step,) = [step for step in found.rejected if step.kind == "site-override-expired"]

    assert found.operator is None
    assert dict(step.values) == {"field": "operator", "author": "A. Author", "expires": "2026-06-30", "day": DAY}
    assert in_time.operator is not None
    assert in_time.operator.value == "Old"


def test_own_names_are_told_and_change_no_verdict() -> None:
    before, found = PLAIN(CLOUD, "gw.azure-devices.net"), SITE(CLOUD, "gw.azure-devices.net")
    alias = SITE(CLOUD, "iot.vendor.example", ("gw.azure-devices.net",))

    assert (found.verdict, found.grade, found.operator) == (before.verdict, before.grade, before.operator)
    assert found.site is not None
    assert alias.site is not None
    assert found.site.own == alias.site.own == "gw.azure-devices.net"
    assert "site-own" in kinds(found.evidence)


def test_a_name_in_doubt_brings_no_operator_and_its_supplier_at_grade_d() -> None:
    site = overruled(f'[[overrides]]\ndomain = "x.example"\noperator = "hetzner"\nservice = "S"\n{SIGNED}')
    found = site("52.57.120.30", "a.x.example", weak=True)

    assert found.operator_id == "aws"
    assert found.service is not None
    assert found.service.grade is Grade.D


def test_a_file_that_says_nothing_of_an_endpoint_leaves_it_as_it_is() -> None:
    for address in FACTS:
        if address not in (AWS, "116.202.40.7", "51.68.44.12"):
            assert SITE(address, None) == PLAIN(address, None)


NAMES = [
    "us.supplier.example",
    "a.supplier.example",
    "x.old.example",
    "gw.azure-devices.net",
    "d1.cloudfront.net",
    None,
]


@given(address=st.sampled_from([*FACTS, None]), name=st.sampled_from(NAMES), weak=st.booleans())
def test_an_endpoint_is_judged_alike_by_number_and_in_full(address: str | None, name: str | None, weak: bool) -> None:
    outcome = SITE.outcome(SITE.network(address, name), SITE.meaning(name, weak=weak))
    found, before = SITE(address, name, weak=weak), PLAIN(address, name, weak=weak)

    assert outcome.verdict is found.verdict
    assert outcome.location == (found.location.value if found.location else None)
    if found.site is None:
        assert found == before
    else:
        assert found.site.without == before
    assert found.verdict is not Verdict.EU_CONTROLLED or before.verdict is Verdict.EU_CONTROLLED


def test_every_step_has_a_source_and_is_in_the_vocabulary() -> None:
    later = OVERRIDES + f'[[overrides]]\nprefix = "18.66.0.0/16"\noperator = "hetzner"\n{SIGNED}'
    later += f'[[overrides]]\ndomain = "later.example"\nplace = "NL"\nbegins = 2027-01-01\n{SIGNED}'
    site, seen = overruled(later), set()
    for address in (None, *FACTS):
        for name in (*NAMES, "x.later.example"):
            for step in (found := site(address, name)).evidence + found.rejected:
                assert step.source
                assert tuple(key for key, _ in step.values) == BOOK.vocabulary.evidence[step.kind]
                seen.add(step.kind)

    assert {"site-override", "overruled", "site-override-expired", "site-override-not-yet", "site-own"} <= seen
    assert "site-override-behind-front" in seen


def override(number: int, scope: str, what: str) -> Override:
    return Override(number, scope, what, (), "a", "b", "2026-01-01", None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("gw-1.a.example.com", 1),
        ("gw-2.a.example.com", 2),
        ("gw-22.a.example.com", 2),
        ("gw-.b.example.com", 3),
        ("x.gw-2.a.example.com", 4),
        ("example.com", 5),
        ("notexample.com", None),
    ],
)
def test_the_most_specific_override_wins(name: str, number: int | None) -> None:
    patterns = [("host", "gw-1.a.example.com"), ("host", "gw-*.a.example.com"), ("host", "gw-*.*.example.com")]
    known = [*patterns, ("domain", "a.example.com"), ("domain", "example.com")]
    finder = Finder(override(n, scope, what) for n, (scope, what) in enumerate(known, 1))

    found = finder.by_name(name)
    assert (found.number if found else None) == number


def test_the_longest_prefix_wins() -> None:
    finder = Finder(override(n, "prefix", what) for n, what in enumerate(["192.0.2.0/24", "192.0.2.8/29", "::/1"], 1))
    found = [finder.by_address(text) for text in ("192.0.2.9", "192.0.2.1", "2001:db8::1", "192.0.3.1", "no")]

    assert [of.number if of else None for of in found] == [2, 1, 3, None, None]
