"""Objects that are made faster are the same objects, and as frozen."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.fast_dataclass import changed, quick


@quick
@dataclass(frozen=True, slots=True, order=True)
class Quick:
    one: int
    two: tuple[str, ...] = ()
    three: str = "three"

    def __post_init__(self) -> None:
        if self.one < 0:
            raise ValueError("below zero")


def test_it_takes_arguments_as_a_dataclass_does() -> None:
    assert Quick(1) == Quick(one=1, two=(), three="three")
    assert Quick(1, ("a",)).two == ("a",)
    assert [field.name for field in fields(Quick)] == ["one", "two", "three"]
    with pytest.raises(TypeError):
        Quick()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Quick(1, four=4)  # type: ignore[call-arg]


def test_it_is_frozen_and_hashed_and_compared_and_checked() -> None:
    made: Any = Quick(1)
    with pytest.raises(FrozenInstanceError):
        made.one = 2
    assert len({Quick(1), Quick(1), Quick(2)}) == 2
    assert Quick(1) < Quick(2)
    with pytest.raises(ValueError, match="below zero"):
        Quick(-1)


def test_a_default_that_is_made_anew_is_refused() -> None:
    with pytest.raises(TypeError, match="made anew"):
        quick(
            dataclass(frozen=True, slots=True)(
                type("Kept", (), {"__annotations__": {"a": list}, "a": field(default_factory=list)})
            )
        )


def test_a_changed_copy_is_that_of_dataclasses() -> None:
    step = Evidence("observed", "flow-seen", (("port", "502"),), Where("plant.pcap", 7))
    claim = Claim("plc", Grade.B, (step,))
    assert changed(claim, grade=Grade.A) == replace(claim, grade=Grade.A)
    assert claim.grade is Grade.B
    with pytest.raises(ValueError, match="no evidence"):
        changed(claim, evidence=())
