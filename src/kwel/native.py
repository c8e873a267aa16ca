"""Python functions in, machine code out: compiled once per installation, loaded in milliseconds afterwards.

A *kernel* is called from Python with arrays and whole numbers and returns one whole number. A *helper* is called
from kernels and helpers only. Both are plain Python until the first kernel is called, so importing this module
costs nothing. Every array access is bounds-checked; an access out of bounds raises IndexError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")

_helpers: list[Callable[..., Any]] = []
_ready = False


def helper(function: Function) -> Function:
    """Mark *function* as callable from kernels. It stays an ordinary Python function."""
    _helpers.append(function)
    return function


def _register_helpers() -> None:
    global _ready  # noqa: PLW0603
    if _ready:
        return
    from numba.extending import register_jitable

    for function in _helpers:
        register_jitable(boundscheck=True)(function)
    _ready = True


class Kernel:
    """A compiled function. Call it like the Python function that it was made from."""

    def __init__(self, function: Callable[..., int], types: tuple[Any, ...]) -> None:
        self.function = function
        self.types = types
        self.compiled: Callable[..., int] | None = None
        self.__doc__ = function.__doc__

    def __call__(self, *args: Any) -> int:
        if self.compiled is None:
            self.compiled = self._compile()
        return self.compiled(*args)

    def _compile(self) -> Callable[..., int]:
        from numba import from_dtype, njit, types

        _register_helpers()
        signature = [
            types.int64 if kind is int else types.Array(from_dtype(np.dtype(kind)), 1, "C")
            for kind in self.types
        ]
        return njit(types.int64(*signature), cache=True, nogil=True, boundscheck=True)(self.function)


def kernel(*types: Any) -> Callable[[Callable[..., int]], Kernel]:
    """Return a decorator that makes a kernel.

    Args:
        types: one an argument: ``int`` for a whole number, a numpy dtype for a one-dimensional C-contiguous
            writable array of it. A kernel always returns a whole number.
    """

    def wrap(function: Callable[..., int]) -> Kernel:
        return Kernel(function, types)

    return wrap
