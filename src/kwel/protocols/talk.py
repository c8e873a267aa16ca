"""Questions of one connection in, what an answer is to out: for protocols whose answers do not say it themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

MOST_OPEN = 32
"""Questions of one connection that can be open at a time."""


class Talk:
    """What was asked on one connection and not answered yet."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[Hashable, Any] = {}

    def ask(self, number: Hashable, what: Any) -> None:
        """Note a question under the number that its answer will bear."""
        self._open.pop(number, None)
        if len(self._open) >= MOST_OPEN:
            self._open.pop(next(iter(self._open)))
        self._open[number] = what

    def answered(self, number: Hashable) -> Any:
        """Return what an answer is to, once; None where the question was not seen."""
        return self._open.pop(number, None)
