"""A line in, the same on standard error with its priority in front out, for the system's journal."""

from __future__ import annotations

import sys
import traceback

DEBUG = 7
"""The least of the priorities, which are those of syslog; see sd-daemon(3)."""


def say(priority: int, line: str) -> None:
    """Write a line."""
    print(f"<{priority}>kwel: {line}", file=sys.stderr, flush=True)  # noqa: T201


def trace(error: BaseException) -> None:
    """Write where a fault of kwel came from, for whoever reports it: a reader of the journal may leave it out."""
    for part in traceback.format_exception(error):
        for line in part.splitlines():
            say(DEBUG, line)
