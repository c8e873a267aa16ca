"""Flows under way in, finished flows out: who began, and how far it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.duplicates import is_group
from kwel.kernel.flowtable import ACK, ERROR, INITIATOR, OPENER, RST, SYN, TCP, TIMED
from kwel.kernel.rows import RUN
from kwel.model.records.columns import FLOW, Direction, State

if TYPE_CHECKING:
    from typing import Any

    from kwel.model.records.columns import Rows

D_UNKNOWN, D_FIRST = int(Direction.UNKNOWN), int(Direction.FIRST)
ESTABLISHED, REFUSED = int(State.ESTABLISHED), int(State.REFUSED)
UNANSWERED, MIDSTREAM = int(State.UNANSWERED), int(State.MIDSTREAM)


@helper
def initiator_of(run: Any, a_port: int, b_port: int, transport: int) -> tuple[int, int]:
    """Return (0 for a or 1 for b, Direction): evidence first, then multicast, then the lower port."""
    if run.direction != D_UNKNOWN:
        return (1 if run.notes & INITIATOR else 0), run.direction
    if is_group(run.a_hi, run.a_lo):
        return 1, D_FIRST
    if is_group(run.b_hi, run.b_lo):
        return 0, D_FIRST
    opener = 1 if run.notes & OPENER else 0
    if a_port == b_port:
        return opener, (D_FIRST if transport != TCP else D_UNKNOWN)
    guess = 0 if a_port > b_port else 1
    if transport != TCP and guess == opener:
        return guess, D_FIRST
    return guess, D_UNKNOWN


@helper
def state_of(run: Any, tcp: bool, out: int) -> int:
    """Return the State of a flow; *out* is the side that began it."""
    back = 1 - out
    if not tcp:
        if run.packets[back]:
            return ESTABLISHED
        return REFUSED if run.notes & ERROR else UNANSWERED
    sent, came = run.flags[out], run.flags[back]
    if sent & SYN:
        if came & SYN:
            return ESTABLISHED
        if came & RST or run.notes & ERROR:
            return REFUSED
        if sent & ACK and run.packets[out] >= 2 and (run.payload[out] or not sent & RST):
            return ESTABLISHED  # only one direction was captured, but nobody acknowledges an unanswered SYN
        return UNANSWERED if run.packets[back] == 0 else MIDSTREAM
    if came & SYN:
        return ESTABLISHED
    return MIDSTREAM


@helper
def turn_round(flow: Any) -> int:
    """Swap the two ends of a flow."""
    flow.initiator_hi, flow.responder_hi = flow.responder_hi, flow.initiator_hi
    flow.initiator_lo, flow.responder_lo = flow.responder_lo, flow.initiator_lo
    flow.initiator_port, flow.responder_port = flow.responder_port, flow.initiator_port
    flow.bytes_out, flow.bytes_in = flow.bytes_in, flow.bytes_out
    flow.packets_out, flow.packets_in = flow.packets_in, flow.packets_out
    flow.payload_out, flow.payload_in = flow.payload_in, flow.payload_out
    flow.flags_out, flow.flags_in = flow.flags_in, flow.flags_out
    return 0


@kernel(RUN, FLOW, int)
def finish(runs: Rows, flows: Rows, count: int) -> int:
    """Turn *count* flows round, in place, so that the initiator comes first. *flows* is the same memory as *runs*."""
    for row in range(count):
        run, flow = runs[row], flows[row]
        tcp = flow.transport == TCP
        side, direction = initiator_of(
            run, np.int64(flow.initiator_port), np.int64(flow.responder_port), np.int64(flow.transport)
        )
        state, opener = state_of(run, tcp, side), run.notes & OPENER
        if not run.notes & TIMED:
            flow.rtt_us = 0
        if side:
            turn_round(flow)
        if side != (1 if opener else 0):
            flow.hops = 0
        flow.state, flow.direction = state, direction
    return count
