"""Flows that nobody saw begin in, those whose sides are the other way round out: who asks and who answers.

A capture joins conversations that have been under way for months. Whoever sent the first packet in it is then as often
the one that answers. Two things tell, the first before the second: who gives the commands, and who stands at the port
that the protocol is known for (``ports`` in rules/devices/spoken.toml). Neither is proof: what rests on it counts less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.commands import CommandClass
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from kwel.assets.command_rules import Codes
    from kwel.assets.rulekinds import SpokenRule
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

TELLING: Final = frozenset({CommandClass.MODE, CommandClass.PROGRAM, CommandClass.WRITE, CommandClass.READ})
"""Classes of commands that only the asking side gives: a controller reports how it is without being asked."""


def find_turned(
    traffic: Traffic, rules: Iterable[SpokenRule], commands: Mapping[Application, Codes]
) -> NDArray[np.bool_]:
    """Return of every flow whether its responder asks and its initiator answers."""
    flows = traffic.flows
    unknown = (flows["direction"] == Direction.UNKNOWN) & (flows["application"] > 0)
    turned: NDArray[np.bool_] = np.zeros(len(flows), np.bool_)
    for rule in rules:
        if rule.ports:
            turned |= _by_port(flows, rule)
    for flow, by_initiator in _by_commands(traffic, commands).items():
        turned[flow] = not by_initiator
    found: NDArray[np.bool_] = turned & unknown
    return found


def _by_port(flows: Rows, rule: SpokenRule) -> NDArray[np.bool_]:
    application = Application[rule.application.upper()]
    at = [np.isin(flows[f"{side}_port"], rule.ports) for side in ("initiator", "responder")]
    found: NDArray[np.bool_] = (flows["application"] == application) & at[0] & ~at[1]
    return found


def _by_commands(traffic: Traffic, commands: Mapping[Application, Codes]) -> dict[int, bool]:
    """Return, of flows in which one side alone gives commands, whether that is the initiator."""
    gave: dict[int, set[bool]] = {}
    for half, application, code, from_initiator in traffic.commands[
        ["half", "application", "code", "from_initiator"]
    ].tolist():
        codes = commands.get(Application(application))
        if codes and not codes.only_initiator and codes.find(code)[0] in TELLING:
            gave.setdefault(half >> 1, set()).add(bool(from_initiator))
    return {flow: next(iter(by)) for flow, by in gave.items() if len(by) == 1}
