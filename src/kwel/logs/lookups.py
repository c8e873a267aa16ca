"""What logs tell of the DNS and of proxies in, questions, answers and targets out.

Zeek's dns.log has question and answers on one line; which record an answer is, its spelling tells: an address, or the
name of an alias. https://docs.zeek.org/en/current/scripts/base/protocols/dns/main.zeek.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.logs.cells import counts, spans
from kwel.logs.gathered import Asked as Question
from kwel.logs.gathered import Told
from kwel.logs.zeek_conn import said_of
from kwel.model.kinds import Application, Asked, RecordKind
from kwel.model.records.columns import MAPPED, NameSource, address_halves

if TYPE_CHECKING:
    from kwel.logs.gathered import Gathered
    from kwel.logs.logs import Piece, Reading

FIELDS: Final = frozenset({"trans_id", "rtt", "query", "qtype", "qtype_name", "rcode", "rcode_name", "answers", "TTLs"})
LINK_LOCAL: Final = {
    5353: (NameSource.MDNS, Application.MDNS),
    5355: (NameSource.LLMNR, Application.LLMNR),
    137: (NameSource.NBNS, Application.NBNS),
}
"""Questions to neighbours, which Zeek and Suricata log with those to resolvers: RFC 6762, RFC 4795, RFC 1002."""
TYPES: Final = {
    "A": RecordKind.A, "AAAA": RecordKind.AAAA, "CNAME": RecordKind.CNAME, "PTR": RecordKind.PTR, "MX": RecordKind.MX,
    "SRV": RecordKind.SRV, "SVCB": RecordKind.SVCB, "HTTPS": RecordKind.HTTPS,
}  # fmt: skip
CODES: Final = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}
NO_TARGET: Final = (int(RecordKind.A), int(RecordKind.AAAA))
MOST_TTL: Final = 0x7FFF_FFFF
MOST_RECORDS: Final = 64
"""Of one answer that are kept."""


def target(method: str | None, host: str | None, uri: str | None) -> tuple[str | None, int]:
    """Return the host that an HTTP request is for, and the port where a proxy is asked to reach it.

    >>> target("GET", "plant.example:8080", "/"), target("CONNECT", "plant.example", "plant.example:443")
    (('plant.example', 0), ('plant.example', 443))
    """
    if (method or "").upper() != "CONNECT":
        return _apart(host or "")[0], 0
    asked, port = _apart(uri or host or "")
    return asked, port


def _apart(authority: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; 0 where there is no port."""
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        return host, _port(rest.removeprefix(":"))
    host, colon, port = authority.rpartition(":")
    return (host, _port(port)) if colon and ":" not in host else (authority, 0)


def _port(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 5 and int(text) < 0x1_0000 else 0


def read_zeek(piece: Piece, gathered: Gathered, reading: Reading, _: int) -> None:
    """Take in questions and answers of some lines of dns.log."""
    names = np.array([gathered.name(text) for text in piece.values("query")], np.int64)
    codes = _codes(piece)
    answers = piece.values("answers")
    heard = (codes >= 0) | np.array([text is not None for text in answers], bool)
    rows, sound = said_of(
        piece, reading, name=names, source=NameSource.DNS, application=int(Application.DNS), answered=heard
    )
    for port, (source, application) in LINK_LOCAL.items():
        near = rows["responder_port"] == port
        rows["source"][near], rows["application"][near] = source, int(application)
    numbers = np.full(len(piece), -1, np.int64)
    numbers[sound] = gathered.say(rows[sound])
    kinds, messages = _kinds(piece), np.clip(counts(piece.column("trans_id")), 0, 0xFFFF)
    waits, ttls = spans(piece.column("rtt")), piece.values("TTLs")
    wanted = np.flatnonzero((numbers >= 0) & (names > 0) & (rows["source"] == NameSource.DNS))
    for row in wanted.tolist():
        began, wait, said = int(rows["time"][row]), int(waits[row]), int(numbers[row])
        state = Asked.UNANSWERED if not heard[row] else Asked.ANSWERED if wait else Asked.UNSEEN
        question = Question(
            said, began, began + wait if heard[row] else 0, int(names[row]), int(kinds[row]), int(messages[row]), state
        )
        gathered.asked.append(question)
        if heard[row]:
            records = (answers[row] or "").split(piece.separator) if answers[row] else []
            lives = (ttls[row] or "").split(piece.separator)
            _answers(question, records, lives, max(int(codes[row]), 0), gathered)


def _codes(piece: Piece) -> np.ndarray:
    codes = counts(piece.column("rcode"))
    for row in np.flatnonzero(codes < 0).tolist():
        name = piece.column("rcode_name")[row].as_py()
        codes[row] = CODES.get(name or "", -1)
    return np.where(codes > 255, -1, codes)


def _kinds(piece: Piece) -> np.ndarray:
    kinds = counts(piece.column("qtype"))
    for row in np.flatnonzero(kinds < 0).tolist():
        name = piece.column("qtype_name")[row].as_py()
        kinds[row] = TYPES.get(name or "", 0)
    return np.clip(kinds, 0, 0xFFFE)


def _answers(question: Question, records: list[str], lives: list[str], code: int, gathered: Gathered) -> None:
    """Take in the records of one answer, of which Zeek tells the data alone: an alias leads to what follows it."""
    numbered = (len(gathered.asked), len(gathered.asked))
    owner, kept = question.name, 0
    for place, text in enumerate(records[:MOST_RECORDS]):
        ttl = _ttl(lives[place] if place < len(lives) else "")
        halves = _halves(text)
        link = 0 if halves else gathered.name(text)
        if not halves and not link:
            continue
        kept += 1
        kind = _kind_of(question.kind, halves)
        tell(question, numbered, (kind, owner, halves or (0, 0), link, ttl), code, gathered)
        if link and kind == RecordKind.CNAME:
            owner = link
    if not kept and not records:
        tell(question, numbered, (int(RecordKind.NOTHING), owner, (0, 0), 0, 0), code, gathered)


def _kind_of(asked: int, halves: tuple[int, int] | None) -> int:
    """Return which type a record is of: an address tells it; a name is an alias, unless names were asked for."""
    if halves:
        return int(RecordKind.A if halves[0] == 0 and halves[1] >> 32 == MAPPED >> 32 else RecordKind.AAAA)
    return asked if asked in (RecordKind.PTR, RecordKind.MX, RecordKind.SRV) else int(RecordKind.CNAME)


def tell(
    question: Question,
    numbered: tuple[int, int],
    record: tuple[int, int, tuple[int, int], int, int],
    code: int,
    gathered: Gathered,
) -> None:
    """Keep one record of an answer.

    Args:
        question: what was asked.
        numbered: 1 + the index of the question, and the number of the message.
        record: its type, its owner, an address or zeros, a name that it points to or 0, seconds to live.
        code: RCODE.
        gathered: where to.
    """
    kind, owner, (hi, lo), link, ttl = record
    gathered.told.append(
        Told(
            question.said, numbered[0], question.answered or question.time, hi, lo, question.name, owner, link, ttl,
            numbered[1], kind, code,
        )
    )  # fmt: skip


def _ttl(text: str) -> int:
    try:
        return int(min(max(float(text), 0.0), MOST_TTL))
    except ValueError:  # of a float that is none, too
        return 0


def _halves(text: str) -> tuple[int, int] | None:
    try:
        return address_halves(text)
    except (OSError, ValueError):
        return None
