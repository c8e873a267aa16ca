"""Whole numbers out of bytes: compiled, they are read in one piece, and no byte beyond the array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pytest

from kwel.kernel import loads
from kwel.kernel.build import intrinsics, jit

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = np.arange(0xF0, 0x100, dtype=np.uint8)


LOADS = {helper: size for helper, (size, _) in jit.instructions.items() if isinstance(size, int)}


@pytest.fixture(scope="module", params=list(LOADS))
def load(request: pytest.FixtureRequest) -> tuple[Callable[..., int], int, Any]:
    """Return a helper, how many bytes it reads, and the same compiled."""
    helper = request.param
    assert intrinsics.use(helper, jit.instructions[helper])
    compiled = numba.njit(boundscheck=True, error_model="numpy")(lambda data, at: helper(data, at))
    return helper, LOADS[helper], compiled


def test_compiled_loads_give_what_the_helper_gives(load: tuple[Callable[..., int], int, Any]) -> None:
    helper, size, compiled = load
    for at in range(len(DATA) - size + 1):
        assert compiled(DATA, at) == helper(DATA, at)


@pytest.mark.parametrize("beyond", [1, 2, 100, 1 << 40])
def test_compiled_loads_reach_no_byte_beyond_the_array(load: tuple[Callable[..., int], int, Any], beyond: int) -> None:
    _, size, compiled = load
    for at in (len(DATA) - size + beyond, -beyond):
        with pytest.raises(IndexError):
            compiled(DATA, at)
    for short in range(size):
        with pytest.raises(IndexError):
            compiled(DATA[:short], 0)


def test_the_loads_are_those_of_the_module() -> None:
    assert {load.__name__ for load in LOADS} == {"u16", "u24", "u32", "u64", "le16", "le32"}
    assert all(getattr(loads, load.__name__) is load for load in LOADS)
