"""UDP datagrams in, names, answers and marks out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.flowtable import set_initiator
from kwel.kernel.loads import u16, u32
from kwel.kernel.rows import Mark
from kwel.model.kinds import Application, RecordKind
from kwel.model.records.columns import Direction, NameSource
from kwel.protocols.dns import ANSWERS, MOST_ANSWERS, add_row, looks_like_message, read_message
from kwel.protocols.telling import snmp_tells
from kwel.streams.greetings import datagram_greeting, is_snmp, note_greeting
from kwel.streams.join import join_answers
from kwel.streams.questions import last_question, note_answer, note_question
from kwel.streams.redundancy import is_hot_standby, note_hot_standby
from kwel.streams.room import C_MALFORMED, C_NAMED, note_mark, note_row

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from kwel.streams.room import Tables

MAX_MARKS = 6
"""Payloads of one direction that go to a Python dissector."""
PORT_DNS, PORT_DHCP_SERVER, PORT_DHCP_CLIENT, PORT_NBNS, PORT_MDNS, PORT_LLMNR = 53, 67, 68, 137, 5353, 5355
PORT_KERBEROS, PORT_SNMP, PORT_TRAPS, PORT_SIP = 88, 161, 162, 5060
DHCP_COOKIE, DHCP_COOKIE_AT = 0x63825363, 236  # RFC 2131 section 3
BOOT_REQUEST, BOOT_REPLY, BOOTP_SHORTEST = 0x01010600, 0x02010600, 44
"""How messages begin that are about an Ethernet card; the last byte counts relays, of which there are few."""
M_DHCP, M_NBNS, M_SNMP = int(Mark.DHCP), int(Mark.NBNS), int(Mark.SNMP)
N_DNS, N_MDNS, N_LLMNR = int(NameSource.DNS), int(NameSource.MDNS), int(NameSource.LLMNR)
A_UNKNOWN, A_DNS, A_DHCP = int(Application.UNKNOWN), int(Application.DNS), int(Application.DHCP)
A_SNMP = int(Application.SNMP)
A_MDNS, A_LLMNR, A_NBNS = int(Application.MDNS), int(Application.LLMNR), int(Application.NBNS)
D_UNKNOWN, D_REQUEST = int(Direction.UNKNOWN), int(Direction.REQUEST)
K_CUT, K_NOTHING = int(RecordKind.CUT), int(RecordKind.NOTHING)
IS_CUT = 0x0200  # TC: the whole answer comes over TCP, RFC 1035 section 4.1.1


@helper
def read_dns(data: NDArray[np.uint8], at: int, end: int, source: int, packet: Any, t: Tables) -> bool:
    """Read one DNS message of a flow, note its question once and its answers; return whether it was one."""
    if not looks_like_message(data, at, end, source == N_MDNS):
        t.counters[C_MALFORMED] += 1
        return False
    run = t.runs[packet.flow]
    first = t.answers.counters[ANSWERS]
    shared = t.answers.rows[first]  # its columns serve all rows of the message
    shared.time, shared.flow, shared.frame, shared.capture = packet.time, packet.flow, packet.frame, packet.capture
    shared.client_hi, shared.client_lo = packet.destination_hi, packet.destination_lo
    question, kind, is_response = read_message(data, at, end, shared, t.answers, t.text, t.pool)
    if source == N_DNS:
        if run.direction == D_UNKNOWN:
            set_initiator(run, 1 - packet.side if is_response else packet.side, D_REQUEST)
        join_answers(t.answers.rows, first, t.answers.counters[ANSWERS], t.answers.index)
    is_bare = t.answers.counters[ANSWERS] == first and source == N_DNS and u16(data, at + 2) & IS_CUT == 0
    if is_response and question and (packet.cut or is_bare) and first < MOST_ANSWERS:
        add_row(shared, question, question, K_CUT if packet.cut else K_NOTHING, 0, t.answers)
    if question and source == N_DNS:
        note_asked(question, kind, u16(data, at), is_response, first, packet, t)
    elif question and run.asked != question:
        run.asked = question
        note_row(question, source, 0, 0 if is_response else 1, packet, t)
    return True


@helper
def note_asked(name: int, kind: int, message: int, is_response: bool, first: int, packet: Any, t: Tables) -> int:
    """Join a question and its answers, the rows from *first*; note the name if the flow asked for another before."""
    run = t.runs[packet.flow]
    last = last_question(packet, run, t)
    is_fresh = last == 0 or t.questions[last - 1].name != name
    if is_response:
        row = note_answer(last, name, kind, message, packet, run, t)
        for i in range(first, t.answers.counters[ANSWERS]):
            t.answers.rows[i].asked = row
    else:
        row = note_question(last, name, kind, message, packet, run, t)
    if is_fresh:
        note_row(name, N_DNS, 0, 0 if is_response else 1, packet, t)
        t.named[t.counters[C_NAMED] - 1].question = row
    return row


@helper
def is_named_port(packet: Any) -> bool:
    """Return whether `read_datagram` has a reader for a datagram with these ports."""
    low, high = min(packet.source_port, packet.destination_port), max(packet.source_port, packet.destination_port)
    if is_hot_standby(packet):
        return True
    if high > PORT_LLMNR and (low > PORT_LLMNR or PORT_TRAPS < low < PORT_SIP):
        return False  # like most
    return (
        low in (
            PORT_DNS, PORT_DHCP_SERVER, PORT_DHCP_CLIENT, PORT_NBNS, PORT_MDNS, PORT_LLMNR,
            PORT_KERBEROS, PORT_SNMP, PORT_TRAPS, PORT_SIP,
        )
        or high in (PORT_NBNS, PORT_MDNS, PORT_LLMNR, PORT_SIP)
    )  # fmt: skip


@helper
def is_bootp(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of DHCP begins, or of BOOTP (RFC 951), which it is made of, whole or cut."""
    if at + DHCP_COOKIE_AT + 4 <= end and u32(data, at + DHCP_COOKIE_AT) == DHCP_COOKIE:
        return True
    return at + BOOTP_SHORTEST <= end and u32(data, at) & 0xFFFFFFF0 in (BOOT_REQUEST, BOOT_REPLY)


@helper
def read_datagram(data: NDArray[np.uint8], packet: Any, t: Tables) -> int:
    """Read a UDP datagram that names something: DNS and its kin, DHCP, NBNS. Ports only choose the reader."""
    low, high = min(packet.source_port, packet.destination_port), max(packet.source_port, packet.destination_port)
    at, end = packet.payload, packet.end
    run = t.runs[packet.flow]
    source, application = 0, A_UNKNOWN
    if low == PORT_DNS:
        source, application = N_DNS, A_DNS
    elif PORT_MDNS in (low, high):
        source, application = N_MDNS, A_MDNS
    elif PORT_LLMNR in (low, high):
        source, application = N_LLMNR, A_LLMNR
    if source:
        if read_dns(data, at, end, source, packet, t):
            run.application = application
        return 0
    if is_hot_standby(packet):
        return note_hot_standby(data, packet, t)
    half = t.halves[2 * packet.flow + packet.side]
    if half.marked >= MAX_MARKS:
        return 0
    if PORT_DHCP_SERVER <= low <= PORT_DHCP_CLIENT:
        if is_bootp(data, at, end):
            run.application = A_DHCP
            # all clients without an address share one flow: every message counts
            note_mark(M_DHCP, at, end, packet, t)
    elif PORT_NBNS in (low, high):
        half.marked += 1
        run.application = A_NBNS
        note_mark(M_NBNS, at, end, packet, t)
    elif low in (PORT_SNMP, PORT_TRAPS):
        if is_snmp(data, at, end):
            run.application = A_SNMP
            if snmp_tells(data, at, end):
                half.marked += 1
                note_mark(M_SNMP, at, end, packet, t)
    else:
        mark = datagram_greeting(data, at, end)
        if mark:
            note_greeting(mark, at, end, packet, half, t)
    return 0
