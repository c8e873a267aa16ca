"""What limits the conclusions is counted, and the grade of it follows its rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kwel.findings.coverage import RULES, judge, measure
from kwel.model.assets import AssetKind
from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.coverage import Coverage, CoverageGrade
from kwel.model.gaps import Mirror
from kwel.model.kinds import Application
from kwel.model.names import Names
from kwel.model.records.columns import FLOW, MIRROR, State, Tunnel, address_halves
from kwel.model.traffic import Capture, Traffic
from tests.report.fixtures import asset

SECOND = 1_000_000_000
CAPTURE = Capture("a.pcap", "pcap", 1, None, 10, 0, 100 * SECOND, (), None, None)
HIDES = Claim("3", Grade.D, (Evidence("inferred", "internal-prefix"),))
PLANT = (
    asset("gw", "10.20.3.32", AssetKind.IIOT),
    replace(asset("edge", "10.20.0.1", AssetKind.IT, "router"), behind=HIDES),
)


def traffic(flows: np.ndarray, **changes: object) -> Traffic:
    names = Names(np.zeros(0, np.uint8), np.zeros(1, np.int64), np.zeros(1, np.int64))
    none = np.zeros(0, FLOW)
    made = Traffic((CAPTURE,), flows, names, none, none, none, (), Coverage(100, 100, {}, {}))
    return replace(made, **changes)  # type: ignore[arg-type]


def flows_of(count: int, **columns: object) -> np.ndarray:
    flows = np.zeros(count, FLOW)
    flows["state"], flows["packets_in"] = State.ESTABLISHED, 1
    for key, value in columns.items():
        flows[key] = value
    return flows


def test_flows_are_counted_by_what_limits_them() -> None:
    flows = flows_of(4, state=[State.MIDSTREAM, *[State.ESTABLISHED] * 3], packets_in=[1, 0, 1, 1], name=[0, 0, 3, 3])
    initiators, responders = np.array([0, 0, 1, -1]), np.array([1, -1, -1, -1])
    notes = measure(traffic(flows), PLANT, initiators, responders, {"addresses-left-out": 9}).notes

    assert notes == {
        "addresses-left-out": 9, "behind-router": 1, "between-outsiders": 1, "direction-unknown": 4, "flows": 4,
        "midstream": 1, "one-way": 1, "outside-flows": 2, "outside-unnamed": 1,
    }  # fmt: skip


def test_encrypted_tunnels_are_named_by_asset_kind_and_frame() -> None:
    hi, lo = address_halves("203.0.113.7")
    flows = flows_of(
        3, transport=[17, 50, 6], application=[Application.WIREGUARD, 0, Application.TLS], first_frame=[5, 6, 7],
        responder_hi=hi, responder_lo=lo,
    )  # fmt: skip
    coverage = measure(traffic(flows), PLANT, np.array([0, 0, 0]), np.array([-1, -1, -1]), {})

    assert [(s.asset, s.kind, s.flows, s.peer, str(s.where)) for s in coverage.blind_spots] == [
        (PLANT[0].id, "esp", 1, "203.0.113.7", "a.pcap#6"),
        (PLANT[0].id, "wireguard", 1, "203.0.113.7", "a.pcap#5"),
    ]
    assert coverage.notes["blind-spots"] == 2
    assert "blind-spots" in {of.key for of in coverage.shortcomings}


def test_mirror_sessions_are_listed_largest_first() -> None:
    mirrors = np.zeros(2, MIRROR)
    mirrors["source_lo"], mirrors["collector_lo"] = address_halves("192.0.2.1")[1], address_halves("192.0.2.2")[1]
    mirrors["frames"], mirrors["tunnel"], mirrors["first_frame"] = [3, 40], Tunnel.VXLAN << 24 | 7, [9, 2]
    none = np.zeros(0, np.int32)
    coverage = measure(traffic(flows_of(0), mirrors=mirrors), PLANT, none, none, {})

    assert coverage.mirrors[0] == Mirror("192.0.2.1", "192.0.2.2", "vxlan", 40, Where("a.pcap", 2))
    assert (coverage.notes["mirrored"], coverage.notes["mirror-sessions"]) == (43, 2)


def judged(
    set_aside: dict[str, int] | None = None,
    captures: tuple[Capture, ...] = (CAPTURE,),
    used: int = 1000,
    notes: dict[str, int] | None = None,
) -> dict[str, bool]:
    aside = set_aside or {}
    counts = {key.replace("_", "-"): count for key, count in (notes or {}).items()}
    found = judge(Coverage(used + sum(aside.values()), used, aside, counts), captures)
    return {shortcoming.key: shortcoming.is_poor for shortcoming in found}


def test_a_whole_capture_is_good() -> None:
    assert judged(notes={"flows": 100, "one_way": 2, "midstream": 10, "outside_flows": 10, "outside_unnamed": 1}) == {}


@pytest.mark.parametrize(
    ("key", "limited", "poor"),
    [
        ("one-way", {"flows": 100, "one_way": 10}, {"flows": 100, "one_way": 50}),
        ("behind-router", {"outside_flows": 10, "behind_router": 1}, {"outside_flows": 10, "behind_router": 5}),
        ("outside-unnamed", {"outside_flows": 10, "outside_unnamed": 2}, {"outside_flows": 10, "outside_unnamed": 6}),
        ("names-hidden", {"outside_flows": 90, "names_hidden": 1}, {"outside_flows": 10, "names_hidden": 5}),
        ("packets-cut", {"packets_cut": 60}, {"packets_cut": 600}),
        (
            "bytes-missing",
            {"bytes_acknowledged": 1000, "bytes_missing": 2},
            {"bytes_acknowledged": 1000, "bytes_missing": 60},
        ),
        ("pauses", {"pause_seconds": 2}, {"pause_seconds": 30}),
        ("left-out", {"flows": 100, "flows_evicted": 1}, {"flows": 100, "flows_evicted": 900}),
        ("dropped", {"dropped": 2}, {"dropped": 100}),
    ],
)
def test_each_shortcoming_limits_and_then_is_poor(key: str, limited: dict[str, int], poor: dict[str, int]) -> None:
    assert judged(notes=limited) == {key: False}
    assert judged(notes=poor) == {key: True}


def test_frames_that_are_not_ip_and_duplicates_are_no_shortcoming() -> None:
    assert judged({"not-ip": 500, "duplicate": 500}) == {}
    assert judged({"cut-network": 500}) == {"set-aside": True}


def test_nothing_read_is_poor() -> None:
    broken = CAPTURE._replace(problem="not a capture file")
    assert judged({"link-type": 5}, (broken,), used=0) == {
        "nothing-read": True,
        "files-unread": True,
        "set-aside": True,
    }


def test_one_file_of_several_that_was_not_read_limits() -> None:
    broken = CAPTURE._replace(problem="not a capture file")
    assert judged(None, (CAPTURE, broken)) == {"files-unread": False}


def test_the_worst_decides_the_grade() -> None:
    flows = flows_of(10, packets_in=[0] * 6 + [1] * 4)
    none = np.full(10, -2, np.int32)

    assert measure(traffic(flows), PLANT, none, none, {}).grade is CoverageGrade.POOR
    assert measure(traffic(flows[4:]), PLANT, none[4:], none[4:], {}).grade is CoverageGrade.LIMITED
    assert measure(traffic(flows[6:]), PLANT, none[6:], none[6:], {}).grade is CoverageGrade.GOOD


def test_no_rule_is_poor_before_it_is_limited() -> None:
    assert all(rule.limited <= rule.poor for rule in RULES.values())
