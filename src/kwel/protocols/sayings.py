"""What a host says of itself in, printable text out: the nouns that every dissector yields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.fast_dataclass import quick

if TYPE_CHECKING:
    from kwel.model.kinds import Application, FactKind
    from kwel.model.records.columns import NameSource

MAX_TEXT = 255
"""Characters kept of a free text. Nothing that identifies a device is longer."""


@quick
@dataclass(frozen=True, slots=True)
class Saying:
    """One statement of a frame about one host.

    Without *mac* and *address* it is about whoever sent the frame.
    """

    kind: FactKind
    value: str
    mac: int | None = None
    """The host's own MAC, where the payload tells it."""
    address: str | None = None
    """The host's address, where the payload tells it."""
    of_receiver: bool = False
    """Whether it is about whoever the frame was sent to: of frames without IP alone."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A frame proves that a MAC holds an address."""

    mac: int | None
    """``None``: that of whoever sent the frame, where no router stands between (frames without IP)."""
    address: str


@dataclass(frozen=True, slots=True)
class Named:
    """A frame names the responder of its flow: the host, or the service, that the initiator wants."""

    source: NameSource
    name: bytes
    """As on the wire: at most 255 bytes are kept."""
    from_initiator: bool = True
    """Whether the initiator says it; else the responder says it of itself."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A frame tells what its flow speaks."""

    application: Application


def text(raw: bytes) -> str:
    r"""Return what a device calls itself, fit to be shown.

    White space is folded; whatever is no printable character is shown as an escape, so control characters and
    direction marks cannot act.

    >>> text(b"  PLC 7\r\nline 2\x1b[31m\x00")
    'PLC 7 line 2\\x1b[31m'
    """
    decoded = raw.rstrip(b"\0").decode("utf-8", "backslashreplace")
    folded = " ".join(decoded.split())[:MAX_TEXT]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in folded)


def ipv4(raw: bytes) -> str | None:
    """Return the IPv4 address that four bytes, or a text, hold, if they can be a host's.

    >>> ipv4(b"10.1.2.3"), ipv4(bytes([10, 1, 2, 3])), ipv4(b"0.0.0.0"), ipv4(b"plc7")
    ('10.1.2.3', '10.1.2.3', None, None)
    """
    is_text = len(raw) >= 7 or raw.isalnum()
    parts = raw.rstrip(b"\0").split(b".") if is_text else [b"%d" % part for part in raw]
    if len(parts) != 4 or not all(part.isdigit() and len(part) <= 3 and int(part) < 256 for part in parts):
        return None
    return ".".join(str(int(part)) for part in parts) if 0 < int(parts[0]) < 224 and int(parts[0]) != 127 else None


def own_mac(raw: bytes) -> int | None:
    """Return a MAC that can belong to one host: six bytes, not zero, no group address (IEEE 802)."""
    is_group = bool(raw[:1]) and bool(raw[0] & 1)
    return int.from_bytes(raw, "big") if len(raw) == 6 and any(raw) and not is_group else None
