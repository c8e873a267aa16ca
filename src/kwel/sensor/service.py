"""Paths in, those that the hardened units of the sensor cannot write to out, and the lines that let them."""

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
SENDER: Final = "kwel-alerts.service"
"""Writes the files of alerts where the sensor does not send them itself."""
PLACES: Final = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
"""Where systemd looks for units, the first one wins (systemd.unit(5))."""
FOLDERS: Final = {"State": "/var/lib", "Cache": "/var/cache", "Logs": "/var/log", "Runtime": "/run"}
"""Settings that end in ``Directory=``, and what their words stand below (systemd.exec(5))."""


class Service(NamedTuple):
    """What a unit says."""

    config: str
    """File that it starts kwel with."""
    user: str
    writable: tuple[str, ...]
    """Folders, all that is below them too."""
    unit: str = UNIT


def installed(places: Sequence[str] = PLACES, unit: str = UNIT) -> Service | None:
    """Return what a unit says, with what was added to it; ``None`` where none is installed."""
    own = next((Path(place, unit) for place in places if Path(place, unit).is_file()), None)
    if own is None:
        return None
    added = sorted(
        (path for place in places for path in Path(place, f"{unit}.d").glob("*.conf")), key=lambda at: at.name
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
    return Service(config, found.get("User", [""])[-1], tuple(word for word in writable if word.startswith("/")), unit)


def closed(config: Config, service: Service | None, sender: Service | None = None) -> list[tuple[str, str]]:
    """Return what the services that are started with a configuration cannot write: the key, and why, with what to do.

    *service*: the sensor's; *sender*: what sends its alerts where the configuration says ``apart``.
    """
    named = [
        ("store.folder", config.store.folder, service),
        ("reports.folder", config.reports.folder, service),
        ("health.prometheus", os.path.dirname(config.prometheus), service),
    ]
    writes = sender if config.alerts.get("apart") is True else service
    files = [one.get("path", "") for one in config.alerts.get("file", ()) if isinstance(one, dict)]
    named += [("alerts.file.path", os.path.dirname(str(path)), writes) for path in files]
    return [
        (key, _why(folder, of))
        for key, folder, of in named
        if of is not None and folder and _starts_with(of, config) and not _lies_in(folder, of)
    ]


def _starts_with(service: Service, config: Config) -> bool:
    return bool(service.config) and os.path.realpath(config.file) == os.path.realpath(service.config)


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


def _why(folder: str, of: Service) -> str:
    user = of.user or "its user"
    return f"{of.unit} cannot write to {folder}; let {user} write there (chown), then: {_lines(folder, of.unit)}"


def _lines(folder: str, unit: str = UNIT) -> str:
    return f"systemctl edit {unit.removesuffix('.service')}, and write [Service] and below it ReadWritePaths={folder}"
