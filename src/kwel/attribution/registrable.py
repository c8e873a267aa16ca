"""Host names in, the part out that somebody registered: by the public suffix list that a library carries with it.

The list (https://publicsuffix.org) has two halves. Under a suffix of the first, ``nl`` or ``co.uk``, registries
register names. Under one of the second, ``azurewebsites.net``, a company hands names to its customers: there the name
under the suffix is a customer's, and the suffix itself was registered by the company. Nothing is fetched: the list is
as old as the installed package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kwel.rulebook.model import LONGEST_NAME

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

PACKAGE: Final = "publicsuffixlist"
PRIVATE: Final = "// ===BEGIN PRIVATE DOMAINS==="
_REMEMBERED: Final = 1 << 14
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+")  # RFC 1035 2.3.1


@dataclass(frozen=True, slots=True)
class Registered:
    """The part of a name that stands for whoever has it."""

    domain: str
    """``supplier.example``; of a customer's name ``shop.azurewebsites.net``."""
    handed_out_by: str | None = None
    """The suffix under which a company hands names to its customers; ``None``: a registry registered the domain."""


@lru_cache(_REMEMBERED)
def registered(name: str) -> Registered | None:
    """Return the registrable domain of a host name in lower case; nothing for a suffix, an address or a lone label.

    >>> registered("mail.supplier.co.uk")
    Registered(domain='supplier.co.uk', handed_out_by=None)
    >>> registered("a.shop.azurewebsites.net")
    Registered(domain='shop.azurewebsites.net', handed_out_by='azurewebsites.net')
    >>> registered("co.uk"), registered("192.0.2.1"), registered("plc")
    (None, None, None)
    """
    if len(name) > LONGEST_NAME or not _HOST.fullmatch(name) or name[-1].isdigit():
        return None
    suffixes, private = _list()
    domain = suffixes.privatesuffix(name)
    if domain is None:
        return None
    suffix = domain.partition(".")[2]
    wild = "*." + suffix.partition(".")[2]
    return Registered(domain, suffix if suffix in private or wild in private else None)


def source() -> str:
    """Return what to cite for a registrable domain: the list, by the version of the package that carries it."""
    return f"Public Suffix List, {PACKAGE} {_version()}"


@cache
def _version() -> str:
    return metadata.version(PACKAGE)


@cache
def _list() -> tuple[PublicSuffixList, frozenset[str]]:
    from publicsuffixlist import PSLFILE, PublicSuffixList

    _, _, private = Path(PSLFILE).read_text("utf-8").partition(PRIVATE)
    return PublicSuffixList(), frozenset(line for line in private.splitlines() if line and line[0] != "/")
