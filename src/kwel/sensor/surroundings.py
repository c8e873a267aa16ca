"""A configuration in, what this machine lacks for it out: files that are not there, and what those files hold wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kwel.model.remarks import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.sensor.config import Config


def beside(config: Config) -> list[Remark]:
    """Return what is wrong around a configuration that by itself may be right. Nothing is changed."""
    return [*_alerts(config), *_files(config), *_interfaces(config), *_folders(config)]


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


def _folders(config: Config) -> Iterator[Remark]:
    if config.folder and not os.path.isdir(config.folder):
        yield Remark("fault", "folder.path", f"{config.folder}: no such folder")
    for key, path in (("reports.folder", config.reports.folder), ("health.prometheus", config.prometheus)):
        above = os.path.dirname(path)
        if path and not os.path.isdir(above):
            yield Remark("note", key, f"{above}: no such folder yet")
