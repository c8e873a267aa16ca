"""Lines of Zeek's conn.log in, flows out: who began, how far it came, how much passed, by which MAC addresses.

https://docs.zeek.org/en/current/scripts/base/protocols/conn/main.zeek.html has ``conn_state`` and ``history``. Volumes
are those of IP packets (``orig_ip_bytes``): the log does not know link headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kwel.logs.cells import addresses, by_value, counts, mac_of, ports, spans, times
from kwel.logs.gathered import SAID, Gathered, Holder, Times
from kwel.logs.outcomes import ACK, FIN, RST, SYN, TCP
from kwel.logs.services import ICMP, ICMPV6, application_of, transport_of
from kwel.model.records.columns import FLOW, Direction, State, is_ipv4

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.logs.logs import Piece, Reading
    from kwel.model.records.columns import Rows

ENDS: Final = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
FIELDS: Final = frozenset(
    {
        "ts", "uid", *ENDS, "proto", "service", "duration", "orig_bytes", "resp_bytes", "conn_state", "missed_bytes",
        "history", "orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes", "orig_l2_addr", "resp_l2_addr",
        "vlan", "inner_vlan", "ip_proto",
    }
)  # fmt: skip
MOST_PAYLOAD: Final = 0xFFFF_FFFF
STATES: Final = {
    "S0": State.UNANSWERED, "S1": State.ESTABLISHED, "S2": State.ESTABLISHED, "S3": State.ESTABLISHED,
    "SF": State.ESTABLISHED, "REJ": State.REFUSED, "RSTO": State.ESTABLISHED, "RSTR": State.ESTABLISHED,
    "RSTOS0": State.UNANSWERED, "RSTRH": State.ESTABLISHED, "SH": State.UNANSWERED, "SHR": State.ESTABLISHED,
    "OTH": State.MIDSTREAM,
}  # fmt: skip
"""Of TCP. ``SH`` and ``RSTOS0`` are attempts, unless the initiator went on to acknowledge: then one way was missed."""
LETTERS: Final = {"s": SYN, "h": SYN | ACK, "a": ACK, "d": ACK, "f": FIN, "r": RST}


def flags_of(history: str) -> tuple[int, int]:
    """Return the union of the TCP flags that initiator and responder sent, as ``history`` tells them.

    >>> flags_of("ShADadFf")
    (19, 19)
    """
    out = back = 0
    for letter in history:
        flag = LETTERS.get(letter.lower(), 0)
        if letter.isupper():
            out |= flag
        else:
            back |= flag
    return out, back


def read_conn(piece: Piece, gathered: Gathered, reading: Reading, most: int) -> None:
    """Take in the flows of some lines of conn.log."""
    rows, sound = _flows(piece, reading.capture)
    for row in np.flatnonzero(~sound).tolist():
        reading.refuse(int(piece.lines[row]), "has no time, or no address, that can be read")
    if not sound.any():
        return
    rows = rows[sound]
    reading.saw(int(rows["first"].min()), int(rows["last"].max()))
    missed = counts(piece.column("missed_bytes"))[sound]
    reading.note("log-bytes-missed", int(np.minimum(missed[missed > 0], MOST_PAYLOAD).sum()))
    gathered.add_flows(rows, keys_of(piece)[sound], most)
    for side, end in (("orig_l2_addr", "initiator"), ("resp_l2_addr", "responder")):
        if side in piece.columns:
            _senders(piece.values(side), np.flatnonzero(sound), rows, end, gathered)


def _flows(piece: Piece, capture: int) -> tuple[Rows, NDArray[np.bool_]]:
    """Return a row for each line, and which of them are flows at all."""
    rows = np.zeros(len(piece), FLOW)
    sound = fill_ends(piece, rows)
    rows["first"], timed = times(piece.column("ts"))
    rows["last"] = rows["first"] + spans(piece.column("duration"))
    rows["version"] = np.where((rows["initiator_hi"] == 0) & (rows["initiator_lo"] >> np.uint64(32) == 0xFFFF), 4, 6)
    number = counts(piece.column("ip_proto"))
    rows["transport"] = np.where((rows["transport"] == 0) & (number > 0) & (number < 256), number, rows["transport"])
    icmp = np.isin(rows["transport"], (ICMP, ICMPV6))
    rows["transport"][icmp] = np.where(rows["version"] == 4, ICMP, ICMPV6)[icmp]
    rows["initiator_port"][icmp] = rows["responder_port"][icmp] = 0  # type and code stand there
    for way, side in (("out", "orig"), ("in", "resp")):
        payload, on_wire = counts(piece.column(f"{side}_bytes")), counts(piece.column(f"{side}_ip_bytes"))
        packets = counts(piece.column(f"{side}_pkts"))
        rows[f"payload_{way}"] = np.clip(payload, 0, MOST_PAYLOAD)
        rows[f"bytes_{way}"] = np.maximum(np.where(on_wire < 0, payload, on_wire), 0)
        rows[f"packets_{way}"] = np.clip(packets, 0, MOST_PAYLOAD)
    outer, inner = counts(piece.column("vlan")), counts(piece.column("inner_vlan"))
    tagged, twice = (outer > 0) & (outer < 4096), (inner > 0) & (inner < 4096)
    rows["vlan"] = np.where(tagged & twice, outer << 16 | inner, np.where(tagged, outer, 0))
    rows["application"] = by_value(piece.column("service"), application_of, 0, np.uint8)
    rows["first_frame"], rows["capture"] = piece.lines, capture
    _conclude(piece, rows)
    return rows, sound & timed


def _conclude(piece: Piece, rows: Rows) -> None:
    """Fill how far each flow came, and how it is known who began it."""
    flags = by_value(piece.column("history"), flags_of, (0, 0), [("out", np.uint8), ("in", np.uint8)])
    tcp, opened = rows["transport"] == TCP, (flags["out"] | flags["in"]) & SYN > 0
    rows["flags_out"][tcp], rows["flags_in"][tcp] = flags["out"][tcp], flags["in"][tcp]
    told = by_value(piece.column("conn_state"), lambda text: int(STATES.get(text, 0)), 0, np.uint8)
    acked = (flags["out"] & (SYN | ACK) == SYN | ACK) & (flags["out"] & RST == 0) & (rows["packets_out"] > 1)
    told = np.where(tcp & (told == State.UNANSWERED) & acked, int(State.ESTABLISHED), told)
    answered = (rows["packets_in"] > 0) | ((rows["packets_out"] == 0) & (told == State.ESTABLISHED))
    other = np.where(answered, int(State.ESTABLISHED), int(State.UNANSWERED))
    rows["state"] = np.where(tcp, np.where(told > 0, told, int(State.MIDSTREAM)), other)
    rows["direction"] = np.select(
        [tcp & opened, rows["application"] > 0, ~tcp],
        [Direction.HANDSHAKE, Direction.REQUEST, Direction.FIRST],
        Direction.UNKNOWN,
    )


def fill_ends(piece: Piece, rows: Rows) -> NDArray[np.bool_]:
    """Fill addresses, ports and the transport of rows that have them; return which lines have both addresses."""
    sound = np.ones(len(piece), bool)
    for end, side in (("initiator", "orig"), ("responder", "resp")):
        rows[f"{end}_hi"], rows[f"{end}_lo"], known = addresses(piece.column(f"id.{side}_h"))
        rows[f"{end}_port"] = ports(piece.column(f"id.{side}_p"))
        sound &= known
    rows["transport"] = by_value(piece.column("proto"), transport_of, 0, np.uint8)
    return sound


def keys_of(piece: Piece, namespace: str = "zeek") -> NDArray[np.uint64]:
    """Return what joins each line to others: a keyed hash of its ``uid``, else of where it stands or its ends."""
    found = [hash((namespace, uid)) if uid else 0 for uid in piece.values("uid")]
    if 0 in found:
        for row, ends in enumerate(zip(*(piece.values(end) for end in ENDS), strict=True)):
            found[row] = found[row] or hash((namespace, ends))
    return np.array(found, np.int64).view(np.uint64)


def said_of(piece: Piece, reading: Reading, **same: Any) -> tuple[Rows, NDArray[np.bool_]]:
    """Return a row of ``SAID`` for each line of a log about flows, and which of them can be read.

    Args:
        piece: the lines.
        reading: told of lines that cannot be read.
        same: fields with the same value in all rows; columns of them are taken as well.
    """
    rows = np.zeros(len(piece), SAID)
    sound = fill_ends(piece, rows)
    rows["time"], timed = times(piece.column("ts"))
    rows["key"], rows["frame"], rows["capture"] = keys_of(piece), piece.lines, reading.capture
    rows["from_initiator"] = 1
    for name, value in same.items():
        rows[name] = value
    sound &= timed
    for row in np.flatnonzero(~sound).tolist():
        reading.refuse(int(piece.lines[row]), "has no time, or no address, that can be read")
    if sound.any():
        reading.saw(int(rows["time"][sound].min()), int(rows["time"][sound].max()))
    return rows, sound


def _senders(macs: list[str | None], lines: NDArray[np.int64], rows: Rows, end: str, gathered: Gathered) -> None:
    """Note which MAC sent packets of which address: its own, or one of those behind it."""
    fields = (rows[f"{end}_hi"], rows[f"{end}_lo"], rows["vlan"], rows["first"], rows["last"], rows["first_frame"])
    columns = zip(*(column.tolist() for column in fields), strict=True)
    capture = int(rows["capture"][0])
    numbers: dict[str | None, int] = {}
    for row, (hi, lo, vlan, first, last, line) in zip(lines.tolist(), columns, strict=True):
        text = macs[row]
        mac = numbers.get(text, -1)
        if mac < 0:
            mac = numbers[text] = mac_of(text)
        if mac and (hi or is_ipv4(hi, lo)):
            gathered.hold(Holder(mac, hi, lo, vlan, 0), Times(first, last, capture, line))
