"""Reads one row of an inventory: the meaning of each cell, and its faults."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final

from kwel.model.inventory import Entry
from kwel.site.table import LONGEST, MAC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kwel.site.headings import Headings

    Cells = Mapping[str, Sequence[str]]
    """By field, what stands in its columns."""

MOST_VALUES: Final = 64
"""Addresses, or MACs, of one device."""
MANY: Final = re.compile(r"[\s,;|/]+(?![0-9]{1,3}(?:$|[\s,;|]))|[\s,;|]+")
"""Between several values of one cell; a stroke before a prefix length is none."""
HEX: Final = re.compile(r"[0-9a-f]{12}")
VLANS: Final = range(1, 4095)
GUARD: Final = re.compile(r"^'(?=[=+\-@])")
"""What kwel and others put before a cell that a spreadsheet would calculate."""


class Rows:
    """Makes entries of rows, and collects what is wrong with them."""

    def __init__(self, headings: Headings) -> None:
        self.problems: list[str] = []
        self._headings = headings

    def entry(self, where: str, cells: Cells) -> Entry | None:
        """Return what a row says; ``None`` for one by which no device could be found."""
        said = {field: [text for cell in row if (text := self._clean(cell))] for field, row in cells.items()}
        if not any(said.values()):
            return None
        names = said.get("device") or said.get("name") or []

        def first(field: str) -> str | None:
            return self._short(where, field, next(iter(said.get(field, [])), None))

        entry = Entry(
            where=where,
            name=self._short(where, "name", names[0] if names else None),
            addresses=self._many(where, "address", said, address),
            macs=self._many(where, "mac", said, mac),
            vlan=self._vlan(where, first("vlan")),
            location=", ".join(filter(None, map(first, ("site", "location", "rack")))) or None,
            **{key: first(key) for key in ("serial", "vendor", "product", "role", "zone", "owner", "criticality")},
        )
        if not (entry.name or entry.addresses or entry.macs or entry.serial):
            self.problems.append(f"{where}: nothing to find the device by; give it a name, address, mac or serial")
            return None
        return entry

    def _clean(self, cell: str) -> str:
        text = GUARD.sub("", " ".join(cell.split()))
        return "" if self._headings.is_empty(text) else text

    def _short(self, where: str, field: str, text: str | None) -> str | None:
        if text is None or len(text) <= LONGEST:
            return text
        self.problems.append(f"{where}: {field}: has {len(text)} characters, more than {LONGEST}; shorten it")
        return None

    def _many(self, where: str, field: str, said: Cells, read: Callable[[str], str | None]) -> tuple[str, ...]:
        """Return the distinct values of some cells; what is none becomes a problem."""
        found: dict[str, None] = {}
        for cell in said.get(field, ()):
            whole = read(cell)  # "0090 e810 0032" is one
            for part in (cell,) if whole else MANY.split(cell):
                value = whole or read(part)
                if value is not None:
                    found[value] = None
                elif not self._headings.is_empty(part):
                    self.problems.append(f"{where}: {field}: {part[:60]!r} is none; write {EXAMPLES[field]}")
        if len(found) > MOST_VALUES:
            self.problems.append(f"{where}: {field}: {len(found)} values, more than {MOST_VALUES}; split the row")
        return tuple(found)[:MOST_VALUES]

    def _vlan(self, where: str, text: str | None) -> int | None:
        if text is None:
            return None
        number = re.search(r"(?<![0-9])[0-9]{1,4}(?![0-9])", text)
        if number and int(number[0]) in VLANS:
            return int(number[0])
        self.problems.append(f"{where}: vlan: {text[:60]!r} is none; write a number of 1 to {VLANS[-1]}")
        return None


EXAMPLES: Final = {"address": "10.20.3.32 or 2001:db8::32", "mac": "00:90:e8:10:00:32"}


def address(text: str) -> str | None:
    """Return an address as the analysis spells it, a prefix length behind it passed over; ``None`` for none.

    >>> address("10.20.3.32/24"), address("2001:DB8::0032"), address("10.20.3")
    ('10.20.3.32', '2001:db8::32', None)
    """
    try:
        return str(ipaddress.ip_interface(text.strip("[]").partition("%")[0]).ip)
    except ValueError:
        return None


def mac(text: str) -> str | None:
    """Return a MAC address in lower case with colons; ``None`` for none.

    >>> mac("0090.E810.0032"), mac("00-90-e8-10-00-32"), mac("9,0E+11")
    ('00:90:e8:10:00:32', '00:90:e8:10:00:32', None)
    """
    digits = re.sub(r"[\s.:-]", "", text.lower())
    if not HEX.fullmatch(digits) or digits in ("0" * 12, "f" * 12):
        return None
    found = ":".join(digits[at : at + 2] for at in range(0, 12, 2))
    return found if MAC.fullmatch(found) else None


def merged(entries: Sequence[Entry], tables: Sequence[bool]) -> list[Entry]:
    """Return entries with the interfaces of a device joined to it.

    Args:
        entries: in order.
        tables: of each, whether it comes from a table of interfaces: those only are joined, by name.
    """
    found: list[Entry] = []
    places: dict[str, int] = {}
    for entry, is_interface in sorted(zip(entries, tables, strict=True), key=lambda pair: pair[1]):
        key = (entry.name or "").casefold()
        if is_interface and key in places:
            found[places[key]] = _joined(found[places[key]], entry)
            continue
        places.setdefault(key, len(found))
        found.append(entry)
    return found


def _joined(one: Entry, other: Entry) -> Entry:
    both: dict[str, Any] = {
        key: getattr(one, key) or getattr(other, key)
        for key in ("serial", "vendor", "product", "role", "zone", "location", "owner", "criticality", "vlan")
    }
    return Entry(
        one.where,
        one.name,
        tuple(dict.fromkeys((*one.addresses, *other.addresses)))[:MOST_VALUES],
        tuple(dict.fromkeys((*one.macs, *other.macs)))[:MOST_VALUES],
        **both,
    )
