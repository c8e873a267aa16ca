"""Commands of the plant's protocols in, what each asset was told and told others to do out, the gravest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.commands import CommandClass
from kwel.report import numbers
from kwel.report.text import Text, joined, plain, wire

if TYPE_CHECKING:
    from collections.abc import Collection

    from kwel.model.commands import Command, Party
    from kwel.model.report import Report
    from kwel.report.phrases import Phrases

MOST = 12
"""Commands of one asset that a sheet lists."""
_NAMES = 4
"""Codes that are named in one line."""
_GRAVITY = {kind: rank for rank, kind in enumerate(CommandClass)}


@dataclass(frozen=True, slots=True)
class Order:
    """What an asset told another to do, or was told."""

    given: bool
    way: Text
    other: Text
    link: str | None
    kind: Text
    names: Text
    protocol: Text
    count: Text
    when: Text
    frame: Text


def by_asset(report: Report, wanted: Collection[str]) -> dict[str, list[Command]]:
    """Return the commands that each wanted asset gave or got, the gravest first."""
    found: dict[str, list[Command]] = {}
    for command in sorted(report.commands, key=lambda of: (_GRAVITY[of.kind], -of.count)):
        for asset in dict.fromkeys((command.target.asset, command.source.asset)):
            if asset in wanted and asset is not None:
                found.setdefault(asset, []).append(command)
    return found


def order(command: Command, asset: str, links: dict[str, str], phrases: Phrases) -> Order:
    """Return one command as the sheet of an asset shows it."""
    say = phrases.say
    given = command.source.asset == asset
    other = command.target if given else command.source
    return Order(
        given=given,
        way=say("sheet.gives" if given else "sheet.gets"),
        other=_party(other, phrases),
        link=links.get(other.asset or ""),
        kind=say.term("command", command.kind.value),
        names=_names(command),
        protocol=say.first(f"term.{command.protocol}") or wire(command.protocol.upper(), 40),
        count=numbers.number(command.count),
        when=numbers.period(command.first, command.last),
        frame=phrases.place(command.where),
    )


def _party(party: Party, phrases: Phrases) -> Text:
    name = wire(party.label, 60)
    return phrases.say("sheet.outside", name=name) if party.is_outside else name


def _names(command: Command) -> Text:
    more = [plain("…")] if len(command.names) > _NAMES else []
    return joined([*(wire(name, 40) for name in command.names[:_NAMES]), *more])
