"""Other projects' captures: what Wireshark calls a protocol of the plant is one here, and no office becomes a plant."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from kwel.assets.rules import installed
from kwel.columns import address_text
from kwel.kinds import Application
from kwel.model.assets import AssetKind
from kwel.pipeline import read_traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LAYERS = {
    "modbus": "modbus", "mbtcp": "modbus", "s7comm": "s7comm", "enip": "enip", "cipio": "enip", "bacnet": "bacnet",
    "bvlc": "bacnet", "opcua": "opcua", "dnp3": "dnp3", "iec60870_104": "iec104", "mms": "mms", "omron": "fins",
    "ams": "ads", "hart_ip": "hartip", "synphasor": "c37118", "c1222": "c1222", "sbus": "sbus", "esio": "esio",
    "egd": "egd", "lon": "cnip", "pn_io": "profinet", "coap": "coap", "amqp": "amqp", "rtps": "rtps",
    "hislip": "hislip", "mqtt": "mqtt",
}  # fmt: skip
"""What tshark calls a layer, and what kwel calls it."""
CONTESTED = {
    ("input.pcap", "enip"): "any datagram to port 2222",
    ("15_sll_addrlen_8_ipv4_udp.pcap", "enip"): "any datagram to port 2222",
    ("toca-boca.pcap", "enip"): "a game's datagram from port 44818",
    ("mapi.pcap", "c1222"): "a mail client that has port 1153 by chance",
}
"""Captures in which tshark goes by the port, and what is there instead."""
TRANSPORTS = {"tcp": 6, "udp": 17}
EVERY = 7
"""One in so many captures without a protocol of the plant is held against it here."""

Ends = tuple[int, frozenset[tuple[str, int]]]


def wanted(truth: dict[str, Any], name: str) -> dict[Ends, set[str]]:
    """Return what tshark saw on each conversation."""
    found: dict[Ends, set[str]] = {}
    for one in truth["conversations"]:
        if one["proto"] in TRANSPORTS:
            said = {LAYERS[layer] for layer in one["layers"] if layer in LAYERS}
            said -= {protocol for protocol in said if (name, protocol) in CONTESTED}
            ends = TRANSPORTS[one["proto"]], frozenset((end[0], end[1]) for end in (one["a"], one["b"]))
            if said:
                found.setdefault(ends, set()).update(said)
    return found


def spoken(capture: Path) -> dict[Ends, set[str]]:
    """Return what kwel sees on each conversation."""
    found: dict[Ends, set[str]] = {}
    for flow in read_traffic(str(capture), discovery=False).flows:
        ends = frozenset(
            (address_text(int(flow[f"{side}_hi"]), int(flow[f"{side}_lo"])), int(flow[f"{side}_port"]))
            for side in ("initiator", "responder")
        )
        found.setdefault((int(flow["transport"]), ends), set()).add(Application(flow["application"]).label)
    return found


def captures(corpus: Path) -> Iterator[tuple[Path, dict[Ends, set[str]]]]:
    for file in sorted((corpus / "truth").rglob("*.pcap*.json")):
        yield (
            corpus / "captures" / file.relative_to(corpus / "truth").with_suffix(""),
            wanted(json.loads(file.read_text()), file.stem),
        )


@pytest.mark.slow
def test_protocols_of_the_plant_are_found_where_wireshark_finds_them(shared: Callable[[str], Path]) -> None:
    seen, missed = Counter[str](), list[tuple[str, str]]()
    for capture, want in captures(shared("corpus")):
        got = spoken(capture) if want else {}
        for ends, protocols in want.items():
            for protocol in protocols:
                if protocol in got.get(ends, ()):
                    seen[protocol] += 1
                else:
                    missed.append((capture.name, protocol))

    assert len(seen) >= 22
    assert len(missed) <= 0.02 * seen.total(), missed


@pytest.mark.slow
def test_no_office_speaks_a_protocol_of_the_plant(shared: Callable[[str], Path]) -> None:
    plant = {rule.application for rule in installed().spoken if rule.says.kind == AssetKind.OT}
    beyond = {
        "dlms",
        "knx",
        "fox",
        "trdp",
        "s7plus",
        "profinet",
        "roc",
        "genisys",
    }  # Wireshark 4.0 knows these less well
    offices = [capture for capture, want in captures(shared("corpus")) if not want][::EVERY]
    found = {
        capture.name: said
        for capture in offices
        if (said := {each for saids in spoken(capture).values() for each in saids} & (plant - beyond))
    }

    assert len(offices) > 100
    assert found == {}
