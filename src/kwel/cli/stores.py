"""The options of commands that read a store, and what they say of a store that is not whole."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import click

from kwel.cli.outcome import Failure, Status, complain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.store import Store
    from kwel.store.account import Account, SourceAccount

STORE_HELP = "A store that `kwel sensor` keeps."
since = click.option(
    "--since", metavar="WHEN", help="Windows from then on, by their middle: 7d, 12h, 2026-11-01. Default: all."
)
until = click.option("--until", metavar="WHEN", help="Windows before then, by their middle. Default: all.")


def moment(text: str | None) -> int | None:
    """Return the moment that a user wrote, nanoseconds since the epoch."""
    if text is None:
        return None
    from kwel.store.spans import moment as read

    try:
        return read(text, time.time_ns())
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error)) from error


class Chosen(NamedTuple):
    """A span of a store."""

    folder: str
    since: int | None
    until: int | None

    def words(self) -> list[str]:
        """Return the options that choose it again, whenever that is."""
        from kwel.store.spans import spelt

        words = ["--store", os.path.basename(os.path.normpath(self.folder))]
        words += ["--since", spelt(self.since)] if self.since is not None else []
        return words + (["--until", spelt(self.until)] if self.until is not None else [])


def chosen(folder: str | None, since: str | None, until: str | None, captures: tuple[str, ...]) -> Chosen | None:
    """Return the span of a store that is to be read; ``None`` where captures are."""
    if bool(folder) is bool(captures):
        raise click.UsageError("give captures, or --store DIR")
    if folder is None:
        if since or until:
            raise click.UsageError("--since and --until are of --store; captures are read whole")
        return None
    return Chosen(folder, moment(since), moment(until))


@contextmanager
def opened(folder: str, *, write: bool = False) -> Iterator[Store]:
    """Yield a store; end with one line where it cannot be used."""
    from pathlib import Path

    from kwel.store import Damaged, Store, StoreError

    try:
        with _as_its_owner(folder, write=write), Store(Path(folder), write=write) as store:
            for line in store.mended:
                complain(f"{folder}: {line}")
            yield store
    except StoreError as error:
        raise Failure(str(error)) from error
    except Damaged as error:
        raise Failure(f"{error}; `kwel store check` names all that is damaged") from error
    except OSError as error:
        raise Failure(f"{error.filename or folder}: {error.strerror or error}") from error


@contextmanager
def _as_its_owner(folder: str, *, write: bool) -> Iterator[None]:
    """Have root write a store as the one whose it is: the sensor, which is not root, has to read and change it."""
    owner = os.stat(folder) if write and os.geteuid() == 0 and os.path.isdir(folder) else None
    if owner is None or owner.st_uid == 0:
        yield
        return
    group = os.getegid()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def lines_of(account: Account) -> list[str]:
    """Return what became of the windows of each source, a few lines each."""
    from kwel.store.spans import spelt

    found = []
    for one in account.sources:
        found.append(
            f"{one.source}: {one.windows} windows, {spelt(one.opened)} to {spelt(one.closed)}, {one.packets} packets"
        )
        found += [f"{one.source}: {line}" for line in _short(one)]
    return found


def _short(one: SourceAccount) -> list[str]:
    """Return what is not there of a source."""
    from kwel.store.spans import spelt

    missing = sum(gap.windows for gap in one.missing)
    lines = [f"{missing} windows are missing, the first after {spelt(one.missing[0].since)}"] if one.missing else []
    if one.lost:
        lines.append(f"{len(one.lost)} windows were lost with {sum(of.packets for of in one.lost)} packets")
    if one.dropped:
        lines.append(f"{one.dropped} frames were dropped: the sensor was too slow for them")
    missed = [loss.missed for loss in one.losses if loss.missed]
    if missed:
        lines.append(f"{sum(missed)} frames were lost by the card or its driver")
    if one.without_wire:
        lines.append(f"{one.without_wire} windows have only tables left, and are in no report")
    if one.without_evidence:
        lines.append(f"{one.without_evidence} windows have no frames left to open")
    for part in one.partly:
        what = "is taken whole" if part.is_taken else "is left out, for it goes on beyond that time"
        lines.append(f"what was put together from {spelt(part.opened)} to {spelt(part.closed)} {what}")
    if one.damaged:
        lines.append(f"{one.damaged} parts are damaged; run `kwel store check`")
    sent = [proof for proof in one.proofs if proof.sent or proof.stopped]
    if sent:
        lines.append(
            f"somebody tried to send on {sent[0].interface}, between {spelt(sent[0].since)} and {spelt(sent[0].until)}"
        )
    return lines


def status_of(account: Account) -> Status:
    """Say what is not whole, and return the status that follows."""
    for one in account.sources:
        for line in _short(one):
            complain(f"{one.source}: {line}")
    return Status.DONE if account.is_whole else Status.INCOMPLETE
