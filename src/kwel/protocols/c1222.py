"""Messages of C12.22 in, the titles of meters and what a meter says of itself in clear out.

ANSI C12.22-2012 Specification, annex A (titles: object identifiers, ITU-T X.690 section 8.19 and 8.20) and clause 5.3
(services), as Wireshark's dissector shows them; ANSI C12.19-2008 clause 9 (tables 1 and 5), known, not read again. A
password or a user's name is never read. What is encrypted tells its titles only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.der import INTEGER, element
from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.talk import Talk

MESSAGE, CALLED_NUMBER, CALLING_TITLE, CALLING_NUMBER = 0x60, 0xA4, 0xA6, 0xA8
USER_INFORMATION, EXTERNAL, OCTETS = 0xBE, 0x28, 0x81
ABSOLUTE, RELATIVE = 0x06, 0x80
CLASS_THERE, CHECKSUM = 0x10, 4
FIRST_REQUEST, READ, READ_AT = 0x20, 0x30, 0x3F
MANUFACTURER, DEVICE = 1, 5
"""Tables of C12.19: who made the device and what it is; how its owner calls it."""
MOST_SERVICES = 16


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with an association."""
    return len(data) >= 8 and data[0] == MESSAGE


def size_of(data: bytes) -> int | None:
    """Return how long the message is that *data* begins with."""
    if len(data) < 4:
        return None
    if data[0] != MESSAGE:
        return 0
    octets = data[1] & 0x7F if data[1] & 0x80 else 0
    size = int.from_bytes(data[2 : 2 + octets], "big") if octets else data[1]
    return 2 + octets + size if octets <= 2 else 0


def observe(r: Reader, talk: Talk | None = None) -> Iterator[Saying]:
    """Yield the sender's title (``c1222/1.3.6.1.4.1.33507``), its role, and a meter's identity."""
    while len(r):
        tag, message = element(r)
        if tag != MESSAGE:
            raise Malformed("no message of C12.22")
        numbers: dict[int, bytes] = {}
        while len(message):
            tag, content = element(message)
            if tag == CALLING_TITLE:
                yield Saying("protocol", f"c1222/{_title(content)}")
            elif tag in (CALLED_NUMBER, CALLING_NUMBER):
                numbers[tag] = _only(content, INTEGER)
            elif tag == USER_INFORMATION:
                yield from _services(_only(content, EXTERNAL), numbers, talk)


def _only(r: Reader, wanted: int) -> bytes:
    tag, content = element(r)
    if tag != wanted:
        raise Malformed(f"tag {tag:#x} where {wanted:#x} must stand")
    return content.rest()


def _title(r: Reader) -> str:
    """Return an object identifier, one that is relative with a dot in front."""
    tag, content = element(r)
    raw = content.rest()
    if tag not in (ABSOLUTE, RELATIVE) or not raw or raw[-1] & 0x80:
        raise Malformed("no title")
    numbers, number = list[int](), 0
    for byte in raw:
        number = number << 7 | byte & 0x7F
        if byte & 0x80 == 0:
            numbers.append(number)
            number = 0
    if tag == RELATIVE:
        return "".join(f".{number}" for number in numbers)
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _services(external: bytes, numbers: dict[int, bytes], talk: Talk | None) -> Iterator[Saying]:
    """Walk the services of a message in clear."""
    r = Reader(_only(Reader(external), OCTETS))
    flags = r.u8()
    security = flags >> 2 & 3
    if security > 1:
        return
    if flags & CLASS_THERE:
        r.skip(4)
    asked: list[int | None] = []
    if talk and CALLED_NUMBER in numbers:
        asked = list(talk.answered(numbers[CALLED_NUMBER]) or ())
    questions: list[int | None] = []
    for _ in range(MOST_SERVICES):
        if len(r) <= (CHECKSUM if security else 0):
            break
        service = Reader(_counted(r))
        if len(service) == 0:
            break
        code = service.u8()
        yield Saying("role", "client" if code >= FIRST_REQUEST else "server")
        if code >= FIRST_REQUEST:
            questions.append(service.u16() if code == READ else None)
        elif code == 0 and asked and (table := asked.pop(0)) is not None:
            yield from _table(table, Reader(service.take(service.u16())))
    number: Hashable = numbers.get(CALLING_NUMBER)
    if talk and number is not None and any(table in (MANUFACTURER, DEVICE) for table in questions):
        talk.ask(number, tuple(questions))


def _counted(r: Reader) -> bytes:
    size = r.u8()
    if size & 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= 2:
            raise Malformed("a service of that length")
        size = int.from_bytes(r.take(octets), "big")
    return r.take(size)


def _table(number: int, r: Reader) -> Iterator[Saying]:
    """Read a table that names the device, where it holds letters; it may hold digits in BCD, which are not read."""
    found: list[tuple[FactKind, str]] = []
    if number == MANUFACTURER:
        found += [("vendor", _letters(r.take(4))), ("product", _letters(r.take(8)))]
        hardware, firmware = (r.u8(), r.u8()), (r.u8(), r.u8())
        found += [("firmware", "{}.{} (hardware {}.{})".format(*firmware, *hardware))]
        found += [("serial", _letters(r.take(16)))]
    elif number == DEVICE:
        found += [("station", _letters(r.take(20)))]
    for kind, said in found:
        if said:
            yield Saying(kind, said)


def _letters(raw: bytes) -> str:
    raw = raw.rstrip(b"\0 ")
    return text(raw) if raw.isascii() and raw.decode("ascii").isprintable() else ""
