"""mDNS answers in, the services that a host offers and what their texts say of the device out.

RFC 6762 (mDNS), RFC 6763 (DNS-SD: sections 4 to 6 and 9), RFC 1035 section 4.1 (records). Names of hosts are read in
the kernel, see ``dns``. Of the texts only keys are read that stand for a device in Bonjour Printing 1.2.1 section 9 or
in common use. Where the message holds the address of whoever has a service, that one is told of and not the sender,
which may answer for one that sleeps.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind

HEADER, POINTER, LONGEST_NAME, MOST_JUMPS = 12, 0xC0, 255, 16
A, PTR, HINFO, TXT, AAAA, SRV = 1, 12, 13, 16, 28, 33
IS_RESPONSE = 0x80
MOST_RECORDS, MOST_TEXTS = 128, 48
META = ("_services", "_dns-sd", "_udp")
TEXTS: dict[bytes, FactKind] = {
    b"ty": "product", b"md": "product", b"model": "product", b"modelname": "product", b"product": "product",
    b"usb_mdl": "product", b"am": "product", b"usb_mfg": "vendor", b"mf": "vendor", b"manufacturer": "vendor",
    b"vendor": "vendor", b"fv": "firmware", b"fw": "firmware", b"fwversion": "firmware", b"firmware": "firmware",
    b"fw_version": "firmware", b"srcvers": "software", b"sn": "serial", b"serial": "serial", b"serialnumber": "serial",
    b"osxvers": "system", b"note": "location", b"deviceid": "identity", b"fn": "description",
}  # fmt: skip
"""Keys, in small letters (RFC 6763 section 6.4), and what their values are. ``note`` is where a printer stands."""
VAGUE = ("", "0", "1", "unknown", "none", "n/a")


class Record(NamedTuple):
    """One record of an answer."""

    owner: tuple[bytes, ...]
    kind: int
    start: int
    end: int


def looks_like(data: bytes) -> bool:
    """Return whether *data* has the header of an answer."""
    return len(data) > HEADER and bool(data[2] & IS_RESPONSE) and data[3] & 0x0F == 0


def observe(r: Reader) -> Iterator[Saying]:
    """Yield services and what is told of the device that offers them."""
    data = r.rest()
    if not looks_like(data):
        raise Malformed("no answer")
    records = list(_records(data))
    addresses: dict[tuple[bytes, ...], str] = {}
    hosts: dict[tuple[bytes, ...], tuple[bytes, ...]] = {}
    for record in records:
        raw = data[record.start : record.end]
        if record.kind == A and len(raw) == 4:
            addresses[_small(record.owner)] = socket.inet_ntoa(raw)
        elif record.kind == AAAA and len(raw) == 16:
            addresses.setdefault(_small(record.owner), socket.inet_ntop(socket.AF_INET6, raw))
        elif record.kind == SRV and len(raw) > 6:
            hosts[_small(record.owner)] = _small(labels_at(data, record.start + 6)[0])
    for record in records:
        instance = _small(record.owner)
        address = addresses.get(hosts.get(instance, instance))
        for kind, value in _said(data, record):
            yield Saying(kind, value, address=address)


def _said(data: bytes, record: Record) -> Iterator[tuple[FactKind, str]]:
    if record.kind == SRV:
        port = int.from_bytes(data[record.start + 4 : record.start + 6], "big")
        if (service := _service(record.owner)) and port:
            yield "service", f"{service}:{port}"
    elif record.kind == PTR:
        target, _ = labels_at(data, record.start)
        is_type = tuple(label.decode("ascii", "replace").lower() for label in record.owner[:3]) == META
        if service := _service(target if is_type else record.owner):
            yield "service", service
    elif record.kind == TXT and _service(record.owner):
        yield from _texts(Reader(data, record.start, record.end))
    elif record.kind == HINFO:
        r = Reader(data, record.start, record.end)
        r.skip(r.u8())  # the processor
        if system := text(r.take(r.u8())):
            yield "system", system


def _texts(r: Reader) -> Iterator[tuple[FactKind, str]]:
    """Yield what the pairs of a TXT record tell of the device."""
    for _ in range(MOST_TEXTS):
        if not len(r):
            return
        key, _, value = r.take(r.u8()).partition(b"=")
        kind = TEXTS.get(key.lower())
        if kind and (said := text(value)).casefold() not in VAGUE:
            yield kind, said


def _service(owner: tuple[bytes, ...]) -> str:
    """Return the type of a service, ``_http._tcp``; names of addresses and of hosts are none."""
    labels = [text(label).lower() for label in owner]
    place = next((i for i, label in enumerate(labels) if label in ("_tcp", "_udp")), 0)
    is_type = place > 0 and labels[place - 1].startswith("_") and labels[place - 1] not in ("_dns-sd", "_sub")
    return f"{labels[place - 1]}.{labels[place]}" if is_type else ""


def _records(data: bytes) -> Iterator[Record]:
    r = Reader(data, 4)
    questions, answers, authority, more = (r.u16() for _ in range(4))
    at = HEADER
    for _ in range(min(questions, MOST_RECORDS)):
        at = labels_at(data, at)[1] + 4
    for _ in range(min(answers + authority + more, MOST_RECORDS)):
        owner, at = labels_at(data, at)
        r = Reader(data, at)
        kind = r.u16()
        r.skip(6)  # class, time to live
        size = r.u16()
        r.skip(size)
        yield Record(owner, kind, at + 10, at + 10 + size)
        at += 10 + size


def labels_at(data: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    """Return the labels of a name, which may go on elsewhere, and what is behind it."""
    labels: list[bytes] = []
    behind, size = 0, 0
    for _ in range(MOST_JUMPS * 8):
        r = Reader(data, min(at, len(data)))
        length = r.u8()
        if length & POINTER == POINTER:
            behind = behind or at + 2
            at = (length & ~POINTER) << 8 | r.u8()
            continue
        if length == 0:
            return tuple(labels), behind or at + 1
        label = r.take(length)
        labels.append(label)
        size += length + 1
        at += length + 1
        if size > LONGEST_NAME:
            break
    raise Malformed("a name without an end")


def _small(labels: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(label.lower() for label in labels)
