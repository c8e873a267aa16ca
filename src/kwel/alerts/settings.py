"""The table ``[alerts]`` of sensor.toml in, what is alerted on and where that is sent out: checked."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from kwel.alerts.kinds import SEVERITIES
from kwel.model.findings import Severity
from kwel.rulebook.rulefile import RuleError, RuleTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PORTS: Final = {"udp": 514, "tcp": 601, "tls": 6514}
"""RFC 5426 section 3.3, RFC 3195 (as IANA has syslog-conn), RFC 5425 section 4.1."""
FACILITIES: Final = ("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
                     "ftp", "ntp", "audit", "alert", "clock", *(f"local{number}" for number in range(8)))  # fmt: skip
"""RFC 5424 section 6.2.1, table 1: the index is the number."""
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
"""Hosts to which a webhook may go in clear."""
DOCUMENTATION: Final = 32473
"""Private enterprise number reserved for examples (RFC 5612): kwel has none of its own."""
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_PRINT: Final = re.compile(r"[0-9a-f]{64}")


class SettingsError(ValueError):
    """The table is wrong: one line with key and reason."""


@dataclass(frozen=True, slots=True)
class Identity:
    """How the other side of a TLS connection is known, and how we are known to it."""

    authority: str = ""
    """File of certificates that are trusted (PEM); empty: those of the system."""
    fingerprint: str = ""
    """SHA-256 of the certificate's DER that alone is trusted, 64 hexadecimal digits; empty: by name and authority."""
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """Somewhere that alerts go."""

    name: str
    """``syslog 1``, ``webhook 2``: as it is called in messages."""
    least: Severity


@dataclass(frozen=True, slots=True)
class Syslog(Output):
    """A collector of syslog messages."""

    transport: str
    """``udp``, ``tcp``, ``tls`` or ``unix``."""
    host: str
    """Name or address; of ``unix`` the path of the socket."""
    port: int
    facility: int
    enterprise: int
    identity: Identity


@dataclass(frozen=True, slots=True)
class Lines(Output):
    """A file of JSON lines."""

    path: str
    largest: int
    """Bytes from which on it is set aside under another name."""
    keep: int
    """How many that were set aside are kept."""


@dataclass(frozen=True, slots=True)
class Webhook(Output):
    """An address that takes JSON by POST."""

    url: str
    proxy: str
    """``http://host:port``, only as given here: what the environment says does not count."""
    secret_file: str
    """Key of the signature, in a file."""
    token_file: str
    """Bearer token, in a file."""
    identity: Identity


@dataclass(frozen=True, slots=True)
class Settings:
    """What is alerted on, and where alerts go."""

    learn: float = 7.0
    """Days of listening in which what is seen becomes known and nothing new is told."""
    again: float = 24.0
    """Hours until what nobody acknowledged is told again; each time twice as long."""
    per_hour: int = 20
    """Alerts an hour that are sent one by one, of each of two sorts: what is new, and how the sensor fares."""
    language: str = "en"
    interface: str = ""
    """The management interface: all that is sent leaves by it."""
    one_way: float = 0.5
    drops: float = 0.001
    apart: bool = False
    """Whether another process sends (``kwel sensor alerts send``): one that has a network."""
    outputs: tuple[Output, ...] = ()


def load(table: Mapping[str, Any], where: str = "sensor.toml") -> Settings:
    """Return what a table says.

    Raises:
        SettingsError: it is wrong: the first of it.
    """
    settings, faults = examine(table, where)
    if faults:
        raise SettingsError(faults[0])
    return settings


def examine(table: Mapping[str, Any], where: str = "sensor.toml") -> tuple[Settings, list[str]]:
    """Return what the table ``[alerts]`` says as far as it is understood, and everything that is wrong with it."""
    reader, faults = RuleTable(dict(table), where, "alerts."), []
    outputs: list[Output] = []
    readers: tuple[tuple[str, Callable[[RuleTable, str], Output]], ...] = (
        ("syslog", _syslog),
        ("file", _lines),
        ("webhook", _webhook),
    )
    settings = Settings()
    try:
        for key, read in readers:
            for number, inner in enumerate(reader.tables(key), 1):
                try:
                    outputs.append(read(inner, f"{key} {number}"))
                    inner.finish()
                except RuleError as error:
                    faults.append(str(error))
        settings = _whole(reader, tuple(outputs))
        reader.finish()
    except RuleError as error:
        faults.append(str(error))
    return settings, faults


def _whole(table: RuleTable, outputs: tuple[Output, ...]) -> Settings:
    return Settings(
        learn=table.number("learn_days", 7.0, 0, 365),
        again=table.number("again_hours", 24.0, 1, 24 * 365),
        per_hour=int(table.number("per_hour", 20, 1, 10_000)),
        language=table.one_of("language", ("nl", "en"), "en"),
        interface=table.take("interface", str, ""),
        one_way=table.number("one_way", 0.5, 0, 1),
        drops=table.number("drops", 0.001, 0, 1),
        apart=table.take("apart", bool, False),
        outputs=outputs,
    )


def _least(table: RuleTable) -> Severity:
    return Severity[table.one_of("least", SEVERITIES, "info").upper()]


def _identity(table: RuleTable) -> Identity:
    words = {key: table.text(key, "") for key in ("ca", "fingerprint", "certificate", "key")}
    digest = words["fingerprint"].removeprefix("sha256:").replace(":", "").lower()
    if words["fingerprint"] and not _PRINT.fullmatch(digest):
        raise table.wrong("fingerprint", 'write "sha256:" and the 64 hexadecimal digits that openssl prints')
    if bool(words["certificate"]) != bool(words["key"]):
        raise table.wrong("certificate", "certificate and key go together")
    return Identity(words["ca"], digest, words["certificate"], words["key"])


def _syslog(table: RuleTable, name: str) -> Syslog:
    to = table.text("to")
    transport, mark, rest = to.partition(":")
    if not mark or transport not in (*PORTS, "unix"):
        raise table.wrong(
            "to", f'{to!r} is no collector; write "tls://host:6514", "tcp://…", "udp://…", "unix:/dev/log"'
        )
    host, port = (rest.removeprefix("//"), 0) if transport == "unix" else _address(table, to, PORTS[transport])
    if transport == "unix" and not host.startswith("/"):
        raise table.wrong("to", 'write "unix:/dev/log"')
    return Syslog(
        name,
        _least(table),
        transport,
        host,
        port,
        FACILITIES.index(table.one_of("facility", FACILITIES, "local0")),
        int(table.number("enterprise", DOCUMENTATION, 1, (1 << 32) - 1)),
        _identity(table) if transport == "tls" else Identity(),
    )


def _address(table: RuleTable, url: str, port: int, key: str = "to") -> tuple[str, int]:
    """Return host and port of an address that has nothing else."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or port
    except ValueError as error:
        raise table.wrong(key, f"no address: {error}") from error
    if parts.username or parts.password:
        raise table.wrong(key, "holds a user or a password: those belong in files")
    if not _is_host(host):
        raise table.wrong(key, "names no host")
    return host, port


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return bool(_HOST.fullmatch(host))
    return True


def _lines(table: RuleTable, name: str) -> Lines:
    path = table.text("path")
    if not path.startswith("/"):
        raise table.wrong("path", f"{path!r} does not begin with /")
    largest = table.number("largest_mb", 64, 1, 100_000) * 1e6
    return Lines(name, _least(table), path, int(largest), int(table.number("keep", 4, 0, 1000)))


def _webhook(table: RuleTable, name: str) -> Webhook:
    url, proxy = table.text("to"), table.text("proxy", "")
    host, _ = _address(table, url, 443)
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (scheme == "http" and host in LOOPBACK):
        raise table.wrong("to", f"{scheme}://{host} is not https")
    if proxy:
        _address(table, proxy, 8080, "proxy")
        if urlsplit(proxy).scheme != "http":
            raise table.wrong("proxy", 'write "http://host:port"')
    files = [table.text(key, "") for key in ("secret_file", "token_file")]
    return Webhook(name, _least(table), url, proxy, files[0], files[1], _identity(table))
