"""The table of ClientHellos."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kwel.export.hellos import hellos_table
from kwel.model.records.columns import SHOWN
from tests.export import plant


def test_a_hello_is_told_with_what_answered_it() -> None:
    row = hellos_table(plant.make_traffic()).iloc[0]

    assert (row.source, row["name"], row.version) == ("tls", "iot.cloud.example", "TLS 1.3")
    assert row.alpn == ["h2", "http/1.1"]
    assert (row.ech, row.ja4, bool(row.partial)) == ("grease-likely", plant.JA4, False)
    assert (row.certificate_names, row.certificate_issuer) == (["*.cloud.example", "cloud.example"], "Example Trust")
    assert (row.initiator_address, row.responder_port, row.frame) == ("10.20.3.32", 8883, 118)


def test_what_is_not_known_is_null() -> None:
    row = hellos_table(plant.make_traffic()).iloc[1]

    assert row[["name", "version", "ech", "ja4", "certificate_issuer"]].isna().all()
    assert (row.source, row.alpn, row.certificate_names, bool(row.partial)) == ("quic", [], [], True)


def test_hellos_without_any_certificate_have_none() -> None:
    traffic = replace(plant.make_traffic(), shown=np.zeros(0, SHOWN), certificates=())

    assert hellos_table(traffic).certificate_names.tolist() == [[], []]
