"""Two analyses in, where their conclusions differ out: by subject, what only the one says and what only the other."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from kwel.analysis.stages import Options, conclude
from kwel.export.commands import commands_table
from kwel.export.conclusions import assets_table, dependencies_table, facts_table
from kwel.export.flows import flows_table, names_table
from kwel.export.interruptions import interruptions_table

if TYPE_CHECKING:
    from kwel.model.traffic import Traffic

UNCOMPARED = frozenset({"evidence", "ways", "capture", "frame", "first_frame"})
"""Places in captures: each part is a file of its own."""


UNCOUNTED = re.compile("bytes-.*|.*-not-looked-at")
"""Bytes are compared with what is acknowledged only where a connection opens and closes in one part, and each part has
its own limits to how much of one sender it reads."""
LAST = re.compile("last=[^;]*")


def _rows(table: Any) -> Counter[str]:
    kept = [column for column in table.columns if column not in UNCOMPARED]
    return Counter(
        "; ".join(f"{key}={value}" for key, value in row.items() if not _is_nothing(value))
        for row in table[kept].to_dict("records")
    )


def _is_nothing(value: object) -> bool:
    return value is None or value != value or value == [] or value == ""


def conclusions(traffic: Traffic) -> dict[str, Counter[str]]:
    """Return what is concluded from traffic, by subject."""
    analysis = conclude(traffic, Options())
    report = analysis.report
    coverage = report.coverage
    return {
        "packets": Counter({"packets": coverage.packets, "used": coverage.used, **coverage.set_aside}),
        "pauses": Counter(map(str, coverage.pauses)),
        "flows": _rows(flows_table(analysis.traffic)),
        "names": _rows(names_table(analysis.traffic)),
        "dependencies": _rows(dependencies_table(report)),
        "assets": _rows(assets_table(report)),
        "facts": _rows(facts_table(report)),
        "commands": _rows(commands_table(report)),
        "findings": Counter(
            f"{one.kind} {one.severity.name} {one.grade.name} {one.asset_label} {sorted(one.values)} "
            f"{sorted(of.host for of in one.dependencies)}"
            for one in report.findings
        ),
        "interruptions": _rows(interruptions_table(report)),
        "notes": Counter({key: count for key, count in coverage.notes.items() if not UNCOUNTED.fullmatch(key)}),
    }


def differences(one: Traffic, other: Traffic) -> dict[str, tuple[list[str], list[str]]]:
    """Return, by subject, what only *one* leads to, and what only the *other*."""
    first, second = conclusions(one), conclusions(other)
    found = {}
    for subject in first:
        only = sorted((first[subject] - second[subject]).elements())
        also = sorted((second[subject] - first[subject]).elements())
        if subject == "assets":
            only, also = _without_later(only, also)
        if only or also:
            found[subject] = only, also
    return found


def _without_later(only: list[str], also: list[str]) -> tuple[list[str], list[str]]:
    """Leave out assets that differ only in that the other traffic heard them for longer.

    Who sends is looked at where directions of flows begin: each part looks once more at flows that go on.
    """
    for one in list(only):
        for other in also:
            if LAST.sub("", one) == LAST.sub("", other) and LAST.findall(one) < LAST.findall(other):
                only.remove(one)
                also.remove(other)
                break
    return only, also
