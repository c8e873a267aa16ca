"""Pieces of Zeek's logs in, what they tell gathered out: names, questions, certificates, what hosts say they are.

https://docs.zeek.org/en/current/script-reference/log-files.html. Of the logs of plant protocols (Zeek's own and those
of the ICSNPP packages) it is read that the flow speaks the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kwel.logs import lookups, zeek_conn
from kwel.logs.cells import is_true, mac_of, moment_of, times
from kwel.logs.gathered import Greeted, Holder, ShownAt, Times
from kwel.logs.hellos import ja4_version
from kwel.logs.services import APPLICATIONS, TRANSPORTS
from kwel.logs.subjects import certificate_of
from kwel.logs.zeek_conn import ENDS, said_of
from kwel.model.kinds import Application
from kwel.model.records.columns import ClaimKind, NameSource, address_halves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kwel.logs.gathered import Gathered
    from kwel.logs.logs import Piece, Reading

OF_FLOWS: Final = frozenset({"ts", "uid", *ENDS, "proto"})
UDP: Final = TRANSPORTS["udp"]
TCP: Final = TRANSPORTS["tcp"]
PLANT: Final = {
    name: int(application)
    for name, application in APPLICATIONS.items()
    if application not in (Application.TLS, Application.HTTP, Application.DNS, Application.QUIC, Application.SSH)
}
"""Logs named after a protocol, of which nothing more is read."""


def read_ssl(piece: Piece, gathered: Gathered, reading: Reading, _: int) -> None:
    """Server names, fingerprints and certificates of TLS and DTLS."""
    versions = piece.values("version")
    datagrams = np.array([bool(text and text.upper().startswith("DTLS")) for text in versions], bool)
    rows, sound = said_of(
        piece, reading,
        name=[gathered.name(text) for text in piece.values("server_name")],
        source=np.where(datagrams, NameSource.DTLS_SNI, NameSource.TLS_SNI),
        application=np.where(datagrams, int(Application.DTLS), int(Application.TLS)),
        answered=is_true(piece.column("established")),
    )  # fmt: skip
    rows["transport"] = np.where(rows["transport"] > 0, rows["transport"], np.where(datagrams, UDP, TCP))
    numbers = np.full(len(piece), -1, np.int64)
    numbers[sound] = gathered.say(rows[sound])
    for said, ja4 in zip(numbers.tolist(), piece.values("ja4"), strict=True):
        if said >= 0 and ja4:
            gathered.hellos.append(Greeted(said, gathered.fingerprint(ja4), ja4_version(ja4)))
    for key, from_initiator in (
        ("cert_chain_fps", False),
        ("cert_chain_fuids", False),
        ("client_cert_chain_fps", True),
    ):
        for said, chain in zip(numbers.tolist(), piece.values(key), strict=True):
            if said >= 0 and chain:
                gathered.shown.append(ShownAt(said, chain.split(piece.separator)[0], from_initiator))
    _subjects(piece, numbers.tolist(), gathered)


def _subjects(piece: Piece, numbers: list[int], gathered: Gathered) -> None:
    """Certificates of which the log tells no more than subject and issuer: logs of older releases."""
    if "cert_chain_fps" in piece.columns and piece.column("cert_chain_fps").null_count < len(piece):
        return
    for said, subject, issuer in zip(numbers, piece.values("subject"), piece.values("issuer"), strict=True):
        if said >= 0 and subject:
            key = f"{subject}\n{issuer}"
            gathered.certify(key, certificate_of(subject, issuer or "", (), ""))
            gathered.shown.append(ShownAt(said, key, from_initiator=False))


def read_x509(piece: Piece, gathered: Gathered, reading: Reading, _: int) -> None:
    """Certificates, by fingerprint or, in older releases, by file."""
    fields = ("fingerprint", "id", "certificate.subject", "certificate.issuer", "san.dns", "san.ip")
    for fingerprint, file, subject, issuer, names, hosts in zip(*map(piece.values, fields), strict=True):
        key = fingerprint or file
        if key:
            listed = [name for text in (names, hosts) if text for name in text.split(piece.separator)]
            digest = fingerprint if fingerprint and len(fingerprint) == 64 else ""
            gathered.certify(key, certificate_of(subject or "", issuer or "", tuple(listed), digest))
    _saw(piece, reading)


def read_http(piece: Piece, gathered: Gathered, reading: Reading, _: int) -> None:
    """Hosts asked for, through a proxy or not, and the programs that ask."""
    methods, hosts, uris = piece.values("method"), piece.values("host"), piece.values("uri")
    asked = [lookups.target(*one) for one in zip(methods, hosts, uris, strict=True)]
    connects = np.array([(method or "").upper() == "CONNECT" for method in methods], bool)
    rows, sound = said_of(
        piece, reading,
        name=[gathered.name(host) for host, _ in asked],
        port=[port for _, port in asked],
        source=np.where(connects, NameSource.HTTP_CONNECT, NameSource.HTTP_HOST),
        application=int(Application.HTTP), transport=TCP,
        answered=[text is not None for text in piece.values("status_code")],
    )  # fmt: skip
    gathered.say(rows[sound])
    _observe(piece, rows, gathered, {"user_agent": ("id.orig_h", "software", "http")})


def read_quic(piece: Piece, gathered: Gathered, reading: Reading, _: int) -> None:
    """Server names of QUIC."""
    rows, sound = said_of(
        piece, reading,
        name=[gathered.name(text) for text in piece.values("server_name")], source=NameSource.QUIC_SNI,
        application=int(Application.QUIC), transport=UDP,
        answered=[text is not None for text in piece.values("server_scid")],
    )  # fmt: skip
    gathered.say(rows[sound])


def read_ssh(piece: Piece, gathered: Gathered, reading: Reading, _: int) -> None:
    """The programs at both ends."""
    rows, sound = said_of(piece, reading, application=int(Application.SSH), transport=TCP, answered=1)
    gathered.say(rows[sound])
    ends: dict[str, tuple[str, Any, str]] = {
        "client": ("id.orig_h", "software", "ssh"), "server": ("id.resp_h", "software", "ssh"),
    }  # fmt: skip
    _observe(piece, rows, gathered, ends)


def read_software(piece: Piece, gathered: Gathered, reading: Reading, _: int) -> None:
    """Programs that hosts were heard to run."""
    moments, timed = times(piece.column("ts"))
    columns = zip(piece.values("host"), piece.values("unparsed_version"), piece.lines.tolist(), strict=True)
    for row, (host, program, line) in enumerate(columns):
        if host and timed[row]:
            when = Times(int(moments[row]), int(moments[row]), reading.capture, line)
            gathered.observe("software", program, "software", when, _address(host))
    _saw(piece, reading)


def read_dhcp(piece: Piece, gathered: Gathered, reading: Reading, _: int) -> None:
    """What clients call themselves, and leases: a MAC and the address that it was given."""
    fields = ("ts", "mac", "host_name", "client_fqdn", "assigned_addr", "client_addr", "msg_types")
    for line, *told in zip(piece.lines.tolist(), *map(piece.values, fields), strict=True):
        ts, text, host, fqdn, assigned, client, messages = told
        moment, mac = _moment(ts), mac_of(text)
        if moment is None or not mac:
            reading.refuse(line, "has no time, or no MAC address, that can be read")
            continue
        when = Times(moment, moment, reading.capture, line)
        for name in (host, fqdn):
            gathered.observe("hostname", (name or "").rstrip("."), "dhcp", when, None, mac)
        given = assigned if messages is None or "ACK" in messages.split(piece.separator) else None
        if address := _address(given or client or ""):
            gathered.hold(Holder(mac, *address_halves(address), 0, int(ClaimKind.DHCP)), when)
    _saw(piece, reading)


def _read_plant(application: int) -> Callable[[Piece, Gathered, Reading, int], None]:
    def read(piece: Piece, gathered: Gathered, reading: Reading, _: int) -> None:
        rows, sound = said_of(piece, reading, application=application, answered=1)
        gathered.say(rows[sound])

    return read


def _observe(piece: Piece, rows: Any, gathered: Gathered, told: Mapping[str, tuple[str, Any, str]]) -> None:
    """Keep what ends of flows say of themselves: by field, the end, the kind of fact and the protocol."""
    for field, (end, kind, protocol) in told.items():
        hosts = piece.values(end)
        for row, text in enumerate(piece.values(field)):
            if text and rows["time"][row]:
                when = Times(
                    int(rows["time"][row]), int(rows["time"][row]), int(rows["capture"][row]), int(rows["frame"][row])
                )
                gathered.observe(kind, text, protocol, when, _address(hosts[row] or ""))


def _saw(piece: Piece, reading: Reading) -> None:
    moments, known = times(piece.column("ts"))
    if known.any():
        reading.saw(int(moments[known].min()), int(moments[known].max()))


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return moment_of(text)
    return round(seconds * 1e6) * 1000 if 0 < seconds < 4e9 else None


def _address(text: str) -> str | None:
    """Return an address in its usual spelling; ``None`` where it is none, or nobody's."""
    from kwel.model.records.columns import address_text

    try:
        hi, lo = address_halves(text)
    except (OSError, ValueError):
        return None
    return address_text(hi, lo) if (hi or lo & 0xFFFF_FFFF) else None


READERS: Final[Mapping[str, Callable[[Piece, Gathered, Reading, int], None]]] = {
    **{name: _read_plant(application) for name, application in PLANT.items()},
    "conn": zeek_conn.read_conn,
    "dns": lookups.read_zeek,
    "ssl": read_ssl,
    "x509": read_x509,
    "http": read_http,
    "quic": read_quic,
    "ssh": read_ssh,
    "dhcp": read_dhcp,
    "software": read_software,
}
"""What reads which log."""
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(PLANT, OF_FLOWS),
    "conn": zeek_conn.FIELDS,
    "dns": OF_FLOWS | lookups.FIELDS,
    "ssl": OF_FLOWS
    | {
        "version", "server_name", "established", "ja4", "cert_chain_fps", "cert_chain_fuids", "client_cert_chain_fps",
        "subject", "issuer",
    },
    "x509": frozenset({"ts", "fingerprint", "id", "certificate.subject", "certificate.issuer", "san.dns", "san.ip"}),
    "http": OF_FLOWS | {"method", "host", "uri", "user_agent", "status_code"},
    "quic": OF_FLOWS | {"server_name", "server_scid"},
    "ssh": OF_FLOWS | {"client", "server"},
    "dhcp": frozenset({"ts", "mac", "host_name", "client_fqdn", "assigned_addr", "client_addr", "msg_types"}),
    "software": frozenset({"ts", "host", "unparsed_version"}),
}  # fmt: skip
"""By log, the fields that are read."""
