"""An error in, one line on standard error and an exit status out."""

from __future__ import annotations

import enum
import os
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kwel.model.coverage import Coverage
    from kwel.model.traffic import Capture


class Status(enum.IntEnum):
    """The exit statuses of kwel; docs/commands.md lists them for the user."""

    DONE = 0
    CHECK_FAILED = 1
    """A check did its work and found a fault."""
    USAGE = 2
    INCOMPLETE = 3
    """A capture was not read to its end, or something could not be read or written."""
    STALE = 4
    """The look-up tables are older than the user allows."""
    INTERRUPTED = 130


EXIT_STATUS = """\b
Exit status: 0 done; 2 the command was not understood; 3 a capture could not be
read to its end, or the result not be written.
"""


class Failure(click.ClickException):
    """Ends a command with one line: what, where, what to do."""

    exit_code = Status.INCOMPLETE

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        complain(self.format_message())


def complain(line: str) -> None:
    """Print one line on standard error, whatever the text holds."""
    from kwel.export.cells import visible

    click.echo(f"kwel: {visible(line)}", err=True)


def say_when_compiling() -> None:
    """Have a person told, should the analysis have to be compiled first."""
    from kwel.kernel.build import jit

    jit.announce = complain


@contextmanager
def writing(destination: str) -> Iterator[None]:
    """Turn an error of the operating system in the body into one line that names *destination*."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        where = "standard output" if destination == "-" else destination
        raise Failure(f"cannot write {where}: {error.strerror or error}; choose another place with -o") from error


def status_of(captures: Sequence[Capture], coverage: Coverage) -> Status:
    """Name every capture that was not read to its end, and return the status that follows."""
    status = Status.DONE
    for capture in captures:
        if capture.problem:
            complain(f"{capture.name}: {capture.problem}")
            status = Status.INCOMPLETE
    if coverage.is_empty and status is Status.DONE:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(coverage.set_aside.items()))
        complain(f"no packet could be used: {reasons or 'the captures are empty'}")
        status = Status.INCOMPLETE
    return status


def replace_closed_streams() -> None:
    """Give each standard stream that is closed a stand-in, or the next file that is opened would take its place.

    Writing to standard output still fails, as it should; complaints go nowhere.
    """
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest number that is free
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def leave_quietly() -> None:
    """Let whoever reads our output stop reading: nothing more is written, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_kept: object = None


def keep(made: object) -> None:
    """Keep what was made until the process ends, or the next is made: to take millions of objects apart takes long."""
    global _kept
    _kept = made
