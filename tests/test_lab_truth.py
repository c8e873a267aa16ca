"""What the lab knows of its captures, and what kwel says of them: every cloud event, and nothing beyond."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from kwel.analysis.stages import Analysis, analyse
from kwel.model.dependencies import DependencyState
from kwel.model.records.columns import Ech, address_text
from kwel.model.verdicts import Control
from tests.conftest import SAMPLES
from tests.truths import read_truth

if TYPE_CHECKING:
    from kwel.model.dependencies import Dependency

UNKNOWABLE = {
    ("proxy_connect", "telemetry.plantcloud.ovh"): "anybody may register under .ovh, and the proxy hides the address",
    (
        "eu_only",
        "master3.teamviewer.com",
    ): "the truth names supplier and operator in one: TeamViewer (DE) on Anexia (AT)",
}


def truth(name: str) -> dict[str, Any]:
    return read_truth(SAMPLES / f"{name}.yaml")


@cache
def concluded(name: str) -> Analysis:
    return analyse(str(SAMPLES / truth(name)["file"]))


NAMES = sorted(path.stem for path in SAMPLES.glob("*.yaml"))
EVENTS = [
    pytest.param(name, event, id=f"{name}-{event['asset']}-{event['hostname'] or event['dst_ip']}-{i}")
    for name in NAMES
    for i, event in enumerate(truth(name)["cloud_events"])
]


def hosts_of(name: str, event: dict[str, Any]) -> set[str]:
    """Return how kwel may call the host: by its name where the capture holds it, else by its address."""
    if event["hostname"] is None and "cert" in event["evidence"]:
        return {event["cert_cn"]}
    if event["hostname"] is None or event["evidence"] == ["ip"]:
        return {event["dst_ip"]}
    return (
        {event["hostname"].lower(), event["dst_ip"]}
        if "dns-if-fits" in event["evidence"]
        else {event["hostname"].lower()}
    )


def found(name: str, event: dict[str, Any]) -> list[Dependency]:
    analysis = concluded(name)
    addresses = {asset.id: asset.addresses for asset in analysis.assets}
    hosts = hosts_of(name, event)
    return [d for d in analysis.dependencies if event["asset_ip"] in addresses[d.asset] and d.host in hosts]


@pytest.mark.parametrize(("name", "event"), EVENTS)
def test_every_cloud_event_is_found_with_its_operator_and_its_law(name: str, event: dict[str, Any]) -> None:
    dependencies = found(name, event)

    assert dependencies, f"no dependency of {event['asset_ip']} on {hosts_of(name, event)}"
    if (name, event["hostname"]) in UNKNOWABLE:
        return
    at = dependencies[0].attribution
    assert at.parent_jurisdiction == event["provider_hq"]
    is_european = at.verdict.control is Control.EUROPEAN
    assert not (event["non_european_provider"] and is_european)
    if not event["non_european_provider"]:
        assert at.verdict.control is not Control.NON_EUROPEAN


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_contacted_beyond_the_truth(name: str) -> None:
    analysis = concluded(name)
    hosts = set[str]().union(*(hosts_of(name, event) for event in truth(name)["cloud_events"]))
    resolvers = set(truth(name)["infrastructure"].get("dns") or []) | {"9.9.9.9"}  # the lab router's own upstream
    contacted = {d.host for d in analysis.dependencies if d.state is not DependencyState.RESOLVED_ONLY}

    assert contacted - resolvers <= hosts


@pytest.mark.parametrize("name", NAMES)
def test_the_packets_add_up(name: str) -> None:
    coverage = concluded(name).traffic.coverage

    assert coverage.packets == truth(name)["packets"]
    assert coverage.packets == coverage.used + sum(coverage.set_aside.values())


def test_attempts_are_never_contact() -> None:
    states = {d.host: d.state for d in concluded("blocked_attempts").dependencies}
    for event in truth("blocked_attempts")["cloud_events"]:
        assert states[event["hostname"]] is DependencyState.ATTEMPTED


def test_a_query_without_a_flow_is_no_contact() -> None:
    states = {d.host: d.state for d in concluded("office_it").dependencies}
    for host in ("clients2.google.com", "update.googleapis.com", "accounts.google.com"):
        assert states[host] is DependencyState.RESOLVED_ONLY


def test_the_outer_name_of_an_encrypted_hello_is_no_destination() -> None:
    hosts = {d.host for d in concluded("ech").dependencies}
    assert "cloudflare-ech.com" not in hosts
    assert "ech.vendor-iiot.example" in hosts


def test_an_ot_plant_without_a_cloud_has_no_dependency() -> None:
    assert len(concluded("ot_clean").dependencies) == 0


def test_a_european_site_uses_nothing_under_foreign_control() -> None:
    used = [d for d in concluded("eu_only").dependencies if d.state is DependencyState.USED]
    assert used
    assert all(d.attribution.verdict.control is not Control.NON_EUROPEAN for d in used)


def test_one_device_keeps_its_identity_over_two_leases() -> None:
    known = truth("dhcp_dns_tls")["dhcp_asset"]
    (asset,) = [a for a in concluded("dhcp_dns_tls").assets if a.id == known["mac"]]
    assert set(known["addresses"]) <= set(asset.addresses)
    assert asset.label == known["hostname"]


def test_volumes_are_those_of_the_wire_though_the_capture_was_cut() -> None:
    (event,) = [e for e in truth("snaplen128")["cloud_events"] if e["hostname"] == "telemetry.plantcloud.ovh"]
    (dependency,) = found("snaplen128", event)
    assert dependency.bytes_out + dependency.bytes_in == event["frame_bytes"]


CERTIFIED = [
    pytest.param(name, event, id=f"{name}-{event['asset']}-{event['hostname'] or event['dst_ip']}-{i}")
    for name in NAMES
    for i, event in enumerate(truth(name)["cloud_events"])
    if "cert" in event["evidence"]
]


@pytest.mark.parametrize(("name", "event"), CERTIFIED)
def test_every_certificate_of_the_truth_is_found_on_its_flow(name: str, event: dict[str, Any]) -> None:
    traffic = concluded(name).traffic
    seen = set[str]()
    for row in traffic.shown[traffic.shown["from_initiator"] == 0]:
        flow = traffic.flows[row["flow"]]
        if address_text(int(flow["responder_hi"]), int(flow["responder_lo"])) == event["dst_ip"]:
            certificate = traffic.certificates[row["certificate"]]
            seen |= {certificate.subject, *certificate.names}

    assert event.get("cert_cn", event["hostname"]) in seen


def test_a_thing_is_known_by_the_certificate_that_it_shows() -> None:
    analysis = concluded("aws_iot")
    (asset,) = [a for a in analysis.assets if "10.20.3.32" in a.addresses]
    said = [dict(step.values) for step in asset.evidence if step.kind == "says-of-itself"]
    assert {"what": "identity", "value": "plant-gw-01", "protocol": "tls"} in said


def test_a_mirror_that_shows_every_packet_twice_doubles_no_volume() -> None:
    events = truth("dup_span")["cloud_events"]
    for event in events:
        (dependency,) = found("dup_span", event)
        assert 2 * (dependency.bytes_out + dependency.bytes_in) == event["frame_bytes"]
    assert concluded("dup_span").traffic.coverage.set_aside == {"duplicate": 140}


def test_names_are_read_in_frames_that_the_mirror_had_to_fragment() -> None:
    coverage = concluded("erspan2_frag").traffic.coverage
    assert coverage.used == coverage.packets
    assert all(found("erspan2_frag", event) for event in truth("erspan2_frag")["cloud_events"])


def test_a_capture_behind_address_translation_is_warned_of() -> None:
    notes = concluded("nat_wan").traffic.coverage.notes
    assert notes["behind-router"] == notes["outside-flows"]


@pytest.mark.parametrize("name", ["erspan2", "erspan2_frag", "erspan3", "gre_teb", "tzsp", "vxlan_mirror"])
def test_a_mirror_session_is_told_with_its_ends(name: str) -> None:
    (mirror,) = concluded(name).traffic.coverage.mirrors
    assert (mirror.source, mirror.collector) == ("192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize("name", ["erspan2", "erspan3", "gre_teb", "tzsp", "vxlan_mirror"])
def test_the_transport_of_a_mirror_is_no_contact(name: str) -> None:
    hosts = {d.host for d in concluded(name).dependencies}
    assert not hosts & {"192.0.2.1", "192.0.2.2"}


def test_a_real_encrypted_hello_and_a_decoy_are_told_apart() -> None:
    """Expectation of ech.yaml: GREASE must not be reported as ECH; the name there is real."""
    traffic = concluded("ech").traffic
    kinds = {traffic.names[int(row["name"])]: Ech(int(row["ech"])) for row in traffic.hellos if row["ech"]}

    assert kinds["cloudflare-ech.com"] is Ech.REAL
    assert kinds["portal.vendor-iiot.example"] is Ech.GREASE_LIKELY
    assert "portal.vendor-iiot.example" in {d.host for d in concluded("ech").dependencies}
