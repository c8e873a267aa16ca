"""Sixty policies held against small sets of contacts: cases.toml has what must come out."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from kwel.model.limits import DECISIONS
from kwel.policy.judge import Seen, judge
from tests.policy.making import contacts_of, order_of, policy_of

CASES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "cases.toml").read_text())["case"]


def test_there_are_sixty_of_them_each_of_its_own() -> None:
    assert len(CASES) >= 60
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_policy_decides(case: dict[str, Any]) -> None:
    said, expected = zip(*(row.split(" -> ") for row in case["seen"]), strict=True) if case["seen"] else ((), ())
    seen = Seen(case.get("coverage", "good"), is_empty=case.get("empty", False))

    judgement = judge(policy_of(case["policy"]), contacts_of(said), seen, case.get("day"))

    for row, number in enumerate(order_of(said)):
        decision, _, rule = expected[number].partition(" ")
        assert DECISIONS[judgement.decision[row]] == decision, said[number]
        if rule:
            assert judgement.build is not None
            assert judgement.build(row).rule == rule
    if "result" in case:
        assert judgement.result == case["result"]
