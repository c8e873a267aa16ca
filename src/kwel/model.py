"""The nouns of the analysis. Every stage imports this module and this module imports no stage.

``None`` means "not known", and the report prints it so. Nothing here is changed after it was made.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from kwel.columns import HELLO, MIRROR, SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kwel.columns import Rows
    from kwel.names import Names

Step = Literal["observed", "looked-up", "inferred"]


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a capture, precise enough to open it in Wireshark."""

    capture: str
    frame: int
    """1-based, as Wireshark numbers frames."""

    def __str__(self) -> str:
        return f"{self.capture}#{self.frame}"


class Grade(enum.IntEnum):
    """How far the evidence for a statement carries. Ordered: ``min()`` of several is the weakest link."""

    U = 0
    """Nothing is known."""
    D = 1
    """A geolocation table, a port, a heuristic."""
    C = 2
    """A name alone, or a network number (ASN) alone."""
    B = 3
    """An officially published range, or a name and a network number that agree."""
    A = 4
    """An officially published range and a name that agree."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One step of a chain of reasoning: what was observed, looked up or inferred."""

    step: Step
    kind: str
    """Key of a sentence in the report's catalogue, e.g. ``tls-sni``, ``published-range``."""
    values: tuple[tuple[str, str], ...] = ()
    """What the sentence fills in, by name."""
    where: Where | None = None
    """For an observation: the frame."""
    source: str = ""
    """For a look-up: table and date. For an inference: the rule's id and its review date."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that we state, and why. A claim without evidence cannot be built."""

    value: str
    grade: Grade
    evidence: tuple[Evidence, ...]

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"no evidence for {self.value!r}")


class AssetKind(enum.StrEnum):
    """What sort of device an asset is."""

    OT = "ot"
    IT = "it"
    IIOT = "iiot"
    SHARED = "shared"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Asset:
    """A device on the plant's side of the tap."""

    id: str
    """The MAC address where one is proven, else the address, with ``@vlan`` where tagged."""
    label: str
    """What to call it: a host name, else an address."""
    kind: AssetKind
    kind_why: Claim | None
    role: Claim | None
    """From a closed vocabulary: controller, hmi, client, server, router, resolver, …"""
    addresses: tuple[str, ...]
    macs: tuple[Claim, ...]
    vendor: Claim | None
    product: Claim | None
    firmware: Claim | None
    names: tuple[Claim, ...]
    zone: str | None
    vlans: tuple[int, ...]
    protocols: tuple[Claim, ...]
    first: int
    """Nanoseconds since the epoch."""
    last: int
    evidence: tuple[Evidence, ...]


class Verdict(enum.StrEnum):
    """Whose law reaches a dependency: the worst of parent, operator and location, with its reason."""

    EU_CONTROLLED = "eu-controlled"
    """Parent, operator and location are inside the bloc, grade B or better."""
    EU_INDICATED = "eu-indicated"
    """The same at grade C: by its network number, or by its name alone."""
    EU_OPERATED_FOREIGN_PARENT = "eu-operated-foreign-parent"
    EU_LOCATED_ONLY = "eu-located-only"
    FOREIGN = "foreign"
    EU_PROVIDER_FOREIGN_LOCATION = "eu-provider-foreign-location"
    FRONT_HIDES_ORIGIN = "front-hides-origin"
    PLACE_UNPROVEN = "place-unproven"
    """Parent and operator are inside the bloc, but nothing better than geolocation says where."""
    UNKNOWN = "unknown"

    @property
    def control(self) -> Control:
        """The four-state class that the report's squares show."""
        return _CONTROL[self]


class Control(enum.StrEnum):
    """The report's four states of an asset. Unknown is never shown as European."""

    NON_EUROPEAN = "non"
    UNDECIDED = "unk"
    EUROPEAN = "eu"
    NONE = "none"
    """No external contact was seen."""


_CONTROL = {
    Verdict.EU_CONTROLLED: Control.EUROPEAN,
    Verdict.EU_INDICATED: Control.EUROPEAN,
    Verdict.EU_OPERATED_FOREIGN_PARENT: Control.NON_EUROPEAN,
    Verdict.EU_LOCATED_ONLY: Control.NON_EUROPEAN,
    Verdict.FOREIGN: Control.NON_EUROPEAN,
    Verdict.EU_PROVIDER_FOREIGN_LOCATION: Control.NON_EUROPEAN,
    Verdict.FRONT_HIDES_ORIGIN: Control.NON_EUROPEAN,
    Verdict.PLACE_UNPROVEN: Control.UNDECIDED,
    Verdict.UNKNOWN: Control.UNDECIDED,
}


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who runs an external endpoint, whose law reaches it, where it stands: apart, never averaged."""

    address: str | None
    """``None`` where only a name is known: behind a proxy, or looked up and never contacted."""
    name: str | None
    chain: tuple[str, ...]
    """CNAMEs that led from the name to the address, in order."""
    operator: Claim | None
    """Display name of the operator of the host."""
    operator_id: str | None
    """Stem of the operator's rule file."""
    operator_jurisdiction: str | None
    """ISO 3166-1 alpha-2: where the operating legal entity sits."""
    parent: Claim | None
    parent_jurisdiction: str | None
    """ISO 3166-1 alpha-2: seat of the ultimate parent."""
    location: Claim | None
    """ISO 3166-1 alpha-2 of the place where the packets end, or ``anycast``."""
    region: str | None
    """The operator's own name for the place, ``westeurope``."""
    place: str | None
    """For a reader: ``West Europe (NL)``."""
    anycast: bool
    role: str | None
    """cloud, saas, cdn, security-gateway, anycast-dns, network, …"""
    service: Claim | None
    supplier: str | None
    """Who answers for the service: vendor of the product behind the name."""
    supplier_jurisdiction: str | None
    function: str | None
    """From the closed list in rules/vocabulary.toml: monitoring, remote-access, …"""
    path: Literal["data", "control"] | None
    grade: Grade
    """Of the verdict: the weakest of the axes that decided it."""
    verdict: Verdict
    reason: str
    """Key of a sentence: which axis decided."""
    evidence: tuple[Evidence, ...]
    rejected: tuple[Evidence, ...] = ()
    """What was considered and did not count, e.g. geolocation against a published region."""


class DependencyState(enum.StrEnum):
    """Whether anything came of it. Ordered from strongest to weakest in this listing."""

    USED = "used"
    """Answered: both sides sent."""
    ATTEMPTED = "attempted"
    """Unanswered or refused: nothing came back."""
    RESOLVED_ONLY = "resolved-only"
    """Looked up in the DNS and never contacted."""


STATES = (DependencyState.USED, DependencyState.ATTEMPTED, DependencyState.RESOLVED_ONLY)
"""``Dependencies.state`` indexes this."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """An asset needs something outside: the record that the whole analysis is for."""

    asset: str
    """Asset id."""
    asset_label: str
    asset_kind: AssetKind
    host: str
    """The name contacted, else the address."""
    attribution: Attribution
    state: DependencyState
    first: int
    last: int
    flows: int
    bytes_out: int
    bytes_in: int
    port: int | None
    """Port of the strongest flow."""
    application: str | None
    evidence: tuple[Evidence, ...]


class Dependencies:
    """All dependencies as columns of equal length; row *i* as an object is ``dependencies[i]``.

    A big capture has a hundred thousand of them, of which a report shows some hundreds: whoever counts or groups
    uses the columns, whoever shows takes the object. Rows are in order of asset, then bytes out, largest first.
    """

    def __init__(
        self,
        columns: Mapping[str, NDArray],
        attributions: Sequence[Attribution],
        build: Callable[[int], Dependency],
    ) -> None:
        self.asset: NDArray = columns["asset"]
        """Index into the report's assets."""
        self.attribution: NDArray = columns["attribution"]
        """Index into ``attributions``."""
        self.state: NDArray = columns["state"]
        """Index into ``STATES``."""
        self.first: NDArray = columns["first"]
        self.last: NDArray = columns["last"]
        self.flows: NDArray = columns["flows"]
        self.bytes_out: NDArray = columns["bytes_out"]
        self.bytes_in: NDArray = columns["bytes_in"]
        none = np.zeros(len(self.asset), np.int64)
        self.sealed: NDArray = columns.get("sealed", none)
        """Flows that are encrypted."""
        self.hiding: NDArray = columns.get("hiding", none)
        """Flows that carry encrypted look-ups, by port or by what the hello offers."""
        self.misfits: NDArray = columns.get("misfits", none)
        """Flows on which a certificate was shown that does not cover the name asked for."""
        self.attributions = attributions
        self.left_out = 0
        """Destinations and names looked up for which there was no room: a scan or a flood."""
        self._build = build

    def __len__(self) -> int:
        return len(self.asset)

    def __getitem__(self, index: int) -> Dependency:
        """Return one row with its evidence."""
        if not 0 <= index < len(self.asset):
            raise IndexError(index)
        return self._build(index)

    def __iter__(self) -> Iterator[Dependency]:
        return (self._build(index) for index in range(len(self.asset)))


class Severity(enum.IntEnum):
    """How much a finding matters if it is true. Says nothing of how sure it is."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that needs an answer, about one asset."""

    id: str
    """``F-01``: in order of rank within one report."""
    kind: str
    """Key of the sentences in the report's catalogue: title, question."""
    severity: Severity
    grade: Grade
    asset: str
    asset_label: str
    values: tuple[tuple[str, str], ...]
    dependencies: tuple[Dependency, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Capture:
    """One capture file, as it was read."""

    name: str
    """File name without folders, or ``-``; made unique within one analysis."""
    format: str
    """``pcap``, ``pcapng``; with ``.gz`` or ``.zst`` where packed."""
    bytes: int
    sha256: str | None
    """Of the file as it lies on disk; ``None`` for standard input, and where hashing was not asked for."""
    packets: int
    first: int | None
    last: int | None
    links: tuple[tuple[str, int], ...]
    """Link type and packets of it."""
    dropped: int | None
    """Packets that the capturing machine says it lost; ``None`` where it does not say."""
    problem: str | None
    """One line: why the file was not read, or not read to its end."""
    unread_bytes: int = 0
    names: tuple[tuple[str, str], ...] = ()
    """Addresses and the names that the file itself gives them: what the capturing machine believed."""
    names_left_out: int = 0
    """Names in the file that are none, or for which there was no room."""
    passed_over: tuple[tuple[str, int], ...] = ()
    """Sorts of block that were not read, and how many of each: ``custom``, ``secrets``, ``events``, ``unknown``."""


class CoverageGrade(enum.StrEnum):
    """How much of what happened the captures let through, in a word. findings/coverage.py has the rules."""

    GOOD = "good"
    LIMITED = "limited"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """One reason for which coverage is not good."""

    key: str
    """Key of a name in the report's catalogue, e.g. ``one-way``."""
    share: float
    """Of whatever it is a part of; above 1 where more was lost than was captured."""
    is_poor: bool


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirror session: a machine of the network sent copies of frames to another."""

    source: str
    collector: str
    tunnel: str
    """``erspan``, ``vxlan``: label of ``columns.Tunnel``."""
    frames: int
    where: Where


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """An asset takes part in encrypted tunnels: whom it talks to inside, and how much, nobody can see."""

    asset: str
    """Asset id."""
    kind: str
    """``wireguard``, ``openvpn``, ``esp``, …"""
    flows: int
    peer: str
    """Address at the other end of the first of them."""
    where: Where


@dataclass(frozen=True, slots=True)
class System:
    """One of several systems behind an address: connections that began near one TTL, or hop limit, *initial*."""

    asset: str
    address: str
    initial: int
    lowest: int
    highest: int
    flows: int
    changes: int
    """How often, in order of time, a connection of one system behind the address came after one of another."""
    where: Where


@dataclass(frozen=True, slots=True)
class Coverage:
    """The blind-spot ledger. ``packets == used + sum(set_aside.values())`` always."""

    packets: int
    used: int
    set_aside: Mapping[str, int]
    """Packets not used, by reason."""
    notes: Mapping[str, int]
    """Other counts that limit what can be said: cut packets, one-way flows, unnamed flows, duplicates, …"""
    pauses: tuple[tuple[int, int], ...] = ()
    """When no frame at all was captured though the rest was busy: begin and end, nanoseconds since the epoch."""
    mirrors: tuple[Mirror, ...] = ()
    blind_spots: tuple[BlindSpot, ...] = ()
    systems: tuple[System, ...] = ()
    grade: CoverageGrade = CoverageGrade.GOOD
    shortcomings: tuple[Shortcoming, ...] = ()
    """What lowers the grade, the worst first."""
    unread_links: tuple[tuple[str, int], ...] = ()
    """Of the packets set aside for their link type: number and name of each link type, and how many are of it."""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A data table that conclusions rest on."""

    name: str
    source: str
    date: str
    """ISO 8601 date of the data."""
    rows: int
    licence: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One thing that a frame says about a host, before anyone has drawn a conclusion from it."""

    kind: Literal["hostname", "vendor", "product", "firmware", "role", "protocol", "switch-port", "identity"]
    value: str
    protocol: str
    """Which dissector read it: ``dhcp``, ``modbus``."""
    where: Where
    time: int
    address: str | None = None
    """The host's address, where the frame tells it."""
    mac: int | None = None
    """The host's own MAC, where the frame proves it (DHCP client hardware address, LLDP chassis)."""
    vlan: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate (RFC 5280) as somebody showed it; nobody checked its signature."""

    subject: str
    """Common name; empty where it has none."""
    names: tuple[str, ...]
    """DNS names and addresses of the subject alternative name, as they stand there."""
    issuer: str
    """Organisation, else common name, of whoever signed it."""
    sha256: str
    """Of its DER bytes, hexadecimal: what Wireshark and browsers show."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was on the wire: the output of the kernel and the dissectors, the input of all judgement."""

    captures: tuple[Capture, ...]
    flows: Rows
    """Of ``columns.FLOW``."""
    names: Names
    named: Rows
    """Of ``columns.NAME``: every name seen on a flow."""
    answers: Rows
    """Of ``columns.ANSWER``."""
    claims: Rows
    """Of ``columns.CLAIM``: distinct pairs of MAC and address."""
    observed: tuple[Observed, ...]
    coverage: Coverage
    hellos: Rows = field(default_factory=lambda: np.zeros(0, HELLO))
    """Of ``columns.HELLO``: every ClientHello."""
    fingerprints: tuple[str, ...] = ("",)
    """JA4 of the distinct shapes of ClientHello; 0 is none."""
    certificates: tuple[Certificate, ...] = ()
    """Distinct certificates."""
    shown: Rows = field(default_factory=lambda: np.zeros(0, SHOWN))
    """Of ``columns.SHOWN``: where certificates were shown."""
    mirrors: Rows = field(default_factory=lambda: np.zeros(0, MIRROR))
    """Of ``columns.MIRROR``: mirror sessions that the captures hold."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """When dependencies were in use: bytes per dependency and equal slice of the whole period."""

    start: int
    """Nanoseconds since the epoch, UTC."""
    slice: int
    """Length of a slice, nanoseconds."""
    dependency: NDArray
    """Index into the dependencies; one entry a (dependency, slice) in which something was seen."""
    index: NDArray
    """Which slice."""
    bytes: NDArray
    """Bytes both ways; 0 where only attempts were seen."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the report may show. Templates compute nothing."""

    captures: tuple[Capture, ...]
    coverage: Coverage
    assets: tuple[Asset, ...]
    dependencies: Dependencies
    timeline: Timeline
    findings: tuple[Finding, ...]
    tables: tuple[TableInfo, ...]
    rulebook: str
    """Digest of the rules: the same captures, rules and tables give the same report, byte for byte."""
    bloc: str
    """``EEA``: what counts as European."""
    bloc_members: tuple[str, ...]
    version: str
    command: str
    title: str = ""
    internal: tuple[str, ...] = field(default=())
    """Prefixes given with ``--internal``."""
