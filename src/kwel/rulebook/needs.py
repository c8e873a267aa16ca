"""Reads rules/needs.toml: the services that an asset needs of a server, by protocol."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel import rulebook
from kwel.model.graph import Server
from kwel.model.kinds import Application
from kwel.rulebook.rulefile import RuleError, RuleTable

if TYPE_CHECKING:
    from collections.abc import Collection
    from importlib.resources.abc import Traversable
    from typing import Any

    from numpy.typing import NDArray

FILE: Final = "needs.toml"
TRANSPORTS: Final = {"tcp": 6, "udp": 17}
"""IP protocol numbers."""
APPLICATIONS: Final = {application.label: application for application in Application if application}
_PORT: Final = re.compile(r"(tcp|udp)/([1-9]\d{0,4})")
_EXAMPLE: Final = re.compile(r"(\S+) ((?:tcp|udp)/\d+) = (\S+)")
_PORTS: Final = 1 << 16
GENERAL: Final = ("tls", "dtls")
"""Wrappings: what is in them is told by the port."""


@dataclass(frozen=True, slots=True)
class Serves:
    """One row: what is needed of whoever answers."""

    server: Server
    function: str | None
    """``None``: whoever begins does not need the other side."""
    applications: tuple[str, ...]
    ports: tuple[str, ...]
    outside: bool
    general: bool
    alternatives: bool


@dataclass(frozen=True, eq=False)
class NeedBook:
    """All rows, checked, and tables by number for whoever has many flows."""

    rows: tuple[Serves, ...]
    names: str
    """The function without which nothing outside is found by name."""
    may_stop_serving: tuple[str, ...]
    unknown_impact: str
    reviewed: str
    examples: tuple[tuple[str, str, str, bool], ...]
    by_application: NDArray[Any]
    """Row by number of the application; -1 is none."""
    by_port: NDArray[Any]
    """Row by transport (TCP, UDP) and port; -1 is none."""
    wrapped: NDArray[Any]
    """By number of the application: whether the port may tell more than it."""

    def find(self, application: NDArray[Any], transport: NDArray[Any], port: NDArray[Any]) -> NDArray[Any]:
        """Return the row of each flow; -1 where none fits."""
        by_content = self.by_application[application]
        is_udp = np.where(transport == TRANSPORTS["udp"], 1, 0)
        by_port = np.where(np.isin(transport, tuple(TRANSPORTS.values())), self.by_port[is_udp, port], -1)
        by_port = np.where(self.wrapped[application], by_port, -1)
        found: NDArray[Any] = np.where((by_port >= 0) & self._says_little(by_content), by_port, by_content)
        return found

    def _says_little(self, row: NDArray[Any]) -> NDArray[Any]:
        general = np.array([*(one.general for one in self.rows), True])  # the last entry is where -1 looks
        says: NDArray[Any] = general[row]
        return says

    def source(self, row: Serves) -> str:
        """Return what to cite for a row."""
        return f"rules/{FILE} {row.server.id}, reviewed {self.reviewed}"


def load(root: Traversable | None = None, functions: Collection[str] | None = None) -> NeedBook:
    """Read the rows that ship with kwel; a whole rulebook under *root* may have its own.

    Raises:
        RuleError: a row is wrong: ``file:line: key: reason``.
    """
    files = rulebook.read(root)
    if functions is None:
        functions = rulebook.load(root).vocabulary.functions
    text = files.get(FILE) or (resources.files("kwel.rules") / FILE).read_bytes()
    return read(RuleTable.parse(text, FILE), functions)


def read(table: RuleTable, functions: Collection[str]) -> NeedBook:
    """Return what the file says."""
    table.sources()
    reviewed = table.date("reviewed")
    rows = tuple(_serves(inner, functions) for inner in table.tables("serves"))
    ids = [row.server.id for row in rows]
    if len(set(ids)) != len(ids):
        raise table.wrong("serves", "an id is there twice")
    book = NeedBook(
        rows,
        table.one_of("names", tuple(functions)),
        _functions(table, "may_stop_serving", functions),
        table.text("unknown_impact"),
        reviewed,
        _examples(table, ids),
        *_tables(table, rows),
    )
    table.finish()
    return book


def _serves(table: RuleTable, functions: Collection[str]) -> Serves:
    nobody = table.take("nobody", bool, default=False)
    server = Server(
        table.text("id"),
        _functions(table, "carries", functions),
        hands_on=table.take("hands_on", bool, default=False),
        alone=table.take("alone", bool, default=False),
        unseen=table.take("unseen", bool, default=False),
    )
    row = Serves(
        server,
        None if nobody else table.one_of("function", tuple(functions)),
        table.words("applications", ()),
        table.words("ports", ()),
        outside=table.take("outside", bool, default=False),
        general=table.take("general", bool, default=False),
        alternatives=table.take("alternatives", bool, default=False),
    )
    table.finish()
    for application in row.applications:
        if application not in APPLICATIONS:
            raise table.wrong("applications", f"{application!r} is no protocol that flows are known by")
    for port in row.ports:
        if not (match := _PORT.fullmatch(port)) or int(match[2]) >= _PORTS:
            raise table.wrong("ports", f"{port!r} is not a port such as 'tcp/502'")
    if not row.applications and not row.ports:
        raise table.wrong("ports", "missing: a row that fits nothing")
    return row


def _functions(table: RuleTable, key: str, known: Collection[str]) -> tuple[str, ...]:
    values = table.words(key, ())
    for value in values:
        if value not in known:
            raise table.wrong(key, f"{value!r} is no function of vocabulary.toml")
    return values


def _tables(table: RuleTable, rows: tuple[Serves, ...]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    by_application = np.full(256, -1, np.int64)
    by_port = np.full((2, _PORTS), -1, np.int64)
    wrapped = np.zeros(256, bool)
    wrapped[[0, *(APPLICATIONS[name] for name in GENERAL)]] = True
    for number, row in enumerate(rows):
        for application in row.applications:
            if by_application[APPLICATIONS[application]] >= 0:
                raise table.wrong("serves", f"{application!r} is in two rows")
            by_application[APPLICATIONS[application]] = number
        for port in row.ports:
            transport, _, value = port.partition("/")
            place = int(transport == "udp"), int(value)
            if by_port[place] >= 0:
                raise table.wrong("serves", f"{port!r} is in two rows")
            by_port[place] = number
    return by_application, by_port, wrapped


def _examples(table: RuleTable, ids: list[str]) -> tuple[tuple[str, str, str, bool], ...]:
    inner = table.table("examples")
    if inner is None:
        raise table.wrong("examples", "missing")
    found = []
    for key, matches in (("matches", True), ("misses", False)):
        for text in inner.words(key):
            match = _EXAMPLE.fullmatch(text)
            if not match or match[3] not in ids or match[1] not in ("?", *APPLICATIONS):
                raise inner.wrong(key, f"{text!r} is not like 'dns udp/53 = dns', with '?' for an unknown protocol")
            found.append((match[1], match[2], match[3], matches))
    inner.finish()
    return tuple(found)


def lint(root: Traversable | None = None) -> list[str]:
    """Return what is wrong with the file, and the rows that no example proves, one line each."""
    try:
        book = load(root)
    except RuleError as error:
        return [str(error)]
    proven = {row for _, _, row, matches in book.examples if matches}
    return [
        f"{FILE}: examples: no example that matches {row.server.id!r}"
        for row in book.rows
        if row.server.id not in proven
    ]


def test(root: Traversable | None = None) -> list[str]:  # noqa: PT028 - a command, not a test
    """Return the examples that do not hold, one line each."""
    try:
        book = load(root)
    except RuleError as error:
        return [str(error)]
    failed = []
    for application, port, wanted, matches in book.examples:
        transport, _, number = port.partition("/")
        code = APPLICATIONS[application] if application != "?" else 0
        (row,) = book.find(np.array([code]), np.array([TRANSPORTS[transport]]), np.array([int(number)])).tolist()
        found = book.rows[row].server.id if row >= 0 else "nobody"
        if (found == wanted) is not matches:
            said = "matches" if matches else "misses"
            failed.append(f"{FILE}: examples.{said}: {application} {port} is {found}, not {wanted}")
    return failed
