"""Who, whose law, where: each axis with its own grade and evidence. The look-up tables are stubs here."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel import rulebook
from kwel.attribution.attribute import Attributor
from kwel.attribution.explain import explain
from kwel.attribution.tables import AddressFacts
from kwel.model.claims import Evidence, Grade, Where
from kwel.model.report import TableInfo
from kwel.model.verdicts import Control

if TYPE_CHECKING:
    from kwel.model.verdicts import Attribution

BOOK = rulebook.load()
MICROSOFT = AddressFacts(asn=8075, as_org="Microsoft Corporation", as_country="US")
AMAZON = AddressFacts(asn=16509, as_org="Amazon.com, Inc.", as_country="US")


def listed(network: AddressFacts, prefix: str, region: str | None, service: str, country: str) -> AddressFacts:
    provider = "azure" if network is MICROSOFT else "aws"
    return replace(
        network,
        cloud_provider=provider,
        cloud_prefix=prefix,
        region=region,
        services=(service,),
        country=country,
    )


FACTS = {
    "13.69.64.110": listed(MICROSOFT, "13.69.0.0/17", "westeurope", "AZURECLOUD", "NL"),
    "13.69.99.1": listed(MICROSOFT, "13.69.96.0/19", "westeurope", "STORAGE", "NL"),
    "13.107.1.1": listed(MICROSOFT, "13.107.1.0/24", None, "AZUREFRONTDOOR.FRONTEND", "US"),
    "20.190.160.1": replace(
        listed(MICROSOFT, "20.190.160.0/24", "westeurope", "AZURECLOUD", "NL"),
        services=("AZUREACTIVEDIRECTORY", "AZUREACTIVEDIRECTORY.SERVICEENDPOINT", "AZURECLOUD"),
    ),
    "20.38.1.1": replace(
        listed(MICROSOFT, "20.38.1.0/24", "westeurope", "AZURECLOUD", "NL"),
        services=("AZUREACTIVEDIRECTORY", "AZUREIOTHUB"),
    ),
    "20.0.0.1": listed(MICROSOFT, "20.0.0.0/16", "moonbase", "AZURECLOUD", "US"),
    "52.97.133.210": replace(MICROSOFT, country="US"),
    "52.57.120.30": listed(AMAZON, "52.57.0.0/16", "eu-central-1", "EC2", "DE"),
    "3.78.10.7": listed(AMAZON, "3.64.0.0/12", "eu-central-1", "EC2", "TR"),
    "3.78.10.8": listed(AMAZON, "3.78.10.0/24", "eu-central-1-ist-1", "EC2", "TR"),
    "3.78.10.9": listed(AMAZON, "3.64.0.0/12", "eu-central-1", "EC2", "US"),
    "23.32.0.1": AddressFacts(asn=1136, as_org="KPN B.V.", as_country="NL", country="NL"),
    "23.235.32.1": replace(listed(AMAZON, "23.235.32.0/19", "eu-central-1", "EC2", "DE"), asn=54113),
    "199.232.0.1": listed(AMAZON, "199.232.0.0/16", "eu-central-1", "EC2", "DE"),
    "34.90.1.1": AddressFacts(
        "google-cloud", "34.90.0.0/15", "europe-west4", ("GOOGLE_CLOUD",), 396982, "Google LLC", "US", "NL"
    ),
    "8.8.4.4": AddressFacts("google", "8.8.0.0/16", None, (), 15169, "Google LLC", "US", "US"),
    "142.250.1.1": AddressFacts(asn=15169, as_org="Google LLC", as_country="US", country="US"),
    "18.66.1.1": listed(AMAZON, "18.66.0.0/16", "global", "CLOUDFRONT", "US"),
    "51.224.1.1": listed(AMAZON, "51.224.0.0/16", "eusc-de-east-1", "EC2", "DE"),
    "116.202.40.7": AddressFacts(asn=24940, as_org="Hetzner Online GmbH", as_country="DE", country="DE"),
    "116.202.40.8": AddressFacts(asn=24940, as_org="Hetzner Online GmbH", as_country="DE", country="SG"),
    "51.68.44.12": AddressFacts(asn=16276, as_org="OVH SAS", as_country="FR", country="FR"),
    "163.172.208.9": AddressFacts(asn=12876, as_org="Scaleway SAS", as_country="FR", country="FR"),
    "2.16.106.9": AddressFacts(asn=20940, as_org="Akamai International B.V.", as_country="NL", country="NL"),
    "172.232.1.1": AddressFacts(asn=63949, as_org="Akamai Technologies, Inc.", as_country="SG", country="NL"),
    "86.80.1.1": AddressFacts(asn=1136, as_org="KPN B.V.", as_country="NL", country="NL"),
    "198.51.100.1": AddressFacts(asn=64500, as_org="Somebody Ltd", as_country="NL", country="NL"),
    "198.51.100.2": AddressFacts(asn=64501, as_org="Somebody Else Ltd", as_country="NL", country="NL"),
    "198.51.100.3": AddressFacts(asn=64502, as_org="Somebody Abroad Ltd", as_country="US", country="NL"),
    "198.51.100.4": AddressFacts(asn=64503, as_country="NL", country="NL"),
    "203.0.113.1": AddressFacts(country="NL"),
    "8.8.8.8": AddressFacts(asn=15169, as_org="Google LLC", as_country="US", country="US"),
    "209.206.48.1": AddressFacts(asn=395831, as_org="Meraki LLC", as_country="US", country="US"),
    "89.187.1.1": AddressFacts(asn=200325, as_org="BUNNYWAY", as_country="SI", country="NL"),
}


class Stub:
    """Look-up tables that hold what a test puts into them."""

    def lookup(self, address: str) -> AddressFacts:
        return FACTS.get(address, AddressFacts())

    def infos(self) -> tuple[TableInfo, ...]:
        return (TableInfo("cloud.mmdb", "published", "2026-10-26", 1, "MIT"),)


@pytest.fixture
def attributor() -> Attributor:
    return Attributor(BOOK, Stub())


def grades(found: Attribution) -> str:
    claims = (found.parent, found.operator, found.location)
    return "".join(claim.grade.name if claim else "-" for claim in claims)


def kinds(steps: tuple[Evidence, ...]) -> list[str]:
    return [step.kind for step in steps]


def test_a_published_range_and_a_name_that_agree_are_grade_a(attributor: Attributor) -> None:
    found = attributor.attribute("13.69.64.110", "x.westeurope.cloudapp.azure.com")

    assert grades(found) == "AAA"
    assert (found.region, found.place) == ("westeurope", "West Europe (NL)")
    assert (found.verdict.value, found.reason) == ("eu-located-only", "parent-and-operator-foreign")


def test_a_published_range_alone_is_grade_b(attributor: Attributor) -> None:
    assert grades(attributor.attribute("13.69.64.110", None)) == "BBB"


def test_a_name_and_a_network_number_that_agree_are_grade_b(attributor: Attributor) -> None:
    found = attributor.attribute("163.172.208.9", "plant.s3.nl-ams.scw.cloud")

    assert grades(found) == "BBB"
    assert (found.location and found.location.value, found.verdict.value) == ("NL", "eu-controlled")


def test_a_network_number_alone_is_grade_c(attributor: Attributor) -> None:
    found = attributor.attribute("116.202.40.7", "historian.vendor.example")

    assert grades(found) == "CCC"
    assert (found.location and found.location.value, found.verdict.value) == ("DE/FI", "eu-indicated")


def test_a_name_alone_is_grade_c(attributor: Attributor) -> None:
    found = attributor.attribute(None, "plant.s3.eu-central-1.amazonaws.com")

    assert grades(found) == "CCC"
    assert (found.operator_id, found.region) == ("aws", "eu-central-1")


def test_a_fact_without_a_source_counts_one_grade_lower(attributor: Attributor) -> None:
    found = attributor.attribute(None, "objectstorage.eu-frankfurt-2.oraclecloud.eu")

    assert grades(found) == "DDD"
    assert found.verdict.value != "eu-operated-foreign-parent"


def test_geolocation_is_shown_and_never_decides(attributor: Attributor) -> None:
    found = attributor.attribute("51.68.44.12", "telemetry.plantcloud.ovh")

    assert grades(found) == "CCD"
    assert (found.verdict.value, found.reason) == ("place-unproven", "place-geolocation-only")


def test_geolocation_against_a_published_region_is_set_aside(attributor: Attributor) -> None:
    found = attributor.attribute("52.97.133.210", "outlook.office365.com", ("AMS-efz.ms-acdc.office.com",))

    assert found.location is not None
    assert found.location.value == "NL"
    assert kinds(found.rejected) == ["geolocation-against-place"]


def test_a_region_with_a_zone_abroad_has_no_place_where_geolocation_names_that_country(attributor: Attributor) -> None:
    zone = attributor.attribute("3.78.10.7", "x.eu-central-1.elb.amazonaws.com")
    told = attributor.attribute("3.78.10.8", "x.eu-central-1.elb.amazonaws.com")
    elsewhere = attributor.attribute("3.78.10.9", None)

    assert (zone.verdict.value, zone.reason, grades(zone)) == ("foreign", "location-unproven", "AAD")
    assert kinds(zone.rejected) == ["zone-against-region"]
    assert (told.place, told.reason) == ("Istanbul, Local Zone (TR)", "all-foreign")
    assert kinds(told.rejected) == ["name-against-region"]
    assert (elsewhere.place, elsewhere.verdict.value) == ("Frankfurt (DE)", "eu-located-only")


def test_an_edge_inside_an_access_provider_is_known_by_the_prefix_that_its_owner_documents(
    attributor: Attributor,
) -> None:
    found = attributor.attribute("23.32.0.1", None)

    assert (found.operator_id, grades(found)[0], found.anycast) == ("akamai", "B", True)
    assert kinds(found.evidence)[0] == "documented-range"


@pytest.mark.parametrize(("address", "operator"), [("23.235.32.1", "fastly"), ("199.232.0.1", "aws")])
def test_of_a_published_and_a_documented_prefix_the_longer_decides_and_as_long_the_published(
    attributor: Attributor, address: str, operator: str
) -> None:
    found = attributor.attribute(address, None)

    assert found.operator_id == operator
    assert found.anycast is (operator == "fastly")


def test_a_published_prefix_of_the_same_operator_keeps_what_it_tells(attributor: Attributor) -> None:
    found = attributor.attribute("8.8.4.4", None)

    assert (found.operator_id, found.evidence[0].kind) == ("google", "published-range")


def test_services_of_google_are_anywhere_and_its_cloud_is_in_its_region(attributor: Attributor) -> None:
    service = attributor.attribute("142.250.1.1", "fonts.gstatic.com")
    rented = attributor.attribute("34.90.1.1", None)
    mixed = attributor.attribute("34.90.1.1", "storage.googleapis.com")

    assert (service.operator_id, service.anycast, grades(service)[0]) == ("google", True, "A")
    assert (rented.operator_id, rented.place) == ("google-cloud", "Eemshaven (NL)")
    assert (mixed.operator_id, mixed.place) == ("google", "Eemshaven (NL)")


def test_geolocation_can_withhold_a_place_that_a_whole_network_would_give(attributor: Attributor) -> None:
    found = attributor.attribute("116.202.40.8", None)

    assert found.verdict.value == "place-unproven"
    assert kinds(found.rejected) == ["places-against-geolocation"]


def test_an_application_in_its_makers_cloud_is_the_operator(attributor: Attributor) -> None:
    found = attributor.attribute("13.69.64.110", "login.microsoftonline.com", ("x.trafficmanager.net",))

    assert (found.operator_id, found.region) == ("microsoft-365", "westeurope")


def test_one_list_may_belong_to_two_operators_by_region(attributor: Attributor) -> None:
    found = attributor.attribute("51.224.1.1", "s3.eusc-de-east-1.amazonaws.eu")

    assert (found.operator_id, found.operator_jurisdiction, found.parent_jurisdiction) == (
        "aws-eusc",
        "DE",
        "US",
    )
    assert found.verdict.value == "eu-operated-foreign-parent"


def test_where_range_and_name_disagree_the_range_decides(attributor: Attributor) -> None:
    found = attributor.attribute("13.69.64.110", "x.eu-west-1.amazonaws.com")

    assert (found.operator_id, found.region) == ("azure", "westeurope")
    assert "name-against-network" in kinds(found.rejected)
    assert found.operator is not None
    assert found.operator.grade is Grade.B


def test_where_range_and_name_name_different_places_the_range_decides(attributor: Attributor) -> None:
    found = attributor.attribute("52.57.120.30", "x.eu-west-1.elb.amazonaws.com")

    assert found.location is not None
    assert (found.location.value, found.location.grade.name) == ("DE", "B")
    assert kinds(found.rejected) == ["name-against-region"]


def test_a_foreign_name_in_a_european_network_is_not_called_european(attributor: Attributor) -> None:
    found = attributor.attribute("116.202.40.7", "x.eu-west-1.amazonaws.com")

    assert (found.operator_id, found.verdict.value, found.reason) == ("hetzner", "unknown", "contradiction")


def test_a_european_name_in_a_network_registered_abroad_that_no_rule_knows_is_not_called_european(
    attributor: Attributor,
) -> None:
    name = "plant.s3.nl-ams.scw.cloud"
    abroad, here, nowhere = (attributor.attribute(a, name) for a in ("198.51.100.3", "198.51.100.1", None))

    assert (abroad.verdict.value, abroad.reason) == ("unknown", "contradiction")
    assert here.verdict.value == nowhere.verdict.value == "eu-indicated"


def test_an_address_asked_of_a_proxy_is_looked_up(attributor: Attributor) -> None:
    assert attributor.attribute(None, "52.57.120.30").region == "eu-central-1"
    assert attributor.attribute(None, "[2001:db8::1]").verdict.value == "unknown"


def test_a_foreign_cache_inside_an_access_provider_is_the_foreigners(attributor: Attributor) -> None:
    found = attributor.attribute("86.80.1.1", "a767.dspw65.akamai.net")

    assert (found.operator_id, found.verdict.value) == ("akamai", "front-hides-origin")
    assert kinds(found.rejected)[0] == "network-against-name"


def test_a_suppliers_name_on_anothers_cloud_leaves_the_cloud_the_host(attributor: Attributor) -> None:
    found = attributor.attribute("52.57.120.30", "device.vpn.talk2m.com")

    assert (found.supplier, found.supplier_jurisdiction) == ("Ewon (HMS Networks)", "SE")
    assert (found.operator_id, found.parent_jurisdiction) == ("aws", "US")
    assert found.rejected == ()


def test_a_foreign_supplier_on_a_european_host_is_not_european(attributor: Attributor) -> None:
    found = attributor.attribute("116.202.40.7", "eu.hik-connect.com")

    assert (found.verdict.value, found.reason) == ("eu-located-only", "supplier-foreign")
    assert found.supplier_jurisdiction == "CN"


def test_the_law_over_a_supplier_is_that_of_its_parent(attributor: Attributor) -> None:
    assert attributor.attribute(None, "prod.adm.connect.axis.com").supplier_jurisdiction == "JP"


def test_the_law_over_a_supplier_is_that_of_its_seat_where_only_that_is_outside(attributor: Attributor) -> None:
    assert attributor.attribute(None, "connect.aveva.com").supplier_jurisdiction == "GB"


def test_a_front_hides_its_origin(attributor: Attributor) -> None:
    found = attributor.attribute("18.66.1.1", "portal.vendor.example")

    assert (found.role, found.anycast, found.verdict.value) == ("cdn", True, "front-hides-origin")
    assert found.location is not None
    assert found.location.value == "anycast"


def test_a_front_hides_nobody_from_its_own_owner(attributor: Attributor) -> None:
    found = attributor.attribute("13.107.1.1", "teams.microsoft.com")

    assert (found.verdict.value, found.reason) == ("foreign", "location-anycast")


def test_a_european_front_leaves_the_origin_unknown(attributor: Attributor) -> None:
    found = attributor.attribute("89.187.1.1", "portal.vendor.example")

    assert (found.verdict.value, found.reason) == ("unknown", "front-european")


def test_a_network_without_a_rule_is_named_and_decides_nothing(attributor: Attributor) -> None:
    first, second = (attributor.attribute(f"198.51.100.{n}", None) for n in (1, 2))

    assert (first.operator and first.operator.value) == "Somebody Ltd"
    assert (second.operator and second.operator.value) == "Somebody Else Ltd"
    assert second.evidence[0].values[0] == ("asn", "64501")
    assert (first.verdict.value, first.reason) == ("unknown", "operator-without-rule")
    assert first.parent is None
    assert first.operator_jurisdiction is None


def test_networks_alike_of_which_one_has_no_name_keep_what_each_has(attributor: Attributor) -> None:
    nameless, named = (attributor.attribute(f"198.51.100.{n}", None) for n in (4, 2))

    assert nameless.operator is None
    assert named.operator is not None
    assert named.operator.value == "Somebody Else Ltd"


def test_a_network_without_a_name_leaves_its_number_in_the_evidence(attributor: Attributor) -> None:
    found = attributor.attribute("198.51.100.4", None)

    assert found.operator is None
    assert kinds(found.evidence) == ["asn-without-rule", "geolocation", "bloc"]


@pytest.mark.parametrize("address", ["203.0.113.1", "10.0.0.1", "192.0.2.99", "not an address", "", None])
def test_an_address_of_which_nothing_is_known_is_unknown(attributor: Attributor, address: str | None) -> None:
    found = attributor.attribute(address, "www.vendor.example")

    assert (found.verdict.value, found.reason, found.grade) == ("unknown", "nobody-known", Grade.U)


def test_an_address_that_a_vendor_lists_names_its_service(attributor: Attributor) -> None:
    resolver = attributor.attribute("8.8.8.8", None)
    dashboard = attributor.attribute("209.206.48.1", None)

    assert (resolver.function, resolver.anycast) == ("name-resolution", True)
    assert (dashboard.operator_id, dashboard.function) == ("meraki", "device-management")
    assert kinds(dashboard.evidence)[0] == "documented-range"


def test_a_tag_of_a_published_range_tells_a_service_from_a_tenant(attributor: Attributor) -> None:
    service, tenant, several = (attributor.attribute(a, None) for a in ("20.190.160.1", "13.69.64.110", "20.38.1.1"))

    assert (service.role, service.function, service.supplier) == ("saas", "identity", "Microsoft")
    assert dict(next(s for s in service.evidence if s.kind == "service-tag").values)["tag"] == "AZUREACTIVEDIRECTORY"
    assert (tenant.role, tenant.service) == ("cloud", None)
    assert (several.role, several.service) == ("cloud", None), "tags of two services: which, is not known"


def test_what_a_name_is_for_goes_before_what_a_tag_is_for(attributor: Attributor) -> None:
    found = attributor.attribute("20.190.160.1", "plantgw-prod.azure-devices.net")

    assert found.function == "monitoring"


def test_a_region_that_no_rule_knows_is_told_and_no_country_is_made_up(attributor: Attributor) -> None:
    found = attributor.attribute("20.0.0.1", None)

    assert (found.region, found.location, found.reason) == ("moonbase", None, "location-unproven")
    assert kinds(found.rejected) == ["unknown-region"]


def test_addresses_alike_share_a_judgement_and_keep_their_own_evidence(attributor: Attributor) -> None:
    first, second = (attributor.attribute(a, None) for a in ("13.69.64.110", "13.69.99.1"))

    assert dict(first.evidence[0].values)["prefix"] == "13.69.0.0/17"
    assert dict(second.evidence[0].values) == {
        "provider": "Microsoft Azure",
        "prefix": "13.69.96.0/19",
        "region": "westeurope",
        "services": "STORAGE",
    }
    assert second.operator is not None
    assert second.operator.evidence[0] is second.evidence[0]
    assert second.operator.evidence[0] != (first.operator and first.operator.evidence[0])


def test_what_was_observed_comes_first_in_the_evidence(attributor: Attributor) -> None:
    seen = Evidence("observed", "tls-sni", (("name", "x.azure-devices.net"),), Where("plant.pcap", 7))

    found = attributor.attribute("13.69.64.110", "x.azure-devices.net", (), (seen,))

    assert found.evidence[0] is seen
    assert found.evidence[-1].kind == "bloc"
    assert attributor.attribute("13.69.64.110", "x.azure-devices.net").evidence == found.evidence[1:]


def test_every_step_has_a_source_and_is_in_the_vocabulary(attributor: Attributor) -> None:
    names = [None, "x.eu-west-1.elb.amazonaws.com", *(example.name for example in BOOK.examples)]
    seen = set()
    for address in (None, *FACTS):
        for name in names:
            found = attributor.attribute(address, name)
            assert found.reason in BOOK.vocabulary.reasons
            for step in found.evidence + found.rejected:
                assert step.source
                assert tuple(key for key, _ in step.values) == BOOK.vocabulary.evidence[step.kind]
                seen.add(step.kind)

    accepting = Attributor(BOOK, Stub(), accepted=("s3ns",)).attribute(None, "compute.s3nsapis.fr")
    seen |= {step.kind for step in accepting.evidence}
    by_log = attributor("52.57.120.30", None, told=True)
    seen |= {step.kind for step in by_log.evidence}
    assert by_log.grade <= Grade.C
    of_sites = {kind for kind in BOOK.vocabulary.evidence if kind.startswith("site-") or kind == "overruled"}
    assert set(BOOK.vocabulary.evidence) - seen - of_sites == LINKS


LINKS = {
    *("registrable-domain", "customer-name", "certificate-domain", "certificate-name", "certificate-issuer"),
    *("round-trip-against-place", "round-trip-against-geolocation"),
}
"""Kinds of evidence that links and round trips bear, and no attribution: test_links.py, test_roundtrips.py."""


def test_a_bloc_that_the_rules_do_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="no bloc 'EU28': the rules know EEA, "):
        Attributor(BOOK, Stub(), "EU28")


def test_the_bloc_decides_what_is_inside() -> None:
    name = "s3.pub1.infomaniak.cloud"

    assert Attributor(BOOK, Stub(), "EEA").attribute(None, name).verdict.control.value == "non"
    assert Attributor(BOOK, Stub(), "EEA+CH").attribute(None, name).verdict.control.value == "unk"


def test_an_attribution_says_under_which_other_blocs_its_class_would_be_another() -> None:
    name = "s3.pub1.infomaniak.cloud"
    at_home = Attributor(BOOK, Stub(), "EEA").attribute(None, name)

    assert {bloc: control.value for bloc, control in at_home.elsewhere} == {"EEA+CH": "unk", "EEA+CH+GB": "unk"}
    for bloc, control in at_home.elsewhere:
        assert Attributor(BOOK, Stub(), bloc).attribute(None, name).verdict.control is control
    assert Attributor(BOOK, Stub()).attribute("13.69.64.110", None).elsewhere == ()


def test_an_explanation_is_plain_values(attributor: Attributor) -> None:
    found = explain(attributor, attributor.attribute("13.69.64.110", "hub.azure-devices.net"))

    assert found["query"] == found["host"] == "hub.azure-devices.net"
    assert (found["operator"], found["operator_grade"]) == ("Microsoft Azure", "A")
    assert (found["parent_jurisdiction"], found["location"], found["region"]) == ("US", "NL", "westeurope")
    assert (found["service"], found["function"], found["path"]) == ("Azure IoT Hub", "monitoring", "data")
    assert found["sources"][0] == "cloud.mmdb, 2026-10-26"
    assert found["rejected"] == []


@given(st.none() | st.text(max_size=50), st.none() | st.text(), st.lists(st.text(), max_size=3).map(tuple))
def test_whatever_is_asked_there_is_an_answer(address: str | None, name: str | None, chain: tuple[str, ...]) -> None:
    found = Attributor(BOOK, Stub()).attribute(address, name, chain)

    assert (found.address, found.name, found.chain) == (address, name, chain)
    assert found.verdict.control.value != "eu"


def test_forty_thousand_endpoints_cost_little_each(attributor: Attributor) -> None:
    addresses = list(FACTS)
    pairs = [(addresses[n % len(addresses)], f"host{n}.vendor{n % 50}.example") for n in range(40_000)]

    start = time.process_time()
    for address, name in pairs:
        attributor.attribute(address, name)
    each = (time.process_time() - start) / len(pairs)

    assert each < 150e-6, "measured 10 microseconds on a quiet machine"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("13.69.99.1", "plantstore01.blob.core.windows.net"),  # range and name
        ("198.51.100.1", "plantstore01.blob.core.windows.net"),  # the name alone
        (None, "plantstore01.blob.core.windows.net"),
    ],
)
def test_a_name_that_rests_on_less_counts_one_grade_less(
    address: str | None, name: str, attributor: Attributor
) -> None:
    full, weak = attributor(address, name), attributor(address, name, weak=True)

    assert full.operator
    assert weak.operator
    assert weak.operator.value == full.operator.value
    assert weak.operator.grade == full.operator.grade - 1
    assert weak.grade <= full.grade


FRONTS = {
    "a CDN by its network": ("2.16.106.9", "www.plant.example", "cdn", ("US",)),
    "a CDN by its suffix": (None, "x1.azurefd.net", "cdn", ("US",)),
    "a firewall for web sites": (None, "abc.x.incapdns.net", "security-gateway", ("FR", "US")),
    "a mail gateway on hosts that nobody knows": (None, "mx0a-00000000.pphosted.com", "security-gateway", ("US",)),
    "a gateway that belongs to its own operator": (None, "gateway.zscloud.net", "security-gateway", ("US",)),
}


@pytest.mark.parametrize("sample", FRONTS.values(), ids=FRONTS)
def test_a_front_says_whose_control_it_is_under_and_hides_its_origin(
    attributor: Attributor, sample: tuple[str | None, str, str, tuple[str, ...]]
) -> None:
    address, name, role, control = sample
    found = attributor.attribute(address, name)

    assert (found.verdict.value, found.reason) == ("front-hides-origin", "front-foreign")
    assert (found.role, found.front_jurisdictions) == (role, control)
    told = explain(attributor, found)
    assert told["front"] == {"what": found.front, "jurisdiction": "/".join(control), "origin": None}
    assert told["statement"].endswith("; it stands before an origin that is not known")


@pytest.mark.parametrize("address", FACTS)
def test_an_address_alone_never_names_a_tenant(attributor: Attributor, address: str) -> None:
    found = attributor.attribute(address, None)

    assert found.service is None or found.service.evidence[0].kind in {"service-range", "service-tag"}


@pytest.mark.parametrize("address", FACTS)
def test_what_is_at_many_places_has_no_place_and_no_law_of_one(attributor: Attributor, address: str) -> None:
    found = attributor.attribute(address, None)

    if found.anycast:
        assert found.location
        assert found.location.value == "anycast"
        assert (found.place, found.region) == (None, None)
        assert not any("location" in reach.through for reach in found.laws)


def test_geolocation_brings_nobody_under_a_law(attributor: Attributor) -> None:
    found = attributor.attribute("203.0.113.1", None)

    assert found.location
    assert (found.location.value, found.location.grade, found.laws) == ("NL", Grade.D, ())


def test_the_owner_of_the_technology_counts_until_the_user_accepts_the_offering() -> None:
    plain, accepting = Attributor(BOOK, Stub()), Attributor(BOOK, Stub(), accepted=("s3ns",))
    before, after = (one.attribute(None, "compute.s3nsapis.fr") for one in (plain, accepting))

    assert (before.verdict.value, before.reason) == ("eu-operated-foreign-parent", "licensor-foreign")
    assert (after.verdict.value, after.reason) == ("place-unproven", "offering-accepted")
    assert before.laws == after.laws
    assert str(before.laws[0]) == "us-ear:licensor"
    assert dict(before.elsewhere) == {"s3ns": after.verdict.control}
    assert {str(limit) for limit in before.limits} >= {"eu-csf/SOV-1:SEAL-2", "eu-csf/SOV-2:SEAL-2"}


def test_a_promise_on_where_data_are_changes_no_verdict() -> None:
    accepting = Attributor(BOOK, Stub(), accepted=("microsoft-eu-data-boundary",))
    before, after = (one.attribute(None, "x.azure-devices.net") for one in (Attributor(BOOK, Stub()), accepting))

    assert (after.verdict, after.reason, after.elsewhere) == (before.verdict, before.reason, before.elsewhere)
    assert "nl-dictu/data-plaats:unknown" in {str(limit) for limit in before.limits}
    assert "nl-dictu/data-plaats:open" in {str(limit) for limit in after.limits}


def test_a_supplier_who_owns_the_offering_is_accepted_with_it_and_another_is_not() -> None:
    accepting = Attributor(BOOK, Stub(), accepted=("aws-european-sovereign-cloud",))

    assert accepting.attribute(None, "s3.eusc-de-east-1.amazonaws.eu").verdict.control is Control.EUROPEAN


def test_an_operator_whose_owner_nobody_read_is_no_more_than_an_indication() -> None:
    host = BOOK.operators["scaleway"]
    unread = replace(host, owner_unverified=True)
    book = replace(BOOK, operators={**BOOK.operators, "scaleway": unread})
    before, after = (
        Attributor(one, Stub()).attribute("163.172.208.9", "plant.s3.nl-ams.scw.cloud") for one in (BOOK, book)
    )

    assert (before.verdict.value, before.reason) == ("eu-controlled", "all-in-bloc")
    assert (after.verdict.value, after.grade.name, after.reason) == ("eu-indicated", "C", "owner-unverified")
