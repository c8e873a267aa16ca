"""Lines in, a file that has them on disk out; one that has grown too large is set aside under another name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.alerts.settings import Lines


def append(output: Lines, lines: Sequence[bytes]) -> None:
    """Append whole lines; when this returns, they survive a power cut.

    The file is opened anew each time: whoever rotates it (logrotate) need tell nobody.

    Raises:
        OSError: it cannot be written; nothing of a line is left in it then.
    """
    text = b"".join(lines)
    _rotate(output, len(text))
    fd = os.open(output.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
    try:
        before = os.fstat(fd).st_size
        try:
            written = 0
            while written < len(text):
                written += os.write(fd, text[written:])
            os.fsync(fd)
        except OSError:
            os.ftruncate(fd, before)
            raise
    finally:
        os.close(fd)


def _rotate(output: Lines, more: int) -> None:
    try:
        size = os.stat(output.path).st_size
    except FileNotFoundError:
        return
    if not size or size + more <= output.largest:
        return
    for number in range(output.keep, 0, -1):
        older = f"{output.path}.{number - 1}" if number > 1 else output.path
        if os.path.exists(older):
            os.replace(older, f"{output.path}.{number}")
    if not output.keep:
        os.unlink(output.path)
