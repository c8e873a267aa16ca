"""Flows in, what they show beside their ends out: names looked up where nobody sees them, certificates that do not fit.

Encrypted look-ups by the port and protocol assigned to them, or by what the hello offers: DNS over TLS (RFC 7858), over
DTLS (RFC 8094), over QUIC (RFC 9250). DNS over HTTPS (RFC 8484) looks like any other HTTPS: there it is the host that
tells, by a rule. Whether a certificate covers a name: RFC 9525 section 6.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.names import Names
    from kwel.model.traffic import Certificate, Traffic

PORT_ENCRYPTED_DNS: Final = 853
TLS_LIKE: Final = tuple(map(int, (Application.TLS, Application.DTLS, Application.QUIC)))
SEALED: Final = (*TLS_LIKE, int(Application.GQUIC))
ALPN: Final = {"dot", "doq"}
"""IANA's names of DNS over TLS and over QUIC among the application-layer protocols."""
ASKED: Final = (int(NameSource.TLS_SNI), int(NameSource.DTLS_SNI))


def is_sealed(traffic: Traffic) -> NDArray[np.bool_]:
    """Return which flows are encrypted: what they ask for there cannot be seen."""
    sealed: NDArray[np.bool_] = np.isin(traffic.flows["application"], SEALED)
    return sealed


def hides_names(traffic: Traffic) -> NDArray[np.bool_]:
    """Return which flows carry encrypted look-ups, whoever the resolver is."""
    flows, hellos = traffic.flows, traffic.hellos
    speaks = np.isin(flows["application"], TLS_LIKE)
    hides: NDArray[np.bool_] = speaks & (flows["responder_port"] == PORT_ENCRYPTED_DNS)
    offered = np.unique(hellos["alpn"]).tolist()
    dns = [number for number in offered if number and ALPN & set(traffic.names[number].split(","))]
    hides[hellos["flow"][np.isin(hellos["alpn"], dns)]] = True
    return hides


def misfits(traffic: Traffic) -> NDArray[np.int64]:
    """Return, per flow, 1 + the row of the certificate shown that does not cover the name asked for; 0 is none.

    The first certificate of the responder is its own; those behind it are of whoever signed it.
    """
    flows, shown = traffic.flows, traffic.shown
    found = np.zeros(len(flows), np.int64)
    rows = np.flatnonzero(shown["from_initiator"] == 0)
    flow, first = np.unique(shown["flow"][rows], return_index=True)
    rows = rows[first]
    asked = np.isin(flows["name_source"][flow], ASKED)
    flow, rows = flow[asked], rows[asked]
    known: dict[tuple[int, int], bool] = {}
    pairs = zip(flows["name"][flow].tolist(), shown["certificate"][rows].tolist(), strict=True)
    fits = [_fits(pair, known, traffic.names, traffic.certificates) for pair in pairs]
    wrong = ~np.array(fits, bool)
    found[flow[wrong]] = rows[wrong] + 1
    return found


def _fits(
    pair: tuple[int, int], known: dict[tuple[int, int], bool], names: Names, certificates: tuple[Certificate, ...]
) -> bool:
    if pair not in known:
        known[pair] = covers(certificates[pair[1]], names[pair[0]])
    return known[pair]


def covers(certificate: Certificate, name: str) -> bool:
    """Return whether a certificate is of a host; so it is where it names none, or an address was asked for.

    >>> from kwel.model.traffic import Certificate
    >>> covers(Certificate("", ("*.example.com",), "", ""), "www.example.com")
    True
    >>> covers(Certificate("", ("*.example.com",), "", ""), "a.b.example.com")
    False
    """
    listed = certificate.names or ((certificate.subject,) if "." in certificate.subject else ())
    if not listed or ":" in name or name[-1:].isdigit():
        return True
    parent = name.partition(".")[2]
    return any(own.lower().rstrip(".") in (name, f"*.{parent}") for own in listed)
