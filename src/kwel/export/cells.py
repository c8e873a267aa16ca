"""One value in, the text of its cell out: spellings that every format shares, without pandas."""

from __future__ import annotations

from kwel.model.records.columns import Tunnel

__all__ = [
    "FORMULA",
    "TUNNELS",
    "csv_cell",
    "harmless",
    "tunnel_text",
    "visible",
    "vlan_text",
]

TUNNELS = {int(tunnel): tunnel.name.lower().replace("_", "-") for tunnel in Tunnel}

FORMULA = tuple("=+-@")
"""A spreadsheet takes a cell that begins so for a formula."""


def vlan_text(tag: int) -> str | None:
    """Return the VLAN of a flow: one tag, or the outer and the inner.

    >>> vlan_text(0), vlan_text(20), vlan_text(500 << 16 | 20)
    (None, '20', '500.20')
    """
    outer, inner = tag >> 16, tag & 0xFFFF
    if outer:
        return f"{outer}.{inner}"
    return str(inner) if inner else None


def tunnel_text(tunnel: int) -> str | None:
    """Return what carried a flow, and its number where it has one.

    >>> tunnel_text(0), tunnel_text(5 << 24), tunnel_text(3 << 24 | 5001)
    (None, 'ipip', 'vxlan-5001')
    """
    kind, number = tunnel >> 24, tunnel & 0xFFFFFF
    if not kind:
        return None
    name = TUNNELS.get(kind, f"tunnel-{kind}")
    return f"{name}-{number}" if number else name


def visible(text: str) -> str:
    r"""Return *text* with everything escaped that could move a cursor or turn the direction of reading.

    >>> visible("plc\x1b[2J\u202egpj.exe")
    'plc\\x1b[2J\\u202egpj.exe'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def harmless(text: str) -> str:
    """Return *text* so that a spreadsheet shows it and does not calculate it.

    >>> harmless("=cmd|' /C calc'!A0")
    "'=cmd|' /C calc'!A0"
    """
    text = visible(text)
    return "'" + text if text.startswith(FORMULA) else text


def csv_cell(text: str) -> str:
    """Return *text* as one cell of CSV (RFC 4180 section 2).

    >>> csv_cell('a "b", c')
    '"a ""b"", c"'
    """
    text = harmless(text)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
