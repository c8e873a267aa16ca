from __future__ import annotations

from kwel.assets.activity import Activity, watch
from kwel.assets.devices import Devices
from kwel.assets.hosts import find_hosts
from kwel.assets.proofs import read_proofs
from kwel.assets.scopes import Scopes
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, NameSource
from tests.assets.plant import START, Plant


def activity(plant: Plant, wanted: str = "") -> tuple[dict[str, int], Activity]:
    """Return the index of each address, and what was seen."""
    traffic, scopes = plant.traffic(), Scopes()
    proofs = read_proofs(traffic.claims, scopes)
    devices = Devices(find_hosts(traffic.flows, scopes, proofs.on_segment, proofs.of_host), proofs, traffic.flows)
    index = {asset.addresses[0]: n for n, asset in enumerate(plant.inventory().assets)}
    return index, watch(traffic, devices, {"dns", "http-connect"}, lambda name: name == wanted)


def said(index: int, seen: Activity) -> set[tuple[str, str, int, bool]]:
    return {(s.application, s.side, s.flow, s.is_certain) for s in seen.spoken.get(index, [])}


def test_both_sides_speak_the_protocol_of_their_flow() -> None:
    plant = Plant()
    flow = plant.flow("10.0.0.2", "10.0.0.3", Application.MODBUS)

    at, seen = activity(plant)
    assert said(at["10.0.0.2"], seen) == {("modbus", "client", flow, True)}
    assert said(at["10.0.0.3"], seen) == {("modbus", "server", flow, True)}


def test_whoever_never_answered_serves_nothing() -> None:
    plant = Plant()
    plant.flow("10.0.0.3", "8.8.8.8")
    plant.attempt("10.0.0.2", "10.0.0.3", application=Application.DNS)

    at, seen = activity(plant)
    assert said(at["10.0.0.3"], seen) == set()


def test_a_conversation_of_known_direction_is_shown_rather_than_an_earlier_guess() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "10.0.0.3", Application.S7COMM, direction=Direction.UNKNOWN)
    known = plant.flow("10.0.0.2", "10.0.0.3", Application.S7COMM)
    plant.flow("10.0.0.2", "10.0.0.3", Application.S7COMM)

    at, seen = activity(plant)
    assert said(at["10.0.0.3"], seen) == {("s7comm", "server", known, True)}


def test_a_proxied_request_makes_its_carrier_a_proxy() -> None:
    plant = Plant()
    flow = plant.flow("10.0.0.2", "10.0.0.9", Application.TLS)
    plant.ask(flow, "cloud.example", NameSource.HTTP_CONNECT)

    at, seen = activity(plant)
    assert ("http-connect", "server", flow, True) in said(at["10.0.0.9"], seen)
    assert seen.served == {(at["10.0.0.9"], "http-connect"): {at["10.0.0.2"]: flow}}


def test_clients_of_a_shared_protocol_are_kept_with_their_first_flow() -> None:
    plant = Plant()
    first = plant.flow("10.0.0.2", "10.0.0.9", Application.DNS)
    plant.flow("10.0.0.2", "10.0.0.9", Application.DNS)
    other = plant.flow("10.0.0.3", "10.0.0.9", Application.DNS)
    plant.flow("10.0.0.3", "8.8.8.8", Application.DNS)

    at, seen = activity(plant)
    assert seen.served == {(at["10.0.0.9"], "dns"): {at["10.0.0.2"]: first, at["10.0.0.3"]: other}}


def test_wanted_names_are_found_with_their_first_flow() -> None:
    plant = Plant()
    plant.ask(plant.flow("10.0.0.2", "8.8.8.8"), "other.example", NameSource.TLS_SNI)
    flow = plant.flow("10.0.0.2", "8.8.8.8")
    plant.ask(flow, "mail.example", NameSource.TLS_SNI)

    at, seen = activity(plant, "mail.example")
    assert seen.asked == {at["10.0.0.2"]: [(flow, "mail.example")]}
    assert seen.flows() == {0, flow}


def test_first_and_last_span_all_flows_of_either_side() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "8.8.8.8", first=START + 5, last=START + 9)
    plant.flow("10.0.0.3", "10.0.0.2", first=START + 1, last=START + 7)

    at, seen = activity(plant)
    assert (seen.first[at["10.0.0.2"]], seen.last[at["10.0.0.2"]]) == (START + 1, START + 9)
    assert seen.first_flow[at["10.0.0.2"]] == 0
