"""A flow in, what both sides showed when it began out: ClientHello and certificates, as steps of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.claims import Evidence, Where
from kwel.model.kinds import tls_version
from kwel.model.records.columns import Ech

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

MOST_CERTIFICATES: Final = 3
"""Of one flow that are told: a server may send a whole chain, a client its own."""
MOST_NAMES: Final = 4


class Greetings:
    """ClientHellos and certificates, by flow."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._hellos, self._shown = ByFlow(traffic.hellos), ByFlow(traffic.shown)
        self._captures = [capture.name for capture in traffic.captures]

    def of(self, flow: int) -> Iterator[Evidence]:
        """Yield what was shown on a flow: its first ClientHello, then certificates."""
        hellos = self._hellos.rows(flow)
        if len(hellos):
            yield from self._hello(hellos[0])
        for row in self._shown.rows(flow)[:MOST_CERTIFICATES]:
            yield self._certificate(row)

    def _where(self, row: Rows) -> Where:
        return Where(self._captures[int(row["capture"])], int(row["frame"]))

    def _hello(self, row: Rows) -> Iterator[Evidence]:
        traffic, where = self._traffic, self._where(row)
        values = (
            ("version", tls_version(int(row["version"])) if row["version"] else ""),
            ("alpn", traffic.names[int(row["alpn"])].replace(",", ", ")),
            ("ja4", traffic.fingerprints[int(row["fingerprint"])] if row["fingerprint"] else ""),
        )
        if any(value for _, value in values[1:]):
            yield Evidence("observed", "client-hello", values, where)
        if row["ech"]:
            kind = f"ech-{Ech(int(row['ech'])).label}"
            yield Evidence("observed", kind, (("name", traffic.names[int(row["name"])]),), where)

    def _certificate(self, row: Rows) -> Evidence:
        certificate = self._traffic.certificates[int(row["certificate"])]
        names = [name for name in dict.fromkeys((*certificate.names, certificate.subject)) if name]
        shown = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
        kind = "client-certificate" if row["from_initiator"] else "server-certificate"
        values = (("name", shown), ("issuer", certificate.issuer), ("sha256", certificate.sha256[:16]))
        return Evidence("observed", kind, values, self._where(row))


class ByFlow:
    """Rows of a table, found by their flow."""

    def __init__(self, table: Rows) -> None:
        self._table = table
        self._order = np.argsort(table["flow"], kind="stable")
        self._flow = table["flow"][self._order]

    def rows(self, flow: int) -> Rows:
        """Return the rows of a flow, in order of the table."""
        wanted = np.uint32(flow)  # of the column's own type: otherwise the whole of it would be converted
        start, end = (np.searchsorted(self._flow, wanted, side) for side in ("left", "right"))
        return self._table[self._order[start:end]]
