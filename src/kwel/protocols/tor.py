"""Certificates that were shown in, the flows among them that lead to Tor marked: a blind spot.

Tor's link protocol hides in TLS. Up to TLS 1.2 its relays show a certificate with two random names, from "www." and 8
to 20 letters of base32 to ".net" for the subject and to ".com" for the issuer (tor-spec, "Negotiating TLS"; src/lib/tls
of its sources). With TLS 1.3 nothing of it is visible, and kwel claims nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.kinds import Application

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Certificate

SUBJECT: Final = re.compile(r"www\.[a-z2-7]{8,20}\.net")
ISSUER: Final = re.compile(r"www\.[a-z2-7]{8,20}\.com")


def is_relay(certificate: Certificate) -> bool:
    """Return whether a certificate is one that a Tor relay makes for itself, and no owner of a domain."""
    return bool(
        not certificate.names and SUBJECT.fullmatch(certificate.subject) and ISSUER.fullmatch(certificate.issuer)
    )


def mark_relays(flows: Rows, certificates: Sequence[Certificate], shown: Rows) -> int:
    """Mark the flows on which a relay showed its certificate; return how many certificates there were of relays."""
    relays = [index for index, certificate in enumerate(certificates) if is_relay(certificate)]
    rows = shown[np.isin(shown["certificate"], relays) & (shown["from_initiator"] == 0)]
    flows["application"][rows["flow"]] = Application.TOR
    return len(relays)
