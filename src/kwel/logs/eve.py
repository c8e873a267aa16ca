"""A log of Suricata in, what it tells gathered out: EVE, one JSON object a line, as releases 4 to 8 write it.

https://docs.suricata.io/en/latest/output/eve/eve-json-format.html. Alerts and statistics are passed over unread: what
kwel says of a plant does not rest on signatures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kwel.logs.cells import mac_of, moment_of
from kwel.logs.eve_events import SAYING, Event, host_of
from kwel.logs.eve_flows import MOST, MOST_BYTES, Flows, Halves
from kwel.logs.gathered import Holder, Times
from kwel.logs.services import ICMP, ICMPV6, application_of, transport_of
from kwel.logs.zeek import object_of
from kwel.model.records.columns import ClaimKind, address_halves

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.logs.gathered import Gathered
    from kwel.logs.lines import Block
    from kwel.logs.logs import Reading

PASSED_OVER: Final = (
    b'"event_type":"alert"',
    b'"event_type":"stats"',
    b'"event_type":"fileinfo"',
    b'"event_type":"anomaly"',
)
"""Lines that hold one of these are counted and not parsed: they are most of many logs."""
LOOKED_AT: Final = 512
"""Bytes of a line in which its type stands."""


def read_eve(blocks: Iterable[Block], gathered: Gathered, reading: Reading, most: int) -> None:
    """Take in a whole log.

    Args:
        blocks: its lines.
        gathered: where to.
        reading: told of lines that cannot be read.
        most: flows to keep.
    """
    reading.title = "eve"
    flows = Flows(gathered, reading.capture, most)
    halves = Halves(flows)
    for block in blocks:
        for row in range(len(block.starts) - 1):
            line = block.line(row)
            if not line.strip():
                continue
            head = line[:LOOKED_AT].replace(b" ", b"")
            if any(kind in head for kind in PASSED_OVER):
                reading.lines += 1
                continue
            one = object_of(line, block.first + row, reading)
            if one is not None:
                reading.lines += 1
                _read(one, block.first + row, flows, halves, reading)
    halves.close()
    flows.close()


def _read(one: dict[str, Any], line: int, flows: Flows, halves: Halves, reading: Reading) -> None:
    """Take in one event."""
    kind = one.get("event_type")
    if kind == "arp":
        _read_arp(one, line, flows.gathered, reading)
        return
    reader = SAYING.get(str(kind))
    if kind not in ("flow", "netflow") and reader is None and not application_of(str(kind)):
        return
    event = _event(one, line, reading)
    if event is None:
        reading.refuse(line, f"is an event {str(kind)[:40]!r} without time or addresses that can be read")
        return
    if kind == "flow":
        _read_flow(event, flows, reading)
    elif kind == "netflow":
        _read_half(event, halves, reading)
    elif reader is not None:
        reader(event, flows.gathered, reading)
    else:
        event.say(flows.gathered, reading, application=application_of(str(kind)))


def _event(one: dict[str, Any], line: int, reading: Reading) -> Event | None:
    moment = moment_of(str(one.get("timestamp")))
    try:
        source, target = address_halves(str(one.get("src_ip"))), address_halves(str(one.get("dest_ip")))
    except (OSError, ValueError):
        return None
    if moment is None or moment <= 0:
        return None
    transport = transport_of(str(one.get("proto", "")))
    transport = (ICMPV6 if ":" in str(one.get("src_ip")) else ICMP) if transport in (ICMP, ICMPV6) else transport
    ports = _number(one.get("src_port"), 0xFFFF), _number(one.get("dest_port"), 0xFFFF)
    reading.saw(moment, moment)
    ends = (*source, *target, *ports)
    flow = one.get("flow_id")
    key = hash(("eve", str(flow))) if flow is not None else hash(("eve", *min(ends, (*target, *source, *ports[::-1]))))
    return Event(one, line, moment, source, target, ports, transport, key)


def _read_flow(event: Event, flows: Flows, reading: Reading) -> None:
    told, tcp = event.part("flow"), event.part("tcp")
    first = _or(moment_of(str(told.get("start"))), event.time)
    last = _or(moment_of(str(told.get("end"))), max(first, event.time))
    if not 0 < first <= last:
        reading.refuse(event.line, "is a flow that ends before it begins")
        return
    reading.saw(first, last)
    flags = _flags(tcp.get("tcp_flags_ts")), _flags(tcp.get("tcp_flags_tc"))
    volume = (
        _number(told.get("bytes_toserver"), MOST_BYTES), _number(told.get("bytes_toclient"), MOST_BYTES),
        _number(told.get("pkts_toserver"), MOST), _number(told.get("pkts_toclient"), MOST),
    )  # fmt: skip
    flows.add(_row(event, first, last, volume, (flags[0] or 0, flags[1] or 0), flagged=flags[0] is not None), event.key)
    _ethernet(event, flows.gathered, reading, first, last)


def _row(
    event: Event, first: int, last: int, volume: tuple[int, ...], flags: tuple[int, int], *, flagged: bool
) -> tuple[int, ...]:
    """Return the values of ``eve_flows.COLUMNS``."""
    (hi, lo), (to_hi, to_lo) = event.source, event.target
    ports = event.ports if event.transport not in (ICMP, ICMPV6) else (0, 0)
    version = 4 if hi == 0 and lo >> 32 == 0xFFFF else 6
    tags = event.one.get("vlan")
    tags = [_number(tag, 4095) for tag in tags[:2]] if isinstance(tags, list) else []
    vlan = tags[0] << 16 | tags[1] if len(tags) == 2 else tags[0] if tags else 0
    spoken = application_of(str(event.one.get("app_proto", "")))
    of = *map(_signed, (hi, lo, to_hi, to_lo)), *ports, event.transport, version, vlan, first, last
    return (*of, *volume, *flags, spoken, event.line & MOST, int(flagged))


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _read_half(event: Event, halves: Halves, reading: Reading) -> None:
    """Take in one direction of a flow: netflow events come in pairs."""
    told = event.part("netflow")
    first = _or(moment_of(str(told.get("start"))), event.time)
    last = max(first, _or(moment_of(str(told.get("end"))), event.time))
    if first <= 0:
        reading.refuse(event.line, "is a flow without a beginning")
        return
    reading.saw(first, last)
    flags = _flags(event.part("tcp").get("tcp_flags"))
    volume = _number(told.get("bytes"), MOST_BYTES), 0, _number(told.get("pkts"), MOST), 0
    halves.add(_row(event, first, last, volume, (flags or 0, 0), flagged=flags is not None), event.key)


def _ethernet(event: Event, gathered: Gathered, reading: Reading, first: int, last: int) -> None:
    """Note which MACs sent packets of the two addresses."""
    ether = event.part("ether")
    for key, (hi, lo) in (("src_macs", event.source), ("dest_macs", event.target)):
        macs = ether.get(key)
        for text in macs[:4] if isinstance(macs, list) else ():
            if mac := mac_of(str(text)):
                gathered.hold(Holder(mac, hi, lo, 0, 0), Times(first, last, reading.capture, event.line))


def _read_arp(one: dict[str, Any], line: int, gathered: Gathered, reading: Reading) -> None:
    """Keep who says in ARP that an address is its own."""
    told, moment = one.get("arp"), moment_of(str(one.get("timestamp")))
    told = told if isinstance(told, dict) else {}
    mac, address = mac_of(str(told.get("src_mac"))), host_of(told.get("src_ip"))
    if moment is None or moment <= 0:
        reading.refuse(line, "is an event 'arp' without a time that can be read")
        return
    reading.saw(moment, moment)
    if mac and address:
        holder = Holder(mac, *address_halves(address), 0, int(ClaimKind.ARP))
        gathered.hold(holder, Times(moment, moment, reading.capture, line))


def _or(moment: int | None, other: int) -> int:
    return other if moment is None else moment


def _number(value: Any, most: int) -> int:
    """Return a whole number from 0 to *most*; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e18:
        return 0
    return min(int(value), most)


def _flags(value: Any) -> int | None:
    """Return TCP flags that are written in hexadecimal; ``None`` where there are none.

    >>> _flags("1b"), _flags(None), _flags("what")
    (27, None, None)
    """
    if not isinstance(value, str) or not 1 <= len(value) <= 2:
        return None
    try:
        return int(value, 16)
    except ValueError:
        return None
