"""Reads a JSON file member by member, and lists row by row: an analysis may be larger than memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

CHUNK: Final = 1 << 20
LARGEST: Final = 256 << 20
"""Characters of one value: beyond that it is no row of a table."""
BLANK: Final = " \t\r\n"


class Members:
    """Reads the one object that a file holds (RFC 8259), a member at a time.

    Raises:
        ValueError: it holds something else, or ends in the middle.
    """

    def __init__(self, file: TextIO) -> None:
        self._file, self._text, self._at, self._ended = file, "", 0, False
        self._decode = json.JSONDecoder().raw_decode

    def names(self) -> Iterator[str]:
        """Yield the name of each member; its value must be taken by ``value``, ``rows`` or ``skip`` before the next."""
        self._expect("{")
        if self._next() == "}":
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise ValueError("a member without a name")  # noqa: TRY004 - what is wrong is the file
            self._expect(":")
            yield name
            if self._next() == "}":
                return
            self._expect(",")

    def value(self) -> Any:
        """Return a value, whole."""
        self._next()
        while True:
            try:
                found, end = self._decode(self._text, self._at)
            except ValueError:
                if self._ended or len(self._text) - self._at > LARGEST:
                    raise
            except RecursionError as error:
                raise ValueError("nested too deep") from error
            else:
                if end < len(self._text) or self._ended:  # a number may go on behind what was read
                    self._at = end
                    return found
            self._more()

    def rows(self) -> Iterator[Any]:
        """Yield the elements of a list, one by one."""
        self._expect("[")
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self._next() == "]":
                self._at += 1
                return
            self._expect(",")

    def skip(self) -> None:
        """Pass over a value; a list of any length."""
        if self._next() == "[":
            for _ in self.rows():
                pass
        else:
            self.value()

    def _next(self) -> str:
        """Return the next character that is not blank, without taking it."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in BLANK:
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if self._ended:
                raise ValueError("it ends in the middle")
            self._more()

    def _expect(self, character: str) -> None:
        if self._next() != character:
            raise ValueError(f"{character!r} was expected")
        self._at += 1

    def _more(self) -> None:
        """Read on; more at a time, the longer the value is that is not complete."""
        left = len(self._text) - self._at
        more = self._file.read(max(CHUNK, left))
        self._ended = not more
        self._text, self._at = self._text[self._at :] + more, 0
