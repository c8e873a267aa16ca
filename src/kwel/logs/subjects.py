"""Distinguished names as probes write them in, a certificate out: RFC 4514, and OpenSSL's order of the same."""

from __future__ import annotations

import re
from typing import Final

from kwel.model.traffic import Certificate

PART: Final = re.compile(r"(?:^|[,/+])\s*(CN|O)\s*=\s*((?:\\.|[^,/+\\])*)", re.IGNORECASE)
ESCAPED: Final = re.compile(r"\\([^0-9a-fA-F]|[0-9a-fA-F]{2})")
MOST_NAMES: Final = 64
LONGEST: Final = 255


def certificate_of(subject: str, issuer: str, names: tuple[str, ...], sha256: str) -> Certificate:
    r"""Return a certificate by what a log says of it.

    >>> one = certificate_of("CN=plant.example,O=Plant", "CN=R3,O=Let\\'s Encrypt,C=US", ("plant.example",), "")
    >>> one.subject, one.issuer
    ('plant.example', "Let's Encrypt")
    """
    by, of = _parts(issuer), _parts(subject)
    listed = tuple(dict.fromkeys(clean for name in names[:MOST_NAMES] if (clean := _clean(name))))
    return Certificate(of.get("cn", ""), listed, by.get("o") or by.get("cn", ""), sha256.lower())


def _parts(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in PART.findall(text):
        found.setdefault(key.lower(), _clean(ESCAPED.sub(_unescaped, value)))
    return found


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if len(found[1]) == 2 else found[1]


def _clean(text: str) -> str:
    folded = " ".join(text.split())[:LONGEST]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in folded)
