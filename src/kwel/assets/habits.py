"""Flows and the devices on their sides in, habits out: ports that a device answers at, others that it tries.

Only what rules ask for is looked up. Vectorised: nothing here loops over flows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.assets.conditions import Statement
from kwel.assets.hosts import EXTERNAL, NOBODY
from kwel.model.claims import Where
from kwel.model.kinds import Application
from kwel.model.records.columns import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from kwel.assets.command_rules import Codes
    from kwel.assets.conditions import Index
    from kwel.assets.devices import Devices
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

TCP: Final = 6
TRANSPORTS: Final = {"tcp": 6, "udp": 17}
MOSTLY: Final = 0.8
"""Share of the hosts and ports tried that gave no answer, from which on trying is searching."""
_MIX: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
"""Spreads the bits of two words over one (Fibonacci hashing): two pairs fall together once in 2^64."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What devices do, by index of the device, as rules ask for it."""

    by: dict[int, list[Statement]] = field(default_factory=dict)
    others: dict[tuple[int, str, str], int] = field(default_factory=dict)
    """By device, protocol and side: how many others it speaks so with, where a rule asks for it."""

    def flows(self) -> set[int]:
        """Return every flow that is mentioned."""
        return {said.by for statements in self.by.values() for said in statements if isinstance(said.by, int)}

    def add_commands(
        self, traffic: Traffic, devices: Devices, rules: Mapping[Application, Codes], turned: NDArray[np.bool_]
    ) -> None:
        """Take in of which classes the commands are that each device gave, each with the first frame."""
        columns = traffic.commands[["half", "application", "code", "from_initiator", "capture", "frame"]]
        given: dict[tuple[int, str], Where] = {}
        for half, application, code, from_initiator, capture, frame in columns.tolist():
            codes = rules.get(Application(application))
            if codes is None or (codes.only_initiator and bool(from_initiator) == bool(turned[half >> 1])):
                continue
            side = devices.of_initiator if from_initiator else devices.of_responder
            if (device := int(side[half >> 1])) >= 0:
                where = Where(traffic.captures[capture].name, frame)
                given.setdefault((device, codes.find(code)[0]), where)
        for (device, kind), where in given.items():
            self.by.setdefault(device, []).append(Statement("gives", kind, by=where))


def find_habits(flows: Rows, devices: Devices, index: Index, turned: NDArray[np.bool_]) -> Habits:
    """Return what devices do of what the rules of an *index* ask for; of *turned* flows the initiator answers."""
    found = Habits()
    for device, flow, port in _served(flows, devices, sorted(index.wanted("serves"))):
        found.by.setdefault(device, []).append(Statement("serves", port, by=flow))
    for device, flow, called in _called(flows, devices, index.wanted("calls")):
        found.by.setdefault(device, []).append(Statement("calls", called, by=flow))
    reached = (devices.of_responder == EXTERNAL) & (flows["state"] == State.ESTABLISHED)
    for device, flow in _first_of(devices.of_initiator, reached) if index.wanted("reaches") else ():
        found.by.setdefault(device, []).append(Statement("reaches", "outside", by=flow))
    for device, flow, count in _tried(flows, devices) if index.wanted("tries") else ():
        found.by.setdefault(device, []).append(Statement("tries", "", count=count, by=flow))
    counted = {atom.key for atom in index.atoms if atom.sort == "speaks" and atom.least > 1}
    found.others.update(_others(flows, devices, counted, turned))
    return found


def _codes(labels: Iterable[str]) -> dict[int, str]:
    return {int(application): application.label for application in Application if application.label in set(labels)}


def _others(
    flows: Rows, devices: Devices, labels: Iterable[str], turned: NDArray[np.bool_]
) -> dict[tuple[int, str, str], int]:
    """Return with how many others each device speaks a protocol on one side of it."""
    codes = _codes(labels)
    rows = np.flatnonzero(
        np.isin(flows["application"], np.array(sorted(codes), np.int64))
        & ((flows["packets_in"] > 0) | ((flows["transport"] == TCP) & (flows["payload_out"] > 0)))
    )
    found: dict[tuple[int, str, str], int] = {}
    ends = [
        (of_side[rows], _address_words(flows[f"{other}_hi"][rows], flows[f"{other}_lo"][rows]))
        for of_side, other in ((devices.of_initiator, "responder"), (devices.of_responder, "initiator"))
    ]
    for side, usual, other_way in (("client", ends[0], ends[1]), ("server", ends[1], ends[0])):
        device = np.where(turned[rows], other_way[0], usual[0])
        words = np.where(turned[rows], other_way[1], usual[1])
        seen = np.flatnonzero(device >= 0)
        counts = _count_distinct(device[seen], flows["application"][rows[seen]].astype(np.int64), words[seen])
        found |= {(device, codes[code], side): count for (device, code), count in counts.items()}
    return found


def _count_distinct(
    device: NDArray[np.int32], code: NDArray[np.int64], other: NDArray[np.uint64]
) -> dict[tuple[int, int], int]:
    """Return of how many distinct *other* each device and code is seen with."""
    pair = (device.astype(np.int64) << 16 | code).astype(np.uint64)
    order = np.lexsort((other, pair))
    pair, other = pair[order], other[order]
    is_new = np.ones(len(pair), np.bool_)
    is_new[1:] = (pair[1:] != pair[:-1]) | (other[1:] != other[:-1])
    pairs, counts = np.unique(pair[is_new], return_counts=True)
    return {(key >> 16, key & 0xFFFF): count for key, count in zip(pairs.tolist(), counts.tolist(), strict=True)}


def _address_words(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return one word an address."""
    return hi * _MIX ^ lo


def _first_of(side: NDArray[np.int32], wanted: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return each device of a side with its first flow of those wanted."""
    rows = np.flatnonzero(wanted & (side >= 0))
    device, first = np.unique(side[rows], return_index=True)
    return list(zip(device.tolist(), rows[first].tolist(), strict=True))


def _served(flows: Rows, devices: Devices, ports: list[str]) -> list[tuple[int, int, str]]:
    codes = {TRANSPORTS[text[:3]] << 16 | int(text[4:]): text for text in ports}
    spelt = flows["transport"].astype(np.int64) << 16 | flows["responder_port"]
    answered = (devices.of_responder >= 0) & (flows["payload_in"] > 0)
    rows = np.flatnonzero(answered & np.isin(spelt, np.array(sorted(codes), np.int64)))
    pair, first = np.unique(devices.of_responder[rows].astype(np.int64) << 24 | spelt[rows], return_index=True)
    return [
        (code >> 24, row, codes[code & 0xFF_FFFF])
        for code, row in zip(pair.tolist(), rows[first].tolist(), strict=True)
    ]


def _called(flows: Rows, devices: Devices, labels: Iterable[str]) -> list[tuple[int, int, str]]:
    """Return who speaks to a broadcast or multicast address of IPv4 (RFC 919, RFC 5771)."""
    lo, codes, found = flows["responder_lo"], _codes(labels), list[tuple[int, int, str]]()
    is_group = ((lo & np.uint64(0xFF)) == 0xFF) | ((lo >> np.uint64(28) & np.uint64(0xF)) == 0xE)
    to_all = (devices.of_responder == NOBODY) & (flows["responder_hi"] == 0) & is_group
    for code, label in codes.items():
        calling = _first_of(devices.of_initiator, to_all & (flows["application"] == code))
        found += [(device, flow, label) for device, flow in calling]
    return found


def _tried(flows: Rows, devices: Devices) -> list[tuple[int, int, int]]:
    """Return who tried hosts and ports of the plant of which most gave no answer, with how many."""
    rows = np.flatnonzero(
        (flows["transport"] == TCP) & (devices.of_initiator >= 0) & (devices.of_responder != EXTERNAL)
    )
    failed = np.isin(flows["state"][rows], (State.UNANSWERED, State.REFUSED)) & (flows["payload_out"][rows] == 0)
    target = _address_words(flows["responder_hi"][rows], flows["responder_lo"][rows]) * _MIX
    target ^= flows["responder_port"][rows].astype(np.uint64)
    device = devices.of_initiator[rows]
    all_tried = _count_distinct(device, np.zeros(len(rows), np.int64), target)
    in_vain = _count_distinct(device[failed], np.zeros(int(failed.sum()), np.int64), target[failed])
    first = dict(_first_of(devices.of_initiator, flows["transport"] == TCP))
    return [
        (index, first[index], count)
        for (index, _), count in sorted(in_vain.items())
        if count >= MOSTLY * all_tried[index, 0]
    ]
