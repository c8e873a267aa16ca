"""What a probe tells of a conversation in, how far it came and how it is known who began it out.

The same answers as the kernel's own (``kernel.outcome``), as far as flags and counts tell. Where a probe tells no TCP
flags, payload both ways shows that the connection was made; nothing else does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.records.columns import Direction, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

FIN, SYN, RST, ACK = 1, 2, 4, 16
TCP: Final = 6
BARE: Final = 60
"""Bytes of an IP packet that bears a TCP header with options and nothing else; on average, that is."""


def settle(rows: Rows, told: NDArray[np.bool_]) -> None:
    """Fill ``state`` and ``direction`` of *rows* by their flags and counts.

    Args:
        rows: of ``columns.FLOW``, the initiator as the probe tells it.
        told: of which the TCP flags are known.
    """
    tcp = rows["transport"] == TCP
    sent, came = rows["flags_out"], rows["flags_in"]
    opened = tcp & told
    answered = rows["packets_in"] > 0
    state = np.where(answered, int(State.ESTABLISHED), int(State.UNANSWERED))
    bearing = (rows["bytes_out"] > BARE * rows["packets_out"].astype(np.uint64)) | (
        rows["bytes_in"] > BARE * rows["packets_in"].astype(np.uint64)
    )
    state[tcp & ~told] = np.where(bearing, int(State.MIDSTREAM), int(State.UNANSWERED))[tcp & ~told]
    syn_sent, syn_came = (sent & SYN) > 0, (came & SYN) > 0
    acked = syn_sent & ((sent & ACK) > 0) & (rows["packets_out"] > 1) & (((sent & RST) == 0) | bearing)
    of_flags = np.select(
        [syn_came, syn_sent & ((came & RST) > 0), acked, syn_sent & ~answered, syn_sent],
        [State.ESTABLISHED, State.REFUSED, State.ESTABLISHED, State.UNANSWERED, State.MIDSTREAM],
        State.MIDSTREAM,
    )
    rows["state"] = np.where(opened, of_flags, state)
    shown = opened & (syn_sent | syn_came)
    rows["direction"] = np.select([shown, ~tcp], [Direction.HANDSHAKE, Direction.FIRST], Direction.UNKNOWN)
