"""A plant of three assets, built by hand: no capture is read and no name of a real provider decides anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kwel.model.assets import Asset, AssetKind, Fact
from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.commands import Command, CommandClass, Party
from kwel.model.coverage import Coverage
from kwel.model.dependencies import Dependencies, Dependency, DependencyState
from kwel.model.findings import Finding, Severity
from kwel.model.graph import External, Graph, Need
from kwel.model.interruptions import Aftermath, Fate, Interruption, Interruptions, Retries, Rhythm, Sign, Span
from kwel.model.inventory import Difference, Entry, InventoryFile, InventoryUse, Line, LineState, Match
from kwel.model.kinds import Lan, LanSide
from kwel.model.names import Names
from kwel.model.records.bindings import CLAIM
from kwel.model.records.columns import (
    ANSWER,
    FLOW,
    HELLO,
    LAN,
    NAME,
    SHOWN,
    Direction,
    Ech,
    NameSource,
    State,
    address_halves,
)
from kwel.model.report import Report, TableInfo, Timeline
from kwel.model.traffic import Capture, Certificate, Traffic
from kwel.model.verdicts import Attribution, Verdict
from kwel.model.zones import Conduit, ConduitState, Ends, Origin, Service, Zone

START = 1_772_442_847_120_331_000  # 2026-03-02T09:14:07.120331Z
HOSTILE = "=cmd|' /c calc'!a0"
NAMES = ("", "iot.cloud.example", HOSTILE, "h2,http/1.1")
JA4 = "t13d1516h2_8daaf6152771_e5627efa2ab1"
CERTIFICATES = (
    Certificate("", ("*.cloud.example", "cloud.example"), "Example Trust", "00" * 32),
    Certificate("device", (), "", "11" * 32),
)
SEEN = Evidence("observed", "tls-sni", (("name", "iot.cloud.example"),), Where("plant.pcapng", 118))
LOOKED_UP = Evidence("looked-up", "published-range", (("prefix", "192.0.2.0/24"),), source="cloud 2026-03-01")


def make_names(*names: str) -> Names:
    """Return a name table."""
    raw = [name.encode() for name in names]
    length = np.array([len(name) for name in raw], np.int64)
    return Names(np.frombuffer(b"".join(raw), np.uint8), np.cumsum(length) - length, length)


def make_flow(initiator: str, responder: str, **fields: int) -> np.ndarray:
    """Return one row of ``columns.FLOW``."""
    row = np.zeros(1, FLOW)
    row["initiator_hi"], row["initiator_lo"] = address_halves(initiator)
    row["responder_hi"], row["responder_lo"] = address_halves(responder)
    for key, value in fields.items():
        row[key] = value
    return row


def make_capture(name: str = "plant.pcapng", problem: str | None = None) -> Capture:
    """Return a capture as it was read."""
    return Capture(name, "pcapng", 4096, None, 20, START, START + 10**9, (("Ethernet", 20),), None, problem)


def make_lan() -> np.ndarray:
    """Return a conversation without IP: a publisher of GOOSE."""
    lan = np.zeros(1, LAN)
    lan["source"], lan["destination"], lan["vlan"] = 0x00A0F4082F77, 0x010CCD010001, 20
    lan["protocol"], lan["side"], lan["first_frame"] = Lan.GOOSE, LanSide.PUBLISHER, 7
    lan["first"], lan["last"], lan["frames"], lan["bytes"] = START, START + 10**9, 118, 17346
    return lan


def make_hellos() -> tuple[np.ndarray, np.ndarray]:
    """Return two ClientHellos, one of which little is known, and a certificate from either side of the first flow."""
    hellos, shown = np.zeros(2, HELLO), np.zeros(2, SHOWN)
    hellos["flow"], hellos["frame"], hellos["name"], hellos["alpn"] = [0, 1], [118, 140], [1, 0], [3, 0]
    hellos["source"], hellos["version"] = [NameSource.TLS_SNI, NameSource.QUIC_SNI], [0x0304, 0]
    hellos["ech"], hellos["fingerprint"], hellos["partial"] = [Ech.GREASE_LIKELY, Ech.NONE], [1, 0], [0, 1]
    hellos["time"] = START + 1
    shown["certificate"], shown["from_initiator"] = [1, 0], [1, 0]
    return hellos, shown


def make_traffic(problem: str | None = None) -> Traffic:
    """Return two flows: one over TCP and two VLAN tags, one over IPv6 with a name that is a formula."""
    flows = np.concatenate(
        [
            make_flow(
                "10.20.3.32", "192.0.2.7", initiator_port=49152, responder_port=8883, transport=6, version=4,
                vlan=500 << 16 | 20, first=START, last=START + 10**9, bytes_out=5120, bytes_in=7310, packets_out=12,
                packets_in=8, first_frame=117, name=1, name_frame=118, name_source=NameSource.TLS_SNI,
                state=State.ESTABLISHED, direction=Direction.HANDSHAKE,
            ),
            make_flow(
                "fd00::12", "2001:db8::7", initiator_port=50001, responder_port=443, transport=17, version=6,
                first=START + 5, last=START + 6, bytes_out=60, packets_out=1, first_frame=140, name=2,
                name_source=NameSource.DNS, state=State.UNANSWERED,
            ),
        ]
    )  # fmt: skip
    named = np.zeros(2, NAME)
    named["time"], named["flow"], named["frame"] = START + 1, [0, 1], [118, 140]
    named["name"], named["source"] = [1, 2], [NameSource.TLS_SNI, NameSource.HTTP_HOST]
    hellos, shown = make_hellos()
    return Traffic(
        captures=(make_capture(problem=problem),),
        hellos=hellos,
        fingerprints=("", JA4),
        certificates=CERTIFICATES,
        shown=shown,
        lan=make_lan(),
        flows=flows,
        names=make_names(*NAMES),
        named=named,
        answers=np.zeros(0, ANSWER),
        claims=np.zeros(0, CLAIM),
        observed=(),
        coverage=Coverage(21, 21, {}, {}),
    )


def make_attribution() -> Attribution:
    """Return a cloud outside the bloc, with a European supplier in front."""
    claim = Claim("Example Cloud", Grade.A, (SEEN, LOOKED_UP))
    return Attribution(
        address="192.0.2.7", name="iot.cloud.example", chain=(), operator=claim, operator_id="example-cloud",
        operator_jurisdiction="US", parent=Claim("Example Corp", Grade.A, (LOOKED_UP,)), parent_jurisdiction="US",
        location=Claim("NL", Grade.A, (LOOKED_UP,)), region="westeurope", place="West Europe (NL)", anycast=False,
        role="cloud", service=Claim("Example IoT", Grade.A, (SEEN,)), supplier="Plant Vendor",
        supplier_jurisdiction="DE", function="monitoring", path="data", impact="hours", grade=Grade.A,
        verdict=Verdict.FOREIGN,
        reason="parent", elsewhere=(), evidence=(SEEN, LOOKED_UP),
    )  # fmt: skip


def make_asset(number: int, **fields: object) -> Asset:
    """Return an asset of which nothing is known but its address."""
    nothing: dict[str, object] = {
        "id": f"10.20.3.{number}", "label": f"10.20.3.{number}", "kind": AssetKind.UNKNOWN, "kind_why": None,
        "role": None, "addresses": (f"10.20.3.{number}",), "macs": (), "vendor": None, "product": None,
        "firmware": None, "names": (), "zone": None, "vlans": (20,), "protocols": (), "first": START,
        "last": START + 10**9, "evidence": (SEEN,),
    }  # fmt: skip
    return Asset(**{**nothing, **fields})  # type: ignore[arg-type]


def make_zones() -> dict[str, tuple[object, ...]]:
    """Return a zone of the plant, the outside, and what passes between them."""
    why = Claim("Cell 1", Grade.B, (LOOKED_UP,))
    cell = Zone(
        "Z-01", "", "Cell 1", Origin.SITE, "1", 2, None, ("10.20.3.0/24",), (20,), ((AssetKind.IIOT, 2),), (0, 1), why,
        0, 0, 0,
    )  # fmt: skip
    outside = replace(cell, id="Z-02", key="internet", name=HOSTILE, origin=Origin.OUTSIDE, level=None, assets=())
    span: dict[str, Any] = {"first": START, "last": START + 10**9}
    volume: dict[str, Any] = {"flows": 1, "packets_out": 12, "packets_in": 8, "bytes_out": 5120, "bytes_in": 7310}
    where = Where("plant.pcapng", 117)
    service = Service("tls", "tcp", 8883, Grade.B, ConduitState.USED, where=where, **volume, **span)
    conduit = Conduit(
        "C-01", 0, 1, None, ConduitState.USED, (service,), 0, Ends(1, ("00:90:e8:10:00:32",)),
        Ends(1, ("iot.cloud.example",)), attempts=0, unsure=0, evidence=(SEEN,), **volume, **span,
    )  # fmt: skip
    return {"zones": (cell, outside), "conduits": (conduit,)}


def make_use() -> InventoryUse:
    """Return an inventory of two: one of another serial number, and one that was not seen; an asset is in none."""
    plc, gone = Entry("assets.csv:2", HOSTILE, owner="Utilities"), Entry("assets.csv:3", "Gone")
    difference = Difference("serial", "A1", "TAIDB1039", Grade.B, (SEEN,))
    lines = (
        Line(plc, LineState.DIFFERS, "00:90:e8:10:00:32", Match.NAME, (), (difference,)),
        Line(gone, LineState.UNSEEN, None, None),
    )
    return InventoryUse((InventoryFile("assets.csv", "0" * 64, 2),), lines, ("10.20.3.12",))


def make_report(problem: str | None = None) -> Report:
    """Return the report on ``make_traffic``: a gateway that uses a cloud, and a device without contacts."""
    gateway = make_asset(
        32, id="00:90:e8:10:00:32", label="moxa-gw", kind=AssetKind.IIOT,
        macs=(Claim("00:90:e8:10:00:32", Grade.A, (SEEN,)),), vendor=Claim("Moxa", Grade.B, (LOOKED_UP,)),
        names=(Claim("moxa-gw", Grade.A, (SEEN,)),), facts=(Fact("serial", Claim("TAIDB1039", Grade.B, (SEEN,))),),
    )  # fmt: skip
    attribution = make_attribution()
    dependency = Dependency(
        asset=gateway.id, asset_label=gateway.label, asset_kind=gateway.kind, host="iot.cloud.example",
        attribution=attribution, state=DependencyState.USED, first=START, last=START + 10**9, flows=1, bytes_out=5120,
        bytes_in=7310, port=8883, application="tls", evidence=(SEEN, LOOKED_UP, SEEN),
    )  # fmt: skip
    columns = {key: np.zeros(1, np.int64) for key in ("asset", "attribution", "state")}
    columns |= {
        key: np.array([getattr(dependency, key)]) for key in ("first", "last", "flows", "bytes_out", "bytes_in")
    }
    finding = Finding(
        "F-3fa9c1", "asset-uses-foreign-cloud", Severity.MEDIUM, Grade.A, gateway.id, gateway.label,
        (("asset", "moxa-gw"), ("host", "iot.cloud.example")), (dependency,), (SEEN,),
    )  # fmt: skip
    none = np.zeros(0, np.int64)
    return Report(
        captures=(make_capture(problem=problem),),
        coverage=Coverage(21, 20, {"link-type": 1}, {"midstream": 1}),
        assets=(gateway, make_asset(12)),
        dependencies=Dependencies(columns, (attribution,), lambda _: dependency),
        timeline=Timeline(START, 10**9, none, none, none),
        findings=(finding,),
        tables=(TableInfo("cloud", "published ranges", "2026-03-01", 3, "various"),),
        rulebook="0" * 64,
        bloc="EEA",
        bloc_members=("NL", "DE"),
        other_blocs=("EEA+CH",),
        version="0.1.0",
        command="kwel report plant.pcapng",
        commands=(make_command(),),
        **make_zones(),  # type: ignore[arg-type]
        inventory=make_use(),
        needs=make_graph,
        interruptions=Interruptions((make_interruption(),)),
    )


def make_graph() -> Graph:
    """Return the one need of a gateway for a cloud."""
    cloud = External(
        "S-01", "Example IoT", "Example", "US", "Example Cloud", "example", "US", "Example", "US", "west", "NL",
        "monitoring", "data", "hours", Verdict.EU_LOCATED_ONLY, None, ("iot.cloud.example",), 1, (0,), "cloud",
    )  # fmt: skip
    why = Claim("Example IoT", Grade.B, (Evidence("observed", "tls-sni", (), Where("plant.pcap", 118)),))
    state, times = DependencyState.USED, (START, START + 9, 1, 2, 3)
    need = Need("N-0001", 0, 0, False, "monitoring", "data", state, why, "", None, *times, why.evidence, "hours")
    return Graph((cloud,), (replace(need, hours=72.0, conduit="C-01"),), assets=2)


def make_interruption() -> Interruption:
    """Return a cloud that stopped answering a gateway, which went on inside the plant."""
    begin, end, rhythm = Span(START, START + 9), Span(START + 10**9, START + 2 * 10**9), Rhythm(60.0, 0.5, 9)
    went_on = Aftermath(Fate.KEPT_RUNNING, None, ("modbus",), "backup.example")
    tried, seen = Retries(3, 1.5, grows=True), (SEEN,)
    return Interruption(
        "I-01", 0, None, 0, "iot.cloud.example", 8883, Sign.UNANSWERED, begin, end, rhythm, tried, went_on,
        common=1, evidence=seen,
    )  # fmt: skip


def make_command() -> Command:
    """Return what an address outside told a controller."""
    source, target = Party("198.51.100.7", None, "198.51.100.7", True), Party("10.20.1.12", "a-12", "plc", False)
    names, where = ("Write Single Coil", "0x41"), Where("plant.pcap", 118)
    return Command(source, target, "modbus", CommandClass.WRITE, names, 3, START, START + 9, where, is_answered=True)


def as_cell(value: object) -> str:
    """Return how CSV writes a value of JSON Lines, its guard against formulas apart."""
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
