"""Commands and assets in, findings about those that should not come from where they come out.

What a command does is a matter of its class, not of port or protocol. From outside the plant nobody should write,
program or stop anything (IEC 62443-3-3 SR 5.1 and 5.2); from its offices hardly.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from kwel.model.assets import AssetKind
from kwel.model.claims import Evidence, Grade
from kwel.model.commands import ACTING, CommandClass
from kwel.model.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kwel.model.assets import Asset
    from kwel.model.commands import Command
    from kwel.model.verdicts import Attribution

OUTSIDE, OFFICE = "outside", "it"
SEVERITIES: Final = {
    (OUTSIDE, CommandClass.MODE): Severity.HIGH,
    (OUTSIDE, CommandClass.PROGRAM): Severity.HIGH,
    (OUTSIDE, CommandClass.WRITE): Severity.HIGH,
    (OUTSIDE, CommandClass.READ): Severity.MEDIUM,
    (OFFICE, CommandClass.MODE): Severity.MEDIUM,
    (OFFICE, CommandClass.PROGRAM): Severity.MEDIUM,
    (OFFICE, CommandClass.WRITE): Severity.MEDIUM,
}
"""By where commands come from and what they do. Where the target never answered, one less."""
OFFICE_LEVELS: Final = ("4", "5")
"""Of Purdue's model: business systems, whatever they speak."""
SHOWN: Final = 4
"""Frames of one finding."""


def find_commands(
    commands: Sequence[Command], assets: Sequence[Asset], whose: Callable[[str], Attribution] | None = None
) -> list[Finding]:
    """Return what should not come from where it comes, the gravest first; numbers are given later.

    Args:
        commands: who told whom to do what.
        assets: the inventory.
        whose: returns whose an address outside is.
    """
    by_id = {asset.id: asset for asset in assets}
    groups: dict[tuple[str, str, CommandClass], list[Command]] = {}
    for command in commands:
        target = by_id.get(command.target.asset or "")
        origin = _origin(command, by_id.get(command.source.asset or ""), target)
        if target and origin and (origin, command.kind) in SEVERITIES:
            groups.setdefault((target.id, origin, command.kind), []).append(command)
    found = [_finding(by_id[asset], origin, kind, group, whose) for (asset, origin, kind), group in groups.items()]
    return sorted(found, key=lambda of: (-of.severity, list(SEVERITIES).index(_key(of)), of.asset_label, of.asset))


def _origin(command: Command, source: Asset | None, target: Asset | None) -> str | None:
    if command.source.is_outside:
        return OUTSIDE
    if source is None or target is None or source.id == target.id or target.kind != AssetKind.OT:
        return None
    is_office = source.kind == AssetKind.IT or (source.level is not None and source.level.value in OFFICE_LEVELS)
    return OFFICE if is_office and command.kind in ACTING else None


def _key(finding: Finding) -> tuple[str, CommandClass]:
    kind, _, origin = finding.kind.partition("-from-")
    return origin, CommandClass(kind)


def _finding(
    asset: Asset, origin: str, kind: CommandClass, group: list[Command], whose: Callable[[str], Attribution] | None
) -> Finding:
    group = sorted(group, key=lambda of: (not of.is_answered, -of.count, of.source.address, of.protocol))
    severity = SEVERITIES[origin, kind]
    if not any(command.is_answered for command in group):
        severity = Severity(severity - 1)
    chief = group[0]
    names: Counter[str] = Counter()
    for command in group:
        names.update(dict.fromkeys(command.names[:SHOWN], command.count))
    sources = list(dict.fromkeys(command.source.label for command in group))
    steps = [_step(command) for command in group[:SHOWN]]
    owner = whose(chief.source.address) if whose and chief.source.is_outside else None
    operator = owner.operator if owner else None
    return Finding(
        id="",
        kind=f"{kind.value}-from-{origin}",
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
