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

from kwel.model.report import TableInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.resources.abc import Traversable

    import maxminddb

MANIFEST: Final = "tables.toml"
CLOUD, ASN, COUNTRY, OUI = "cloud.mmdb", "asn.mmdb", "country.mmdb", "oui.tsv"
LOOKED_UP: Final = (CLOUD, ASN, COUNTRY)
Kind = TypeVar("Kind")
_REMEMBERED: Final = 1 << 16
_MAPPED: Final = "::ffff:"  # IPv4-mapped IPv6, RFC 4291 section 2.5.5.2
_IPV6: Final = 1 << 128
IPV4: Final = 4  # bytes


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
    def get_with_prefix_len(self, ip_address: str, /) -> tuple[object, int]: ...


Part = tuple[object, ...]
"""What one table says of an address: the fields of ``AddressFacts`` that it fills."""


class Tables:
    """The three tables, opened. ``lookup`` remembers what it has answered.

    A row of a table holds for a whole network; so each table also remembers the network that it answered last, and
    addresses asked for in order are mostly answered by comparison.
    """

    def __init__(
        self,
        readers: Mapping[str, _Reader],
        damage: type[Exception],
        infos: tuple[TableInfo, ...],
        folders: Mapping[str, Traversable | Path] | None = None,
    ) -> None:
        self._readers = readers
        self._damage = damage
        self._infos = infos
        self.folders = dict(folders or {})
        """By table: where the edition lies that it was taken from."""
        self._last: dict[str, tuple[int, int, Part]] = dict.fromkeys(_PARTS, (1, 0, ()))
        """By table: first and last address of the network answered last, and what was read of it."""
        self._facts: dict[Part, AddressFacts] = {}
        self.lookup = functools.lru_cache(_REMEMBERED)(self._lookup)

    @classmethod
    def open(cls, root: Traversable | Path | None = None) -> Tables:
        """Open the tables in *root*, by default those shipped with kwel.

        Raises:
            TableError: a table is missing, cut off or not a table.
        """
        if root is None:
            from importlib.resources import files

            root = files("kwel.rules") / "data"
        manifest = read_manifest(root)
        return cls.open_each(dict.fromkeys(dict.fromkeys((*LOOKED_UP, *manifest)), (root, manifest)))

    @classmethod
    def open_each(cls, roots: Mapping[str, tuple[Traversable | Path, Mapping[str, Any]]]) -> Tables:
        """Open every table in a folder of its own, each given with the manifest of that folder.

        Raises:
            TableError: a table is missing, cut off or not a table.
        """
        import maxminddb

        readers = {}
        for name in LOOKED_UP:
            try:
                root, manifest = roots[name]
            except KeyError as error:
                raise TableError(_told(name, error)) from error
            readers[name] = open_table(root, name, manifest)
        infos = tuple(info for name, (_, manifest) in roots.items() for info in _infos({name: manifest[name]}))
        folders = {name: root for name, (root, _) in roots.items()}
        return cls(readers, maxminddb.InvalidDatabaseError, infos, folders)

    @staticmethod
    def infos_of(manifest: Mapping[str, Any]) -> tuple[TableInfo, ...]:
        """Return source, date and licence of the tables in a manifest.

        Raises:
            TableError: it does not tell them.
        """
        return _infos(manifest)

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
        value = int.from_bytes(packed)
        if len(packed) != IPV4:
            value |= _IPV6  # ::/8 does not hold 0.0.0.0/8
        said: Part = ()
        for name, (first, last, part) in self._last.items():
            said += part if first <= value <= last else self._read(name, address, value, len(packed))
        facts = self._facts.get(said)
        if facts is None:
            if len(self._facts) >= _REMEMBERED:
                self._facts.clear()
            facts = self._facts[said] = AddressFacts(*said)  # type: ignore[arg-type]  # each part checks its own
        return facts

    def _read(self, name: str, address: str, value: int, size: int) -> Part:
        """Return what one table says of an address, and remember for which network it says so."""
        try:
            record, length = self._readers[name].get_with_prefix_len(address)
        except (self._damage, ValueError) as error:  # ValueError: text that is not UTF-8
            raise TableError(_told(name, error)) from error
        if record is None:
            record = {}
        if not isinstance(record, dict):
            raise TableError(_told(name, "a record is not a map"))
        try:
            part = _PARTS[name](record, value, size)
        except (TypeError, ValueError) as error:
            raise TableError(_told(f"record of {address}", error)) from error
        # A writer joins neighbours that are alike: what the owner published may be smaller than what the tree holds.
        length = max(length, record.get("prefix_length") or 0)
        host_bits = min(max(size * 8 - length, 0), size * 8)
        first = value >> host_bits << host_bits
        self._last[name] = first, first | (1 << host_bits) - 1, part
        return part


def _cloud_part(record: Mapping[str, Any], value: int, size: int) -> Part:
    length = _value(record, "prefix_length", int)
    return (
        _value(record, "provider", str),
        None if length is None else _published(value, size, length),
        _value(record, "region", str),
        _texts(_value(record, "services", list) or ()),
    )


def _network_part(record: Mapping[str, Any], _: int, __: int) -> Part:
    return (
        _value(record, "autonomous_system_number", int),
        _value(record, "autonomous_system_organization", str),
        _value(_value(record, "registered_country", dict) or {}, "iso_code", str),
    )


def _place_part(record: Mapping[str, Any], _: int, __: int) -> Part:
    return (_value(_value(record, "country", dict) or {}, "iso_code", str),)


_PARTS: Final = {CLOUD: _cloud_part, ASN: _network_part, COUNTRY: _place_part}
"""In the order of the fields of ``AddressFacts``."""


def read_manifest(root: Traversable | Path) -> dict[str, Any]:
    """Return what the manifest in *root* says, by table.

    Raises:
        TableError: it is missing or damaged.
    """
    try:
        manifest = tomllib.loads((root / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TableError(_told(MANIFEST, error)) from error
    return manifest


def open_table(root: Traversable | Path, name: str, manifest: Mapping[str, Any]) -> maxminddb.Reader:
    """Open one table in the folder *root*.

    Raises:
        TableError: it is missing, cut off or not a table.
    """
    import maxminddb

    try:
        return _reader(root / name, manifest[name])
    except (OSError, KeyError, TypeError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise TableError(_told(name, error)) from error


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
            TableInfo(
                name,
                str(about["source"]),
                str(about["date"]),
                int(about["rows"]),
                str(about["licence"]),
                str(about.get("sha256", "")),
            )
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


def _published(value: int, size: int, length: int) -> str:
    """Return the prefix of *length* bits that holds the address, as its owner publishes it."""
    host_bits = size * 8 - length
    if host_bits < 0:
        raise ValueError(f"a prefix of {length} bits")
    network = (value & (1 << size * 8) - 1) >> host_bits << host_bits
    family = socket.AF_INET if size == IPV4 else socket.AF_INET6
    return f"{socket.inet_ntop(family, network.to_bytes(size))}/{length}"


def _told(name: str, why: object) -> str:
    return f"data table {name}: {why or type(why).__name__}; reinstall kwel, or run `make data`"
