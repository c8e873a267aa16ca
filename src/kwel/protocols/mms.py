"""Messages of MMS in, the names of a server's domains and what it says it is out: an IED and its logical devices.

ISO 9506-2 as IEC 61850-8-1 uses it, by way of the ISO session and presentation layers (RFC 1006, ITU-T X.225 section
8.3, X.226 section 8.2); ITU-T X.690 for the encoding. Services: Identify, GetNameList, Read. A domain is named by who
asks: that its server has it counts once it answers without an error. Name plates: IEC 61850-7-3 section 7.9.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kwel.protocols.der import INTEGER, SEQUENCE, element, only
from kwel.protocols.iso import messages
from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.talk import Talk

TPKT_VERSION, COTP_DATA = 3, 0xF0
TOKENS = bytes.fromhex("01000100")
PRESENTATION, VALUES = 0x61, 0xA0
REQUEST, RESPONSE = 0xA0, 0xA1
NAME_LIST, IDENTIFY_REQUEST, IDENTIFY, READ = 0xA1, 0x82, 0xA2, 0xA4
DOMAINS = 9
"""Basic object class of a GetNameList that asks for domains."""
VISIBLE_STRING, CONTEXT, CONSTRUCTED, STRUCTURE, STRING = 0x1A, 0x80, 0x20, 0xA2, 0x8A
LISTED, ACCESS_RESULTS = 0xA0, 0xA1
IDENTITY: dict[int, FactKind] = {0x80: "vendor", 0x81: "product", 0x82: "firmware"}
PLATE: dict[str, FactKind] = {
    "vendor": "vendor", "swRev": "firmware", "serNum": "serial", "model": "product", "location": "location",
}  # fmt: skip
"""Attributes of a name plate of IEC 61850, PhyNam or NamPlt."""
PLATES = ("PhyNam", "NamPlt")
MOST_NAMES, DEEPEST = 64, 8


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a TPKT with a data PDU."""
    return len(data) > 7 and data[0] == TPKT_VERSION and data[5] == COTP_DATA


def observe(r: Reader, talk: Talk | None = None) -> Iterator[Saying]:
    """Yield roles, domains, and what a server says it is."""
    for message in messages(r):
        raw = message.rest()
        if raw[:5] != TOKENS + bytes((PRESENTATION,)):
            continue
        values = only(only(Reader(raw, len(TOKENS)), PRESENTATION), SEQUENCE)
        tag, content = element(values)
        while tag != VALUES:
            tag, content = element(values)
        kind, pdu = element(content)
        if kind == REQUEST:
            yield Saying("role", "client")
            if talk:
                _ask(pdu, talk)
        elif kind == RESPONSE:
            yield Saying("role", "server")
            yield from _answer(pdu, talk)


def _ask(r: Reader, talk: Talk) -> None:
    """Note what is asked for: the domains, or an object that lies in one."""
    number = only(r, INTEGER).rest()
    tag, service = element(r)
    if tag == NAME_LIST:
        content = only(only(service, LISTED), CONTEXT).rest()
        if content == bytes((DOMAINS,)):
            talk.ask(number, (DOMAINS, ""))
            return
        tag, scope = element(service)
        name = next((value.rest() for kind, value in _walk(scope) if kind == CONTEXT | 1), b"")
        talk.ask(number, (name, ""))
        return
    strings = [value.rest() for kind, value in _walk(service) if kind == VISIBLE_STRING]
    if strings:
        item = strings[1] if tag == READ and len(strings) == 2 else b""
        talk.ask(number, (strings[0] if len(strings) > 1 else b"", text(item)))


def _answer(r: Reader, talk: Talk | None) -> Iterator[Saying]:
    number = only(r, INTEGER).rest()
    asked, item = (talk.answered(number) if talk else None) or (b"", "")
    tag, service = element(r)
    if tag == IDENTIFY:
        while len(service):
            kind, value = element(service)
            if kind in IDENTITY and (said := text(value.rest())):
                yield Saying(IDENTITY[kind], said)
        return
    if asked == DOMAINS and tag == NAME_LIST:
        names = only(service, LISTED)
        for _ in range(MOST_NAMES):
            if not len(names):
                return
            if name := text(only(names, VISIBLE_STRING).rest()):
                yield Saying("station", name)
    elif asked and asked != DOMAINS:
        if name := text(asked):
            yield Saying("station", name)
        if tag == READ and item:
            with contextlib.suppress(WireError):  # an access that failed has no value
                yield from _plate(item, only(service, ACCESS_RESULTS))


def _plate(item: str, results: Reader) -> Iterator[Saying]:
    """Say what a name plate holds: one attribute, or all, of which the vendor is the first."""
    parts = item.split("$")
    tag, value = element(results)
    if len(parts) > 1 and parts[-2] in PLATES and tag == STRING:
        attribute = parts[-1]
    elif parts[-1] in PLATES and tag == STRUCTURE:
        attribute = "vendor"
        tag, value = element(value)
    else:
        return
    if tag == STRING and attribute in PLATE and (said := text(value.rest())):
        yield Saying(PLATE[attribute], said)


def _walk(r: Reader, depth: int = 0) -> Iterator[tuple[int, Reader]]:
    """Yield the elements that hold no others, from left to right, of a bounded tree."""
    while len(r):
        tag, content = element(r)
        if not tag & CONSTRUCTED:
            yield tag, content
        elif depth < DEEPEST:
            yield from _walk(content, depth + 1)
