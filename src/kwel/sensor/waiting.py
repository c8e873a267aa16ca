"""The folder of a store in, the windows out that its sensor has heard and that wait to be taken into the store."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kwel.model.window import Gap
from kwel.sensor.plan import spool_of
from kwel.store import Damaged, spool
from kwel.store.folder import read_head
from kwel.store.parts import middle_of

if TYPE_CHECKING:
    from pathlib import Path


def waiting(store: str | Path, since: int | None = None, until: int | None = None) -> list[Gap]:
    """Return the windows that wait, as gaps of the store, which ``why`` says.

    One that was taken in meanwhile, or that is damaged, is not among them.

    Args:
        store: its folder.
        since: nanoseconds since the epoch: only those that are filed from then on; ``None`` is from the beginning.
        until: likewise; what is filed by this moment is not among them.
    """
    found: list[Gap] = []
    with suppress(PermissionError):
        for path in spool.waiting(spool_of(store)):
            with suppress(Damaged, FileNotFoundError, NotADirectoryError):
                said = read_head(path)
                window, number = said["window"], said["sequences"][0][0]
                packets = said["coverage"]["packets"]
                found.append(
                    Gap(window["source"], number, number, "waiting", window["opened"], window["closed"], packets)
                )
    return [one for one in found if (since is None or filed(one) >= since) and (until is None or filed(one) < until)]


def filed(gap: Gap) -> int:
    """Return the moment by which a window that waits is filed, nanoseconds since the epoch."""
    return middle_of(gap.opened or 0, gap.closed or 0)
