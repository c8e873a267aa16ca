"""Reports made by hand: a plausible plant, a hostile one, an empty one and a very large one.

Names, addresses and figures are invented; documentation prefixes (RFC 5737, RFC 3849) stand for the outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, get_args

import numpy as np

from kwel.findings.identity import DIGITS, full_id
from kwel.model.assets import Asset, AssetKind, Fact
from kwel.model.changes import Change
from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.commands import Command, CommandClass, Party
from kwel.model.coverage import Coverage
from kwel.model.dependencies import STATES, Dependencies, Dependency, DependencyState
from kwel.model.findings import Finding, Severity
from kwel.model.inventory import Difference, Entry, InventoryFile, InventoryUse, Line, LineState, Match
from kwel.model.kinds import FactKind
from kwel.model.report import Report, TableInfo, Timeline
from kwel.model.talks import Closeup, Stay, Talk
from kwel.model.traffic import Capture
from kwel.model.verdicts import Attribution, Verdict
from kwel.model.zones import OUTSIDE, PROPOSED, Conduit, ConduitState, Ends, Origin, Service, Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

CAPTURE = "line1.pcapng"
START = 1_794_182_400_000_000_000  # 9 November 2026, 00:00 UTC
HOUR = 3_600_000_000_000
# fmt: off
EEA = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
)
# fmt: on

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "plc\u202egnp.exe\u2066\u200f",
    'x" onmouseover="alert(3)',
    "{{ 7*7 }}{% raw %}",
    "nul\x00bell\x07esc\x1b[31m",
    "javascript:alert(4)",
    "lone\udc80surrogate",
    "z\u0300\u0301\u0302\u0303\u0304algo",
    "פלק-בקר",
    "a" * 300,
    "'; DROP TABLE assets; --",
    "</style><style>*{display:none}",
    "]]><!--",
)


def seen(frame: int, kind: str = "tls-sni", capture: str = CAPTURE, **values: str) -> Evidence:
    """Return an observation."""
    return Evidence("observed", kind, tuple(values.items()), Where(capture, frame))


def looked_up(kind: str, source: str, **values: str) -> Evidence:
    """Return a look-up."""
    return Evidence("looked-up", kind, tuple(values.items()), None, source)


def inferred(kind: str, source: str, **values: str) -> Evidence:
    """Return an inference."""
    return Evidence("inferred", kind, tuple(values.items()), None, source)


def claim(value: str, *evidence: Evidence, grade: Grade = Grade.A) -> Claim:
    """Return a claim."""
    return Claim(value, grade, evidence or (seen(1),))


def asset(
    label: str, address: str, kind: AssetKind, role: str | None = None, vendor: str | None = None, mac: str = ""
) -> Asset:
    """Return an asset."""
    mac = mac or "00:1b:1b:10:00:" + f"{int(address.rsplit('.', 1)[-1]):02x}"
    return Asset(
        id=mac,
        label=label,
        kind=kind,
        kind_why=claim("ot", seen(12, "spoken", protocol="modbus", role="server", peer="10.20.2.21"))
        if kind is AssetKind.OT
        else None,
        role=claim(role, seen(12, "spoken", protocol="modbus", role="server", peer="10.20.2.21")) if role else None,
        addresses=(address,),
        macs=(claim(mac, seen(3, "arp-claim", address=address, mac=mac)),),
        vendor=claim(vendor, looked_up("oui", "oui 2026-11-02", vendor=vendor, prefix=mac[:8])) if vendor else None,
        product=None,
        firmware=None,
        names=(),
        zone=None,
        vlans=(20,),
        protocols=(),
        first=START,
        last=START + 168 * HOUR,
        evidence=(seen(3, "arp-claim", address=address, mac=mac),),
    )


def attribution(
    name: str | None,
    address: str | None,
    *,
    operator: str | None,
    parent: str | None,
    law: str | None,
    verdict: Verdict = Verdict.EU_LOCATED_ONLY,
    service: str | None = None,
    supplier: str | None = None,
    supplier_law: str | None = None,
    location: str | None = None,
    place: str | None = None,
    grade: Grade = Grade.A,
    anycast: bool = False,
    guessed: bool = False,
) -> Attribution:
    """Return an attribution."""
    evidence = [
        inferred(
            "bloc",
            "rules/jurisdictions/blocs.toml, 2026-11-01",
            bloc="EEA",
            parent=law or "",
            operator=law or "",
            location=location or "",
            supplier=supplier_law or "",
            reason="parent-and-operator-foreign",
        )
    ]
    if address and operator:
        prefix = address.rsplit(".", 1)[0] + ".0/24"
        values = {"provider": operator, "prefix": prefix, "region": place or "", "services": ""}
        evidence.insert(0, looked_up("published-range", "cloud.mmdb, 2026-11-02", **values))
    geo = looked_up("geolocation", "country 2026-11-05", country=location or "")
    return Attribution(
        address=address,
        name=name,
        chain=(),
        operator=claim(operator, evidence[0]) if operator else None,
        operator_id=operator.lower().replace(" ", "-") if operator else None,
        operator_jurisdiction=law,
        parent=claim(parent, evidence[0]) if parent else None,
        parent_jurisdiction=law,
        location=claim(location, geo if guessed else evidence[0], grade=Grade.D if guessed else grade)
        if location
        else None,
        region=None,
        place=place,
        anycast=anycast,
        role="cloud",
        service=claim(service, inferred("service-rule", "services/example", service=service)) if service else None,
        supplier=supplier,
        supplier_jurisdiction=supplier_law,
        function="monitoring",
        path="data",
        impact="hours",
        grade=grade,
        verdict=verdict,
        elsewhere=(),
        reason="parent",
        evidence=tuple(evidence),
        rejected=(looked_up("geolocation", "country 2026-11-05", country="US"),) if place else (),
    )


AZURE = attribution(
    "plant.azure-devices.example",
    "192.0.2.10",
    operator="Microsoft Azure",
    parent="Microsoft Corporation",
    service="Azure IoT Hub",
    supplier="Microsoft",
    supplier_law="US",
    location="NL",
    place="West Europe (NL)",
    law="US",
)
BLOB = replace(AZURE, name="plantstore01.blob.azure.example", address="192.0.2.11", service=claim("Azure Blob Storage"))
M365 = replace(AZURE, name="outlook.office.example", address="192.0.2.12", service=claim("Microsoft 365"), place=None)
AWSIOT = attribution(
    "x1.iot.eu-west-1.aws.example",
    "198.51.100.20",
    operator="Amazon Web Services",
    parent="Amazon.com, Inc.",
    service="AWS IoT Core",
    location="IE",
    place="eu-west-1 (IE)",
    law="US",
)
NAMELESS = attribution(
    None,
    "198.51.100.55",
    operator="Amazon Web Services",
    parent="Amazon.com, Inc.",
    law="US",
    verdict=Verdict.FOREIGN,
    location="US",
    place="us-east-1 (US)",
    grade=Grade.B,
)
TALK2M = attribution(
    "device.talk2m.example",
    "198.51.100.30",
    operator="Amazon Web Services",
    parent="Amazon.com, Inc.",
    service="Ewon Talk2M",
    supplier="HMS Networks",
    supplier_law="SE",
    location="DE",
    place="eu-central-1 (DE)",
    law="US",
)
CAMERA = attribution(
    "eu.hik-connect.example",
    "198.51.100.31",
    operator="Amazon Web Services",
    parent="Amazon.com, Inc.",
    service="Hik-Connect",
    supplier="Hikvision",
    supplier_law="CN",
    location="DE",
    place="eu-central-1 (DE)",
    law="US",
)
PORTAL = attribution(
    "portal.vendor-iiot.example",
    "203.0.113.45",
    operator="Cloudflare",
    parent="Cloudflare, Inc.",
    law="US",
    verdict=Verdict.FRONT_HIDES_ORIGIN,
    location="anycast",
    anycast=True,
)
UNKNOWN = attribution(
    "update.somewhere.example",
    "203.0.113.77",
    operator=None,
    parent=None,
    law=None,
    verdict=Verdict.UNKNOWN,
    grade=Grade.U,
    location="FR",
    guessed=True,
)
HETZNER = attribution(
    "replica.historian.example",
    "203.0.113.10",
    operator="Hetzner",
    parent="Hetzner Online GmbH",
    law="DE",
    verdict=Verdict.EU_CONTROLLED,
    location="DE",
    place="Falkenstein (DE)",
)
TEAMVIEWER = attribution(
    "router7.teamviewer.example",
    "203.0.113.20",
    operator="TeamViewer",
    parent="TeamViewer SE",
    law="DE",
    verdict=Verdict.EU_INDICATED,
    service="TeamViewer",
    location="DE",
    grade=Grade.C,
)


@dataclass
class Plant:
    """Gathers assets and dependencies, and makes a report of them."""

    assets: list[Asset] = field(default_factory=list)
    attributions: list[Attribution] = field(default_factory=list)
    rows: list[tuple[int, int, int, int, int, int, int, int]] = field(default_factory=list)
    use: list[tuple[int, int, int]] = field(default_factory=list)

    def add(
        self,
        asset_index: int,
        leads_to: Attribution,
        out: int,
        into: int,
        *,
        state: DependencyState = DependencyState.USED,
        flows: int = 7,
        hours: Sequence[int] = (),
    ) -> None:
        """Add a dependency, and in which hours it was in use."""
        if leads_to not in self.attributions:
            self.attributions.append(leads_to)
        for hour in hours:
            self.use.append((len(self.rows), hour, (out + into) // len(hours)))
        where = self.attributions.index(leads_to)
        times = (START + (hours[0] if hours else 5) * HOUR, START + ((hours[-1] if hours else 160) + 1) * HOUR)
        self.rows.append((asset_index, where, STATES.index(state), *times, flows, out, into))

    def dependencies(self) -> Dependencies:
        """Return the dependencies, built row by row when asked for."""
        names = ("asset", "attribution", "state", "first", "last", "flows", "bytes_out", "bytes_in")
        table = np.array(self.rows, np.int64).reshape(-1, len(names))
        return Dependencies(
            {name: table[:, column] for column, name in enumerate(names)}, self.attributions, self._build
        )

    def _build(self, index: int) -> Dependency:
        owner, where, state, first, last, flows, out, into = self.rows[index]
        asset_, leads_to = self.assets[owner], self.attributions[where]
        return Dependency(
            asset=asset_.id,
            asset_label=asset_.label,
            asset_kind=asset_.kind,
            host=leads_to.name or leads_to.address or "?",
            attribution=leads_to,
            state=STATES[state],
            first=first,
            last=last,
            flows=flows,
            bytes_out=out,
            bytes_in=into,
            port=443,
            application="tls",
            evidence=_observed(index, state, asset_, leads_to),
        )

    def report(self, **changes: object) -> Report:
        """Return the report."""
        dependencies = self.dependencies()
        use = np.array(self.use, np.int64).reshape(-1, 3)
        return replace(_bare(self.assets, dependencies, use), **changes)  # type: ignore[arg-type]


def _observed(index: int, state: int, asset_: Asset, leads_to: Attribution) -> tuple[Evidence, ...]:
    frame = 48_211 + index
    values = {"initiator": asset_.addresses[0], "responder": leads_to.address or "", "port": "443", "transport": "TCP"}
    flow = seen(frame, "flow-seen", **values, state="established")
    if STATES[state] is DependencyState.ATTEMPTED:
        return (seen(frame, "syn-unanswered", **values, state="unanswered"),)
    if STATES[state] is DependencyState.RESOLVED_ONLY:
        return (seen(frame, "dns-question", name=leads_to.name or ""),)
    return (flow, seen(frame + 3, "tls-sni", name=leads_to.name)) if leads_to.name else (flow,)


def _bare(assets: list[Asset], dependencies: Dependencies, use: np.ndarray) -> Report:
    return Report(
        captures=(
            Capture(
                CAPTURE,
                "pcapng",
                31_452_112,
                "9f2c41ab77e0c1d25a90be3344f1720c8d16e2aa90fb6c57b1e40c7f21a903d6",
                212_480,
                START,
                START + 168 * HOUR,
                (("ethernet", 212_480),),
                0,
                None,
            ),
        ),
        coverage=Coverage(212_480, 212_401, {"not-ip": 61, "cut": 18}, {"one-way-flows": 14, "encrypted-dns": 2}),
        assets=tuple(assets),
        dependencies=dependencies,
        timeline=Timeline(START, HOUR, use[:, 0], use[:, 1], use[:, 2]),
        findings=(),
        tables=(
            TableInfo("cloud", "published ranges of 14 operators", "2026-11-02", 81_233, "MIT"),
            TableInfo("asn", "RouteViews and DB-IP", "2026-11-03", 512_004, "CC BY 4.0: IP Geolocation by DB-IP"),
            TableInfo("country", "RIR delegated statistics", "2026-11-05", 301_118, "CC0 1.0"),
        ),
        rulebook="c07e19aa4b5d0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796",
        bloc="EEA",
        bloc_members=EEA,
        other_blocs=("EEA+CH", "EEA+CH+GB"),
        version="0.1.0",
        command=f"kwel report {CAPTURE} --lang nl",
    )


def plant() -> Report:
    """Return a plant with something of everything."""
    it = Plant()
    ot, iiot, office = AssetKind.OT, AssetKind.IIOT, AssetKind.IT
    it.assets = [
        asset("gw-line1", "10.20.3.32", iiot, "gateway", "Moxa"),
        asset("hmi-03", "10.20.2.27", ot, "hmi", "Siemens AG"),
        asset("cam-gate1", "10.20.3.31", iiot, "camera", "Hikvision"),
        asset("ewon-01", "10.20.3.33", ot, "gateway", "HMS Industrial Networks"),
        asset("hist-01", "10.20.2.22", ot, "server", "VMware"),
        asset("gw-energy", "10.20.3.36", iiot, "gateway", "WAGO"),
        asset("ews-02", "10.20.2.24", ot, "client", "Dell"),
        asset("plc-07", "10.20.1.17", ot, "controller", "Rockwell Automation"),
        asset("office-11", "10.30.0.11", office, "client", "HP"),
        asset("bms-01", "10.20.1.15", ot, "controller", "Johnson Controls"),
        asset("jump-01", "10.35.0.5", AssetKind.SHARED, "server", "VMware"),
        asset("hmi-01", "10.20.2.21", ot, "hmi", "Siemens AG"),
        asset("plc-9", "10.20.1.9", ot, "controller", "Siemens AG"),
        asset("plc-10", "10.20.1.10", ot, "controller", "Schneider Electric"),
        asset("10.20.1.14", "10.20.1.14", AssetKind.UNKNOWN),
    ]
    it.add(0, AZURE, 412_000_000, 38_000_000, hours=range(168))
    it.add(1, NAMELESS, 18_400_000, 2_100_000, hours=range(5, 168, 24))
    it.add(2, CAMERA, 640_000_000, 22_000_000, hours=range(2, 166, 3))
    it.add(3, TALK2M, 96_000_000, 71_000_000, hours=[*range(31), *range(33, 73), *range(74, 168)])
    it.add(4, BLOB, 2_100_000_000, 9_000_000, hours=(146, 147))
    it.add(4, HETZNER, 9_800_000_000, 120_000_000, hours=range(168))
    it.add(5, AWSIOT, 61_000_000, 7_000_000, hours=range(168))
    it.add(6, PORTAL, 5_200_000, 88_000_000, hours=(9, 34, 35, 82, 105, 106))
    it.add(7, M365, 64_000, 64_000, hours=range(0, 168, 4))
    it.add(8, M365, 310_000_000, 1_900_000_000, hours=[d * 24 + h for d in range(5) for h in range(7, 17)])
    it.add(9, UNKNOWN, 3_300_000, 1_100_000, hours=range(6, 168, 24))
    it.add(10, TEAMVIEWER, 44_000_000, 130_000_000, hours=(33, 34, 80, 104, 105, 106))
    it.add(7, CAMERA, 0, 0, state=DependencyState.ATTEMPTED, flows=1_204)
    it.add(11, PORTAL, 0, 0, state=DependencyState.ATTEMPTED, flows=37)
    it.add(8, AWSIOT, 0, 0, state=DependencyState.RESOLVED_ONLY, flows=2)
    it.add(12, BLOB, 0, 0, state=DependencyState.RESOLVED_ONLY, flows=1)
    it.assets[1], it.assets[13] = panel(it.assets[1]), controller(it.assets[13])
    report = it.report(title="Voorbeeldfabriek, line 1 and utilities", commands=COMMANDS, look_closer=look_closer)
    zones, conduits = zones_of(report)
    report = replace(report, changes=changes(report), zones=zones, conduits=conduits)
    report = replace(report, inventory=own_inventory(report))
    return replace(report, findings=tuple(_findings(report)))


def fact(kind: FactKind, value: str, frame: int, protocol: str) -> Fact:
    """Return something that a frame says of an asset."""
    return Fact(kind, claim(value, seen(frame, "says-of-itself", what=kind, value=value, protocol=protocol)))


def panel(of: Asset) -> Asset:
    """Return an operator panel of which everything is known."""
    return replace(
        of,
        product=claim(
            "SIMATIC TP1500", seen(77, "says-of-itself", what="product", value="TP1500", protocol="profinet")
        ),
        names=(claim(of.label, seen(70, "hostname", name=of.label, protocol="lldp")),),
        facts=(
            fact("hostname", "HMI-03", 71, "dhcp"),
            fact("product", "SIMATIC TP1500", 77, "profinet"),
            fact("order-number", "6AV2 124-0QC02-0AX1", 77, "profinet"),
            fact("serial", "V-H5A12345", 78, "s7comm"),
            *(fact("firmware", f"V17.0.{n}", 80 + n, "s7comm") for n in range(8)),
            fact("location", "Ketelhuis, paneel 4", 90, "lldp"),
            fact("neighbour", "sw-3 port 14", 91, "lldp"),
        ),
        zone="Cell 1",
        zone_why=claim("Cell 1", looked_up("site-zone", "site.toml", zone="Cell 1", by="VLAN 20")),
        level=claim("2", inferred("role-level", "rules/devices/roles.toml", role="hmi"), grade=Grade.D),
        role_or=claim("historian", seen(99, "spoken", protocol="opcua", role="client", peer="x"), grade=Grade.C),
        owner="Utilities",
        criticality="high",
        behind=claim("3", seen(95, "address-moved", address="10.20.2.27", macs="a, b"), grade=Grade.C),
        protocols=(claim("s7comm", seen(98, "spoken", protocol="s7comm", role="client", peer="10.20.1.10")),),
    )


def controller(of: Asset) -> Asset:
    """Return a controller that is known by what others asked it."""
    return replace(of, facts=(fact("serial", "21V1234", 120, "modbus"),))


def changes(report: Report) -> tuple[Change, ...]:
    """Return identities that changed: the panel's firmware, and who has an address."""
    was = seen(80, "says-of-itself", what="firmware", value="V17.0.0", protocol="s7comm")
    now = seen(87, "says-of-itself", what="firmware", value="V17.0.7", protocol="s7comm")
    panel_, other = report.assets[1].id, report.assets[14].id
    at = seen(140, "arp-claim", address="10.20.1.14", mac="00:80:f4:00:00:01")
    return (
        Change(panel_, "firmware", "hmi-03", "V17.0.0", "V17.0.7", START + HOUR, Grade.B, (was, now)),
        Change(other, "mac", "10.20.1.14", "00:80:f4:00:00:01", other, START + 2 * HOUR, Grade.A, (at, seen(141))),
    )


def zone(
    number: int, name: str, level: str | None, *assets: int, origin: Origin = Origin.SITE, key: str = "", vlan: int = 20
) -> Zone:
    """Return a zone."""
    return Zone(
        id=f"Z-{number:02d}",
        key=key,
        name=name,
        origin=origin,
        level=level,
        security_level=2 if origin is Origin.SITE else None,
        owner="Utilities" if origin is Origin.SITE else None,
        prefixes=("10.20.0.0/16",) if assets else (),
        vlans=(vlan,) if assets else (),
        kinds=((AssetKind.OT, len(assets)),) if assets else (),
        assets=assets,
        why=claim(name, looked_up("site-zone", "site.toml", zone=name, by=f"VLAN {vlan}")),
        flows=1,
        packets=2,
        bytes=3,
    )


def conduit(number: int, source: int, target: int, *protocols: str | None, size: int = 40_000) -> Conduit:
    """Return a conduit; a protocol that is not known by content stands for a port, and none at all for an attempt."""
    state = ConduitState.USED if protocols else ConduitState.ATTEMPTED
    services = tuple(
        Service(
            of, "tcp", 502 + at, Grade.B if of else Grade.D, state, 3, 5, 5, size, size, START, START + HOUR,
            Where(CAPTURE, 200 + at),
        )
        for at, of in enumerate(protocols or (None,))
    )  # fmt: skip
    return Conduit(
        id=f"C-{number:02d}",
        source=source,
        target=target,
        back=None,
        state=state,
        services=services,
        services_left_out=0,
        initiators=Ends(1, ("00:1b:1b:10:00:1b",)),
        responders=Ends(3, ("outside.example", "10.20.1.10")),
        flows=7,
        attempts=0 if protocols else 7,
        unsure=0,
        packets_out=5,
        packets_in=5,
        bytes_out=size,
        bytes_in=size // 2,
        first=START,
        last=START + HOUR,
        evidence=(seen(200 + number, "flow-seen"),),
        commands=(("write", 12),) if "modbus" in protocols else (),
    )


def own_inventory(report: Report) -> InventoryUse:
    """Return an inventory with something of every state."""
    serial = Difference("serial", "V-H5A99999", "V-H5A12345", Grade.B, (seen(78, "says-of-itself"),))
    entries = (
        Line(Entry("assets.csv:2", "HMI 3", ("10.20.2.27",)), LineState.DIFFERS, report.assets[1].id, Match.ADDRESS,
             differences=(serial,)),
        Line(Entry("assets.csv:3", "plc-9"), LineState.SEEN, report.assets[12].id, Match.NAME),
        Line(Entry("assets.csv:4", "spare"), LineState.AMBIGUOUS, report.assets[11].id, Match.NAME,
             (report.assets[13].id,)),
        Line(Entry("assets.csv:5", "plc-99", ("10.20.1.99",), owner="Utilities"), LineState.UNSEEN, None, None,
             in_sight=True),
        Line(Entry("assets.csv:6", None, ("10.99.0.1",)), LineState.UNSEEN, None, None),
    )  # fmt: skip
    return InventoryUse((InventoryFile("assets.csv", "0" * 64, 5),), entries, (report.assets[8].id,))


def zones_of(report: Report) -> tuple[tuple[Zone, ...], tuple[Conduit, ...]]:
    """Return zones at several levels and what passes between them."""
    last = len(report.assets) - 1
    zones = (
        zone(1, "Boiler house", "1", 7, 12, 13),
        zone(2, "Supervision", "2", 1, 4, 6, 11),
        zone(3, f"{PROPOSED}VLAN 30 (IT)", None, 8, origin=Origin.PROPOSED),
        zone(4, f"{PROPOSED}10.20.1.0/24", None, last, origin=Origin.PROPOSED),
        *(zone(5 + n, text, None, origin=Origin.OUTSIDE, key=key) for n, (key, text) in enumerate(OUTSIDE.items())),
    )
    conduits = (
        conduit(1, 1, 0, "s7comm", "modbus", "opcua", size=10**9),
        conduit(2, 0, 1, None),
        conduit(3, 1, 4, "tls", size=10**7),
        conduit(4, 0, 4, "mqtt"),
        conduit(5, 2, 5, "tls"),
        conduit(6, 2, 6, "tls"),
        conduit(7, 3, 0),
        conduit(8, 2, 7, None),
    )
    return zones, conduits


_PANEL = Party("10.20.2.27", "00:1b:1b:10:00:1b", "hmi-03", is_outside=False)
_PLC = Party("10.20.1.10", "00:1b:1b:10:00:0a", "plc-10", is_outside=False)
_AWAY = Party("203.0.113.9", None, "203.0.113.9", is_outside=True)
COMMANDS = tuple(
    Command(source, target, "modbus", kind, names, count, START, START + HOUR, Where(CAPTURE, frame), is_answered=True)
    for source, target, kind, names, count, frame in (
        (_PANEL, _PLC, CommandClass.READ, ("Read Holding Registers",), 8_400, 130),
        (_AWAY, _PLC, CommandClass.WRITE, ("Write Single Register",), 3, 133),
        (_PANEL, _PLC, CommandClass.MODE, ("Restart Communications Option",), 1, 131),
    )
)


def look_closer(wanted: Sequence[int]) -> dict[int, Closeup]:
    """Return what assets did inside the plant: the panel reads a controller."""
    where = Where(CAPTURE, 98)
    asks = Talk(13, True, "s7comm", "TCP", 102, 3, 40_000, 90_000, START, START + HOUR, where)
    asked = replace(asks, peer=1, asks=False, bytes_out=90_000, bytes_in=40_000)
    by_port = replace(asks, peer=12, asks=None, application=None, port=4000, bytes_in=0)
    stays = (Stay("10.20.2.27", START, START + HOUR),)
    known = {1: Closeup((asks, by_port), 2, stays), 13: Closeup((asked,))}
    return {asset: known.get(asset, Closeup()) for asset in wanted}


def _findings(report: Report) -> list[Finding]:
    chosen = (
        ("unnamed-destination", Severity.HIGH, 1),
        ("vendor-cloud-outside", Severity.HIGH, 2),
        ("ot-asset-uses-foreign-cloud", Severity.HIGH, 4),
        ("front-hides-origin", Severity.MEDIUM, 7),
        ("asset-uses-foreign-cloud", Severity.LOW, 9),
        ("attempt-blocked", Severity.LOW, 12),
        ("nobody-wrote-this-yet", Severity.INFO, 10),
    )
    return [finding(kind, severity, report.dependencies[row]) for kind, severity, row in chosen]


def finding(kind: str, severity: Severity, about: Dependency) -> Finding:
    """Return a finding about one dependency."""
    leads_to = about.attribution
    values = {
        "asset": about.asset_label,
        "host": about.host,
        "operator": leads_to.operator.value if leads_to.operator else "",
        "service": leads_to.service.value if leads_to.service else "",
        "supplier": leads_to.supplier or "",
        "parent": leads_to.parent.value if leads_to.parent else "",
        "jurisdiction": leads_to.supplier_jurisdiction or leads_to.parent_jurisdiction or "",
        "place": leads_to.place or "",
        "bytes_out": str(about.bytes_out),
        "bytes_in": str(about.bytes_in),
    }
    identity = f"F-{full_id(kind, about.asset, about.host)[:DIGITS]}"
    return Finding(
        identity, kind, severity, leads_to.grade, about.asset, about.asset_label, tuple(values.items()), (about,), ()
    )


def hostile() -> Report:
    """Return a plant whose every string is an attack."""
    it = Plant()
    for index, text in enumerate(HOSTILE):
        it.assets.append(
            replace(
                asset(text, f"10.0.0.{index + 1}", AssetKind.OT, text, text),
                names=(claim(f"{text}!", seen(5, "hostname", capture=text, name=text, protocol=text)),),
                zone=text,
                facts=tuple(
                    Fact(kind, claim(text, seen(6, "says-of-itself", what=kind, value=text, protocol=text)))
                    for kind in get_args(FactKind)
                ),
                zone_why=claim(text, inferred(text, text, **{"x": text})),
                level=claim(text, inferred(text, text, **{"x": text})),
                behind=claim(text, inferred(text, text, **{"x": text})),
                owner=text,
                criticality=text,
            )
        )
        leads_to = attribution(
            text,
            f"192.0.2.{index}",
            operator=text,
            parent=text,
            law="US",
            verdict=Verdict.FOREIGN,
            service=text,
            supplier=f"{text} ltd",
            supplier_law=text,
            location=text,
            place=text,
        )
        it.add(index, leads_to, 10**index, 5, hours=range(index + 1))
        it.add(index, replace(leads_to, address="192.0.2.99"), 0, 0, state=DependencyState.ATTEMPTED)
        it.add(index, replace(leads_to, address=None), 0, 0, state=DependencyState.RESOLVED_ONLY)
    report = it.report(
        title=HOSTILE[0] + HOSTILE[2],
        command=" ".join(HOSTILE),
        version=HOSTILE[1],
        internal=HOSTILE,
        coverage=Coverage(10, 0, dict.fromkeys(HOSTILE, 1), dict.fromkeys(HOSTILE, 2)),
        tables=tuple(TableInfo(text, text, text, 1, text) for text in HOSTILE),
    )
    talks = {
        index: Closeup((Talk(index, True, text, text, 1, 1, 1, 1, START, START, Where(text, 1)),), 1)
        for index, text in enumerate(HOSTILE)
    }
    parties = [Party(text, of.id, text, is_outside=True) for text, of in zip(HOSTILE, report.assets, strict=True)]
    commands = tuple(
        Command(of, of, of.label, CommandClass.MODE, (of.label,), 1, START, START, Where(of.label, 1), is_answered=True)
        for of in parties
    )
    changes_ = tuple(
        Change(of.id, "serial", of.label, of.label, of.label, START, Grade.B, (seen(1, of.label),))
        for of in report.assets
    )
    zones, conduits = zones_of(report)
    zones = tuple(replace(of, name=text, owner=text, level=text) for of, text in zip(zones[:4], HOSTILE, strict=False))
    zones += tuple(replace(of, key=text) for of, text in zip(zones_of(report)[0][4:], HOSTILE, strict=False))
    ends = Ends(9, HOSTILE)
    conduits = tuple(
        replace(of, initiators=ends, responders=ends, services=(replace(of.services[0], protocol=text),))
        for of, text in zip(conduits, HOSTILE, strict=False)
    )
    entries = tuple(
        Line(
            Entry(text, text, (text,), owner=text), state, report.assets[0].id, None, (text,),
            (Difference(text, text, text, Grade.B, (seen(1, text),)),),
        )
        for text, state in zip(HOSTILE, list(LineState) * 4, strict=False)
    )  # fmt: skip
    files = (InventoryFile(HOSTILE[0], HOSTILE[1], 1),)
    report = replace(report, inventory=InventoryUse(files, entries, tuple(of.id for of in report.assets)))
    report = replace(report, changes=changes_, zones=zones, conduits=conduits)
    report = replace(report, commands=commands, look_closer=lambda wanted: {asset: talks[asset] for asset in wanted})
    captures = tuple(report.captures[0]._replace(name=text, problem=text, format=text) for text in HOSTILE)
    findings = [
        replace(finding(text, Severity.HIGH, report.dependencies[3 * i]), values=((text, text), ("host", text)))
        for i, text in enumerate(HOSTILE)
    ]
    findings += [
        finding("ot-asset-uses-foreign-cloud", Severity.HIGH, report.dependencies[3 * i]) for i in range(len(HOSTILE))
    ]
    return replace(report, captures=captures, findings=tuple(findings))


def nothing() -> Report:
    """Return the report of an unreadable file."""
    empty = Plant().report()
    unread = Capture("notes.txt", "unknown", 12, None, 0, None, None, (), None, "not a capture file", 12)
    return replace(empty, captures=(unread,), coverage=Coverage(0, 0, {}, {}), tables=(), bloc_members=())


def large(assets: int = 1_600, dependencies: int = 60_000, hosts: int = 20_000) -> Report:
    """Return a plant larger than any page."""
    it = Plant()
    kinds = tuple(AssetKind)
    it.assets = [
        asset(f"host-{i}", f"10.0.{i >> 8}.{i & 255}", kinds[i % 5], "client", "Siemens AG", f"02:{i:010x}")
        for i in range(assets)
    ]
    base = (AZURE, BLOB, M365, AWSIOT, NAMELESS, TALK2M, CAMERA, PORTAL, UNKNOWN, HETZNER, TEAMVIEWER)
    it.attributions = [
        replace(
            base[i % len(base)],
            name=None if i % 7 == 4 else f"h{i}.example",
            address=f"198.{18 + (i >> 16)}.{i >> 8 & 255}.{i & 255}",
            service=base[i % len(base)].service if i % 3 else None,
        )
        for i in range(hosts)
    ]
    for i in range(dependencies):
        state = (0, 0, 0, 1, 2)[i % 5]
        owner = i * 7919 % (assets * 9 // 10)
        it.rows.append((owner, i * 31 % hosts, state, START, START + HOUR, 1 + i % 9, i * 1_003, i * 17))
        it.use += [(i, i % 168, 100 + i), (i, (i * 7) % 168, 5)]
    it.rows.sort(key=lambda row: (row[0], -row[6]))
    return it.report()
