"""A JA4 fingerprint as a probe tells it in, the version that its ClientHello offers out.

https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md: the two characters behind the transport.
"""

from __future__ import annotations

from typing import Final

VERSIONS: Final = {
    "13": 0x0304, "12": 0x0303, "11": 0x0302, "10": 0x0301, "s3": 0x0300, "s2": 0x0002,
    "d1": 0xFEFF, "d2": 0xFEFD, "d3": 0xFEFC,
}  # fmt: skip


def ja4_version(text: str) -> int:
    """Return the highest version that a ClientHello offers, as on the wire; 0 where the fingerprint tells none.

    >>> hex(ja4_version("t13d1516h2_8daaf6152771_b186095e22b6")), ja4_version("?")
    ('0x304', 0)
    """
    return VERSIONS.get(text[1:3], 0)
