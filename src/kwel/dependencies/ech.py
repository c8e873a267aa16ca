"""ClientHellos that offer an encrypted one in, whether that is real or a decoy out, as far as the DNS tells.

RFC 9849: the hello that shows carries a public name (section 5), and a client without a server's keys sends the
extension with nothing in it (GREASE, section 6.2). RFC 9848: HTTPS records hand out the keys and the public name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.model.grouping import packed
from kwel.model.records.columns import Ech

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from kwel.model.names import Names
    from kwel.model.records.columns import Rows

UNDECIDED = (Ech.OFFERED, Ech.REAL, Ech.GREASE_LIKELY)
"""What is decided anew where more is known, such as the rules."""


def decide(hellos: Rows, flows: Rows, answers: Rows, names: Names, outer_names: Collection[str] = ()) -> Rows:
    """Return the hellos with what is known of ECH in them.

    1. Real: the name that shows is one that an HTTPS record gave as public name, or that a rule knows as such.
    2. Likely a decoy: the client looked that very name up, which nobody does with a name that only serves to hide.
    3. Otherwise it is not known.
    """
    rows = np.flatnonzero(np.isin(hellos["ech"], UNDECIDED))
    if not len(rows):
        return hellos
    name = hellos["name"][rows]
    known = [number for number in np.unique(name).tolist() if number and names[number] in outer_names]
    is_outer = (name > 0) & (np.isin(name, answers["outer"]) | np.isin(name, known))
    decided = hellos.copy()
    is_own = _were_looked_up(flows[hellos["flow"][rows]], name, answers)
    decided["ech"][rows] = np.where(is_outer, Ech.REAL, np.where(is_own, Ech.GREASE_LIKELY, Ech.OFFERED))
    return decided


def counts(hellos: Rows, flows: Rows, weights: NDArray) -> dict[str, int]:
    """Return the notes of the ledger; of those in ``ech-unnamed`` not even the DNS tells the service.

    *weights*: how many connections each flow stands for.
    """
    is_told = flows["answer"][hellos["flow"]] > 0
    kinds = {
        "ech-offered": hellos["ech"] == Ech.OFFERED,
        "ech-real": (hellos["ech"] == Ech.REAL) & is_told,
        "ech-unnamed": (hellos["ech"] == Ech.REAL) & ~is_told,
        "ech-grease-likely": hellos["ech"] == Ech.GREASE_LIKELY,
    }
    return {key: int(weights[hellos["flow"][rows]].sum()) for key, rows in kinds.items()}


def _were_looked_up(flows: Rows, name: NDArray, answers: Rows) -> NDArray:
    """Return for each flow whether its initiator asked the DNS for *name*."""
    word = packed(
        np.concatenate([flows["initiator_hi"], answers["client_hi"]]),
        np.concatenate([flows["initiator_lo"], answers["client_lo"]]),
        np.concatenate([name, answers["question"]]),
    )
    return (name > 0) & np.isin(word[: len(name)], word[len(name) :])
