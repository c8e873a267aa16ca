"""Bytes and a path in, a file that is either the old one or the new one out, whatever happens meanwhile."""

from __future__ import annotations

import os
import re
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

HALF: Final = re.compile(r"\..+\.kwel-[0-9a-f]{16}")
"""Names of files that are being written."""
ABANDONED: Final = 60
"""Seconds after which nobody writes in such a file any more."""


def replace_file(path: Path, content: bytes, *, lasting: bool = True, mode: int | None = None) -> None:
    """Write a file beside the old one and put it in its place.

    Its folder may be one that others write to: no name can be foreseen, and no link is followed.

    Args:
        path: of the file.
        content: all of it.
        lasting: whether it must survive a power cut from now on; what is written anew each second need not.
        mode: who may read it; by default whoever the process lets.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    beside = path.with_name(f".{path.name}.kwel-{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(beside, flags, 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            if lasting:
                os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    if lasting:
        sync_folder(path.parent)


def clear_abandoned(folder: Path) -> None:
    """Remove what ``replace_file`` could not finish in a folder, for the process was killed or the power failed."""
    with suppress(OSError):
        for one in list(os.scandir(folder)):
            with suppress(OSError):
                if HALF.fullmatch(one.name) and time.time() - one.stat(follow_symlinks=False).st_mtime > ABANDONED:
                    os.unlink(one.path)


def sync_folder(folder: Path) -> None:
    """Make names in a folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_number(path: Path) -> int:
    """Return the number that a file holds; 0 where there is none, or none that can be read."""
    try:
        return int(path.read_bytes()[:20])
    except (OSError, ValueError):
        return 0
