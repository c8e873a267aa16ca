"""Windows and reports made by hand: who was in contact with whom, and how the sensor fared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.coverage import Coverage
from kwel.model.dependencies import STATES, Begun, Dependencies, Dependency, DependencyState, Ways
from kwel.model.records.columns import ANSWER, FLOW
from kwel.model.verdicts import Attribution, Verdict
from kwel.model.window import Window
from tests.export import plant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.report import Report

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = plant.START
FILE = "span0.pcapng"


class Contact(NamedTuple):
    """Who, with whom, and how."""

    asset: str = "plc-1"
    operator: str | None = "Example Cloud"
    host: str = "iot.cloud.example"
    parent: str | None = "US"
    seat: str | None = "US"
    supplier: str | None = None
    state: DependencyState = DependencyState.USED
    inbound: bool = False
    verdict: Verdict = Verdict.FOREIGN
    frame: int = 7


def attribution(of: Contact) -> Attribution:
    """Return whose a host is."""
    seen = Evidence("observed", "tls-sni", (("name", of.host),), Where(FILE, of.frame))
    return replace(
        plant.make_attribution(), name=of.host, operator=Claim(of.operator, Grade.A, (seen,)) if of.operator else None,
        operator_jurisdiction=of.seat, parent_jurisdiction=of.parent, supplier=of.supplier, verdict=of.verdict,
        evidence=(seen, plant.LOOKED_UP),
    )  # fmt: skip


def report(*contacts: Contact, notes: dict[str, int] | None = None, **more: Any) -> Report:
    """Return a report with these contacts."""
    names = list(dict.fromkeys(of.asset for of in contacts))
    assets = tuple(plant.make_asset(n + 1, id=f"00:00:5e:00:53:{n:02x}", label=name) for n, name in enumerate(names))
    seen = [attribution(of) for of in contacts]
    numbers = np.arange(len(contacts))
    zero = np.zeros(len(contacts), np.int64)
    columns = {
        "asset": np.array([names.index(of.asset) for of in contacts], np.int64),
        "attribution": numbers,
        "state": np.array([STATES.index(of.state) for of in contacts], np.int64),
        **dict.fromkeys(("first", "last", "flows", "bytes_out", "bytes_in"), zero),
    }

    def build(row: int) -> Dependency:
        of, asset = contacts[row], assets[int(columns["asset"][row])]
        return Dependency(asset.id, asset.label, asset.kind, of.host, seen[row], of.state, 0, 0, 1, 1, 1, 443, "tls",
                          seen[row].evidence)  # fmt: skip

    def ways() -> Ways:
        ones = zero + 1
        begun = np.array([int(Begun.FROM_OUTSIDE if of.inbound else Begun.BY_ASSET) for of in contacts], np.int64)
        return Ways(numbers, begun, zero + 6, zero + 443, zero, ones.astype(bool), ones, zero, zero + 9)

    made = Dependencies(columns, seen, build, ways=ways)
    capture = replace_capture()
    coverage = Coverage(1000, 1000, {}, notes or {})
    return replace(plant.make_report(), captures=(capture,), assets=assets, dependencies=made, coverage=coverage,
                   bloc_members=("NL", "DE"), **more)  # fmt: skip


def replace_capture() -> Any:
    """Return the file of evidence frames of a window."""
    return plant.make_capture(FILE)


def window(
    sequence: int, *, at: int | None = None, packets: int = 1000, dns: int = 5, flows: int = 0, **more: Any
) -> Window:
    """Return the window with a number: they follow one another without a gap, five minutes each."""
    closed = START + sequence * 5 * MINUTE if at is None else at
    traffic = replace(
        plant.make_traffic(), flows=np.zeros(flows, FLOW), answers=np.zeros(dns, ANSWER),
        coverage=Coverage(packets, packets, {}, {}),
    )  # fmt: skip
    whole: dict[str, Any] = {"lasted": 5 * MINUTE, **more}
    return Window("box", "span0", sequence, closed - 5 * MINUTE, closed, traffic=traffic, **whole)


def quiet(contacts: Sequence[Contact] = ()) -> Report:
    """Return a report of an ordinary window."""
    return report(*contacts)
