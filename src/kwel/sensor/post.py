"""A plan and the number of a post in, windows in the spool out: the process that hears one source, and can do no more.

``python -m kwel.sensor.post NUMBER < plan`` is started by the supervisor. It opens what it needs, gives up every way to
send and every privilege, and only then looks at the first frame.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.sensor.files import replace_file
from kwel.sensor.journal import say, trace
from kwel.sensor.plan import SECOND, from_json
from kwel.sensor.rights import end_with_parent, write_as
from kwel.sensor.watcher import Watcher, Watching

if TYPE_CHECKING:
    from kwel.capture.live import Live
    from kwel.sensor.plan import Plan, Post

GONE, UNPROVED, UNHEARD = 75, 76, 77
"""Exit statuses: the interface was taken away, the process could not be sealed, the interface cannot be heard."""
PATIENCE = 0.5


def main(number: int) -> int:
    """Hear one source until told to end; return an exit status."""
    plan = from_json(sys.stdin.readline())
    post, ending = plan.posts[number], Ending()
    os.umask(0o027)
    try:
        return _hear(plan, post, ending)
    except OSError as error:  # a full disk: what of a folder is in no window is read again
        say(3, f"{post.source}: {error}")
    except Exception as error:  # noqa: BLE001 - it is begun again, and the journal must say why
        say(2, f"{post.source}: a fault of kwel, please report it: {error!r}")
        trace(error)
    return 1


def _hear(plan: Plan, post: Post, ending: Ending) -> int:
    watching = Watching(
        plan.sensor, post.source, plan.spool, plan.window * SECOND, plan.candidates,
        state=plan.state, by_frames=bool(post.folder), tell=Teller(plan, post),
    )  # fmt: skip
    if post.folder:
        return _hear_folder(watching, post, plan, ending)
    return _hear_interface(watching, post, plan, ending)


class Ending:
    """Whether somebody asked the process to end."""

    def __init__(self) -> None:
        self.is_asked = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.is_asked = True

    def __call__(self) -> bool:
        """Return whether somebody did."""
        return self.is_asked


class Teller:
    """Leaves how it goes in a file that the supervisor and the keeper read."""

    EVERY = 5.0

    def __init__(self, plan: Plan, post: Post) -> None:
        self._path = plan.state / f"{post.source}.json"
        self._at = 0.0
        self._dropped = 0
        self._missed: int | None = None
        self.live: Live | None = None
        self.tried = ""
        """How many ways to send the process tried in vain when it was sealed; empty: it is not."""

    def __call__(self, watcher: Watcher, *, ended: bool = False) -> None:
        """Write the file, if it is time."""
        if ended and watcher.losses:
            self._dropped += watcher.losses.dropped
            if watcher.losses.missed is not None:  # else it stays not known
                self._missed = (self._missed or 0) + watcher.losses.missed
        if not ended and time.monotonic() < self._at:
            return
        self._at = time.monotonic() + self.EVERY
        content = {
            "process": os.getpid(),
            "at": time.time_ns(),
            "sequence": watcher.sequence,
            "windows": watcher.windows,
            "packets": watcher.packets,
            "bytes": getattr(self.live, "facts", {}).get("bytes", 0),
            "heard": watcher.heard,
            "dropped": self._dropped,
            "missed": self._missed,
            "lost": watcher.lost,
            "link": self.live.link if self.live else "",
            "tried": self.tried,
        }
        try:
            replace_file(self._path, json.dumps(content).encode(), lasting=False)
        except OSError:  # a full disk: the windows matter more
            return


def _hear_interface(watching: Watching, post: Post, plan: Plan, ending: Ending) -> int:
    from kwel.capture.live import CannotListen, Fanout, InterfaceGone, open_live
    from kwel.kernel.build import jit
    from kwel.sensor import lockdown
    from kwel.sensor.lockdown.seal import give_up_rights, seal
    from kwel.sensor.positions import newest_window

    supervisor = os.getppid()
    write_as(plan.user)  # still root, it leaves files in a folder of theirs
    jit.load()
    watcher = Watcher(watching, at_least=newest_window(plan, post.source))
    try:
        if post.namespace:
            lockdown.enter(post.namespace)
        fanout = Fanout(post.group, post.members, post.member) if post.members > 1 else None
        live = open_live(post.interface, patience=PATIENCE, filter=post.filter, fanout=fanout)
        live.start()
    except (CannotListen, lockdown.PassiveError) as error:
        say(3, str(error))
        return UNHEARD
    tried = ""
    if not post.unlocked:
        try:
            give_up_rights(plan.user or None)
            end_with_parent(signal.SIGTERM, supervisor)  # as it was, before it became another
            tried = seal([live.fileno()], may_fork=True)[1].value
        except lockdown.PassiveError as error:
            say(3, f"{post.interface}: {error}")
            return UNPROVED
    if isinstance(watching.tell, Teller):
        watching.tell.live, watching.tell.tried = live, tried
    if watching.tell:
        watching.tell(watcher, ended=True)  # from now on the supervisor may look whether it is sealed
    gc.freeze()
    try:
        watcher.watch(live, ending, once=plan.once)
    except InterfaceGone as error:
        watcher.finish(live)
        say(4, str(error))
        return GONE
    return 0


def _hear_folder(watching: Watching, post: Post, plan: Plan, ending: Ending) -> int:
    from kwel.sensor.folder import FolderSource
    from kwel.sensor.positions import Positions

    positions = Positions(plan, post.source)
    try:
        sequence, resume = positions.last()
    except ValueError as error:
        say(3, str(error))
        return UNHEARD
    source = FolderSource(Path(post.folder), patience=PATIENCE, once=plan.once, resume=resume)
    source.interface = post.source  # where on this machine it lies is nobody's business who reads a report
    marked = replace(watching, mark=lambda number, back: positions.mark(number, source.position(back)))
    Watcher(marked, sequence).watch(source, ending)
    for problem in source.problems:
        say(4, str(problem))
    return 0


if __name__ == "__main__":
    os._exit(main(int(sys.argv[1])))
