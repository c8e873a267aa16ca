"""Certificates kept in, what they say out; and names for the flows that have none but a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.hashing import new_index
from kwel.kernel.namepool import ARENA, NAMES, Pool
from kwel.model.records.columns import NAME, NameSource
from kwel.model.traffic import Certificate
from kwel.streams.flights import MOST_BYTES, MOST_CERTIFICATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kwel.model.records.columns import Rows


def new_store() -> Pool:
    """Return room for every distinct certificate. The system gives memory only to what is written."""
    return Pool(
        np.zeros(MOST_BYTES, np.uint8),
        np.zeros(MOST_CERTIFICATES, np.int64),
        np.zeros(MOST_CERTIFICATES, np.int64),
        new_index(4 * MOST_CERTIFICATES),
        np.zeros(3, np.int64),
    )


@dataclass(frozen=True, slots=True)
class Read:
    """The certificates of one analysis."""

    certificates: tuple[Certificate, ...]
    shown: Rows
    malformed: int


def read_all(store: Pool, shown: Rows) -> Read:
    """Return what the certificates say, and where those that can be read were shown."""
    if not store.counters[NAMES]:
        return Read((), shown, 0)
    from kwel.protocols.certificates import read_certificate
    from kwel.protocols.wire import WireError

    raw = store.arena[: store.counters[ARENA]].tobytes()
    read, place = list[Certificate](), np.full(int(store.counters[NAMES]), -1, np.int64)
    for number in range(len(place)):
        start = int(store.starts[number])
        try:
            certificate = read_certificate(raw[start : start + int(store.lengths[number])])
        except WireError:
            continue
        place[number] = len(read)
        read.append(certificate)
    rows = shown[place[shown["certificate"]] >= 0].copy() if len(shown) else shown
    rows["certificate"] = place[rows["certificate"]]
    return Read(tuple(read), rows, len(place) - len(read))


def name_flows(
    flows: Rows, named: Rows, certificates: Sequence[Certificate], shown: Rows, number_of: Callable[[bytes], int]
) -> Rows:
    """Return the names seen with those of server certificates among them, and let flows without a name bear one.

    A name that the client asked for, in its hello or in the DNS, says more: a certificate may be for many hosts.
    """
    if not certificates:
        return named
    from kwel.protocols.certificates import server_name

    numbers = np.array([number_of((server_name(one) or "").encode()) for one in certificates], np.int64)
    servers = shown[shown["from_initiator"] == 0]
    servers = servers[numbers[servers["certificate"]] > 0] if len(servers) else servers
    if not len(servers):
        return named
    _, first = np.unique(servers["flow"], return_index=True)
    servers = servers[np.sort(first)]
    flow, name = servers["flow"].astype(np.int64), numbers[servers["certificate"]]
    bare = flows["name"][flow] == 0
    flows["name"][flow[bare]], flows["name_frame"][flow[bare]] = name[bare], servers["frame"][bare]
    flows["name_source"][flow[bare]] = NameSource.TLS_CERTIFICATE
    more = np.zeros(len(servers), NAME)
    for key in ("time", "flow", "frame", "capture"):
        more[key] = servers[key]
    more["name"], more["source"] = name, NameSource.TLS_CERTIFICATE
    return np.concatenate([named, more])


def in_order(named: Rows) -> Rows:
    """Return the names seen by capture and frame: those that other readers than the kernel's found come late."""
    place = named["capture"].astype(np.int64) << 32 | named["frame"]
    if bool((place[1:] >= place[:-1]).all()):
        return named
    words = named.view(np.int64).reshape(len(named), -1)  # whole rows are copied faster than records field by field
    return words[np.argsort(place, kind="stable")].reshape(-1).view(NAME)
