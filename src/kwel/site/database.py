"""Looks up addresses in the user's own database: country, city and network number.

Files in MaxMind DB format (https://maxmind.github.io/MaxMind-DB/, version 2.0), read by the Python reader of maxminddb:
the compiled one ends the process on some damaged files. Publishers spell their records differently; these are read:

- nested, as MaxMind (dev.maxmind.com/geoip/docs/databases, read 2026-11-25) and DB-IP (db-ip.com/db/format, read
  2026-11-25) write them: ``country.iso_code``, ``city.names.en``, ``autonomous_system_number`` and ``…_organization``;
- flat, as IPinfo's schemas (quoted in public issues, 2026-11-25; its own pages were not read): ``country`` or
  ``country_code``, ``city``, ``asn`` as ``AS174``, ``as_name`` or ``name``.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from kwel.model.site import AddressSaid, DatabaseInfo
from kwel.site.table import LONGEST, SiteError

if TYPE_CHECKING:
    from pathlib import Path

    import maxminddb.reader

NOTHING: Final = AddressSaid()
_REMEMBERED: Final = 1 << 16
_SAMPLED: Final = 223  # first octets of unicast IPv4: enough to see what a database of the world holds
_CHUNK: Final = 1 << 20
_COUNTRY: Final = re.compile(r"[A-Z]{2}")  # ISO 3166-1 alpha-2
_NUMBER: Final = re.compile(r"(?:AS)?(\d{1,10})")
_LATEST: Final = 253_402_300_799  # the last second that a calendar holds


class Database:
    """One file, opened. What cannot be read of it says nothing, and is counted."""

    def __init__(self, path: Path, reader: maxminddb.reader.Reader, info: DatabaseInfo, is_v6: bool) -> None:
        self.info = info
        self.unread = 0
        """Addresses whose record is damaged."""
        self._path, self._reader, self._is_v6 = path, reader, is_v6
        self._seen: dict[str, AddressSaid] = {}

    def look(self, address: str) -> AddressSaid:
        """Return what the file says of an address."""
        said = self._seen.get(address)
        if said is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            record = self._record(address)
            said = self._seen[address] = said_of(record) if isinstance(record, dict) else NOTHING
        return said

    def _record(self, address: str) -> object:
        if ":" in address and not self._is_v6:
            return None
        try:
            return self._reader.get(address)
        except _damages():
            self.unread += 1
            return None

    def check_kind(self) -> None:
        """Refuse a database of something else: of proxies, of domains, of connection types.

        Raises:
            SiteError: none of its records holds what is read here.
        """
        records = [self._record(f"{octet}.1.1.1") for octet in range(1, _SAMPLED + 1)]
        if self.unread:
            raise SiteError(f"{self._path}: damaged: {self.unread} of {_SAMPLED} records; get the file again")
        maps = [record for record in records if isinstance(record, dict)]
        if maps and all(said_of(record) == NOTHING for record in maps):
            keys = ", ".join(sorted({repr(key)[:40] for record in maps for key in record})[:8])
            raise SiteError(
                f"{self._path}: a database of another kind, with {keys or 'nothing'}: name one of countries, cities or "
                "network numbers"
            )


def open_database(path: Path) -> Database:
    """Open a file.

    Raises:
        SiteError: it cannot be read, or is no such database: one line.
    """
    import maxminddb.reader

    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        reader = maxminddb.reader.Reader(path)
        about = reader.metadata()
        made = datetime.datetime.fromtimestamp(min(max(int(about.build_epoch), 0), _LATEST), datetime.UTC).date()
        kind = str(about.database_type)[:LONGEST]
        database = Database(
            path, reader, DatabaseInfo(path.name, kind, made.isoformat(), digest.hexdigest()), about.ip_version == 6
        )
    except OSError as error:
        raise SiteError(f"{path}: {error.strerror or error}; name a file in MaxMind DB format (.mmdb)") from error
    except _damages() as error:
        raise SiteError(f"{path}: damaged, or not in MaxMind DB format (.mmdb); get the file again") from error
    database.check_kind()
    return database


def _damages() -> tuple[type[Exception], ...]:
    """Return what the reader may raise on a damaged file: metadata of wrong types as well."""
    import maxminddb

    return (
        maxminddb.InvalidDatabaseError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError,
        RecursionError, MemoryError,
    )  # fmt: skip


def said_of(record: dict[Any, Any]) -> AddressSaid:
    """Return what a record says, whichever way its publisher spells it."""
    number = _number(record.get("autonomous_system_number", record.get("asn")))
    named = ("autonomous_system_organization", "as_name", *(("name",) if number else ()))
    return AddressSaid(
        _country(record),
        _text(_named(record.get("city"))),
        number,
        next((text for key in named if (text := _text(record.get(key)))), None) if number else None,
    )


def _country(record: dict[Any, Any]) -> str | None:
    country = record.get("country")
    inner = country.get("iso_code") if isinstance(country, dict) else None
    codes = (inner, country, record.get("country_code"))
    return next((code for code in codes if isinstance(code, str) and _COUNTRY.fullmatch(code)), None)


def _named(city: object) -> object:
    names = city.get("names") if isinstance(city, dict) else None
    return names.get("en") if isinstance(names, dict) else city


def _number(value: object) -> int | None:
    if type(value) is int:
        number = value
    elif isinstance(value, str) and (match := _NUMBER.fullmatch(value)):
        number = int(match[1])
    else:
        return None
    return number if 0 < number < 1 << 32 else None


def _text(value: object) -> str | None:
    return value[:LONGEST] if isinstance(value, str) and value.strip() else None
