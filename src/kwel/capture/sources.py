"""Files, pipes and standard input in, their bytes out: each byte is read once and, where asked for, hashed once.

Only regular files, named pipes and standard input are opened: a device may never end. A regular file is read as
far as it reached when it was opened, so that a file which grows meanwhile does not keep us for ever.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

PIECE = 0x1_0000
"""Bytes that are read at a time where nobody waits for them."""


class Refusal(Exception):
    """A path cannot be read. The message is one line for the user."""


class Digest:
    """SHA-256 of what is read, computed beside the analysis: hashlib lets go of the GIL."""

    def __init__(self) -> None:
        import hashlib
        from concurrent.futures import ThreadPoolExecutor

        self._hash = hashlib.sha256()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sha256")
        self._pending: Future[None] | None = None

    def update(self, data: memoryview) -> None:
        """Take *data* into the digest; it must not change until ``settle`` was called."""
        self._pending = self._worker.submit(self._hash.update, data)

    def settle(self) -> None:
        """Wait until everything given so far is hashed."""
        if self._pending is not None:
            self._pending.result()
            self._pending = None

    def finish(self) -> str:
        """Return the digest in hexadecimal."""
        self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """End the worker."""
        self.settle()
        self._worker.shutdown()


class Source:
    """Bytes from somewhere. Never raises for what is wrong with them: it sets ``problem`` and ends."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._ahead = b""

    suffix: str | None = None
    """Of the packing that was taken off."""

    def peek(self, size: int) -> bytes:
        """Return the next *size* bytes, or as many as there are, without taking them."""
        piece = memoryview(bytearray(size))
        while len(self._ahead) < size and (count := self._read(piece[: size - len(self._ahead)])):
            self._ahead += piece[:count]
            self.settle()
        return self._ahead[:size]

    def readinto(self, view: memoryview) -> int:
        """Fill the beginning of *view*; return how many bytes, 0 only at the end."""
        if not self._ahead:
            return self._read(view)
        count = min(len(self._ahead), len(view))
        view[:count] = self._ahead[:count]
        self._ahead = self._ahead[count:]
        return count

    def fill(self, view: memoryview) -> int:
        """Fill *view*; return how many bytes, fewer than asked for only at the end."""
        have = 0
        while have < len(view) and (count := self.readinto(view[have:])):
            have += count
        return have

    def settle(self) -> None:
        """Wait until views that were filled may be written to again."""

    @property
    def unread(self) -> int:
        """Bytes on disk that were not read; 0 where nobody knows."""
        return 0

    def _read(self, view: memoryview) -> int:
        raise NotImplementedError


class FileSource(Source):
    """An open file, pipe or standard input."""

    def __init__(self, file: Any, size: int | None, digest: Digest | None) -> None:
        super().__init__()
        self.consumed = 0
        self.size = size
        """Of a regular file, when it was opened."""
        self._file = file
        self._digest = digest

    @property
    def unread(self) -> int:
        """Bytes on disk that were not read; 0 where nobody knows."""
        return 0 if self.size is None else self.size - self.consumed

    def settle(self) -> None:
        """Wait until views that were filled may be written to again."""
        if self._digest is not None:
            self._digest.settle()

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, but not standard input."""
        if self._file is not _standard_input():
            self._file.close()

    def _read(self, view: memoryview) -> int:
        if self.size is not None:
            view = view[: self.size - self.consumed]
        try:
            count = self._file.readinto(view) if len(view) else 0
        except (OSError, ValueError) as error:  # ValueError: closed by somebody else
            self.problem = f"cannot be read beyond byte {self.consumed}: {reason(error)}"
            return 0
        count = count or 0  # None: a pipe that does not wait
        if not count and self.unread and self.problem is None:
            self.problem = f"became shorter while it was read: {self.unread} bytes are gone; read it again"
        if count and self._digest is not None:
            self._digest.update(view[:count])
        self.consumed += count
        return int(count)


def reason(error: OSError | ValueError) -> str:
    """Return what an error says, as the middle of a sentence."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return text[:1].lower() + text[1:]


def open_source(path: Path | None, digest: Digest | None = None) -> FileSource:
    """Open a path, or standard input where there is none.

    Raises:
        Refusal: it cannot be read, or must not be.
    """
    if path is None:
        return _open_standard_input(digest)
    try:
        mode = os.stat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise Refusal(f"is {kind_of(mode)}, not a file; give a capture file, a folder, or - for standard input")
        file = open(path, "rb", buffering=0)  # noqa: SIM115
    except FileNotFoundError:
        raise Refusal(f"no such file: {printable(os.fspath(path))}; check the path") from None
    except PermissionError:
        raise Refusal("may not be read: permission denied; change its permissions or run as its owner") from None
    except (OSError, ValueError) as error:
        raise Refusal(f"cannot be opened: {reason(error)}") from None
    size = os.fstat(file.fileno()).st_size if stat.S_ISREG(mode) else None
    return FileSource(file, size, digest)


def kind_of(mode: int) -> str:
    """Return what *mode* is, with its article."""
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"


def printable(text: str) -> str:
    r"""Return *text* on one line, with what cannot be printed and bytes that are no UTF-8 spelt out.

    >>> printable("a\udcffb\n")
    'a\\xffb\\n'
    """
    text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _standard_input() -> Any:
    return getattr(sys.stdin, "buffer", None)


def _open_standard_input(digest: Digest | None) -> FileSource:
    file = _standard_input()
    if file is None:
        raise Refusal("standard input is closed; pipe a capture into it")
    if file.isatty():
        raise Refusal("standard input is a terminal; pipe a capture into it")
    try:
        state = os.fstat(file.fileno())
        size = max(state.st_size - file.tell(), 0) if stat.S_ISREG(state.st_mode) else None
    except (OSError, ValueError):  # no file of the operating system
        size = None
    return FileSource(file, size, digest)
