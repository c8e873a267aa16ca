"""What a device says of itself is kept once, with who says so; of a flood of it, what is beyond is counted."""

from __future__ import annotations

from kwel.assets.facts import MOST, facts_of
from kwel.model.claims import Grade, Observed, Where


def said(value: str, protocol: str = "http", kind: str = "software") -> Observed:
    return Observed(kind, value, protocol, Where("a.pcap", 1), 0, "10.0.0.1", None, 0)  # type: ignore[arg-type]


def test_two_protocols_that_agree_are_surer_than_one() -> None:
    facts, left_out = facts_of([said("4.2", "snmp", "firmware"), said("4.2", "lldp", "firmware"), said("x")])

    assert [(fact.kind, fact.claim.value, fact.claim.grade) for fact in facts] == [
        ("firmware", "4.2", Grade.A), ("software", "x", Grade.B),
    ]  # fmt: skip
    assert left_out == 0


def test_of_many_facts_of_one_kind_the_first_are_kept_and_the_others_counted_once_each() -> None:
    browsers = [said(f"browser {n}") for n in range(MOST + 5)]

    facts, left_out = facts_of([*browsers, *browsers, said("S7", "s7comm", "product")])

    assert [fact.claim.value for fact in facts if fact.kind == "software"] == sorted(
        f"browser {n}" for n in range(MOST)
    )
    assert [fact.claim.value for fact in facts if fact.kind == "product"] == ["S7"]
    assert left_out == 5
