"""Finds commands that come from where they should not: from outside the plant, or from its offices."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from kwel.findings.identity import full_id
from kwel.findings.registry import COMMANDS
from kwel.findings.subjects import CommandSeen
from kwel.model.claims import Evidence, Grade
from kwel.model.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kwel.findings.kind import CommandKind
    from kwel.model.assets import Asset
    from kwel.model.commands import Command
    from kwel.model.verdicts import Attribution

SHOWN: Final = 4
"""Commands of one finding whose frames are shown, and names of commands that are listed."""


def find_commands(
    commands: Sequence[Command], assets: Sequence[Asset], owner_of: Callable[[str], Attribution] | None = None
) -> list[Finding]:
    """Return findings about commands, the gravest first.

    Args:
        commands: the commands that were seen, with sender and target.
        assets: the inventory.
        owner_of: returns the attribution of an address outside.
    """
    by_id = {asset.id: asset for asset in assets}
    groups: dict[tuple[int, str], list[Command]] = {}
    for command in commands:
        if (target := by_id.get(command.target.asset or "")) is None:
            continue
        seen = CommandSeen(command, by_id.get(command.source.asset or ""), target)
        for rank, kind in enumerate(COMMANDS):
            if kind.holds(seen):
                groups.setdefault((rank, target.id), []).append(command)
    found = [(rank, _finding(by_id[asset], COMMANDS[rank], group, owner_of)) for (rank, asset), group in groups.items()]
    found.sort(key=lambda of: (-of[1].severity, of[0], of[1].asset_label, of[1].asset))
    return [finding for _, finding in found]


def _finding(
    asset: Asset, kind: CommandKind, group: list[Command], owner_of: Callable[[str], Attribution] | None
) -> Finding:
    group = sorted(group, key=lambda of: (not of.is_answered, -of.count, of.source.address, of.protocol))
    severity = kind.severity.ot
    if not any(command.is_answered for command in group):
        severity = Severity(severity - 1)
    chief = group[0]
    names: Counter[str] = Counter()
    for command in group:
        names.update(dict.fromkeys(command.names[:SHOWN], command.count))
    sources = list(dict.fromkeys(command.source.label for command in group))
    steps = [_step(command) for command in group[:SHOWN]]
    owner = owner_of(chief.source.address) if owner_of and chief.source.is_outside else None
    operator = owner.operator if owner else None
    return Finding(
        id=full_id(kind.id, asset.id),
        kind=kind.id,
        severity=severity,
        grade=Grade.A if chief.is_answered else Grade.B,
        asset=asset.id,
        asset_label=asset.label,
        values=(
            ("asset", asset.label),
            ("source", chief.source.label),
            ("sources", str(len(sources))),
            ("protocol", chief.protocol),
            ("commands", ", ".join(sorted(names, key=lambda name: (-names[name], name))[:SHOWN])),
            ("count", str(sum(command.count for command in group))),
            *((("operator", operator.value),) if operator else ()),
        ),
        dependencies=(),
        evidence=(
            *steps,
            *(operator.evidence if operator else ()),
            *(asset.kind_why.evidence if asset.kind_why else ()),
        ),
    )


def _step(command: Command) -> Evidence:
    values = (
        ("source", command.source.address),
        ("target", command.target.address),
        ("protocol", command.protocol),
        ("commands", ", ".join(command.names[:SHOWN])),
        ("count", str(command.count)),
    )
    return Evidence("observed", f"command-{command.kind.value}", values, command.where)
