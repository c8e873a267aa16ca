"""An alert in, the bytes that tell it out: syslog (RFC 5424), the local log, JSON. Names in it come from the wire."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any, Final

from kwel.alerts.kinds import LANGUAGES, sentence, shown, to_do
from kwel.model.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.alerts.ledger import Waiting
    from kwel.alerts.settings import Syslog
    from kwel.model.alerts import Alert

GRAVE: Final = {Severity.INFO: 6, Severity.LOW: 5, Severity.MEDIUM: 4, Severity.HIGH: 2}
"""Informational, notice, warning, critical: RFC 5424 section 6.2.1, table 2."""
LARGEST: Final = 2048
"""Bytes that every receiver should take (RFC 5424 section 6.1)."""
MOST_DATA: Final = 1200
"""Bytes of structured data; what is left is for the sentence."""
MOST_VALUE: Final = 120
BOM: Final = b"\xef\xbb\xbf"
"""Says that the sentence is UTF-8 (RFC 5424 section 6.4)."""
BILLION: Final = 1_000_000_000
VERSION: Final = 1
"""Of the JSON."""


def syslog(waiting: Waiting, output: Syslog, language: str, version: str) -> bytes:
    """Return one syslog message of RFC 5424, without framing."""
    alert = waiting.alert
    head = " ".join(
        (
            f"<{output.facility * 8 + GRAVE[alert.severity]}>1",
            moment(waiting.told),
            _header(alert.sensor, 255),
            "kwel",
            "-",
            _header(alert.kind, 32),
        )
    ).encode()
    message = head + b" " + _data(waiting, output.enterprise, version) + b" " + BOM
    return message + cut(sentence(alert, language), LARGEST - len(message))


def local(waiting: Waiting, output: Syslog, language: str) -> bytes:
    """Return a message as the C library writes it to /dev/log: what a journal and a local syslog understand."""
    at = datetime.datetime.fromtimestamp(waiting.told // BILLION)  # local time, as the C library has it
    day = f"{at:%b} {at.day:2d} {at:%H:%M:%S}"
    text = f"{sentence(waiting.alert, language)} [{waiting.alert.id} {waiting.alert.kind}]"
    return f"<{output.facility * 8 + GRAVE[waiting.alert.severity]}>{day} kwel: ".encode() + cut(text, LARGEST)


def plain(waiting: Waiting, language: str) -> dict[str, Any]:
    """Return an alert as plain values: what a file of JSON lines and a webhook get."""
    alert = waiting.alert
    return {
        "version": VERSION,
        **alert.to_json(),
        "time": moment(alert.time),
        "told": moment(waiting.told),
        "telling": waiting.telling,
        "text": sentence(alert, language),
        "says": {of: sentence(alert, of) for of in LANGUAGES},
        "to_do": {of: to_do(alert, of) for of in LANGUAGES},
        "explain": f"kwel sensor alerts explain {alert.id}",
    }


def json_line(waiting: Waiting, language: str) -> bytes:
    """Return it as one line of ASCII."""
    return json.dumps(plain(waiting, language)).encode() + b"\n"


def moment(at: int) -> str:
    """Return a time as RFC 3339 has it, in UTC, with microseconds.

    >>> moment(1_772_442_847_120_331_999)
    '2026-03-02T09:14:07.120331Z'
    """
    second, rest = divmod(at, BILLION)
    try:
        day = datetime.datetime.fromtimestamp(second, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return "1970-01-01T00:00:00.000000Z"
    return f"{day:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def _header(text: str, longest: int) -> str:
    """Return a field of the header: printable ASCII without spaces, and ``-`` for nothing (section 6.2)."""
    return "".join(c if "!" <= c <= "~" else "_" for c in text)[:longest] or "-"


def _data(waiting: Waiting, enterprise: int, version: str) -> bytes:
    """Return the structured data (section 6.3): elements whole, as many parameters as there is room for."""
    its_version = f' swVersion="{_escaped(version)}"' if version else ""
    out = f'[origin software="kwel"{its_version}][kwel@{enterprise}'.encode()
    for key, value in _parameters(waiting):
        parameter = f' {key}="{_escaped(value)}"'.encode("utf-8", "backslashreplace")
        if value and len(out) + len(parameter) < MOST_DATA:
            out += parameter
    return out + b"]"


def _parameters(waiting: Waiting) -> Iterator[tuple[str, str]]:
    alert: Alert = waiting.alert
    yield "id", alert.id
    yield "kind", alert.kind
    yield "severity", alert.severity.name.lower()
    yield "telling", str(waiting.telling)
    yield "source", alert.source
    yield "window", "" if alert.window is None else str(alert.window)
    yield "asset", alert.asset
    yield "label", alert.asset_label
    yield "operator", alert.operator
    yield "host", alert.host
    yield "evidence", " ".join(alert.evidence[:3])


def _escaped(value: str) -> str:
    r"""Return the value of a parameter (section 6.3.3).

    >>> print(_escaped('a"]\\b'))
    a\"\]\\b
    """
    return "".join(f"\\{c}" if c in '"\\]' else c for c in shown(value, MOST_VALUE))


def cut(text: str, most: int) -> bytes:
    """Return text as UTF-8, with no character cut in two.

    >>> cut("één", 3).decode()
    'é'
    """
    return text.encode("utf-8", "backslashreplace")[: max(most, 0)].decode("utf-8", "ignore").encode()
