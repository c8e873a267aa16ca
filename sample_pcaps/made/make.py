"""Nothing in, the captures of this folder out: what no client does on demand, made byte by byte, the same every time.

Run it with kwel's test tools installed: ``python sample_pcaps/made/make.py [FOLDER]``.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CLIENT, SERVER, RESOLVER = "10.20.3.32", "198.51.100.7", "10.20.0.1"
CLIENT_MAC, ROUTER_MAC, ROUTER_OUT, NEXT_MAC = (
    "00:90:e8:10:00:32",
    "00:09:0f:aa:00:01",
    "00:09:0f:aa:00:02",
    "00:09:0f:bb:00:01",
)
START = 1_767_225_600.0  # 2026-01-01
QUIC_V1_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001 section 5.2


def client_hello(name: str, padding: int = 0) -> bytes:
    """Return a ClientHello message (RFC 8446 section 4.1.2) whose server name stands last, behind *padding* bytes."""
    host = name.encode()
    extensions = [
        (43, b"\x04\x03\x04\x03\x03"),  # supported_versions
        (13, b"\x00\x04\x04\x03\x08\x04"),  # signature_algorithms
        (16, b"\x00\x03\x02h3"),
        (21, bytes(padding)),
        (0, struct.pack(">HBH", len(host) + 3, 0, len(host)) + host),
    ]
    listed = b"".join(struct.pack(">HH", kind, len(body)) + body for kind, body in extensions)
    suites = struct.pack(">HHH", 4, 0x1301, 0x1302)
    body = b"\x03\x03" + bytes(range(32)) + b"\0" + suites + b"\x01\x00" + struct.pack(">H", len(listed)) + listed
    return b"\x01" + len(body).to_bytes(3, "big") + body


def record(body: bytes) -> bytes:
    """Return a TLS record of type handshake."""
    return b"\x16\x03\x01" + struct.pack(">H", len(body)) + body


def up(payload: Packet, hops: int = 64) -> Packet:
    """Return a frame from the client to its router."""
    return Ether(src=CLIENT_MAC, dst=ROUTER_MAC) / IP(src=CLIENT, dst=SERVER, ttl=hops) / payload


def down(payload: Packet, hops: int = 57) -> Packet:
    """Return a frame from the server, as the router hands it to the client."""
    return Ether(src=ROUTER_MAC, dst=CLIENT_MAC) / IP(src=SERVER, dst=CLIENT, ttl=hops) / payload


def handshake(port: int) -> list[Packet]:
    """Return the three frames that open a TCP connection; the client's data begin at 1001, the server's at 5001."""
    return [
        up(TCP(sport=port, dport=443, flags="S", seq=1000)),
        down(TCP(sport=443, dport=port, flags="SA", seq=5000, ack=1001)),
        up(TCP(sport=port, dport=443, flags="A", seq=1001, ack=5001)),
    ]


def said(port: int, data: bytes, at: int) -> Packet:
    """Return a segment of the client with *data* at offset *at* of its stream."""
    return up(TCP(sport=port, dport=443, flags="PA", seq=1001 + at, ack=5001) / Raw(data))


def hello_records() -> list[Packet]:
    """A ClientHello cut into records of 1, 2, 3, 5, 50 and 100 bytes and the rest; all in one segment."""
    hello, stream, at = client_hello("records.plant.example", 300), b"", 0
    for size in (1, 2, 3, 5, 50, 100, len(hello)):
        stream += record(hello[at : at + size]) if hello[at : at + size] else b""
        at += size
    return [*handshake(50001), said(50001, stream, 0)]


def hello_shuffled() -> list[Packet]:
    """A ClientHello in five segments that come as 3, 1, 1 again, 5, 4, 2 and 3 together, 2 again."""
    stream = record(client_hello("shuffled.plant.example", 900))
    size = -(-len(stream) // 5)
    parts = [(i * size, stream[i * size : (i + 1) * size]) for i in range(5)]
    two_and_three = (size, stream[size : 3 * size])
    order = [parts[2], parts[0], parts[0], parts[4], parts[3], two_and_three, parts[1]]
    return [*handshake(50002), *(said(50002, data, at) for at, data in order)]


def expand(secret: bytes, label: str, size: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 section 7.1) of at most one block."""
    name = b"tls13 " + label.encode()
    return hmac(secret, struct.pack(">HB", size, len(name)) + name + b"\0\x01")[:size]


def hmac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256."""
    made = HMAC(key, SHA256())
    made.update(data)
    return made.finalize()


def initial(connection: bytes, number: int, frames: bytes) -> bytes:
    """Return a protected client Initial packet of QUIC version 1 (RFC 9001 section 5), padded to 1,200 bytes."""
    secret = expand(hmac(QUIC_V1_SALT, connection), "client in", 32)
    key, iv, mask_key = expand(secret, "quic key", 16), expand(secret, "quic iv", 12), expand(secret, "quic hp", 16)
    head = b"\xc0\0\0\0\x01" + bytes([len(connection)]) + connection + b"\0\0"
    plain = frames.ljust(1200 - len(head) - 2 - 1 - 16, b"\0")
    head += struct.pack(">H", 0x4000 | (1 + len(plain) + 16)) + bytes([number])
    nonce = iv[:11] + bytes([iv[11] ^ number])
    sealed = AESGCM(key).encrypt(nonce, plain, head)
    mask = Cipher(algorithms.AES(mask_key), modes.ECB()).encryptor().update(sealed[3:19])
    return bytes([head[0] ^ (mask[0] & 0x0F)]) + head[1:-1] + bytes([head[-1] ^ mask[1]]) + sealed


def quic_third_initial() -> list[Packet]:
    """A ClientHello over three Initials, the name in the last; the second datagram comes first."""
    hello, connection = client_hello("third.plant.example", 2500), bytes.fromhex("8394c8f03e515708")
    datagrams = []
    for number in range(3):
        at = number * 1100
        part = hello[at : at + 1100]
        crypto = b"\x06" + struct.pack(">HH", 0x4000 | at, 0x4000 | len(part)) + part
        datagrams.append(up(UDP(sport=50003, dport=443) / Raw(initial(connection, number, crypto))))
    return [datagrams[1], datagrams[0], datagrams[2]]


def answer(name: str, address: str, filler: int) -> bytes:
    """Return a DNS answer (RFC 1035 section 4) with *filler* bytes of TXT before the address."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    text = (
        b"\xc0\x0c\0\x10\0\x01\0\0\0\x3c"
        + struct.pack(">H", filler)
        + b"".join(bytes([255]) + b"x" * 255 for _ in range(filler // 256))
    )
    record_a = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04" + bytes(map(int, address.split(".")))
    return struct.pack(">HHHHHH", 7, 0x8180, 1, 2, 0, 0) + labels + b"\0\x01\0\x01" + text + record_a


def resolved(name: str, number: int) -> list[Packet]:
    """Return the fragments of a large answer to the client."""
    whole = IP(src=RESOLVER, dst=CLIENT, id=number) / UDP(sport=53, dport=50004) / Raw(answer(name, SERVER, 2048))
    return [Ether(src=ROUTER_MAC, dst=CLIENT_MAC) / piece for piece in fragment(whole, 1000)]


def fragment_overlap() -> list[Packet]:
    """Two answers in three fragments: one back to front, its middle twice; one with two middles."""
    good, bad = resolved("whole.plant.example", 11), resolved("forged.plant.example", 12)
    other = bad[1].copy()
    other[Raw].load = b"y" * len(other[Raw].load)
    del other[IP].chksum
    return [good[2], good[1], good[1], good[0], bad[0], other, bad[1], bad[2]]


def inside(packet: Packet, depth: int) -> Packet:
    """Return *packet* (from IP on) in *depth* tunnels: GRE, IP in IP and VXLAN in turn."""
    for level in range(depth):
        outer = IP(src=f"192.0.2.{2 * level + 1}", dst=f"192.0.2.{2 * level + 2}")
        if level % 3 == 2:
            frame = Ether(src=ROUTER_OUT, dst=NEXT_MAC) / packet
            packet = outer / UDP(sport=50005, dport=4789) / VXLAN(vni=level, flags=8) / frame
        else:
            packet = outer / (GRE() / packet if level % 3 == 0 else packet)
    return packet


def nested_tunnels() -> list[Packet]:
    """The same hello in seven tunnels, which kwel opens, and in ten, which it does not."""
    frames = []
    for port, depth in ((50006, 7), (50007, 10)):
        said_inside = said(port, record(client_hello(f"depth{depth}.plant.example")), 0)[IP]
        frames.append(Ether(src=ROUTER_OUT, dst=NEXT_MAC) / inside(said_inside, depth))
    return frames


def dup_vlans() -> list[Packet]:
    """A conversation seen on VLAN 20 and, with one hop less, on VLAN 30; answers the other way round."""
    talk = [*handshake(50008), said(50008, record(client_hello("routed.plant.example")), 0)]
    talk.append(down(TCP(sport=443, dport=50008, flags="A", seq=5001, ack=1600)))
    talk.append(said(50008, b"\x17\x03\x03\0\x20" + bytes(32), 700))
    talk.append(said(50008, b"\x17\x03\x03\0\x20" + bytes(32), 700))  # lost behind the mirror and sent again: no copy
    frames = []
    for number, frame in enumerate(talk):
        packet = frame[IP]
        packet.id = 100 + number
        routed = packet.copy()
        is_up = packet.src == CLIENT
        routed.ttl -= 1 if is_up else 0
        packet.ttl += 0 if is_up else 1
        plant = Ether(src=CLIENT_MAC, dst=ROUTER_MAC) if is_up else Ether(src=ROUTER_MAC, dst=CLIENT_MAC)
        outside = Ether(src=ROUTER_OUT, dst=NEXT_MAC) if is_up else Ether(src=NEXT_MAC, dst=ROUTER_OUT)
        near, far = (packet, routed) if is_up else (routed, packet)
        copies = [plant / Dot1Q(vlan=20) / near, outside / Dot1Q(vlan=30) / far]
        frames += copies if is_up else copies[::-1]
    return frames


def times(count: int, together: int) -> Iterator[float]:
    """Yield times 0.3 s apart; copies of one packet follow it after 20 µs."""
    for i in range(count):
        yield START + 0.3 * (i // together) + 0.00002 * (i % together)


CAPTURES: tuple[tuple[Callable[[], Sequence[Packet]], int], ...] = (
    (hello_records, 1), (hello_shuffled, 1), (quic_third_initial, 1), (fragment_overlap, 1), (nested_tunnels, 1),
    (dup_vlans, 2),
)  # fmt: skip
"""What makes each capture, and how many of its frames lie together in time."""


def make(folder: Path) -> None:
    """Write every capture into *folder*."""
    for made, together in CAPTURES:
        frames = list(made())
        for frame, time in zip(frames, times(len(frames), together), strict=True):
            frame.time = time
        wrpcap(str(folder / f"{made.__name__}.pcap"), frames)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
