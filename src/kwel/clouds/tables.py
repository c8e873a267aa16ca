"""Addresses in, what the shipped look-up tables say of them out.

Three files in MaxMind DB format (https://maxmind.github.io/MaxMind-DB/, format version 2.0), made by
tools/build_tables.py: cloud.mmdb (published ranges), asn.mmdb (network number, organisation, country of
registration) and country.mmdb (geolocation). tables.toml beside them says where each comes from. This module
judges nothing: the tables may contradict one another, and that is for the attribution to settle.
"""

from __future__ import annotations

import functools
import io
import socket
import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from kwel.model import TableInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.resources.abc import Traversable

    import maxminddb

MANIFEST: Final = "tables.toml"
CLOUD, ASN, COUNTRY = "cloud.mmdb", "asn.mmdb", "country.mmdb"
Kind = TypeVar("Kind")
_REMEMBERED: Final = 1 << 16
_MAPPED: Final = "::ffff:"  # IPv4-mapped IPv6, RFC 4291 section 2.5.5.2


class TableError(ValueError):
    """A look-up table is missing or damaged: which one, and what to do."""


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """What the tables know of one address; ``None`` and ``()`` where they know nothing."""

    cloud_provider: str | None = None
    """Id of the provider whose published list holds the address."""
    cloud_prefix: str | None = None
    """The published prefix that says so, ``13.69.0.0/17``: the longest with a region, else the longest."""
    region: str | None = None
    """The provider's own region id, ``westeurope``; ``global`` where the list says that."""
    services: tuple[str, ...] = ()
    """Service tags of all published prefixes that cover the address, upper case, sorted: ``AZURECLOUD``."""
    asn: int | None = None
    as_org: str | None = None
    as_country: str | None = None
    """ISO 3166-1 alpha-2 where the network is registered: neither where it stands nor who owns it."""
    country: str | None = None
    """ISO 3166-1 alpha-2 from geolocation: grade D, never decides."""


class _Reader(Protocol):
    def get(self, ip_address: str, /) -> object: ...


class Tables:
    """The three tables, opened. ``lookup`` remembers what it has answered."""

    def __init__(self, readers: Mapping[str, _Reader], damage: type[Exception], infos: tuple[TableInfo, ...]) -> None:
        self._readers = readers
        self._damage = damage
        self._infos = infos
        self.lookup = functools.lru_cache(_REMEMBERED)(self._lookup)

    @classmethod
    def open(cls, root: Traversable | Path | None = None) -> Tables:
        """Open the tables in *root*, by default those shipped with kwel.

        Raises:
            TableError: a table is missing, cut off or not a table.
        """
        import maxminddb

        if root is None:
            from importlib.resources import files

            root = files("kwel.rules") / "data"
        manifest = _manifest(root)
        readers = {}
        for name in (CLOUD, ASN, COUNTRY):
            try:
                readers[name] = _reader(root / name, manifest[name])
            except (OSError, KeyError, TypeError, ValueError, maxminddb.InvalidDatabaseError) as error:
                raise TableError(_told(name, error)) from error
        return cls(readers, maxminddb.InvalidDatabaseError, _infos(manifest))

    def infos(self) -> tuple[TableInfo, ...]:
        """Return source, date and licence of every table, the vendor table of MAC addresses among them."""
        return self._infos

    def _lookup(self, address: str) -> AddressFacts:
        """Return what the tables know of *address*.

        Raises:
            TableError: a table is damaged.
            ValueError: *address* is not an IP address.
        """
        address = address.removeprefix(_MAPPED) if "." in address else address
        packed = _packed(address)
        cloud, network, place = (self._record(name, address) for name in (CLOUD, ASN, COUNTRY))
        try:
            length = _value(cloud, "prefix_length", int)
            return AddressFacts(
                cloud_provider=_value(cloud, "provider", str),
                cloud_prefix=None if length is None else _published(packed, length),
                region=_value(cloud, "region", str),
                services=_texts(_value(cloud, "services", list) or ()),
                asn=_value(network, "autonomous_system_number", int),
                as_org=_value(network, "autonomous_system_organization", str),
                as_country=_value(_value(network, "registered_country", dict) or {}, "iso_code", str),
                country=_value(_value(place, "country", dict) or {}, "iso_code", str),
            )
        except (TypeError, ValueError) as error:
            raise TableError(_told(f"record of {address}", error)) from error

    def _record(self, name: str, address: str) -> dict[str, Any]:
        try:
            found = self._readers[name].get(address)
        except (self._damage, ValueError) as error:  # ValueError: text that is not UTF-8
            raise TableError(_told(name, error)) from error
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise TableError(_told(name, "a record is not a map"))
        return found


def _manifest(root: Traversable | Path) -> dict[str, Any]:
    try:
        manifest = tomllib.loads((root / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TableError(_told(MANIFEST, error)) from error
    return manifest


def _reader(file: Traversable | Path, about: Mapping[str, Any]) -> maxminddb.Reader:
    """Open one table, after its checksum: the compiled reader ends the process on some damaged files."""
    import maxminddb

    data = file.read_bytes()
    if zlib.crc32(data) != about["crc32"]:
        raise ValueError(f"damaged: {len(data)} bytes, of {about['bytes']} in {MANIFEST}, with another checksum")
    if isinstance(file, Path):
        return maxminddb.open_database(file, maxminddb.MODE_AUTO)
    return maxminddb.open_database(io.BytesIO(data), maxminddb.MODE_FD)  # in a zip archive: nothing to map


def _infos(manifest: Mapping[str, Any]) -> tuple[TableInfo, ...]:
    try:
        return tuple(
            TableInfo(name, str(about["source"]), str(about["date"]), int(about["rows"]), str(about["licence"]))
            for name, about in manifest.items()
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(_told(MANIFEST, error)) from error


def _value(record: Mapping[str, Any], key: str, kind: type[Kind]) -> Kind | None:
    value = record.get(key)
    if value is None or isinstance(value, kind):
        return value
    raise TypeError(f"{key} is no {kind.__name__}")


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    texts = tuple(value for value in values if isinstance(value, str))
    if len(texts) != len(values):
        raise TypeError("a list holds more than text")
    return texts


def _packed(address: str) -> bytes:
    """Return *address* in 4 or 16 bytes. The reader is laxer: it would take ``1.2.3`` for ``1.2.0.3``."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except (OSError, ValueError) as error:
        raise ValueError(f"not an IP address: {address!r}") from error


def _published(packed: bytes, length: int) -> str:
    """Return the prefix of *length* bits that holds the address, as its owner publishes it."""
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    host_bits = len(packed) * 8 - length
    if host_bits < 0:
        raise ValueError(f"a prefix of {length} bits")
    network = int.from_bytes(packed) >> host_bits << host_bits
    return f"{socket.inet_ntop(family, network.to_bytes(len(packed)))}/{length}"


def _told(name: str, why: object) -> str:
    return f"data table {name}: {why or type(why).__name__}; reinstall kwel, or run `make data`"
