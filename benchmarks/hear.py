"""A way to listen and an interface in, what was received and what was lost out: the receivers in Python.

    python -m benchmarks.hear WAY INTERFACE

Says ``ready``, listens until a line comes on standard input, takes what is still waiting, and prints JSON.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SOL_PACKET, PACKET_STATISTICS, PACKET_IGNORE_OUTGOING, SO_RCVBUFFORCE = 263, 6, 23, 33
ETH_P_ALL = 3
BUFFER = 64 << 20
"""Bytes that each may let wait, where it has a say: as many as the ring has."""
FLOWS = 1 << 21

ended = threading.Event()
"""Set by the line on standard input."""


def _until_told() -> None:
    sys.stdin.readline()
    ended.set()


def _ready() -> None:
    threading.Thread(target=_until_told, daemon=True).start()
    print("ready", flush=True)


def ring(interface: str, *, hear: bool, discovery: bool = True) -> dict[str, int]:
    """Listen by kwel's ring; *hear*: with names and flows, else only count."""
    from kwel.analysis.analyser import Analyser
    from kwel.capture.ring import Ring

    live = Ring(interface, patience=0.2)
    analyser = Analyser(FLOWS, discovery=discovery)
    analyser.begin("live")
    live.start()
    _ready()
    for batch in live.batches():
        if batch is None:
            if ended.is_set():
                break
        elif hear:
            analyser.process(batch)
    losses = live.losses()
    live.close()
    found = {"received": losses.frames, "dropped": losses.dropped, "missed": losses.missed or 0}
    if hear:
        traffic = analyser.finish(())
        found |= {"flows": len(traffic.flows), "named": len(traffic.named)}
    return found


def portable(interface: str) -> dict[str, int]:
    """Listen by kwel's fallback, with names and flows."""
    from kwel.analysis.analyser import Analyser
    from kwel.capture.portable import Portable

    live = Portable(interface, patience=0.2)
    analyser = Analyser(FLOWS)
    analyser.begin("live")
    live.start()
    _ready()
    for batch in live.batches():
        if batch is not None:
            analyser.process(batch)
        elif ended.is_set():
            break
    losses = live.losses()
    return {"received": losses.frames, "dropped": losses.dropped, "missed": losses.missed or 0}


def loop(interface: str, *, flows: bool = False) -> dict[str, int]:
    """Listen by one call of recv a frame, and count; *flows*: IPv4 packets and bytes by addresses and ports."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packets:
        packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        packets.bind((interface, ETH_P_ALL))
        packets.settimeout(0.2)
        buffer, count = bytearray(1 << 16), 0
        table: dict[tuple[int, ...], list[int]] = {}
        _ready()
        while True:
            try:
                size = packets.recv_into(buffer)
                count += 1
                if flows:
                    _count_flow(buffer, size, table)
            except TimeoutError:
                if ended.is_set():
                    break
        dropped = struct.unpack("=2I", packets.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
    return {"received": count, "dropped": dropped, "missed": 0}


IPV4 = struct.Struct(">12xHBxH5xBxxIIHH").unpack_from
"""Of a frame without tags: ethertype, header length, total length, protocol, addresses, ports."""


def _count_flow(buffer: bytearray, size: int, table: dict[tuple[int, ...], list[int]]) -> None:
    kind, _, _, protocol, source, target, port, other = IPV4(buffer)
    if kind != 0x0800:
        return
    key = (source, target, port, other, protocol)
    if source > target:
        key = (target, source, other, port, protocol)
    flow = table.get(key)
    if flow is None:
        table[key] = [1, size]
    else:
        flow[0] += 1
        flow[1] += size


def scapy_sniff(interface: str) -> dict[str, int]:
    """Listen as scapy's sniffer does, without what that does besides: each frame becomes an object, and is counted."""
    import scapy.arch
    import scapy.layers.all  # noqa: F401 -- what frames are made of
    from scapy.config import conf

    packets = conf.L2listen(iface=interface)
    packets.ins.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    packets.ins.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    count = 0
    _ready()
    while True:
        if select.select([packets], [], [], 0.2)[0]:
            if packets.recv() is not None:
                count += 1
        elif ended.is_set():
            break
    dropped = struct.unpack("=2I", packets.ins.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
    return {"received": count, "dropped": dropped, "missed": 0}


WAYS: dict[str, Callable[[str], dict[str, int]]] = {
    "kwel": lambda interface: ring(interface, hear=True),
    "flows": lambda interface: ring(interface, hear=True, discovery=False),
    "ring": lambda interface: ring(interface, hear=False),
    "portable": portable,
    "recv": loop,
    "recv-flows": lambda interface: loop(interface, flows=True),
    "scapy": scapy_sniff,
}


def main() -> None:
    """Listen, and print what came."""
    way, interface = sys.argv[1:]
    print(json.dumps(WAYS[way](interface)), flush=True)
    time.sleep(0.5)  # whoever measures reads the processor time of a process that still is


if __name__ == "__main__":
    main()
