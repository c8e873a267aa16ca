"""A configuration in, what this machine lacks for it out: files that are not there, and what those files hold wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.model.remarks import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.sensor.config import Config

GB = 1_000_000_000


def beside(config: Config) -> list[Remark]:
    """Return what is wrong around a configuration that by itself may be right. Nothing is changed."""
    return [
        *_alerts(config),
        *_files(config),
        *_interfaces(config),
        *_folders(config),
        *_service(config),
        *_room(config),
    ]


def _alerts(config: Config) -> Iterator[Remark]:
    from kwel.alerts.settings import examine

    for fault in examine(config.alerts, config.file)[1]:
        yield Remark("fault", "file", fault)


def _files(config: Config) -> Iterator[Remark]:
    from kwel.site import SiteError, load

    if config.analysis.site:
        try:
            load(config.analysis.site)
        except SiteError as error:
            yield Remark("fault", "analysis.site", str(error))


def _interfaces(config: Config) -> Iterator[Remark]:
    """Tell of interfaces that are not here; they may be in a network namespace, or plugged in later: a note."""
    for one in config.interfaces:
        if not os.path.exists(f"/sys/class/net/{one.name}") and not one.namespace:
            yield Remark("note", "interfaces.name", f"there is no interface {one.name} here now")


def _service(config: Config) -> Iterator[Remark]:
    from kwel.sensor import service

    for key, why in service.closed(config, service.installed(), service.installed(unit=service.SENDER)):
        yield Remark("fault", key, why)


def _folders(config: Config) -> Iterator[Remark]:
    if config.folder and not os.path.isdir(config.folder):
        yield Remark("fault", "folder.path", f"{config.folder}: no such folder")
    for key, path in (("reports.folder", config.reports.folder), ("health.prometheus", config.prometheus)):
        above = os.path.dirname(path)
        if path and not os.path.isdir(above):
            yield Remark("note", key, f"{above}: no such folder yet")


def _room(config: Config) -> Iterator[Remark]:
    """Tell how large the store may become on this disk, where it is left to kwel or is more than there is."""
    from kwel.store.quota import SPARE

    there = next((one for one in (Path(config.store.folder), *Path(config.store.folder).parents) if one.is_dir()), None)
    if there is None:
        return
    space = os.statvfs(there)
    holds = space.f_blocks * space.f_frsize / GB
    if not config.store.most_gb:
        most = f"the store may take {holds * (SPARE - 1) / SPARE:.0f} GB, less what else is on its disk"
        yield Remark("note", "store.most_gb", f"0: a tenth of the disk stays free; {most}")
    elif config.store.most_gb > holds:
        yield Remark("note", "store.most_gb", f"{config.store.most_gb} GB is more than the {holds:.0f} GB of its disk")
