"""Builds the contacts with the outside: one for each dependency, initiator and service."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.model.dependencies import Begun, DependencyState
from kwel.policy.contacts import OUTBOUND, OUTSIDE, OWN, Names, Part
from kwel.policy.values import direction_of, keyed, service_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kwel.policy.contacts import Values
    from kwel.policy.values import AssetFacts, HostFacts

Service = tuple[str | None, str, int | None]
"""Protocol by content, transport, port."""


class DependencyRows(NamedTuple):
    """Dependencies: of equal length are asset, end and host; and dependency, begun, used and services."""

    asset: NDArray
    """By dependency: index into the assets."""
    end: NDArray
    """Index into ``ends``."""
    ends: Sequence[HostFacts]
    host: NDArray
    """Index into ``hosts``."""
    hosts: Sequence[tuple[str, ...]]
    """Name and address."""
    only: NDArray
    """Dependencies without a way: looked up and never contacted."""
    state: Sequence[str]
    """Of each of those."""
    dependency: NDArray
    """By way."""
    begun: NDArray
    used: NDArray
    services: Sequence[Service]
    frames: Callable[[int, int], tuple[str, ...]]
    """Returns the frames of a dependency and of one of its ways; -1: of none."""


def dependency_part(of: DependencyRows, assets: Sequence[AssetFacts], *, count: bool) -> Part:
    """Return the contacts of dependencies, in their order."""
    none = len(of.only)
    dependency = np.concatenate([of.dependency, of.only]).astype(np.int64)
    way = np.concatenate([np.arange(len(of.dependency)), np.full(none, -1)])
    order = np.argsort(dependency, kind="stable")
    dependency, way = dependency[order], way[order]
    asset, end, host = of.asset[dependency], of.end[dependency], of.host[dependency]
    own = keyed((each.values(count=count) for each in assets), OWN)
    outside = keyed((each.values() for each in of.ends), [key for key in OUTSIDE if key != "hosts"])
    passes, by_way = _distinct(of.services)
    at = np.append(by_way, len(passes))[way]
    columns: dict[str, tuple[Sequence[Values], NDArray]] = {
        **{key: (values, asset) for key, values in own.items()},
        **{key: (values, end) for key, values in outside.items()},
        "hosts": ([(Names(names),) if names else () for names in of.hosts], host),
        "protocols": ([*(values for values, _ in passes), ()], at),
        "ports": ([*(values for _, values in passes), ()], at),
        "direction": ([*(direction_of(begun) for begun in Begun), (OUTBOUND,)], np.append(of.begun, len(Begun))[way]),
        "states": _states(of, order, way),
    }

    def subject(row: int) -> tuple[str, str, str, str]:
        who, to = assets[int(asset[row])], of.ends[int(end[row])]
        names = of.hosts[int(host[row])]
        service = spelt(*of.services[int(way[row])]) if way[row] >= 0 else "dns"
        return who.id, who.label, names[0] if names else "", ", ".join(filter(None, (to.service, service)))

    def evidence(row: int) -> tuple[str, ...]:
        return of.frames(int(dependency[row]), int(way[row]))

    return Part(len(dependency), columns, is_command=False, subject=subject, evidence=evidence)


def _states(of: DependencyRows, order: NDArray, way: NDArray) -> tuple[list[Values], NDArray]:
    words = [(state.value,) for state in DependencyState]
    index = {state.value: number for number, state in enumerate(DependencyState)}
    used, tried = index[DependencyState.USED], index[DependencyState.ATTEMPTED]
    of_way = np.where(of.used, used, tried)
    codes = np.concatenate([of_way, np.array([index[state] for state in of.state], np.int64)])
    return [*words], codes[order].astype(np.int64)


def _distinct(services: Sequence[Service]) -> tuple[list[tuple[Values, Values]], NDArray]:
    """Return what is said of each distinct service, and which of them each way has."""
    numbers: dict[Service, int] = {}
    codes = np.array([numbers.setdefault(of, len(numbers)) for of in services], np.int64)
    return [service_values(*of) for of in numbers], codes


def spelt(protocol: str | None, transport: str, port: int | None) -> str:
    """Return a service for a reader.

    >>> spelt("tls", "tcp", 443), spelt(None, "icmp", None)
    ('tls tcp/443', 'icmp')
    """
    at = f"{transport}/{port}" if port else transport
    return f"{protocol} {at}" if protocol else at
