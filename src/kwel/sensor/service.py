"""Paths in, those that the hardened unit of the sensor cannot write to out, and the lines that let it."""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kwel.sensor.config import Config

UNIT: Final = "kwel-sensor.service"
PLACES: Final = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
"""Where systemd looks for units, the first one wins (systemd.unit(5))."""
FOLDERS: Final = {"State": "/var/lib", "Cache": "/var/cache", "Logs": "/var/log", "Runtime": "/run"}
"""Settings that end in ``Directory=``, and what their words stand below (systemd.exec(5))."""


class Service(NamedTuple):
    """What the unit says."""

    config: str
    """File that it starts the sensor with."""
    user: str
    writable: tuple[str, ...]
    """Folders, all that is below them too."""


def installed(places: Sequence[str] = PLACES) -> Service | None:
    """Return what the unit of the sensor says, with what was added to it; ``None`` where none is installed."""
    own = next((Path(place, UNIT) for place in places if Path(place, UNIT).is_file()), None)
    if own is None:
        return None
    added = sorted(
        (path for place in places for path in Path(place, f"{UNIT}.d").glob("*.conf")), key=lambda at: at.name
    )
    text = ""
    for path in (own, *added):
        with suppress(OSError, UnicodeDecodeError):
            text += path.read_text("utf-8") + "\n"
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text, re.M):
        found.setdefault(key, []).extend(value.split() or [""])
    writable = [word.lstrip("-+") for word in found.get("ReadWritePaths", ())]
    writable += [f"{top}/{word}" for key, top in FOLDERS.items() for word in found.get(f"{key}Directory", ())]
    words = found.get("ExecStart", [])
    config = words[words.index("--config") + 1] if "--config" in words[:-1] else ""
    return Service(config, found.get("User", [""])[-1], tuple(word for word in writable if word.startswith("/")))


def closed(config: Config, service: Service | None) -> list[tuple[str, str]]:
    """Return what the service that is started with a configuration cannot write: the key, and why, with what to do."""
    if service is None or not service.config or os.path.realpath(config.file) != os.path.realpath(service.config):
        return []
    files = [one.get("path", "") for one in config.alerts.get("file", ()) if isinstance(one, dict)]
    named = [
        ("store.folder", config.store.folder),
        ("reports.folder", config.reports.folder),
        ("health.prometheus", os.path.dirname(config.prometheus)),
        *(("alerts.file.path", os.path.dirname(str(path))) for path in files),
    ]
    return [(key, _why(folder, service.user)) for key, folder in named if folder and not _lies_in(folder, service)]


def remedy(error: OSError, folder: str) -> str:
    """Return what to do about a folder that the service could not write to, as the end of a line; or nothing."""
    if error.errno == errno.EROFS:
        return f"; if the unit forbids it: {_lines(folder)}"
    return "; its user has to be able to write there" if error.errno in (errno.EACCES, errno.EPERM) else ""


def give(paths: Iterable[str], like: str) -> None:
    """Give files that root has just made, and those that they were turned over to, to whom a folder belongs.

    Only what is root's own is given, and nothing that is linked elsewhere too. Whoever is not root gives nothing.
    """
    place = Path(like).absolute()
    while not place.exists():
        place = place.parent
    owner = place.stat()
    if os.geteuid() or owner.st_uid == 0:
        return
    for path in map(Path, paths):
        for one in path.parent.glob(f"{path.name}*"):
            found = one.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_uid == 0 and found.st_nlink == 1:
                os.chown(one, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _lies_in(folder: str, service: Service) -> bool:
    return any(Path(folder).is_relative_to(writable) for writable in service.writable)


def _why(folder: str, user: str) -> str:
    return f"{UNIT} cannot write to {folder}; let {user or 'its user'} write there (chown), then: {_lines(folder)}"


def _lines(folder: str) -> str:
    return f"systemctl edit {UNIT.removesuffix('.service')}, and write [Service] and below it ReadWritePaths={folder}"
