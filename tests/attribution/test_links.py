from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel import rulebook
from kwel.analysis import stages
from kwel.attribution.attribute import Attributor
from kwel.attribution.explain import explain
from kwel.attribution.registrable import registered, source
from kwel.model.claims import Evidence, Grade, Where
from kwel.model.verdicts import BySite
from tests.attribution.test_attribute import Stub

BOOK = rulebook.load()
WHERE = Where("plant.pcap", 7)
ATTRIBUTOR = Attributor(BOOK, Stub())


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    return ATTRIBUTOR


def certificate(names: str, issuer: str = "Lab CA") -> Evidence:
    values = (("name", names), ("issuer", issuer), ("sha256", "0" * 16))
    return Evidence("observed", "server-certificate", values, WHERE)


def kinds(steps: tuple[Evidence, ...]) -> list[str]:
    return [step.kind for step in steps]


@pytest.mark.parametrize(
    ("name", "domain", "suffix"),
    [
        ("www.supplier.nl", "supplier.nl", None),
        ("a.b.supplier.co.uk", "supplier.co.uk", None),
        ("x.azurewebsites.net", "x.azurewebsites.net", "azurewebsites.net"),
        ("d111111abcdef8.cloudfront.net", "d111111abcdef8.cloudfront.net", "cloudfront.net"),
        (
            "a.plc.eu-west-1.compute.amazonaws.com",
            "plc.eu-west-1.compute.amazonaws.com",
            "eu-west-1.compute.amazonaws.com",
        ),
        ("city.kawasaki.jp", "city.kawasaki.jp", None),
    ],
)
def test_a_registry_registers_a_domain_and_a_company_hands_one_out(name: str, domain: str, suffix: str | None) -> None:
    found = registered(name)

    assert found is not None
    assert (found.domain, found.handed_out_by) == (domain, suffix)


@pytest.mark.parametrize(
    "name", ["", "nl", "co.uk", "azurewebsites.net", "plc", "192.0.2.1", "::1", "a..nl", "a b.nl", "x" * 300]
)
def test_a_suffix_an_address_and_what_is_no_name_are_nobodys(name: str) -> None:
    assert registered(name) is None


def test_an_alias_at_a_front_is_four_links_each_with_its_own_evidence(attributor: Attributor) -> None:
    found = attributor.attribute(None, "portal.supplier.nl", ("p.trafficmanager.net", "p.azurefd.net"))

    links = attributor.links.find(found)

    assert [(link.part, link.name, link.value, link.by) for link in links] == [
        ("supplier", "portal.supplier.nl", "supplier.nl", "domain"),
        ("service", "portal.supplier.nl", None, "unknown"),
        ("alias", "p.trafficmanager.net", "Microsoft Azure", "operator"),
        ("alias", "p.azurefd.net", "Microsoft Azure", "operator"),
        ("front", "p.azurefd.net", "Microsoft Azure", "operator"),
        ("host", None, None, "unknown"),
    ]
    assert [link.jurisdiction for link in links] == [None, None, "US", "US", "US", None]
    assert all(link.evidence for link in links if link.value)
    assert kinds(links[0].evidence) == ["registrable-domain"]
    assert links[0].evidence[0].source == source()


def test_the_name_under_a_clouds_suffix_is_a_customers_and_not_the_clouds_own(attributor: Attributor) -> None:
    supplier, service, host = attributor.links.find(attributor.attribute(None, "shop.azurewebsites.net"))

    assert (supplier.value, supplier.by, supplier.jurisdiction) == ("shop.azurewebsites.net", "customer", None)
    assert dict(supplier.evidence[0].values) == {
        "name": "shop.azurewebsites.net",
        "suffix": "azurewebsites.net",
        "operator": "Microsoft Azure",
    }
    assert (service.value, host.value) == ("Azure App Service", "Microsoft Azure")


def test_a_vendor_with_a_rule_and_an_operators_own_name_are_known_by_them(attributor: Attributor) -> None:
    def supplier(name: str) -> tuple[str | None, str, str | None]:
        link = attributor.links.find(attributor.attribute(None, name))[0]
        return link.value, link.by, link.jurisdiction

    assert supplier("hub.azure-devices.net") == ("Microsoft", "vendor", "US")
    assert supplier("www.comcast.net") == ("Comcast", "operator", "US")
    assert supplier("eu.hik-connect.com")[1:] == ("vendor", "CN")


def test_an_address_without_a_name_has_no_supplier_and_a_host(attributor: Attributor) -> None:
    supplier, service, host = attributor.links.find(attributor.attribute("13.69.64.110", None))

    assert (supplier.value, supplier.grade, service.value) == (None, Grade.U, None)
    assert (host.name, host.value, host.grade) == ("13.69.64.110", "Microsoft Azure", Grade.B)


def test_a_name_that_rests_on_less_counts_for_less_here_too(attributor: Attributor) -> None:
    stale = Evidence("inferred", "dns-answer-stale", (("name", "www.supplier.nl"), ("age", "900"), ("ttl", "60")))
    found = attributor.attribute(None, "www.supplier.nl")

    assert attributor.links.find(found)[0].grade is Grade.C
    assert attributor.links.find(found, (stale,))[0].grade is Grade.D


def test_a_certificate_is_told_beside_the_link_that_it_speaks_of_and_raises_no_grade(attributor: Attributor) -> None:
    found = attributor.attribute("13.69.64.110", "www.supplier.nl")
    shown = certificate("supplier.nl, *.azurewebsites.net", "Microsoft Corporation")

    bare, (supplier, _, host) = attributor.links.find(found), attributor.links.find(found, (shown,))

    assert kinds(supplier.evidence) == ["registrable-domain", "server-certificate", "certificate-domain"]
    assert kinds(host.evidence)[-3:] == ["server-certificate", "certificate-name", "certificate-issuer"]
    assert (supplier.grade, host.grade) == (bare[0].grade, bare[-1].grade)


def test_where_nothing_else_speaks_a_certificate_is_a_hint(attributor: Attributor) -> None:
    found = attributor.attribute(None, None)

    *_, host = attributor.links.find(found, (certificate("*.azure-devices.net"),))
    *_, stranger = attributor.links.find(found, (certificate("*.supplier.nl"),))

    assert (host.value, host.grade) == ("Microsoft Azure", Grade.D)
    assert (stranger.value, stranger.grade) == (None, Grade.U)


def test_a_certificate_of_another_domain_says_nothing_of_the_supplier(attributor: Attributor) -> None:
    found = attributor.attribute(None, "www.supplier.nl")

    assert kinds(attributor.links.find(found, (certificate("supplier.nl.attacker.net"),))[0].evidence) == [
        "registrable-domain"
    ]


def test_steps_of_links_are_in_the_vocabulary_with_their_sources(attributor: Attributor) -> None:
    shown = certificate("*.azure-devices.net, supplier.nl", "Microsoft Corporation")
    steps = [
        step
        for name in ("www.supplier.nl", "shop.azurewebsites.net", "x.azure-devices.net")
        for link in attributor.links.find(attributor.attribute("13.69.64.110", name), (shown,))
        for step in link.evidence
        if step is not shown
    ]

    for step in steps:
        assert step.source
        assert tuple(key for key, _ in step.values) == BOOK.vocabulary.evidence[step.kind]


def test_an_explanation_begins_with_the_answer_and_tells_the_links(attributor: Attributor) -> None:
    found = attributor.attribute("13.69.64.110", "www.supplier.nl")

    told = explain(attributor, replace(found, evidence=(certificate("supplier.nl"), *found.evidence)))

    assert list(told)[:17] == [
        "query", "address", "host", "operator", "parent", "parent_jurisdiction", "location", "region", "role",
        "service", "supplier", "function", "path", "grade", "verdict", "sources", "rejected",
    ]  # fmt: skip
    assert [(link["link"], link["value"], link["grade"]) for link in told["links"]] == [
        ("supplier", "supplier.nl", "C"),
        ("service", None, "U"),
        ("host", "Microsoft Azure", "B"),
    ]
    assert told["links"][0]["evidence"][1]["where"] == "plant.pcap#7"


def test_a_capture_tells_in_which_frame_the_aliases_were_answered() -> None:
    path = Path(__file__).parents[2] / "sample_pcaps" / "azure_iot.pcap"
    told = stages.explain("plantstore01.blob.core.windows.net", stages.analyse([str(path)]))

    links = {link["link"]: link for link in told["links"]}
    assert list(links) == ["supplier", "service", "alias", "host"]
    assert links["supplier"]["by"] == "customer"
    assert [step["kind"] for step in links["alias"]["evidence"]] == ["operator-domain", "dns-answer"]
    assert links["alias"]["evidence"][1]["where"].startswith("azure_iot.pcap#")
    assert [links[part]["grade"] for part in links] == ["C", "A", "C", "A"]


def test_an_own_domain_of_the_site_is_its_own_supplier(attributor: Attributor) -> None:
    found = attributor.attribute("13.69.64.110", "scada.plant.nl")
    own = replace(found, site=BySite("plant.nl", (), found))

    supplier, _, host = attributor.links.find(own)

    assert (supplier.value, supplier.by, host.value) == ("plant.nl", "own", "Microsoft Azure")


@pytest.mark.parametrize("name", ["update.googleapis.com", "pubsub.googleapis.com"])
def test_a_suffix_that_its_owner_keeps_names_no_customer(name: str, attributor: Attributor) -> None:
    assert attributor.links.find(attributor.attribute(None, name))[0].by == "vendor"


def test_an_address_that_a_vendor_lists_and_a_bare_suffix_have_suppliers_too(attributor: Attributor) -> None:
    by_address = attributor.links.find(attributor.attribute("8.8.8.8", None))[0]
    bare = attributor.links.find(attributor.attribute(None, "trafficmanager.net"))[0]

    assert (by_address.name, by_address.value, by_address.by) == (None, "Google", "vendor")
    assert (bare.value, bare.by) == ("Microsoft Azure", "operator")


def test_a_supplier_that_the_site_file_names_goes_first(attributor: Attributor) -> None:
    values = (("field", "supplier"), ("value", "Example Machines"), ("author", "A"), ("reason", "contract"))
    said = Evidence("looked-up", "site-override", values, source="site file site.toml (A, 2026-11-20)")
    found = attributor.attribute(None, "gw.supplier.nl")
    told = replace(found, supplier="Example Machines", supplier_jurisdiction="SE", evidence=(said, *found.evidence))

    link = attributor.links.find(told)[0]

    assert (link.value, link.by, link.jurisdiction, link.evidence) == ("Example Machines", "own", "SE", (said,))


@given(st.none() | st.text(max_size=60), st.lists(st.text(max_size=40), max_size=3).map(tuple), st.text(max_size=40))
def test_whatever_the_wire_says_a_link_that_is_known_has_evidence(
    name: str | None, chain: tuple[str, ...], shown: str
) -> None:
    for link in ATTRIBUTOR.links.find(ATTRIBUTOR.attribute(None, name, chain), (certificate(shown, shown),)):
        assert bool(link.value) is bool(link.evidence)
        assert (link.grade is Grade.U) is (link.value is None)
