"""Flows and the devices on their sides in, what each device was seen doing out.

Vectorised: nothing here loops over flows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.assets.rules import CONNECT
from kwel.model.fast_dataclass import quick
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, NameSource

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from kwel.assets.devices import Devices
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

CONNECT_CODE: Final = max(Application) + 1
LABELS: Final = {**{int(a): a.label for a in Application if a}, CONNECT_CODE: CONNECT}
CODES: Final = 2 * (CONNECT_CODE + 1)
"""A protocol and a side of it, as one number."""
SIDES: Final = ("client", "server")
NEVER: Final = np.iinfo(np.int64).max
TCP: Final = 6
MOST_NAMES: Final = 16
"""Wanted names that are kept of one device."""


@quick
@dataclass(frozen=True, slots=True)
class Spoken:
    """A device speaks a protocol on one side of it."""

    application: str
    side: str
    flow: int
    is_certain: bool
    """Whether it is known who began the conversation."""
    lan: int = -1
    """Of a protocol without IP: the row of ``Traffic.lan``; there is no flow then."""
    is_turned: bool = False
    """Whether the initiator of the flow is who answers."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What devices were seen doing, by index of the device."""

    first: list[int]
    """Nanoseconds since the epoch; NEVER where a device has no flow."""
    last: list[int]
    first_flow: list[int]
    """Index of a flow; -1 where a device has none."""
    spoken: dict[int, list[Spoken]] = field(default_factory=dict)
    served: dict[tuple[int, str], dict[int, int]] = field(default_factory=dict)
    """By server and protocol: its clients, each with the first flow."""
    asked: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    """By client: flows and their names, of those that were looked for."""

    def flows(self) -> set[int]:
        """Return every flow that is mentioned."""
        mentioned = {flow for flow in self.first_flow if flow >= 0}
        mentioned.update(said.flow for spoken in self.spoken.values() for said in spoken if said.flow >= 0)
        mentioned.update(flow for clients in self.served.values() for flow in clients.values())
        mentioned.update(flow for asked in self.asked.values() for flow, _ in asked)
        return mentioned


def watch(
    traffic: Traffic,
    devices: Devices,
    shared: Collection[str],
    is_wanted: Callable[[str], bool],
    turned: NDArray[np.bool_] | None = None,
) -> Activity:
    """Return what devices were seen doing.

    Args:
        traffic: what was on the wire.
        devices: who is on the sides of its flows.
        shared: protocols whose clients matter.
        is_wanted: says of a name whether asking for it says something about a device.
        turned: flows whose sides are the other way round.
    """
    flows, count = traffic.flows, len(devices.devices)
    sides = (devices.of_initiator, devices.of_responder)
    first, last = np.full(count, NEVER, np.int64), np.zeros(count, np.int64)
    first_flow = np.full(count, -1, np.int64)
    for side in reversed(sides):
        rows = np.flatnonzero(side >= 0)
        np.minimum.at(first, side[rows], flows["first"][rows])
        np.maximum.at(last, side[rows], flows["last"][rows])
        first_flow[side[rows][::-1]] = rows[::-1]
    conversations = _conversations(traffic, devices, turned)
    return Activity(
        first.tolist(),
        last.tolist(),
        first_flow.tolist(),
        _spoken(conversations, flows, count),
        _served(conversations, shared),
        _asked(traffic, devices, is_wanted),
    )


@dataclass(frozen=True, slots=True)
class _Conversations:
    """Flows with a recognised protocol, and proxied requests, as columns."""

    flow: NDArray[np.int64]
    application: NDArray[np.int64]
    client: NDArray[np.int32]
    server: NDArray[np.int32]
    """Devices; the server is negative where nothing shows that it answered."""
    turned: NDArray[np.bool_]


def _conversations(traffic: Traffic, devices: Devices, turned: NDArray[np.bool_] | None = None) -> _Conversations:
    flows, named = traffic.flows, traffic.named
    known = np.flatnonzero(flows["application"] > 0)
    connects = named["flow"][named["source"] == NameSource.HTTP_CONNECT].astype(np.int64)
    flow = np.concatenate([known, connects])
    application = np.concatenate(
        [flows["application"][known].astype(np.int64), np.full(len(connects), CONNECT_CODE, np.int64)]
    )
    asked = (flows["transport"][flow] == TCP) & (flows["payload_out"][flow] > 0)
    answered = (flows["packets_in"][flow] > 0) | asked
    server = np.where(answered, devices.of_responder[flow], -1).astype(np.int32)
    client = devices.of_initiator[flow]
    is_turned = np.zeros(len(flow), np.bool_) if turned is None else turned[flow]
    asking, answering = np.where(is_turned, server, client), np.where(is_turned, client, server)
    return _Conversations(flow, application, asking.astype(np.int32), answering.astype(np.int32), is_turned)


def _spoken(conversations: _Conversations, flows: Rows, count: int) -> dict[int, list[Spoken]]:
    """Return what each device speaks, each with the first flow that shows it, rather one with a known direction."""
    shown_by = np.full(count * CODES, -1, np.int64)
    certain = flows["direction"][conversations.flow] != Direction.UNKNOWN
    for wanted in (~certain, certain):
        for side, device in enumerate((conversations.client, conversations.server)):
            rows = np.flatnonzero(wanted & (device >= 0))[::-1]  # of equal codes, the last written stays
            code = device[rows].astype(np.int64) * CODES + conversations.application[rows] * 2 + side
            shown_by[code] = conversations.flow[rows]
    turned = set(conversations.flow[conversations.turned].tolist())
    spoken: dict[int, list[Spoken]] = {}
    for number in np.flatnonzero(shown_by >= 0).tolist():
        index, rest = divmod(number, CODES)
        flow = int(shown_by[number])
        is_certain = int(flows["direction"][flow]) != Direction.UNKNOWN
        spoken.setdefault(index, []).append(
            Spoken(LABELS[rest // 2], SIDES[rest % 2], flow, is_certain, is_turned=flow in turned)
        )
    return spoken


def _served(conversations: _Conversations, shared: Collection[str]) -> dict[tuple[int, str], dict[int, int]]:
    codes = [code for code, label in LABELS.items() if label in shared]
    rows = np.flatnonzero(
        np.isin(conversations.application, codes) & (conversations.client >= 0) & (conversations.server >= 0)
    )
    pair = conversations.server[rows].astype(np.int64) << 32 | conversations.client[rows]
    pair = pair * (CONNECT_CODE + 1) + conversations.application[rows]
    distinct, first = np.unique(pair, return_index=True)
    served: dict[tuple[int, str], dict[int, int]] = {}
    for code, row in zip(distinct.tolist(), rows[first].tolist(), strict=True):
        devices, application = divmod(code, CONNECT_CODE + 1)
        clients = served.setdefault((devices >> 32, LABELS[application]), {})
        clients[devices & 0xFFFF_FFFF] = int(conversations.flow[row])
    return served


def _asked(traffic: Traffic, devices: Devices, is_wanted: Callable[[str], bool]) -> dict[int, list[tuple[int, str]]]:
    """Return, by device, the first flow on which it asked for each wanted name."""
    names = traffic.flows["name"]
    rows = np.flatnonzero((names > 0) & (devices.of_initiator >= 0))
    wanted = {index for index in np.unique(names[rows]).tolist() if is_wanted(traffic.names[index])}
    rows = rows[np.isin(names[rows], np.array(sorted(wanted), names.dtype))]
    pair = devices.of_initiator[rows].astype(np.int64) << 32 | names[rows]
    asked: dict[int, list[tuple[int, str]]] = {}
    for row in np.sort(rows[np.unique(pair, return_index=True)[1]]).tolist():
        of_device = asked.setdefault(int(devices.of_initiator[row]), [])
        if len(of_device) < MOST_NAMES:
            of_device.append((row, traffic.names[int(names[row])]))
    return asked
