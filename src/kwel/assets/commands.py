"""Counted codes and the inventory in, commands by sender, receiver, protocol and class out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kwel.assets.command_rules import ANSWER, installed
from kwel.assets.hosts import EXTERNAL
from kwel.model.claims import Where
from kwel.model.commands import Command, CommandClass, Party
from kwel.model.kinds import Application
from kwel.model.records.columns import address_text

if TYPE_CHECKING:
    from kwel.assets.identify import Inventory
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

ORDER = tuple(CommandClass)
Ends = tuple[int, int, int, int, int, int]
"""Both addresses, in halves, and both places in the inventory, the sender first."""


@dataclass(slots=True)
class _Sum:
    """The commands of one class between two."""

    first: int
    where: Where
    last: int = 0
    count: int = 0
    is_answered: bool = False
    names: Counter[str] = field(default_factory=Counter)


def find_commands(traffic: Traffic, inventory: Inventory) -> tuple[Command, ...]:
    """Return what was read, written, programmed or stopped, the gravest class first, from outside first."""
    sums: dict[tuple[Ends, str, CommandClass], _Sum] = {}
    rules = installed()
    asked = (traffic.commands["from_initiator"] == 1) ^ inventory.turned[traffic.commands["half"] >> 1]
    for row, ends, is_answered, asks in zip(*_of_flows(traffic, inventory), asked.tolist(), strict=True):
        protocol = Application(int(row["application"]))
        codes = rules.get(protocol)
        if codes is None or (codes.only_initiator and not asks):
            continue
        kind, name = codes.find(int(row["code"]))
        if kind == ANSWER:
            continue
        first, last, count = int(row["first"]), int(row["last"]), int(row["count"])
        where = Where(traffic.captures[int(row["capture"])].name, int(row["frame"]))
        of = sums.setdefault((ends, protocol.label, CommandClass(kind)), _Sum(first, where))
        if first < of.first:
            of.first, of.where = first, where
        of.last, of.count, of.is_answered = max(of.last, last), of.count + count, of.is_answered or is_answered
        of.names[name] += count
    found = [_command(key, of, inventory) for key, of in sums.items()]
    return tuple(sorted(found, key=_rank))


def _of_flows(traffic: Traffic, inventory: Inventory) -> tuple[Rows, list[Ends], list[bool]]:
    """Return the rows, and of each the two ends and whether the other one sent anything on that flow."""
    rows = traffic.commands
    flow, forward = rows["half"] >> 1, rows["from_initiator"] == 1
    flows = traffic.flows[flow]

    def each(ours: str, theirs: str) -> list[int]:
        chosen: list[int] = np.where(forward, flows[ours], flows[theirs]).tolist()
        return chosen

    began, other = inventory.asset_of_initiator[flow], inventory.asset_of_responder[flow]
    columns = [
        each("initiator_hi", "responder_hi"),
        each("initiator_lo", "responder_lo"),
        each("responder_hi", "initiator_hi"),
        each("responder_lo", "initiator_lo"),
        np.where(forward, began, other).tolist(),
        np.where(forward, other, began).tolist(),
    ]
    answered = np.where(forward, flows["payload_in"], flows["payload_out"]) > 0
    return rows, list(zip(*columns, strict=True)), answered.tolist()


def _command(key: tuple[Ends, str, CommandClass], of: _Sum, inventory: Inventory) -> Command:
    (source_hi, source_lo, target_hi, target_lo, source, target), protocol, kind = key
    names = sorted(of.names, key=lambda name: (-of.names[name], name))
    return Command(
        source=_party(source_hi, source_lo, source, inventory),
        target=_party(target_hi, target_lo, target, inventory),
        protocol=protocol,
        kind=kind,
        names=tuple(names),
        count=of.count,
        first=of.first,
        last=of.last,
        where=of.where,
        is_answered=of.is_answered,
    )


def _party(hi: int, lo: int, index: int, inventory: Inventory) -> Party:
    address = address_text(hi, lo)
    asset = inventory.assets[index] if index >= 0 else None
    return Party(address, asset.id if asset else None, asset.label if asset else address, index == EXTERNAL)


def _rank(command: Command) -> tuple[int, bool, str, str, str]:
    return (
        ORDER.index(command.kind),
        not command.source.is_outside,
        command.protocol,
        command.source.address,
        command.target.address,
    )
