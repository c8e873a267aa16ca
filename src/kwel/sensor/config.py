"""sensor.toml in, what a sensor is to do out: every key checked, and all that is wrong told at once, with its line."""

from __future__ import annotations

import hashlib
import ipaddress
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kwel.rulebook.lines import lines_of
from kwel.rulebook.rulefile import nearest
from kwel.sensor import keys
from kwel.sensor.keys import ALERTS, INTERFACES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.rulebook.lines import Place
    from kwel.sensor.keys import Key

LARGEST: Final = 1 << 20
"""Bytes of a configuration."""
LONGEST: Final = 500
"""Characters of a text."""
MOST_INTERFACES: Final = 64
KINDS: Final = {str: "text in quotes", int: "a whole number", bool: "true or false", list: "a list of texts"}


class ConfigError(ValueError):
    """A configuration cannot be read, or is wrong: one line."""


@dataclass(frozen=True, slots=True)
class Listened:
    """An interface that is listened to. Fields are the keys of ``[[interfaces]]``, see `kwel.sensor.keys`."""

    name: str
    namespace: str = ""
    filter: str = ""
    fanout: int = 1
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where windows are kept, and how long. Fields are the keys of ``[store]``."""

    folder: str = "/var/lib/kwel/store"
    window_seconds: int = 300
    most_gb: int = 0
    days: int = 0
    wire_days: int = 0
    evidence_days: int = 0
    evidence_mb: int = 2
    candidates_mb: int = 32


@dataclass(frozen=True, slots=True)
class Judging:
    """What the user knows and allows. Fields are the keys of ``[analysis]``."""

    site: str = ""
    policy: str = ""
    internal: tuple[str, ...] = ()
    here: str = ""
    language: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Reporting:
    """Which reports are made. Fields are the keys of ``[reports]``."""

    folder: str = ""
    daily: bool = True
    weekly: bool = True
    keep: int = 400


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that a sensor is to do."""

    file: str
    sha256: str
    name: str = ""
    user: str = ""
    interfaces: tuple[Listened, ...] = ()
    folder: str = ""
    """Of captures, in place of interfaces."""
    store: Keeping = field(default_factory=Keeping)
    analysis: Judging = field(default_factory=Judging)
    reports: Reporting = field(default_factory=Reporting)
    prometheus: str = ""
    """File of health; empty is none."""
    alerts: Mapping[str, Any] = field(default_factory=dict)
    """The table as it stands in the file."""


def load(path: str | Path) -> Config:
    """Read a configuration.

    Raises:
        ConfigError: it cannot be read, or something is wrong with it: the first of it.
    """
    config, faults = examine(path)
    if faults:
        more = f" (and {len(faults) - 1} more: kwel sensor config check {path})" if len(faults) > 1 else ""
        raise ConfigError(f"{faults[0]}{more}")
    return config


def examine(path: str | Path) -> tuple[Config, list[str]]:
    """Return what a configuration says as far as it can be understood, and everything that is wrong with it.

    Raises:
        ConfigError: it cannot be read at all.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; name a configuration") from error
    return parse(text, path)


def parse(text: bytes, path: Path) -> tuple[Config, list[str]]:
    """Return the same of the text of a file."""
    digest = hashlib.sha256(text).hexdigest()
    nothing = Config(str(path), digest)
    if len(text) > LARGEST:
        return nothing, [f"{path}: larger than {LARGEST} bytes"]
    try:
        whole = text.decode()
        content = tomllib.loads(whole)
    except RecursionError:
        return nothing, [f"{path}: nested too deep"]
    except ValueError as error:
        return nothing, [f"{path}: not TOML: {error}"]
    reader = _Reader(path, lines_of(whole))
    return reader.read(content, digest), sorted(reader.faults, key=_line_of)


def _line_of(fault: str) -> int:
    number = fault.removeprefix(fault.partition(":")[0]).split(":")[1]
    return int(number) if number.isdigit() else 0


class _Reader:
    """Reads a whole file, and collects what is wrong with it."""

    def __init__(self, path: Path, lines: Mapping[Place, int]) -> None:
        self._path, self._lines = path, lines
        self.faults: list[str] = []

    def read(self, content: dict[str, Any], sha256: str) -> Config:
        """Return what the file says; what is wrong is left out."""
        tables = {name: content.pop(name, {}) for name in keys.tables() if name and name != INTERFACES}
        listened = content.pop(INTERFACES, [])
        alerts = content.pop(ALERTS, {})
        head = self._table(content, "", ())
        found = {name: self._table(self._is_table(value, name), name, (name,)) for name, value in tables.items()}
        config = Config(
            str(self._path),
            sha256,
            name=head.get("name", ""),
            user=head.get("user", ""),
            interfaces=self._interfaces(listened),
            folder=found["folder"].get("path", ""),
            store=Keeping(**found["store"]),
            analysis=Judging(**found["analysis"]),
            reports=Reporting(**found["reports"]),
            prometheus=found["health"].get("prometheus", ""),
            alerts=self._is_table(alerts, ALERTS),
        )
        self._together(config)
        return config

    def _is_table(self, value: Any, name: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._wrong((name,), f"has to be a table: [{name}]")
        return {}

    def _interfaces(self, listened: Any) -> tuple[Listened, ...]:
        if not isinstance(listened, list) or not all(isinstance(one, dict) for one in listened):
            self._wrong((INTERFACES,), "has to be one table for each interface: [[interfaces]]")
            return ()
        if len(listened) > MOST_INTERFACES:
            self._wrong((INTERFACES, MOST_INTERFACES), f"is there more than {MOST_INTERFACES} times")
        found = [
            self._table(dict(one), INTERFACES, (INTERFACES, number))
            for number, one in enumerate(listened[:MOST_INTERFACES])
        ]
        return tuple(Listened(**one) for one in found if "name" in one)

    def _table(self, table: dict[str, Any], name: str, at: Place) -> dict[str, Any]:
        """Return the values of a table, by key; what is wrong is left out."""
        known = keys.of(name)
        found: dict[str, Any] = {}
        for key, value in table.items():
            if key not in known:
                self._wrong((*at, key), f"unknown key{self._near(key, name)}")
            elif (why := _why_not(known[key], value)) is not None:
                self._wrong((*at, key), why)
            else:
                found[key] = self._value(known[key], value)
        for needed in known.values():
            if needed.default is ... and needed.name not in table:
                self._wrong((*at, needed.name), f"missing; write {needed.name} = {keys.as_toml(needed.example)}")
        return found

    def _value(self, key: Key, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(value)
        is_path = key.path == "always" or (key.path == "toml" and value.endswith(".toml"))
        return str(self._path.parent.absolute() / value) if is_path and value else value

    def _near(self, key: str, table: str) -> str:
        """Return the nearest key that there is, of this table or of another."""
        here = [*keys.of(table), *([] if table else [name for name in (*keys.tables(), ALERTS) if name])]
        if near := nearest(key, here):
            return near
        elsewhere = [one.table for one in keys.KEYS if one.name == key and one.table]
        return f"; it belongs to [{elsewhere[0]}]" if elsewhere else ""

    def _wrong(self, at: Place, why: str) -> None:
        line = next((self._lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in self._lines), None)
        where = ".".join(str(part + 1) if isinstance(part, int) else _shown(part) for part in at)
        self.faults.append(f"{self._path}:{f'{line}:' if line else ''} {where}: {why}")

    def _together(self, config: Config) -> None:
        """Complain of what is right by itself and wrong beside the rest."""
        names = [one.name for one in config.interfaces]
        for number, name in enumerate(names):
            if name in names[:number]:
                self._wrong((INTERFACES, number, "name"), f"{name} is there twice")
        if config.interfaces and config.folder:
            self._wrong(("folder", "path"), "goes in place of interfaces; run a sensor for each")
        if not config.interfaces and not config.folder and not any(INTERFACES in fault for fault in self.faults):
            self._wrong((INTERFACES,), 'missing: nothing would be listened to; write [[interfaces]] and name = "span0"')


def _shown(part: str) -> str:
    return part if part.isprintable() and len(part) <= 80 else repr(part[:80])


def _why_not(key: Key, value: Any) -> str | None:
    """Return why a value is none for a key, or ``None``."""
    if type(value) is not key.kind:
        return f"has to be {KINDS[key.kind]}, is {type(value).__name__}"
    if isinstance(value, int) and key.most and not key.least <= value <= key.most:
        return f"has to be {key.least} to {key.most}, is {value}"
    for text in value if isinstance(value, list) else [value]:
        if key.kind in (str, list) and (why := _why_no_text(key, text)):
            return why
    return None


def _why_no_text(key: Key, text: Any) -> str | None:
    if not isinstance(text, str):
        return f"has to be {KINDS[key.kind]}, holds {type(text).__name__}"
    if len(text) > LONGEST or not text.isprintable():
        return f"has to be at most {LONGEST} characters that can be printed"
    if not text and (key.default is ... or key.kind is list):
        return "is empty"
    if key.words and text and text not in key.words:
        return f"{text!r} is none of {', '.join(key.words)}{nearest(text, key.words)}"
    check = CHECKS.get(key.full_name)
    return check(text) if check and text else None


def _no_prefix(text: str) -> str | None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        return f"{error}"
    return None


def _no_place(text: str) -> str | None:
    from kwel.rulebook.places import circles, parse_here

    try:
        parse_here(text, circles())
    except ValueError as error:
        return str(error)
    return None


def _no_interface(text: str) -> str | None:
    from kwel.sensor.lockdown.interface import NAME

    return None if NAME.fullmatch(text) else f"{text!r} is no name of an interface; `ip link` lists them"


def _no_namespace(text: str) -> str | None:
    from kwel.sensor.lockdown.namespaces import NAME

    return None if NAME.fullmatch(text) else f"{text!r} is no name; use letters, digits, '-', '_' and '.'"


def _no_filter(text: str) -> str | None:
    from kwel.capture.filters import Unfit, compile_filter

    try:
        compile_filter(text)
    except Unfit as error:
        return str(error)
    return None


def _no_text_file(text: str) -> str | None:
    return None if text.endswith(".prom") else "has to end in .prom, or the node exporter does not read it"


CHECKS: Final = {
    "analysis.internal": _no_prefix,
    "analysis.here": _no_place,
    "interfaces.name": _no_interface,
    "interfaces.namespace": _no_namespace,
    "interfaces.filter": _no_filter,
    "health.prometheus": _no_text_file,
}
"""Keys whose text is in a language of its own, and what says why a text is not in it."""
