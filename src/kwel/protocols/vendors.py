"""A vendor's number in a protocol in, its number and its name out, as rules/devices/vendor_ids.toml knows it.

The numbers are those of the ODVA Specification (CIP), ANSI/ASHRAE 135 (BACnet) and IANA's register of enterprises
(RFC 2578 section 4). A number without a name is still said: whoever holds the register can look it up.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

FILE = "devices/vendor_ids.toml"
REGISTERS = ("bacnet", "cip", "enterprise")


def named_vendor(register: str, number: int, mac: int | None = None, address: str | None = None) -> Iterator[Saying]:
    """Yield the number (``cip-vendor/1``) and, if it is known whose that is, the vendor."""
    yield Saying("identity", f"{register}-vendor/{number}", mac, address)
    if name := installed().get((register, number)):
        yield Saying("vendor", name, mac, address)


@functools.cache
def installed() -> dict[tuple[str, int], str]:
    """Return the names that came with this installation."""
    from importlib.resources import files  # takes as long as a small capture

    return load(files("kwel.rules"))


def load(root: Traversable) -> dict[tuple[str, int], str]:
    """Read the numbers of vendors.

    Raises:
        RuleError: the file is wrong: ``file:line: key: reason``.
    """
    from kwel.rulebook.rulefile import RuleTable

    table = RuleTable.parse((root / FILE).read_bytes(), FILE)
    table.sources()
    table.take("unsourced", bool, False)
    table.date("reviewed")
    names = {}
    for register in REGISTERS:
        inner = table.table(register)
        if inner is None:
            continue
        for key, name in inner.rest():
            if not key.isdecimal() or not isinstance(name, str) or not name.strip():
                raise inner.wrong(key, "must be a number, and the name of a vendor")
            names[register, int(key)] = name
    table.finish()
    return names
