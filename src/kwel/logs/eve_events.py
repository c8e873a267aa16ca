"""Events of Suricata about flows in, names, questions, certificates and what hosts say of themselves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kwel.logs.cells import mac_of
from kwel.logs.gathered import Asked as Question
from kwel.logs.gathered import Greeted, Holder, ShownAt, Times
from kwel.logs.hellos import ja4_version
from kwel.logs.lookups import CODES, LINK_LOCAL, MOST_RECORDS, TYPES, target, tell
from kwel.logs.subjects import certificate_of
from kwel.model.kinds import Application, Asked, RecordKind
from kwel.model.records.columns import ClaimKind, NameSource, address_halves, address_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kwel.logs.gathered import Gathered
    from kwel.logs.logs import Reading

PORT_DNS: Final = 53
MOST_OPEN: Final = 1_000_000
"""Questions that wait for their answer."""
MOST_TTL: Final = 0x7FFF_FFFF
RESPONSES: Final = ("answer", "response")


@dataclass(slots=True)
class Event:
    """One event that belongs to a flow."""

    one: dict[str, Any]
    line: int
    time: int
    source: tuple[int, int]
    target: tuple[int, int]
    ports: tuple[int, int]
    transport: int
    key: int

    def part(self, name: str) -> dict[str, Any]:
        """Return an object within the event; an empty one where there is none."""
        found = self.one.get(name)
        return found if isinstance(found, dict) else {}

    def say(
        self, gathered: Gathered, reading: Reading, *, turned: bool = False, application: int = 0, name: int = 0,
        source: int = 0, port: int = 0, answered: int = 1,
    ) -> int:  # fmt: skip
        """Keep that something was said on the flow; return its number, -1 where there was no room.

        Args:
            gathered: where to.
            reading: of the log.
            turned: whether the event's source is the responder.
            application: of ``kinds.Application``; the others are fields of ``SAID`` too.
            name: of the responder.
            source: of ``columns.NameSource``.
            port: that a proxy is asked to reach.
            answered: whether the responder was heard.
        """
        ends, ports = (*self.source, *self.target), self.ports
        if turned:
            ends, ports = (*self.target, *self.source), ports[::-1]
        key = self.key & 0xFFFF_FFFF_FFFF_FFFF
        line = self.line & 0xFFFF_FFFF
        return gathered.say_one(
            (key, self.time, *ends, name, line, *ports, port, reading.capture, self.transport, application, source, 1,
             answered)
        )  # fmt: skip

    def when(self, reading: Reading) -> Times:
        """Return when and where it was told."""
        return Times(self.time, self.time, reading.capture, self.line)


def text_of(value: Any) -> str | None:
    """Return text; ``None`` for anything else, and for none."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) and value else None


def host_of(value: Any) -> str | None:
    """Return the address of a host in its usual spelling; ``None`` where it is none, or nobody's."""
    try:
        hi, lo = address_halves(str(value))
    except (OSError, ValueError):
        return None
    return address_text(hi, lo) if hi or lo & 0xFFFF_FFFF else None


def _read_tls(event: Event, gathered: Gathered, reading: Reading) -> None:
    told = event.part("tls")
    over_datagrams = (text_of(told.get("version")) or "").upper().startswith("DTLS")
    source = NameSource.DTLS_SNI if over_datagrams else NameSource.TLS_SNI
    application = Application.DTLS if over_datagrams else Application.TLS
    name = gathered.name(text_of(told.get("sni")))
    said = event.say(gathered, reading, name=name, source=int(source), application=int(application))
    if said < 0:
        return
    if ja4 := text_of(told.get("ja4")):
        gathered.hellos.append(Greeted(said, gathered.fingerprint(ja4), ja4_version(ja4)))
    if subject := text_of(told.get("subject")):
        issuer = text_of(told.get("issuerdn")) or ""
        names = told.get("subjectaltname")
        listed = tuple(text for one in names if (text := text_of(one))) if isinstance(names, list) else ()
        key = f"{subject}\n{issuer}\n{told.get('serial')}"
        gathered.certify(key, certificate_of(subject, issuer, listed, ""))  # its fingerprint is a SHA-1
        gathered.shown.append(ShownAt(said, key, from_initiator=False))


def _read_http(event: Event, gathered: Gathered, reading: Reading) -> None:
    told = event.part("http")
    method, hostname, url = (text_of(told.get(key)) for key in ("http_method", "hostname", "url"))
    host, port = target(method, hostname, url)
    source = NameSource.HTTP_CONNECT if (method or "").upper() == "CONNECT" else NameSource.HTTP_HOST
    application = Application.HTTP2 if event.one.get("app_proto") == "http2" else Application.HTTP
    name = gathered.name(host)
    event.say(gathered, reading, name=name, port=port, source=int(source), application=int(application))
    agent = text_of(told.get("http_user_agent"))
    gathered.observe("software", agent, "http", event.when(reading), address_text(*event.source))


def _read_quic(event: Event, gathered: Gathered, reading: Reading) -> None:
    told = event.part("quic")
    name = gathered.name(text_of(told.get("sni")))
    source, application = int(NameSource.QUIC_SNI), int(Application.QUIC)
    said = event.say(gathered, reading, name=name, source=source, application=application)
    if said >= 0 and (ja4 := text_of(told.get("ja4"))):
        gathered.hellos.append(Greeted(said, gathered.fingerprint(ja4), ja4_version(ja4)))


def _read_ssh(event: Event, gathered: Gathered, reading: Reading) -> None:
    event.say(gathered, reading, application=int(Application.SSH))
    for side, address in (("client", event.source), ("server", event.target)):
        told = event.part("ssh").get(side)
        program = text_of(told.get("software_version")) if isinstance(told, dict) else None
        gathered.observe("software", program, "ssh", event.when(reading), address_text(*address))


def _read_dhcp(event: Event, gathered: Gathered, reading: Reading) -> None:
    told = event.part("dhcp")
    event.say(gathered, reading, application=int(Application.DHCP))
    mac, when = mac_of(text_of(told.get("client_mac"))), event.when(reading)
    if not mac:
        return
    gathered.observe("hostname", text_of(told.get("hostname")), "dhcp", when, None, mac)
    gathered.observe("vendor-class", text_of(told.get("vendor_class_identifier")), "dhcp", when, None, mac)
    given = told.get("assigned_ip") if told.get("dhcp_type") == "ack" else None
    if address := host_of(given) or host_of(told.get("client_ip")):
        gathered.hold(Holder(mac, *address_halves(address), 0, int(ClaimKind.DHCP)), when)


def _read_dns(event: Event, gathered: Gathered, reading: Reading) -> None:
    """Take in a question or an answer of any of the three formats: a record an event, a message an event, or lists."""
    told = event.part("dns")
    turned = event.ports[0] == PORT_DNS and event.ports[1] != PORT_DNS
    near = LINK_LOCAL.get(event.ports[0]) or LINK_LOCAL.get(event.ports[1])
    source, application = near or (NameSource.DNS, Application.DNS)
    queries = told.get("queries")
    first = queries[0] if isinstance(queries, list) and queries and isinstance(queries[0], dict) else told
    name = gathered.name(text_of(first.get("rrname")))
    is_response = told.get("type") in RESPONSES
    fields = {"name": name, "source": int(source), "application": int(application), "answered": int(is_response)}
    said = event.say(gathered, reading, turned=turned, **fields)
    if said < 0 or not name or near:
        return
    kind, message = _type_of(first.get("rrtype")), _whole(told.get("id", told.get("tx_id")), 0xFFFF)
    key = (event.key, message, name)
    opened = gathered.open_questions
    if not is_response:
        if len(opened) < MOST_OPEN:
            opened[key] = opened[event.key, message, 0] = len(gathered.asked)
        gathered.asked.append(Question(said, event.time, 0, name, kind, message, Asked.UNANSWERED))
        return
    number = opened.get(key)
    if number is None and "rdata" in told:  # a record an event: its owner may be an alias of the name asked for
        number = opened.get((event.key, message, 0))
    if number is None:
        number = opened[key] = len(gathered.asked)
        gathered.asked.append(Question(said, event.time, event.time, name, kind, message, Asked.UNSEEN))
    elif gathered.asked[number].state == Asked.UNANSWERED:
        gathered.asked[number] = gathered.asked[number]._replace(answered=event.time, state=Asked.ANSWERED)
    _records(told, gathered.asked[number]._replace(said=said), number, gathered)


def _records(told: dict[str, Any], question: Question, number: int, gathered: Gathered) -> None:
    """Take in the records of one answer."""
    code = told.get("rcode")
    code = CODES.get(code, 2) if isinstance(code, str) else 0
    listed = told.get("answers")
    records = listed[:MOST_RECORDS] if isinstance(listed, list) else [told] if "rdata" in told else []
    numbered = (number + 1, number + 1)
    kept = 0
    for one in records:
        if not isinstance(one, dict):
            continue
        kind = _type_of(one.get("rrtype"))
        owner = gathered.name(text_of(one.get("rrname"))) or question.name
        halves, link = (0, 0), 0
        if kind in (RecordKind.A, RecordKind.AAAA):
            try:
                halves = address_halves(str(one.get("rdata")))
            except (OSError, ValueError):
                continue
        elif kind in (RecordKind.CNAME, RecordKind.PTR):
            link = gathered.name(text_of(one.get("rdata")))
        if halves != (0, 0) or link:
            kept += 1
            tell(question, numbered, (kind, owner, halves, link, _whole(one.get("ttl"), MOST_TTL)), code, gathered)
    if not kept and not records:
        tell(question, numbered, (int(RecordKind.NOTHING), question.name, (0, 0), 0, 0), code, gathered)


def _type_of(value: Any) -> int:
    return int(TYPES.get(value, 0)) if isinstance(value, str) else 0


def _whole(value: Any, most: int) -> int:
    return min(value, most) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


SAYING: Final[Mapping[str, Callable[[Event, Gathered, Reading], None]]] = {
    "tls": _read_tls, "dns": _read_dns, "http": _read_http, "quic": _read_quic, "ssh": _read_ssh, "dhcp": _read_dhcp,
}  # fmt: skip
"""What reads which type of event."""
