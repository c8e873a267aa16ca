"""A configuration in, what the sensor's processes are to do out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kwel.sensor.plan import Plan, Post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.sensor.calendar import Kind
    from kwel.sensor.config import Config

MB, GB = 1_000_000, 1_000_000_000


def plan_of(config: Config, *, once: bool = False) -> Plan:
    """Return the plan that a configuration makes; ``once`` ends it after one window.

    A group number of a fanout is this process's and the interface's: no other program in the namespace has it.
    """
    kept, known = config.store, config.analysis
    name = config.name or os.uname().nodename
    reports: tuple[tuple[Kind, bool], ...] = (("daily", config.reports.daily), ("weekly", config.reports.weekly))
    return Plan(
        kept.folder,
        tuple(_posts(config)),
        name,
        kept.window_seconds,
        config.user,
        evidence=kept.evidence_mb * MB,
        candidates=kept.candidates_mb * MB,
        most_bytes=kept.most_gb * GB,
        most_days=kept.days,
        wire_days=kept.wire_days,
        evidence_days=kept.evidence_days,
        reports=tuple(kind for kind, wanted in reports if wanted and config.reports.folder),
        report_folder=config.reports.folder,
        keep_reports=config.reports.keep,
        config=config.file,
        internal=known.internal,
        site=known.site,
        policy=known.policy,
        here=known.here,
        language=known.language,
        title=known.title,
        once=once,
        health=config.prometheus,
        alerts=dict(config.alerts),
    )


def _posts(config: Config) -> Iterator[Post]:
    if config.folder:
        yield Post(folder=config.folder)
    for number, one in enumerate(config.interfaces):
        group = (os.getpid() + number) & 0xFFFF
        for member in range(one.fanout):
            yield Post(
                interface=one.name,
                namespace=one.namespace,
                filter=one.filter,
                members=one.fanout,
                member=member,
                group=group,
                without=one.without,
            )
