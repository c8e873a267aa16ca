"""Whom a sensor's processes become in, folders that are theirs and processes that begin with no right beside out.

What keeps, alerts and reports reads what hostile packets were made into. It begins without the rights of the one that
starts it: without any, or as root with those alone that make root's files its own.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kwel.sensor.plan import Plan

END_WITH_PARENT = 1
"""PR_SET_PDEATHSIG, prctl(2)."""


def hand_over(plan: Plan) -> None:
    """Make the folders that the processes write to, and give them to whom they become, with what root left there.

    Raises:
        OSError: they cannot be made or be given away; PermissionError: their user could not read what it has to.
        LookupError: there is no such user.
    """
    for folder in (plan.spool, plan.state):
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    if not plan.user or os.geteuid():
        return
    who = pwd.getpwnam(plan.user)
    for place in filter(None, (plan.store, plan.report_folder)):
        os.makedirs(place, exist_ok=True)
        if os.stat(place).st_uid == 0:
            shutil.chown(place, who.pw_uid, who.pw_gid)
        _give(place, who)


def look_through(plan: Plan) -> None:
    """Look whether whom the processes become can come to what they need.

    Raises:
        PermissionError: it cannot; the line names the first folder.
    """
    from kwel.kernel.build import cache

    if os.geteuid():
        return
    if not plan.user:
        _root_without_rights(plan)
        return
    needed = [Path(__file__).parent, Path(sys.prefix), Path(sys.base_prefix), cache.folder(), Path(plan.store)]
    who = pwd.getpwnam(plan.user)
    if found := _closed_to(lambda: _become(who), [place for place in needed if place.is_dir()], os.R_OK | os.X_OK):
        raise PermissionError(
            0, f"{plan.user} cannot come to this folder; open it and those above it (chmod o+rx), or use another", found
        )


def write_as(user: str) -> None:
    """Have the files of this process be those of a user, whose folders it writes to; its other rights stay.

    So the others can read what it leaves there, and no link that they leave there leads it to a file of root's.
    Programs that it starts are root's again.

    Raises:
        LookupError: there is no such user.
    """
    if not user or os.geteuid():
        return
    who, libc = pwd.getpwnam(user), ctypes.CDLL(None)
    libc.setfsgid(who.pw_gid)
    libc.setfsuid(who.pw_uid)


def born_with(user: str, *, nice: int) -> Callable[[], None]:
    """Return what a new process does first, before its program: it gives way, and gives up every right.

    It becomes *user*, or stays root with the rights over files alone.
    """
    from kwel.sensor.lockdown.seal import FILES, give_up_rights

    def begin() -> None:
        os.nice(nice)
        give_up_rights(user or None, keep=FILES)

    return begin


def end_with_parent(number: int, parent: int) -> None:
    """Have this process get a signal when its parent is gone, and end at once if it is gone already.

    Whoever becomes another user has to say so again.
    """
    ctypes.CDLL(None).prctl(END_WITH_PARENT, number)
    if os.getppid() != parent:
        os._exit(1)


def _give(top: str, who: pwd.struct_passwd) -> None:
    """Give what is root's in a folder away; no link is followed, and nothing that is linked elsewhere too is given."""
    for _, folders, files, place in os.fwalk(top):
        for name in (*folders, *files):
            found = os.stat(name, dir_fd=place, follow_symlinks=False)
            if found.st_uid == 0 and (stat.S_ISDIR(found.st_mode) or found.st_nlink == 1):
                os.chown(name, who.pw_uid, who.pw_gid, dir_fd=place, follow_symlinks=False)


def _root_without_rights(plan: Plan) -> None:
    """Look whether root can write the windows of what it hears: to listen, it gives up the rights that make it root.

    Raises:
        PermissionError: the store is somebody else's; each window would be lost.
    """
    from kwel.sensor.lockdown.seal import give_up_rights

    if not any(post.interface and not post.unlocked for post in plan.posts):
        return
    if found := _closed_to(give_up_rights, [plan.spool, plan.state], os.W_OK | os.X_OK):
        number = os.stat(plan.store).st_uid
        owner = str(number)
        with suppress(KeyError):
            owner = pwd.getpwuid(number).pw_name
        raise PermissionError(
            0, f'the store belongs to {owner}, and root listens without rights: say user = "{owner}", or --user', found
        )


def _become(who: pwd.struct_passwd) -> None:
    os.setgroups([])
    os.setresgid(who.pw_gid, who.pw_gid, who.pw_gid)
    os.setresuid(who.pw_uid, who.pw_uid, who.pw_uid)


def _closed_to(become: Callable[[], None], places: Iterable[Path], mode: int) -> str:
    """Return the first folder that is not open to whom a process becomes; empty where there is none."""
    for place in places:
        child = os.fork()
        if child == 0:
            with suppress(Exception):
                become()
                os._exit(not os.access(place, mode))
            os._exit(1)
        if os.waitpid(child, 0)[1]:
            return str(place)
    return ""
