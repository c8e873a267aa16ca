"""A library's name and a capture in, a count out: the loop that its manual begins with. Run as a program of its own.

Each counts packets by conversation and prints how many there are. Nothing is kept that the loop does not need.
dpkt and nfstream are imported by name: the project does not depend on them.
"""

from __future__ import annotations

import sys
from collections import Counter
from importlib import import_module
from typing import Any


def dpkt(path: str) -> int:
    """Count conversations with dpkt."""
    dpkt: Any = import_module("dpkt")

    seen: Counter[object] = Counter()
    with open(path, "rb") as file:
        for _, data in dpkt.pcap.Reader(file):
            network = dpkt.ethernet.Ethernet(data).data
            if isinstance(network, dpkt.ip.IP | dpkt.ip6.IP6):
                transport = network.data
                if isinstance(transport, dpkt.tcp.TCP | dpkt.udp.UDP):
                    seen[network.src, network.dst, transport.sport, transport.dport, network.p] += 1
    return len(seen)


def scapy(path: str) -> int:
    """Count conversations with scapy, of which only the layers needed are imported."""
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.utils import PcapReader

    seen: Counter[object] = Counter()
    with PcapReader(path) as reader:
        for packet in reader:
            network = packet.getlayer(IP) or packet.getlayer(IPv6)
            transport = packet.getlayer(TCP) or packet.getlayer(UDP)
            if network and transport:
                seen[network.src, network.dst, transport.sport, transport.dport, transport.name] += 1
    return len(seen)


def nfstream(path: str) -> int:
    """Count flows with nfstream as it comes: protocol detection on, statistics off."""
    nfstream: Any = import_module("nfstream")
    return len(nfstream.NFStreamer(source=path).to_pandas())


LOOPS = {"dpkt": dpkt, "scapy": scapy, "nfstream": nfstream}

if __name__ == "__main__":
    print(LOOPS[sys.argv[1]](sys.argv[2]))
