"""Messages of IPFIX or of NetFlow 9, one after another, in; flows out, as far as templates and records go.

RFC 7011 sections 3.1 to 3.4 (messages, sets, templates, options templates), 7 (fields of variable length), 8 (templates
withdrawn); RFC 5655 (files); RFC 3954 section 5 (NetFlow 9, whose messages do not tell their own length). Structured
data (RFC 6313) is of variable length, and passed over as such.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from kwel.logs.elements import INTERVAL, READ, REVERSE, REVERSE_ENTERPRISE, rows_of, sampling_of, scaled
from kwel.logs.pairing import pair
from kwel.protocols.wire import Malformed, Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.logs.elements import Columns
    from kwel.logs.gathered import Gathered
    from kwel.logs.logs import Bytes, Reading
    from kwel.model.records.columns import Rows

IPFIX, NETFLOW = 10, 9
HEADER: Final = {IPFIX: 16, NETFLOW: 20}
TEMPLATES: Final = {IPFIX: (2, 3), NETFLOW: (0, 1)}
FIRST_DATA: Final = 256
ENTERPRISE: Final = 0x8000
VARIABLE: Final = 0xFFFF
LONG: Final = 255
"""RFC 7011 section 7: a first byte that says that two more tell the length."""
SECOND, MILLI = 1_000_000_000, 1_000_000
LONGEST: Final = 0x1_0000
"""Bytes of a message: it came in one datagram."""
MOST_TEMPLATES, MOST_FIELDS = 4096, 1024
WIDEST: Final = 16
BUFFER: Final = 0x40_0000
TURNS: Final = 1 << 32
"""Sequence numbers run through 32 bits."""
MOST_LOST: Final = 1 << 24
"""A gap that is wider is no loss: the exporter began anew."""


class Field(NamedTuple):
    """One field of a template."""

    element: int
    size: int


class Template(NamedTuple):
    """What the records of a set look like."""

    fields: tuple[Field, ...]
    is_options: bool


class Message(NamedTuple):
    """The header of a message."""

    version: int
    exported: int
    booted: int | None
    sequence: int
    domain: int


@dataclass(slots=True)
class Session:
    """What one file told so far: templates and sampling by observation domain, and flows."""

    reading: Reading
    version: int
    templates: dict[tuple[int, int], Template] = field(default_factory=dict)
    sampling: dict[int, int] = field(default_factory=dict)
    expected: dict[int, int] = field(default_factory=dict)
    rows: list[Rows] = field(default_factory=list)
    flagged: list[bool] = field(default_factory=list)
    kept: int = 0
    records: int = 0


def read_ipfix(source: Bytes, gathered: Gathered, reading: Reading, most: int) -> None:
    """Take in a whole file.

    Args:
        source: its bytes.
        gathered: where to.
        reading: told of what cannot be read.
        most: flows to keep.
    """
    session = Session(reading, 0)
    for body in _messages(source, session):
        try:
            _read_message(Reader(body), session, most)
        except WireError as error:
            reading.refuse(session.records + 1, f"stands in a damaged message ({error})", "record")
    reading.problem = reading.problem or source.problem
    reading.lines = session.records
    if not session.rows:
        return
    records = np.concatenate(session.rows)
    told = np.repeat(np.array(session.flagged, bool), [len(rows) for rows in session.rows])
    flows, one_way = pair(records, told)
    reading.note("log-one-way", one_way)
    reading.saw(int(flows["first"].min()), int(flows["last"].max()))
    keys = [hash(("flow", reading.capture, number)) for number in range(len(flows))]
    gathered.add_flows(flows, np.array(keys, np.int64).view(np.uint64), most)


def _messages(source: Bytes, session: Session) -> Iterator[bytes]:
    """Yield messages; what follows one that claims an impossible length cannot be found."""
    buffer, end, final = bytearray(2 * BUFFER), 0, False
    while not final:
        got = source.fill(memoryview(buffer)[end : end + BUFFER])
        source.settle()
        end, final = end + got, got < BUFFER
        begin = 0
        while True:
            size = _size_of(memoryview(buffer)[begin:end], session, final=final)
            if size <= 0:
                break
            yield bytes(buffer[begin : begin + size])
            begin += size
        rest = end - begin
        if size < 0 or (final and rest):
            session.reading.problem = f"is cut off or damaged after record {session.records}; read up to there"
            return
        buffer[:rest] = buffer[begin:end]
        end = rest


def _size_of(head: memoryview, session: Session, *, final: bool) -> int:
    """Return the bytes of the message that *head* begins; 0 where more is needed, -1 where it is none."""
    if len(head) < HEADER[IPFIX]:
        return 0
    version, size = int.from_bytes(head[:2]), int.from_bytes(head[2:4])
    session.version = session.version or version
    if version != session.version or version not in HEADER:
        return -1
    if version == IPFIX:
        return -1 if size < HEADER[IPFIX] else size if size <= len(head) else 0
    at = HEADER[NETFLOW]
    while at + 4 <= min(len(head), LONGEST):  # the message ends where no set begins
        number, length = int.from_bytes(head[at : at + 2]), int.from_bytes(head[at + 2 : at + 4])
        if number == NETFLOW:
            return at
        if length < 4 or (1 < number < FIRST_DATA):
            return -1
        at += length
    return at if final and at == len(head) else 0 if at < LONGEST else -1


def _read_message(r: Reader, session: Session, most: int) -> None:
    message = _read_header(r)
    _count_lost(message, session)
    before = session.records
    while len(r) >= 4:
        number, size = r.u16(), r.u16()
        if size < 4:
            raise Malformed(f"a set of {size} bytes")
        with r.block(size - 4) as body:
            if number in TEMPLATES[message.version]:
                _read_templates(body, message, session, is_options=number == TEMPLATES[message.version][1])
            elif number >= FIRST_DATA:
                _read_data(body, number, message, session, most)
    if message.version == IPFIX:
        session.expected[message.domain] = (message.sequence + session.records - before) % TURNS
    else:
        session.expected[message.domain] = (message.sequence + 1) % TURNS


def _read_header(r: Reader) -> Message:
    version = r.u16()
    r.skip(2)  # length of the message, or number of records
    if version == IPFIX:
        return Message(version, _u32(r) * SECOND, None, _u32(r), _u32(r))
    uptime, seconds, sequence, domain = _u32(r), _u32(r), _u32(r), _u32(r)
    return Message(version, seconds * SECOND, seconds * SECOND - uptime * MILLI, sequence, domain)


def _u32(r: Reader) -> int:
    return int.from_bytes(r.take(4))


def _count_lost(message: Message, session: Session) -> None:
    """Count what is missing between two messages of a domain: records of IPFIX, messages of NetFlow."""
    expected = session.expected.get(message.domain)
    missing = (message.sequence - expected) % TURNS if expected is not None else 0
    if 0 < missing < MOST_LOST:
        session.reading.note("log-records-lost" if message.version == IPFIX else "log-messages-lost", missing)


def _read_templates(r: Reader, message: Message, session: Session, *, is_options: bool) -> None:
    """Learn, or forget, templates. What is left of a set after the last is padding."""
    while len(r) >= 4:
        number, count = r.u16(), r.u16()
        if is_options and message.version == NETFLOW:  # lengths of scopes and of options, in bytes
            scopes, options = count // 4, r.u16() // 4
            r_fields = scopes + options
        else:
            r_fields = count
            if is_options and count:
                r.skip(2)  # scope fields among them
        if number < FIRST_DATA:
            if number == 0:
                return  # padding
            raise Malformed(f"a template numbered {number}")
        if r_fields > MOST_FIELDS:
            raise Malformed(f"a template of {r_fields} fields")
        fields = [_read_field(r, message.version) for _ in range(r_fields)]
        if is_options and message.version == NETFLOW:
            fields[:scopes] = [Field(-1, one.size) for one in fields[:scopes]]  # scopes have numbers of their own
        key = message.domain, number
        if not fields:
            session.templates.pop(key, None)
        elif key in session.templates or len(session.templates) < MOST_TEMPLATES:
            session.templates[key] = Template(tuple(fields), is_options)


def _read_field(r: Reader, version: int) -> Field:
    element, size = r.u16(), r.u16()
    if version == NETFLOW or not element & ENTERPRISE:
        return Field(element, size)
    enterprise = _u32(r)
    return Field(REVERSE + (element & ~ENTERPRISE) if enterprise == REVERSE_ENTERPRISE else -1, size)


def _read_data(r: Reader, number: int, message: Message, session: Session, most: int) -> None:
    """Take in the records of one set."""
    template = session.templates.get((message.domain, number))
    if template is None:
        session.reading.note("log-sets-without-template")
        return
    columns, count = _variable(r, template) if _is_variable(template) else _fixed(r, template)
    if not count:
        return
    if template.is_options:
        session.records += count
        if rate := sampling_of({key: column[:1] for key, column in columns.items()}):
            session.sampling[message.domain] = rate
        return
    rows, sound = rows_of(columns, count, message.exported, message.booted)
    rows["first_frame"] = np.arange(session.records + 1, session.records + count + 1)
    rows["capture"] = session.reading.capture
    session.records += count
    for row in np.flatnonzero(~sound).tolist():
        session.reading.refuse(
            int(rows["first_frame"][row]), "has no addresses, no packets, or no sound time", "record"
        )
    rate = max(
        session.sampling.get(message.domain, 0), sampling_of({k: v for k, v in columns.items() if k == INTERVAL})
    )
    rows = rows[sound][: max(0, most - session.kept)]
    session.reading.note("flows-evicted", int(sound.sum()) - len(rows))
    if rate > 1:
        scaled(rows, rate)
        session.reading.note("log-sampled", len(rows))
    session.kept += len(rows)
    session.rows.append(rows)
    session.flagged.append(6 in columns)


def _is_variable(template: Template) -> bool:
    return any(one.size == VARIABLE for one in template.fields)


def _fixed(r: Reader, template: Template) -> tuple[Columns, int]:
    """Return the columns of records that are all of one length, in one piece."""
    size = sum(one.size for one in template.fields)
    count = len(r) // size if size else 0
    table = np.frombuffer(r.take(count * size), np.uint8).reshape(count, size)
    columns: dict[int, np.ndarray] = {}
    at = 0
    for one in template.fields:
        if one.element in READ and 0 < one.size <= WIDEST:
            columns.setdefault(one.element, table[:, at : at + one.size])
        at += one.size
    return columns, count


def _variable(r: Reader, template: Template) -> tuple[Columns, int]:
    """Return the columns of records whose fields tell their lengths; such a field is never a number that is read."""
    found: dict[int, list[bytes]] = {}
    count = 0
    least = sum(1 if one.size == VARIABLE else one.size for one in template.fields)
    while len(r) >= max(least, 1):
        seen = set[int]()
        for one in template.fields:
            size = one.size
            if size == VARIABLE:
                size = r.u8()
                size = r.u16() if size == LONG else size
                r.skip(size)
                continue
            raw = r.take(size)
            if one.element in READ and 0 < size <= WIDEST and one.element not in seen:
                seen.add(one.element)
                found.setdefault(one.element, []).append(raw)
        count += 1
    columns = {
        key: np.frombuffer(b"".join(values), np.uint8).reshape(count, -1) for key, values in found.items() if count
    }
    return columns, count
