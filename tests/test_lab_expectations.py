"""Each statement of the lab about a capture, one test each: what was sent, by whom, and what must be said of it.

``DIFFERENCES`` is the one table of what kwel says otherwise than the lab, with the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kwel.model.dependencies import DependencyState
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, Ech, NameSource, State, address_text
from kwel.model.verdicts import Control
from tests.test_lab_truth import NAMES, concluded, found, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _pytest.mark.structures import ParameterSet
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

COUNTED_IN_ERRORS = "the lab counts the ICMP errors that quote the packets as well"
FRAGMENTS = "the lab counts the frames of first fragments only"
COPIES = {"dup_span": 2}
"""The lab counts every copy of a frame; kwel counts one."""
DIFFERENCES: dict[str, str] = {
    "volume blocked_attempts off1 v10.events.data.microsoft.com": COUNTED_IN_ERRORS,
    "volume vxlan_mirror gw1 plantgw-prod.azure-devices.net": COUNTED_IN_ERRORS,
    "volume erspan2_frag off1 outlook.office365.com": FRAGMENTS,
    "volume erspan2_frag hist telemetry.plantcloud.ovh": FRAGMENTS,
    "local vxlan_mirror hmi1 plc1 S7comm": COUNTED_IN_ERRORS,
    "local vxlan_mirror hmi1 plc2 Modbus/TCP": COUNTED_IN_ERRORS,
    "asset eu_only off1": "others asked for its address; it was never heard of itself",
    "mac no_dns_no_sni gw1": "no ARP and no neighbour discovery of it: nothing proves whose MAC it is",
}
"""What is tested -> why it is otherwise."""


def cases(kind: str, items: Iterable[tuple[str, str, Any]]) -> list[ParameterSet]:
    """Return one test a statement; those in the table must fail, or leave the table."""
    made, seen = [], dict[str, int]()
    for name, what, item in items:
        key = f"{kind} {name} {what}"
        seen[key] = seen.get(key, 0) + 1
        why = DIFFERENCES.get(key)
        marks = [pytest.mark.xfail(strict=True, reason=why)] if why else []
        label = f"{name}-{re.sub(r'[^a-zA-Z0-9.:-]+', '-', what)}" + (f"-{seen[key]}" if seen[key] > 1 else "")
        made.append(pytest.param(name, item, id=label, marks=marks))
    return made


def who(event: dict[str, Any]) -> str:
    return f"{event['asset']} {event['hostname'] or event['dst_ip']}"


class Seen:
    """The flows of one capture, by address."""

    def __init__(self, name: str) -> None:
        self.name, self.traffic = name, concluded(name).traffic
        flows = self.traffic.flows
        self.ends = [
            [
                address_text(*ends)
                for ends in zip(flows[f"{side}_hi"].tolist(), flows[f"{side}_lo"].tolist(), strict=True)
            ]
            for side in ("initiator", "responder")
        ]

    def between(self, ones: Iterable[str], others: Iterable[str], port: int | None = None) -> NDArray[np.int64]:
        """Return the flows between some addresses and others, whoever began."""
        flows, (begin, answer) = self.traffic.flows, self.ends
        pairs = {frozenset((one, other)) for one in ones for other in others}
        rows = [
            row
            for row, ends in enumerate(zip(begin, answer, strict=True))
            if frozenset(ends) in pairs
            and (port is None or port in (flows["responder_port"][row], flows["initiator_port"][row]))
        ]
        return np.array(rows, np.int64)

    def of(self, event: dict[str, Any]) -> NDArray[np.int64]:
        return self.between([event["asset_ip"]], [event["dst_ip"]], event["port"])

    def named(self, rows: NDArray[np.int64], source: NameSource) -> set[str]:
        table = self.traffic.named
        table = table[np.isin(table["flow"], rows) & (table["source"] == source)]
        return {self.traffic.names[number] for number in table["name"].tolist()}

    def shown(self, rows: NDArray[np.int64], *, by_client: bool = False) -> Rows:
        table = self.traffic.shown
        shown: Rows = table[np.isin(table["flow"], rows) & (table["from_initiator"] == by_client)]
        return shown

    def hellos(self, rows: NDArray[np.int64]) -> Rows:
        hellos: Rows = self.traffic.hellos[np.isin(self.traffic.hellos["flow"], rows)]
        return hellos


def packets_of(flows: Rows) -> int:
    return int(flows["packets_out"].sum() + flows["packets_in"].sum())


def asked_and_told(seen: Seen, event: dict[str, Any]) -> bool:
    """Return whether the device asked for the name, and where answers were captured, one gave the address."""
    traffic, host = seen.traffic, event["hostname"]
    devices = [set(asset.addresses) for asset in concluded(seen.name).assets]
    own = next(addresses for addresses in devices if event["asset_ip"] in addresses)
    rows = np.flatnonzero([bool(own & set(ends)) for ends in zip(*seen.ends, strict=True)])
    answers = traffic.answers[[traffic.names[number] == host for number in traffic.answers["question"].tolist()]]
    told = {address_text(int(row["address_hi"]), int(row["address_lo"])) for row in answers}
    return host in seen.named(rows, NameSource.DNS) and (not len(answers) or event["dst_ip"] in told)


READ: dict[str, Callable[[Seen, NDArray[np.int64], dict[str, Any]], bool]] = {
    "dns": lambda seen, _, event: asked_and_told(seen, event),
    "sni": lambda seen, rows, event: event["hostname"] in seen.named(rows, NameSource.TLS_SNI),
    "quic-sni": lambda seen, rows, event: event["hostname"] in seen.named(rows, NameSource.QUIC_SNI),
    "http-host": lambda seen, rows, event: event["hostname"] in seen.named(rows, NameSource.HTTP_HOST),
    "http-connect": lambda seen, rows, event: event["hostname"] in seen.named(rows, NameSource.HTTP_CONNECT),
    "cert": lambda seen, rows, _: len(seen.shown(rows)) > 0,
    "ip": lambda seen, rows, event: len(rows) > 0,
    "port": lambda seen, rows, event: event["port"] in seen.traffic.flows["responder_port"][rows],
    "dns-if-fits": lambda seen, rows, event: (
        {seen.traffic.names[number] for number in seen.traffic.flows["name"][rows].tolist()} <= {"", event["hostname"]}
    ),
    "ech-outer-sni": lambda seen, rows, event: (
        event["outer_sni"] in {seen.traffic.names[row["name"]] for row in seen.hellos(rows) if row["ech"] == Ech.REAL}
    ),
}
"""By kind of evidence that the lab promises: whether it was read on the flows of an event."""


@pytest.mark.parametrize(
    ("name", "case"),
    cases(
        "evidence",
        (
            (name, f"{who(event)} {kind}", (event, kind))
            for name in NAMES
            for event in truth(name)["cloud_events"]
            for kind in event["evidence"]
        ),
    ),
)
def test_every_piece_of_evidence_for_a_contact_is_read(name: str, case: tuple[dict[str, Any], str]) -> None:
    event, kind = case
    seen = Seen(name)

    assert READ[kind](seen, seen.of(event), event)


@pytest.mark.parametrize(
    ("name", "event"),
    cases("volume", ((name, who(event), event) for name in NAMES for event in truth(name)["cloud_events"])),
)
def test_every_contact_has_the_packets_and_bytes_of_the_wire(name: str, event: dict[str, Any]) -> None:
    seen = Seen(name)
    flows = seen.traffic.flows[seen.of(event)]

    copies = COPIES.get(name, 1)
    assert packets_of(flows) * copies == event["packets"]
    assert (flows["bytes_out"].sum() + flows["bytes_in"].sum()) * copies == event["frame_bytes"]


@pytest.mark.parametrize(
    ("name", "event"),
    cases("state", ((name, who(event), event) for name in NAMES for event in truth(name)["cloud_events"])),
)
def test_every_contact_is_an_attempt_or_a_use_as_it_was(name: str, event: dict[str, Any]) -> None:
    states = {dependency.state for dependency in found(name, event)}
    was_established = event.get("established", True)

    assert states == {DependencyState.USED if was_established else DependencyState.ATTEMPTED}


@pytest.mark.parametrize(
    ("name", "query"),
    cases("query", ((n, f"{q['src']} {q['name']}", q) for n in NAMES for q in truth(n)["dns_queries"])),
)
def test_every_dns_question_is_read_and_is_no_contact_by_itself(name: str, query: dict[str, Any]) -> None:
    seen, host = Seen(name), query["name"].lower()
    asked = seen.named(np.flatnonzero([query["src"] in ends for ends in zip(*seen.ends, strict=True)]), NameSource.DNS)
    addresses = {asset.id: asset.addresses for asset in concluded(name).assets}
    states = {
        dependency.state
        for dependency in concluded(name).dependencies
        if dependency.host == host and query["src"] in addresses[dependency.asset]
    }

    assert host in asked
    if not query["contacted"]:
        assert states <= {DependencyState.RESOLVED_ONLY}
    elif states:
        assert states != {DependencyState.RESOLVED_ONLY}


SPOKEN = {"S7comm": Application.S7COMM, "Modbus/TCP": Application.MODBUS, "mDNS": Application.MDNS}


def local_events() -> Iterable[tuple[str, str, dict[str, Any]]]:
    for name in NAMES:
        for event in truth(name)["ot_local_events"]:
            yield name, f"{event['src']} {event['dst']} {event['protocol']}", event


@pytest.mark.parametrize(("name", "event"), cases("local", local_events()))
def test_every_conversation_within_the_plant_is_counted_and_known(name: str, event: dict[str, Any]) -> None:
    seen, assets = Seen(name), truth(name)["assets"]
    if event["protocol"] == "LLDP":
        assert any(said.protocol == "lldp" for said in seen.traffic.observed)
        return
    source, destination = (assets[end]["ip"] if end in assets else [end] for end in (event["src"], event["dst"]))
    flows = seen.traffic.flows[seen.between(source, destination, event["port"])]

    assert packets_of(flows) * COPIES.get(name, 1) == event["packets"]
    if event["protocol"] in SPOKEN:
        assert set(flows["application"].tolist()) == {SPOKEN[event["protocol"]]}


def lab_assets() -> Iterable[tuple[str, str, dict[str, Any]]]:
    return ((name, label, asset) for name in NAMES for label, asset in truth(name)["assets"].items())


@pytest.mark.parametrize(("name", "asset"), cases("asset", lab_assets()))
def test_every_device_is_one_asset_with_all_its_addresses(name: str, asset: dict[str, Any]) -> None:
    (one,) = [known for known in concluded(name).assets if set(asset["ip"]) & set(known.addresses)]
    seen = Seen(name)
    sent = (seen.traffic.flows[key] > 0 for key in ("packets_out", "packets_in"))
    heard = {end for side, did in zip(seen.ends, sent, strict=True) for end, yes in zip(side, did, strict=True) if yes}

    assert set(asset["ip"]) & heard <= set(one.addresses)


@pytest.mark.parametrize(("name", "asset"), cases("mac", (c for c in lab_assets() if c[:2] != ("eu_only", "off1"))))
def test_every_device_has_its_mac(name: str, asset: dict[str, Any]) -> None:
    (one,) = [known for known in concluded(name).assets if set(asset["ip"]) & set(known.addresses)]

    assert asset["mac"] in [mac.value for mac in one.macs]


@pytest.mark.parametrize("name", NAMES)
def test_the_sensor_is_no_asset(name: str) -> None:
    sensor = truth(name)["infrastructure"].get("sensor_mac")

    assert sensor not in {mac.value for asset in concluded(name).assets for mac in asset.macs}


def hosts(name: str) -> dict[str, DependencyState]:
    return {dependency.host: dependency.state for dependency in concluded(name).dependencies}


def client_certificate(name: str) -> None:
    seen = Seen(name)
    shown = seen.shown(np.arange(len(seen.traffic.flows)), by_client=True)
    subjects = {seen.traffic.certificates[number].subject for number in shown["certificate"].tolist()}
    assert "plant-gw-01" in subjects


def region_and_parent_apart(name: str) -> None:
    (at,) = [d.attribution for d in concluded(name).dependencies if ".iot.eu-west-1." in d.host]
    assert at.location
    assert (at.location.value, at.region, at.parent_jurisdiction) == ("IE", "eu-west-1", "US")


def attempts_only(name: str) -> None:
    seen = Seen(name)
    for event in truth(name)["cloud_events"]:
        flows = seen.traffic.flows[seen.of(event)]
        assert len(flows)
        assert not flows["payload_out"].any()
        assert set(flows["state"].tolist()) <= {State.UNANSWERED, State.REFUSED}


def one_asset_two_leases(name: str) -> None:
    known = truth(name)["dhcp_asset"]
    (asset,) = [a for a in concluded(name).assets if a.id == known["mac"]]
    assert asset.addresses == tuple(known["addresses"])
    assert "moxa-gw-line1" in [claim.value for claim in asset.names]
    assert "MoxaUC8200" in {said.value for said in concluded(name).traffic.observed if said.protocol == "dhcp"}


def not_doubled_or_said(name: str) -> None:
    coverage, seen = concluded(name).traffic.coverage, Seen(name)
    copies = coverage.set_aside.get("duplicate", 0)
    assert copies > 0
    for event in truth(name)["cloud_events"]:
        assert packets_of(seen.traffic.flows[seen.of(event)]) <= event["packets"]


def outer_name_is_not_contacted(name: str) -> None:
    assert "cloudflare-ech.com" not in hosts(name)
    assert hosts(name)["ech.vendor-iiot.example"] is DependencyState.USED


def decoy_is_not_reported(name: str) -> None:
    """The second host offers a decoy; its server name is real and names it."""
    real = [event for event in truth(name)["cloud_events"] if "sni" in event["evidence"]]
    for event in real:
        assert hosts(name)[event["hostname"]] is DependencyState.USED
        assert "ech-real" not in {step.kind for d in found(name, event) for step in d.evidence}
    assert concluded(name).traffic.coverage.notes["ech-real"] == 2, "two connections"


def mirror_is_no_conversation(name: str) -> None:
    ends = {"192.0.2.1", "192.0.2.2"}
    assert not ends & set(hosts(name))
    assert not ends & {address for side in Seen(name).ends for address in side}


def fragments_are_put_together(name: str) -> None:
    assert "fragment" not in concluded(name).traffic.coverage.set_aside
    for event in truth(name)["cloud_events"]:
        assert found(name, event)[0].state is DependencyState.USED


def nothing_foreign(name: str) -> None:
    used = [d for d in concluded(name).dependencies if d.state is DependencyState.USED]
    assert used
    assert {d.attribution.verdict.control for d in used}.isdisjoint({Control.NON_EUROPEAN})


def one_device_with_both_protocols(name: str) -> None:
    both = [
        asset
        for asset in concluded(name).assets
        if any("." in a for a in asset.addresses)
        and any(a.startswith("2001:") for a in asset.addresses)
        and any(a.startswith("fe80:") for a in asset.addresses)
    ]
    assert both
    assert all(len(asset.macs) == 1 for asset in both)


def behind_translation(name: str) -> None:
    analysis = concluded(name)
    notes = analysis.traffic.coverage.notes
    insiders = {d.asset for d in analysis.dependencies}
    assert len(insiders) == 1
    assert "100.64.0.1" in next(asset.addresses for asset in analysis.assets if asset.id in insiders)
    assert notes["behind-router"] == notes["outside-flows"]
    assert "behind-router" in {of.key for of in analysis.traffic.coverage.shortcomings}


def every_question_is_seen(name: str) -> None:
    asked = Seen(name).named(np.arange(len(Seen(name).traffic.flows)), NameSource.DNS)
    assert {event["hostname"] for event in truth(name)["cloud_events"]} <= asked


def only_the_address_speaks(name: str) -> None:
    (event,) = [event for event in truth(name)["cloud_events"] if event["asset"] == "gw1"]
    (dependency,) = found(name, event)
    assert dependency.host == event["dst_ip"]
    assert dependency.attribution.name is None
    assert dependency.attribution.operator
    assert "published-range" in {step.kind for step in dependency.attribution.operator.evidence}
    seen = Seen(name)
    assert set(seen.traffic.flows["direction"][seen.of(event)].tolist()) == {Direction.UNKNOWN}


def questions_are_no_contact(name: str) -> None:
    for host in ("clients2.google.com", "update.googleapis.com", "accounts.google.com"):
        assert hosts(name)[host] is DependencyState.RESOLVED_ONLY


def large_frames_are_used(name: str) -> None:
    coverage, flows = concluded(name).traffic.coverage, concluded(name).traffic.flows
    assert coverage.used == coverage.packets
    assert (
        (flows["bytes_out"] + flows["bytes_in"]) / np.maximum(1, flows["packets_out"] + flows["packets_in"])
    ).max() > 1514


def half_is_seen(name: str) -> None:
    seen = Seen(name)
    for event in truth(name)["cloud_events"]:
        rows = seen.of(event)
        flows = seen.traffic.flows[rows]
        assert not flows["packets_in"].any()
        assert set(flows["state"].tolist()) == {State.ESTABLISHED}
        assert event["hostname"] in seen.named(rows, NameSource.TLS_SNI)
    assert len(seen.traffic.answers) == 0
    assert len(seen.traffic.shown) == 0
    assert "one-way" in {of.key for of in concluded(name).traffic.coverage.shortcomings}


def nothing_outside(name: str) -> None:
    assert len(concluded(name).dependencies) == 0
    assert concluded(name).findings == ()


def named_behind_the_proxy(name: str) -> None:
    for event in truth(name)["cloud_events"]:
        attribution = found(name, event)[0].attribution
        assert attribution.address is None
        assert (attribution.operator or attribution.service) or event["hostname"].endswith(".ovh")


def named_over_datagrams(name: str) -> None:
    seen = Seen(name)
    for event in truth(name)["cloud_events"]:
        if "quic-sni" in event["evidence"]:
            assert event["hostname"] in seen.named(seen.of(event), NameSource.QUIC_SNI)


def cut_short(name: str) -> None:
    traffic = concluded(name).traffic
    assert set(traffic.named["source"].tolist()) <= {NameSource.DNS}
    assert traffic.coverage.notes["packets-cut"] > 0
    assert "packets-cut" in {of.key for of in traffic.coverage.shortcomings}


def vlan_belongs_to_the_asset(name: str) -> None:
    vlans = {address: asset.vlans for asset in concluded(name).assets for address in asset.addresses}
    for asset in truth(name)["assets"].values():
        for address in asset["ip"]:
            if address in vlans:
                assert vlans[address] == ((30,) if address.startswith("10.30.") else (20,))
    macs = [mac.value for asset in concluded(name).assets for mac in asset.macs]
    assert len(macs) == len(set(macs))


def collector_is_not_silent(name: str) -> None:
    """Its errors go to the source of the mirror: both are called what they are, and have no contact with a cloud."""
    ends = {"192.0.2.1": "mirror-source", "192.0.2.2": "collector"}
    assert not set(ends) & set(hosts(name))
    roles = {asset.id: asset.role for asset in concluded(name).assets if set(ends) & set(asset.addresses)}
    assert sorted(role.value for role in roles.values() if role) == sorted(ends.values())
    assert not set(roles) & {dependency.asset for dependency in concluded(name).dependencies}


EXPECTATIONS: dict[tuple[str, str], Callable[[str], None]] = {
    ("aws_iot", "TLS 1.2 session carries the client certificate"): client_certificate,
    ("aws_iot", "region eu-west-1 is in the EU"): region_and_parent_apart,
    ("blocked_attempts", "must be reported as ATTEMPT"): attempts_only,
    ("dhcp_dns_tls", "DHCP hostname moxa-gw-line1"): one_asset_two_leases,
    ("dup_span", "byte/packet counts must not be doubled"): not_doubled_or_said,
    ("ech", "the outer SNI cloudflare-ech.com"): outer_name_is_not_contacted,
    ("ech", "the GREASE ECH extension"): decoy_is_not_reported,
    ("erspan2", "outer 192.0.2.1 -> 192.0.2.2 is mirror transport"): mirror_is_no_conversation,
    ("erspan2_frag", "full-size inner frames arrive as two outer fragments"): fragments_are_put_together,
    ("eu_only", "verdict: external communication observed"): nothing_foreign,
    ("ipv6", "one asset may have IPv4 + IPv6 GUA + link-local"): one_device_with_both_protocols,
    ("nat_wan", "assets cannot be told apart"): behind_translation,
    ("nat_wan", "a caching plant resolver hides repeated DNS"): every_question_is_seen,
    ("no_dns_no_sni", "for gw1 nothing but the address and the port"): only_the_address_speaks,
    ("office_it", "Chromium also asks DNS for clients2.google.com"): questions_are_no_contact,
    ("offload_artifacts", "frames larger than 1514 bytes"): large_frames_are_used,
    ("one_way", "no SYN-ACK, no DNS answers, no certificates"): half_is_seen,
    ("ot_clean", "verdict must be: no communication"): nothing_outside,
    ("proxy_connect", "server address seen is the proxy"): named_behind_the_proxy,
    ("quic_h3", "Chromium splits its CRYPTO frames"): named_over_datagrams,
    ("snaplen128", "SNI is beyond the snap length"): cut_short,
    ("vlan_trunk", "same MAC/IP must be one asset"): vlan_belongs_to_the_asset,
    ("vxlan_mirror", "collector answers ICMP port unreachable"): collector_is_not_silent,
}
"""Capture and how the sentence begins -> what holds it."""


@pytest.mark.parametrize(
    ("name", "text"),
    cases("expectation", ((name, text[:60], text) for name in NAMES for text in truth(name)["expectations"])),
)
def test_every_expectation_of_the_lab_holds(name: str, text: str) -> None:
    (holds,) = [check for (of, start), check in EXPECTATIONS.items() if of == name and text.startswith(start)]
    holds(name)


def test_the_table_of_differences_names_nothing_that_is_not_tested() -> None:
    kinds = {"evidence", "volume", "state", "query", "local", "asset", "mac", "expectation"}
    assert {key.split(" ")[0] for key in DIFFERENCES} <= kinds
    assert {key.split(" ")[1] for key in DIFFERENCES} <= set(NAMES)
