"""Certificates that were shown in, which assets show the same one out: a cluster, an intermediary or a copy, never one.

A certificate with its key may be on many machines: behind a load balancer, in a firmware image, on an intermediary that
answers for others. So it makes no two assets one; that they show the same is told at each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.claims import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.assets.evidence import Witness
    from kwel.model.assets import Asset
    from kwel.model.traffic import Traffic

NAMED: Final = 3
"""Other assets that are named."""
DIGITS: Final = 16
"""Of the fingerprint that is shown."""


def same_certificates(
    traffic: Traffic,
    assets: Sequence[Asset],
    sides: tuple[NDArray[np.int32], NDArray[np.int32]],
    witness: Witness,
) -> dict[int, Evidence]:
    """Return, by index of an asset, a certificate that others show too. *sides*: who began each flow, who answered."""
    shown = traffic.shown
    flow = shown["flow"].astype(np.int64)
    who = np.where(shown["from_initiator"] == 1, sides[0][flow], sides[1][flow]).astype(np.int64)
    inside = np.flatnonzero(who >= 0)
    pairs = shown["certificate"][inside].astype(np.int64) << 32 | who[inside]
    pairs, first = np.unique(pairs, return_index=True)
    by: dict[int, list[tuple[int, int]]] = {}
    for pair, row in zip(pairs.tolist(), inside[first].tolist(), strict=True):
        by.setdefault(pair >> 32, []).append((pair & 0xFFFF_FFFF, row))
    found: dict[int, Evidence] = {}
    for number, owners in by.items():
        certificate = traffic.certificates[number]
        for asset, row in owners if len(owners) > 1 else ():
            others = [assets[other].label for other, _ in owners if other != asset]
            values = (
                ("name", certificate.subject or ", ".join(certificate.names[:1])),
                ("sha256", certificate.sha256[:DIGITS]),
                ("others", ", ".join(others[:NAMED]) + (" …" if len(others) > NAMED else "")),
            )
            where = witness.where(int(shown["capture"][row]), int(shown["frame"][row]))
            found.setdefault(asset, Evidence("observed", "same-certificate", values, where))
    return found
