"""What both sides showed when a flow began stands in its chain of evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kwel.dependencies.greetings import MOST_CERTIFICATES, Greetings
from kwel.model.coverage import Coverage
from kwel.model.names import Names
from kwel.model.records.columns import FLOW, HELLO, SHOWN, Ech, NameSource
from kwel.model.traffic import Capture, Certificate, Traffic

if TYPE_CHECKING:
    from kwel.model.claims import Evidence

WORDS = ["", "hidden.example", "h2,http/1.1"]
JA4 = "t13d1516h2_8daaf6152771_02713d6af862"
CERTIFICATE = Certificate("gw.example", ("gw.example", "*.gw.example"), "Plant CA", "ab" * 32)


def traffic(hellos: np.ndarray | None = None, shown: np.ndarray | None = None) -> Traffic:
    arena = np.frombuffer("".join(WORDS).encode(), np.uint8)
    lengths = np.array([len(word) for word in WORDS])
    names = Names(arena, np.cumsum(lengths) - lengths, lengths)
    capture, none = Capture("a.pcap", "pcap", 1, None, 10, 0, 9, (), None, None), np.zeros(0, FLOW)
    made = Traffic((capture,), none, names, none, none, none, (), Coverage(1, 1, {}, {}))
    return replace(
        made,
        hellos=np.zeros(0, HELLO) if hellos is None else hellos,
        shown=np.zeros(0, SHOWN) if shown is None else shown,
        fingerprints=("", JA4),
        certificates=(CERTIFICATE,),
    )


def hello(**columns: object) -> np.ndarray:
    rows = np.zeros(2, HELLO)
    rows["flow"], rows["frame"], rows["source"], rows["version"] = [7, 3], [40, 41], NameSource.TLS_SNI, 0x0304
    for key, value in columns.items():
        rows[key] = value
    return rows


def told(of: Traffic, flow: int) -> list[Evidence]:
    return list(Greetings(of).of(flow))


def test_a_hello_tells_version_protocols_and_fingerprint_where_it_was_seen() -> None:
    (step,) = told(traffic(hello(alpn=2, fingerprint=1)), 3)

    assert (step.kind, str(step.where)) == ("client-hello", "a.pcap#41")
    assert dict(step.values) == {"version": "TLS 1.3", "alpn": "h2, http/1.1", "ja4": JA4}


def test_an_encrypted_hello_that_is_offered_is_said_with_the_name_that_shows() -> None:
    kinds = {step.kind: dict(step.values) for step in told(traffic(hello(ech=Ech.OFFERED, name=1)), 7)}
    assert kinds["ech-offered"] == {"name": "hidden.example"}


def test_a_certificate_tells_its_names_once_and_its_issuer() -> None:
    shown = np.zeros(2, SHOWN)
    shown["flow"], shown["frame"], shown["from_initiator"] = 3, [50, 52], [0, 1]
    server, client = told(traffic(shown=shown), 3)

    assert (server.kind, client.kind) == ("server-certificate", "client-certificate")
    assert dict(server.values) == {"name": "gw.example, *.gw.example", "issuer": "Plant CA", "sha256": "ab" * 8}
    assert (str(server.where), str(client.where)) == ("a.pcap#50", "a.pcap#52")


def test_a_long_chain_is_cut_off() -> None:
    shown = np.zeros(20, SHOWN)
    assert len(told(traffic(shown=shown), 0)) == MOST_CERTIFICATES


def test_a_flow_that_showed_nothing_tells_nothing() -> None:
    assert told(traffic(hello()), 5) == []
