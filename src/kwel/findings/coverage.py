"""Traffic and who is on the sides of its flows in, the whole ledger out: what limits every conclusion, and how much.

The grade of the ledger is a rule, no feeling: each shortcoming is a share of something, with one share from which
coverage is limited and one from which it is poor. The worst decides, and all that decide are named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.claims import Where
from kwel.model.coverage import Coverage, CoverageGrade
from kwel.model.gaps import BlindSpot, Mirror, Shortcoming
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, NameSource, State, Tunnel, address_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from kwel.model.assets import Asset
    from kwel.model.gaps import System
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Capture, Traffic

OUTSIDE: Final = -1
"""In place of an asset: an address outside the plant."""
ESP: Final = 50
"""IP protocol number (RFC 4303)."""
ENCRYPTED: Final = (
    Application.WIREGUARD,
    Application.OPENVPN,
    Application.TOR,
    Application.IKE,
    Application.SSTP,
)
"""What carries other traffic where nobody can read it."""
TRANSLATES: Final = ("several-systems", "passes-on-as-its-own")
"""What shows that an address stands for others, beyond what it is: a proxy names for whom it asks."""
MOST_LISTED: Final = 200
"""Mirror sessions, blind spots and shared addresses that are listed; the notes count all."""
NOT_LOST: Final = frozenset({"not-ip", "duplicate"})
"""Reasons for setting a packet aside that take nothing from what is said of clouds."""
NEVER: Final = 2.0
"""A share that is not reached."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A shortcoming: what it counts, of what, and from which shares on coverage is limited, and poor."""

    counts: tuple[str, ...]
    of: str
    limited: float
    poor: float


ANY: Final = 1e-9
RULES: Final[Mapping[str, Rule]] = {
    "nothing-read": Rule(("is-empty",), "one", 1, 1),
    "files-unread": Rule(("files-unread",), "files", ANY, 1),
    "set-aside": Rule(("set-aside",), "packets", 0.01, 0.2),
    "dropped": Rule(("dropped",), "packets", 0.001, 0.05),
    "bytes-missing": Rule(("bytes-missing",), "bytes-acknowledged", 0.001, 0.05),
    "packets-cut": Rule(("packets-cut",), "packets", 0.05, 0.5),
    "pauses": Rule(("pause-seconds",), "seconds", 0.01, 0.2),
    "one-way": Rule(("one-way",), "flows", 0.1, 0.5),
    "midstream": Rule(("midstream",), "flows", 0.3, NEVER),
    "told-by-log": Rule(("log-flows",), "flows", ANY, NEVER),
    "log-lines-unread": Rule(("log-lines-unread",), "log-lines-all", ANY, 0.2),
    "sampled": Rule(("log-sampled",), "flows", ANY, NEVER),
    "outside-unnamed": Rule(("outside-unnamed",), "outside-flows", 0.2, 0.6),
    "behind-router": Rule(("behind-router",), "outside-flows", 0.1, 0.5),
    "behind-address": Rule(("behind-address",), "outside-flows", 0.1, 0.5),
    "names-hidden": Rule(("names-hidden", "ech-unnamed"), "outside-flows", ANY, 0.5),
    "blind-spots": Rule(("blind-spots",), "flows", ANY, 0.5),
    "left-out": Rule(
        (
            "flows-evicted",
            "names-not-kept",
            "dns-answers-not-kept",
            "claims-not-kept",
            "stations-not-kept",
            "addresses-left-out",
            "destinations-left-out",
            "local-names-not-kept",
            "streams-given-up",
            "commands-not-kept",
            "log-lines-not-kept",
            "sayings-not-kept",
        ),
        "flows",
        ANY,
        0.5,
    ),
}


def measure(
    traffic: Traffic,
    assets: Sequence[Asset],
    of_initiator: NDArray[np.int32],
    of_responder: NDArray[np.int32],
    counts: Mapping[str, int],
    systems: Sequence[Sequence[System]] = (),
) -> Coverage:
    """Return the ledger with everything that limits the conclusions.

    Args:
        traffic: what was on the wire, with the ledger of its packets.
        assets: the inventory.
        of_initiator: per flow, the index of the asset that began it; OUTSIDE, or lower where it is no host.
        of_responder: per flow, the index of the asset that answered; likewise.
        counts: what the conclusions count beside: what they had no room for, names looked up in secret.
        systems: by address behind which several systems show, these.
    """
    blind = _blind_rows(traffic.flows)
    notes = {
        **traffic.coverage.notes,
        **_of_flows(traffic, assets, of_initiator, of_responder),
        **counts,
        "behind-address": _leaving_from(traffic.weights, assets, of_initiator, of_responder),
        "blind-spots": int(traffic.weights[blind].sum()),
        "mirrored": int(traffic.mirrors["frames"].sum()),
        "mirror-sessions": len(traffic.mirrors),
        "dropped": sum(capture.dropped or 0 for capture in traffic.captures),
        "shared-addresses": len(systems),
        "pauses": len(traffic.coverage.pauses),
        "pause-seconds": sum(end - begin for begin, end in traffic.coverage.pauses) // 1_000_000_000,
    }
    coverage = replace(
        traffic.coverage,
        notes={key: count for key, count in sorted(notes.items()) if count},
        mirrors=_mirrors(traffic),
        blind_spots=_blind_spots(traffic, assets, blind, (of_initiator, of_responder)),
        systems=tuple(system for several in systems[:MOST_LISTED] for system in several),
    )
    shortcomings = judge(coverage, traffic.captures)
    grade = CoverageGrade.LIMITED if shortcomings else CoverageGrade.GOOD
    if any(shortcoming.is_poor for shortcoming in shortcomings):
        grade = CoverageGrade.POOR
    return replace(coverage, grade=grade, shortcomings=shortcomings)


def _of_flows(
    traffic: Traffic, assets: Sequence[Asset], initiators: NDArray[np.int32], responders: NDArray[np.int32]
) -> dict[str, int]:
    """Count flows joined midway, seen one way, without a name, from behind a router, between outsiders."""
    flows, weights = traffic.flows, traffic.weights
    logs = np.array([capture.is_log for capture in traffic.captures], np.bool_)
    is_counted = flows["packets_out"] > 0  # of a flow that only other lines of a log tell of, no packet is counted
    is_counted |= ~np.isin(flows["capture"], np.flatnonzero(logs))
    leaving = ((initiators >= 0) & (responders == OUTSIDE)) | ((initiators == OUTSIDE) & (responders >= 0))
    routers = [i for i, of in enumerate(assets) if of.behind and of.role and of.role.value == "router"]
    counts = {
        "midstream": flows["state"] == State.MIDSTREAM,
        "one-way": (flows["packets_in"] == 0) & (flows["state"] == State.ESTABLISHED) & is_counted,
        "direction-unknown": flows["direction"] == Direction.UNKNOWN,
        "outside-flows": leaving,
        "outside-unnamed": leaving & ((flows["name"] == 0) | (flows["name_source"] == NameSource.CAPTURE)),
        "behind-router": leaving & np.isin(np.maximum(initiators, responders), routers),
        "between-outsiders": (initiators == OUTSIDE) & (responders == OUTSIDE),
    }
    return {"flows": int(weights.sum()), **{key: int(weights[rows].sum()) for key, rows in counts.items()}}


def _leaving_from(
    weights: NDArray, assets: Sequence[Asset], initiators: NDArray[np.int32], responders: NDArray[np.int32]
) -> int:
    """Count the flows to the outside of assets behind whose address others were seen to be."""
    several = [i for i, asset in enumerate(assets) if asset.behind and asset.behind.evidence[0].kind in TRANSLATES]
    return int(weights[np.isin(initiators, several) & (responders == OUTSIDE)].sum())


def _blind_rows(flows: Rows) -> NDArray[np.int64]:
    is_blind = np.isin(flows["application"], [int(spoken) for spoken in ENCRYPTED]) | (flows["transport"] == ESP)
    return np.flatnonzero(is_blind)


def _blind_spots(
    traffic: Traffic, assets: Sequence[Asset], rows: NDArray[np.int64], sides: tuple[NDArray[np.int32], ...]
) -> tuple[BlindSpot, ...]:
    """Return, by asset and kind of tunnel, how many there are and where the first of them begins."""
    found: dict[tuple[int, str], tuple[int, int, str]] = {}
    weights = traffic.weights
    for row in rows.tolist():
        flow = traffic.flows[row]
        kind = "esp" if flow["transport"] == ESP else Application(int(flow["application"])).label
        for side, other in zip(sides, ("responder", "initiator"), strict=True):
            if (asset := int(side[row])) >= 0:
                peer = address_text(int(flow[f"{other}_hi"]), int(flow[f"{other}_lo"]))
                count, first, of_first = found.get((asset, kind), (0, row, peer))
                found[asset, kind] = count + int(weights[row]), first, of_first
    return tuple(
        BlindSpot(assets[asset].id, kind, count, peer, _where(traffic, traffic.flows[row]))
        for (asset, kind), (count, row, peer) in sorted(found.items())[:MOST_LISTED]
    )


def _where(traffic: Traffic, row: Rows) -> Where:
    return Where(traffic.captures[int(row["capture"])].name, int(row["first_frame"]))


def _mirrors(traffic: Traffic) -> tuple[Mirror, ...]:
    mirrors = traffic.mirrors
    largest = np.argsort(-mirrors["frames"].astype(np.int64), kind="stable")[:MOST_LISTED]
    return tuple(
        Mirror(
            address_text(int(row["source_hi"]), int(row["source_lo"])),
            address_text(int(row["collector_hi"]), int(row["collector_lo"])),
            Tunnel(int(row["tunnel"]) >> 24).name.lower().replace("_", "-"),
            int(row["frames"]),
            _where(traffic, row),
        )
        for row in mirrors[largest]
    )


def judge(coverage: Coverage, captures: Sequence[Capture]) -> tuple[Shortcoming, ...]:
    """Return what lowers the grade of *coverage*, the worst first."""
    notes = coverage.notes
    seconds = sum(end - begin for begin, end in _periods(captures)) // 1_000_000_000
    counts = {
        **notes,
        "one": 1,
        "is-empty": int(coverage.is_empty),
        "files": len(captures),
        "files-unread": sum(1 for capture in captures if capture.problem),
        "packets": coverage.packets,
        "log-lines-all": notes.get("log-lines", 0) + notes.get("log-lines-unread", 0),
        "set-aside": sum(n for reason, n in coverage.set_aside.items() if reason not in NOT_LOST),
        "seconds": seconds,
    }
    found = []
    for key, rule in RULES.items():
        count, whole = sum(counts.get(name, 0) for name in rule.counts), counts.get(rule.of, 0)
        share = count / whole if whole else 0.0
        if share >= rule.limited:
            found.append(Shortcoming(key, round(share, 6), share >= rule.poor))
    return tuple(sorted(found, key=lambda shortcoming: not shortcoming.is_poor))


def _periods(captures: Iterable[Capture]) -> list[tuple[int, int]]:
    """Return the whole period, or nothing."""
    spans = [(c.first, c.last) for c in captures if c.first is not None and c.last is not None]
    return [(min(first for first, _ in spans), max(last for _, last in spans))] if spans else []
