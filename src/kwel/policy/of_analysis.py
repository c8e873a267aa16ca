"""Builds the same columns of contacts from the JSON that ``kwel report --json`` writes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from kwel.model.coverage import CoverageGrade
from kwel.model.dependencies import Begun, DependencyState
from kwel.model.verdicts import Verdict
from kwel.model.zones import Origin
from kwel.policy.contacts import put_together
from kwel.policy.inside import CommandRow, ConduitRow, command_part, conduit_part
from kwel.policy.judge import Seen
from kwel.policy.leaving import DependencyRows, dependency_part
from kwel.policy.stream import Members
from kwel.policy.values import AssetFacts, HostFacts

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.policy.contacts import Contacts

BEGUN: Final = {"outbound": Begun.BY_ASSET, "inbound": Begun.FROM_OUTSIDE, "unproven": Begun.UNPROVEN}
TOLD: Final = ("A", "B")
"""Grades of a level that the site says; a proposal has less."""
PARTS: Final = 4
"""Words of a way before its frame, which may hold blanks."""
SECOND_DAY: Final = len("2026-03-02")
NEEDED: Final = ("coverage", "captures", "zones", "conduits", "assets", "dependencies", "commands")
END_TEXTS: Final = tuple(field for field in HostFacts._fields if field not in ("verdict", "unproven"))

NOWHERE = "-"
"""In place of a frame that was not kept, see ``tables.ways``."""


class AnalysisError(ValueError):
    """A file is no analysis that can be checked: one line."""


class Read(NamedTuple):
    """What a file tells."""

    contacts: Contacts
    seen: Seen
    day: str | None
    """On which its captures end, ISO 8601."""
    captures: tuple[str, ...]


def read(path: Path, *, count_proposals: bool = False) -> Read:
    """Read an analysis, its rows one by one.

    Raises:
        AnalysisError: it is none, or one of an older version.
        OSError: the file cannot be read.
    """
    reader = _Reader()
    what = "file"
    try:
        with path.open(encoding="utf-8") as file:
            members = Members(file)
            for what in members.names():
                reader.take(what, members)
        what = "file"
        return reader.finish(count=count_proposals)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        why = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise AnalysisError(
            f"{path}: {what}: {why}; give captures, or what this version of `kwel report --json` writes"
        ) from error


def looks_like(path: Path) -> bool:
    """Return whether a file is JSON rather than a capture."""
    with path.open("rb") as file:
        return file.read(64).lstrip()[:1] == b"{"


class _Reader:
    """Takes the members of an analysis, in whatever order."""

    def __init__(self) -> None:
        self._whole: dict[str, Any] = {}
        self._assets: list[dict[str, Any]] = []
        self._commands: list[CommandRow] = []
        self._rows = _Dependencies()

    def take(self, name: str, members: Members) -> None:
        """Take one member."""
        if name == "dependencies":
            for row in members.rows():
                self._rows.add(row)
        elif name == "assets":
            self._assets = list(members.rows())
        elif name == "commands":
            self._commands = [_command_row(row) for row in members.rows()]
        elif name in NEEDED:
            self._whole[name] = members.value()
            return
        else:
            members.skip()
            return
        self._whole[name] = True

    def finish(self, *, count: bool) -> Read:
        """Return everything."""
        for name in NEEDED:
            self._whole[name]
        zones = {_text(zone, "zone"): zone for zone in self._whole["zones"]}
        stands: dict[str, list[str]] = defaultdict(list)
        for zone in zones.values():
            for member in zone["members"]:
                stands[member].append(_text(zone, "name"))
        assets = [_asset(row, tuple(stands.get(row["asset"], ()))) for row in self._assets]
        inside = [_conduit_row(of, zones) for of in self._whole["conduits"] if _is_inside(of, zones)]
        leaving = self._rows.finish([asset.id for asset in assets])
        contacts = put_together(
            [
                dependency_part(leaving, assets, count=count),
                conduit_part(inside, assets, count=count),
                command_part(self._commands, assets, self._rows.by_address(self._commands), count=count),
            ]
        )
        captures = self._whole["captures"]
        last = [of["last"][:SECOND_DAY] for of in captures if of.get("last")]
        return Read(
            contacts, self._seen(captures), max(last, default=None), tuple(_text(of, "name") for of in captures)
        )

    def _seen(self, captures: list[dict[str, Any]]) -> Seen:
        coverage = self._whole["coverage"]
        return Seen(
            CoverageGrade(coverage["grade"]).value,
            tuple(_text(of, "key") for of in coverage["shortcomings"]),
            tuple(f"{of['name']}: {of['problem']}" for of in captures if of["problem"]),
            coverage["used"] == 0,
        )


class _Dependencies:
    """Takes rows of dependencies, and keeps each distinct thing that they say once."""

    def __init__(self) -> None:
        self._assets: list[str] = []
        self._ends: dict[HostFacts, int] = {}
        self._end: list[int] = []
        self._hosts: list[tuple[str, ...]] = []
        self._frames: list[tuple[str, ...]] = []
        self._only: list[int] = []
        self._states: list[str] = []
        self._ways: list[tuple[int, int, bool, tuple[str | None, str, int | None], str]] = []

    def add(self, row: dict[str, Any]) -> None:
        """Take one row."""
        number = len(self._assets)
        self._assets.append(_text(row, "asset"))
        end = HostFacts(
            **{field: _maybe(row, field) for field in END_TEXTS},
            verdict=Verdict(row["verdict"]).value,
            unproven=tuple(row["unproven"]),
        )
        self._end.append(self._ends.setdefault(end, len(self._ends)))
        names = (_text(row, "host"), _maybe(row, "address"))
        self._hosts.append(tuple(dict.fromkeys(name for name in names if name)))
        self._frames.append(tuple(row["evidence"]))
        for text in row["ways"]:
            begun, protocol, at, state, where = text.split(" ", PARTS)
            transport, _, port = at.partition("/")
            service = (None if protocol == "-" else protocol, transport, int(port) if port else None)
            used = DependencyState(state) is DependencyState.USED
            self._ways.append((number, int(BEGUN[begun]), used, service, where))
        if not row["ways"]:
            self._only.append(number)
            self._states.append(DependencyState(row["state"]).value)

    def by_address(self, commands: list[CommandRow]) -> dict[str, HostFacts]:
        """Return what is known of addresses outside that give or obey commands."""
        wanted = {address for of in commands for _, address, outside in (of.source, of.target) if outside}
        ends = list(self._ends)
        found: dict[str, HostFacts] = {}
        for number, names in enumerate(self._hosts if wanted else ()):
            if names and names[-1] in wanted:
                found.setdefault(names[-1], ends[self._end[number]])
        return found

    def finish(self, assets: list[str]) -> DependencyRows:
        """Return them as columns."""
        place = {identity: number for number, identity in enumerate(assets)}
        ways = self._ways

        def frames(dependency: int, way: int) -> tuple[str, ...]:
            own = (ways[way][4],) if way >= 0 and ways[way][4] != NOWHERE else ()
            return tuple(dict.fromkeys((*own, *self._frames[dependency])))

        return DependencyRows(
            asset=np.array([place[identity] for identity in self._assets], np.int64),
            end=np.array(self._end, np.int64),
            ends=list(self._ends),
            host=np.arange(len(self._hosts)),
            hosts=self._hosts,
            only=np.array(self._only, np.int64),
            state=self._states,
            dependency=np.array([way[0] for way in ways], np.int64),
            begun=np.array([way[1] for way in ways], np.int64),
            used=np.array([way[2] for way in ways], bool),
            services=[way[3] for way in ways],
            frames=frames,
        )


def _asset(row: dict[str, Any], zones: tuple[str, ...]) -> AssetFacts:
    return AssetFacts(
        id=_text(row, "asset"),
        label=_text(row, "label"),
        names=(*row["names"], *row["addresses"], *row["macs"]),
        kind=_text(row, "kind"),
        role=_maybe(row, "role"),
        zones=zones,
        level=_maybe(row, "level"),
        level_proposed=row["level_grade"] not in TOLD,
        owner=_maybe(row, "owner"),
        criticality=_maybe(row, "criticality"),
    )


def _is_inside(of: dict[str, Any], zones: dict[str, dict[str, Any]]) -> bool:
    return Origin.OUTSIDE.value not in (zones[of["from"]]["origin"], zones[of["to"]]["origin"])


def _conduit_row(of: dict[str, Any], zones: dict[str, dict[str, Any]]) -> ConduitRow:
    source, target = zones[of["from"]], zones[of["to"]]
    return ConduitRow(
        zones=(_text(source, "name"), _text(target, "name")),
        levels=(_maybe(source, "level"), _maybe(target, "level")),
        proposed=(not source["level_told"], not target["level_told"]),
        assets=(tuple(of["initiators"]), tuple(of["responders"])),
        counts=(int(of["initiators_count"]), int(of["responders_count"])),
        unproven=0 < of["unsure"] == of["flows"],
        services=tuple(
            (_maybe(at, "protocol"), _text(at, "transport"), at["port"], _text(at, "state"), _text(at, "where"))
            for at in of["services"]
        ),
        left_out=int(of["protocols_left_out"]),
        frames=tuple(of["evidence"]),
    )


def _command_row(row: dict[str, Any]) -> CommandRow:
    return CommandRow(
        source=(_maybe(row, "source"), _text(row, "source_address"), bool(row["source_outside"])),
        target=(_maybe(row, "target"), _text(row, "target_address"), bool(row["target_outside"])),
        protocol=_text(row, "protocol"),
        kind=_text(row, "class"),
        names=tuple(row["commands"]),
        is_answered=bool(row["answered"]),
        frames=tuple(row["evidence"]),
    )


def _text(row: dict[str, Any], key: str) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise TypeError(f"{key!r} must be text, is {type(value).__name__}")
    return value


def _maybe(row: dict[str, Any], key: str) -> str | None:
    return None if row[key] is None else _text(row, key)
