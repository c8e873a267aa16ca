"""Traffic in, the table of ClientHellos out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kwel.export.flows import ends_of, spell_names, spell_own
from kwel.export.schema import HELLOS
from kwel.export.text import frame_numbers, spell, spell_times, take
from kwel.model.kinds import tls_version
from kwel.model.records.columns import Ech, NameSource

if TYPE_CHECKING:
    from kwel.model.records.columns import Rows
    from kwel.model.site import Site
    from kwel.model.traffic import Traffic

SOURCES = {int(NameSource.TLS_SNI): "tls", int(NameSource.QUIC_SNI): "quic", int(NameSource.DTLS_SNI): "dtls"}
ECH = {int(kind): kind.label for kind in Ech if kind}


def hellos_table(traffic: Traffic, site: Site | None = None) -> pd.DataFrame:
    """Return one row a ClientHello, with the columns of ``schema.HELLOS``; *site* tells which names are its own."""
    hellos, names = traffic.hellos, traffic.names
    protocols = {number: names[number].split(",") if number else [] for number in np.unique(hellos["alpn"]).tolist()}
    shown = _certificates(traffic)
    columns = {
        "capture": take([capture.name for capture in traffic.captures], hellos["capture"]),
        "frame": frame_numbers(hellos["frame"]),
        "time": spell_times(hellos["time"]),
        **ends_of(traffic.flows[hellos["flow"]]),
        "source": spell(hellos["source"], SOURCES.get),
        "name": spell_names(hellos["name"], names),
        "alpn": pd.Series([protocols[number] for number in hellos["alpn"].tolist()], dtype=object),
        "version": spell(hellos["version"], lambda number: tls_version(number) if number else None),
        "ech": spell(hellos["ech"], ECH.get),
        "ja4": spell(hellos["fingerprint"], lambda number: traffic.fingerprints[number] or None),
        "partial": hellos["partial"] != 0,
        "certificate_names": pd.Series(
            [list(traffic.certificates[i].names) if i >= 0 else [] for i in shown.tolist()], dtype=object
        ),
        "certificate_issuer": spell(shown, lambda i: traffic.certificates[i].issuer or None if i >= 0 else None),
        "own": spell_own(hellos["name"], names, site),
    }
    return pd.DataFrame({key: columns[key] for key in HELLOS.keys})


def _certificates(traffic: Traffic) -> Rows:
    """Return for each hello the certificate that the other side showed first; -1 is none."""
    shown = traffic.shown[traffic.shown["from_initiator"] == 0]
    flow, first = np.unique(shown["flow"], return_index=True)
    place = np.searchsorted(flow, traffic.hellos["flow"])
    place[place == len(flow)] = 0
    if not len(flow):
        return np.full(len(traffic.hellos), -1, np.int64)
    found = flow[place] == traffic.hellos["flow"]
    return np.where(found, shown["certificate"][first[place]].astype(np.int64), -1)
