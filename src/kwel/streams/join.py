"""DNS answers in, an index by client and address out; a new flow in, the answer that led to it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.hashing import MULTIPLIER, ROW, TAG, U0, U1, mix
from kwel.kernel.loads import expect
from kwel.model.records.columns import ANSWER

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.protocols.dns import Answers

MAX_STEPS = 16
"""Earlier answers tried when the newest one came after the flow."""


@helper
def hash_of(client_hi: Any, client_lo: Any, hi: Any, lo: Any, seed: Any) -> Any:
    """Return 64 well-mixed bits of a client and an address."""
    hashed = mix(mix(seed, client_lo, seed), lo, seed)
    return mix(mix(hashed, client_hi, seed), hi, seed) * MULTIPLIER


@helper
def find_answer(
    client_hi: Any, client_lo: Any, hi: Any, lo: Any, answers: Rows, index: NDArray[np.uint64]
) -> tuple[Any, Any, int]:
    """Return (slot, tag, 1 + row of the newest answer) that gave a client this address; row 0 is none."""
    mask = np.uint64(len(index) - 2)
    hashed = hash_of(client_hi, client_lo, hi, lo, index[len(index) - 1])
    slot, tag = hashed & mask, hashed & TAG
    while index[slot] != U0:
        if index[slot] & TAG == tag:
            row = np.int64((index[slot] & ROW) - U1)
            known = answers[row]
            if (
                known.address_lo == lo and known.client_lo == client_lo
                and known.address_hi == hi and known.client_hi == client_hi
            ):  # fmt: skip
                return slot, tag, row + 1
        slot = (slot + U1) & mask
    return slot, tag, 0


@helper
def join_answers(answers: Rows, first: int, stop: int, index: NDArray[np.uint64]) -> int:
    """Enter the answers from *first* to *stop* into the index."""
    for i in range(first, stop):
        answer = answers[i]
        if answer.address_lo == U0 and answer.address_hi == U0:
            continue
        slot, tag, known = find_answer(
            answer.client_hi, answer.client_lo, answer.address_hi, answer.address_lo, answers, index
        )
        answer.previous = known
        index[slot] = tag | (np.uint64(i) + U1)
    return 0


@helper
def answer_before(client_hi: Any, client_lo: Any, hi: Any, lo: Any, time: int, answers: Rows, index: Any) -> int:
    """Return 1 + the row of the last answer, not after *time*, that gave a client this address; 0 is none."""
    _, _, row = find_answer(client_hi, client_lo, hi, lo, answers, index)
    for _ in range(MAX_STEPS):
        if row == 0 or answers[row - 1].time <= time:
            return row
        row = np.int64(answers[row - 1].previous)
    return 0


@helper
def expect_look_up(packet: Any, index: NDArray[np.uint64]) -> int:
    """Let the slots come that `look_up_flow` begins at: they lie far apart, and each would be waited for."""
    seed, mask = index[len(index) - 1], np.uint64(len(index) - 2)
    a_hi, a_lo, b_hi, b_lo = packet.source_hi, packet.source_lo, packet.destination_hi, packet.destination_lo
    expect(index, hash_of(a_hi, a_lo, b_hi, b_lo, seed) & mask)
    return expect(index, hash_of(b_hi, b_lo, a_hi, a_lo, seed) & mask)


@helper
def look_up_flow(packet: Any, run: Any, answers: Answers) -> int:
    """Join a new flow to the DNS answer that led to it, in whichever direction it runs."""
    rows, index = answers.rows, answers.index
    row = answer_before(
        packet.source_hi,
        packet.source_lo,
        packet.destination_hi,
        packet.destination_lo,
        packet.time,
        rows,
        index,
    )
    if row == 0:
        row = answer_before(
            packet.destination_hi,
            packet.destination_lo,
            packet.source_hi,
            packet.source_lo,
            packet.time,
            rows,
            index,
        )
    run.answer = row
    return row


@kernel(ANSWER, int, np.uint64)
def index_answers(answers: Rows, count: int, index: NDArray[np.uint64]) -> int:
    """Enter *count* answers into an empty, larger index."""
    return join_answers(answers, 0, count, index)
