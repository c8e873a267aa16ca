"""An interface in, a packet socket for it out: told all that it has to know before it hears the first frame.

packet(7) and Linux, include/uapi/linux/if_packet.h. The socket begins with protocol 0, which receives nothing; binding
it comes last. What joins a fanout has to be bound first: until it has joined, a filter lets nothing through, or the
members would hear the same frames.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from typing import TYPE_CHECKING

from kwel.capture.live import MODES, CannotListen

if TYPE_CHECKING:
    from kwel.capture.filters import Program
    from kwel.capture.live import Fanout

SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP, PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 1, 5, 6, 10
PACKET_RESERVE, PACKET_TIMESTAMP, PACKET_FANOUT, PACKET_IGNORE_OUTGOING = 12, 17, 18, 23
MEMBERSHIP_PROMISCUOUS = 1
TPACKET_V3 = 2
ETH_P_ALL = 3
FANOUT_MODES = dict(zip(MODES, (0, 2, 5), strict=True))
"""PACKET_FANOUT_HASH, _CPU, _QM."""
SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_LOCK_FILTER = 26, 27, 44

SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCETHTOOL, SIOCSHWTSTAMP = 0x8913, 0x8927, 0x8933, 0x8946, 0x89B0
IFF_UP, IFF_RUNNING = 0x1, 0x40
NAME_SIZE = 16
"""IFNAMSIZ, with the zero behind the name."""
STAMP_SOFTWARE, STAMP_HARDWARE = 1 << 4, 1 << 6
"""SOF_TIMESTAMPING_SOFTWARE, SOF_TIMESTAMPING_RAW_HARDWARE."""
STAMP_ALL_FRAMES = 1
"""HWTSTAMP_FILTER_ALL."""

TAG_ROOM = 16
"""Bytes that the ring keeps free before each frame, for the tag that is put back."""

LINKS = {1: 1, 772: 1, 801: 105, 803: 127, 65534: 101}
"""ARPHRD_ of the interface (Linux, include/uapi/linux/if_arp.h): LINKTYPE_ of its frames. Ethernet; the loopback, whose
frames have Ethernet headers of zeros; IEEE 802.11 without and with radiotap; tunnels that carry IP packets and no more.
"""

ETHTOOL_GET_GRO, ETHTOOL_GET_FLAGS = 0x2B, 0x25
ETHTOOL_LRO = 1 << 15


class NoRing(CannotListen):
    """The system has no ring of this kind."""


def why(interface: str, error: OSError) -> CannotListen:
    """Return what to tell of an error that the system gave for an interface."""
    if error.errno in (errno.EPERM, errno.EACCES):
        return CannotListen(f"{interface}: listening needs CAP_NET_RAW; run as root or give the capability")
    if error.errno in (errno.ENODEV, errno.ENXIO):
        return CannotListen(f"{interface}: no such interface here; `ip link` lists those that there are")
    if error.errno == errno.ENETDOWN:
        return CannotListen(f"{interface}: the interface is down; set it up first")
    if error.errno == errno.ENOMEM:
        return CannotListen(f"{interface}: no memory for the ring; take fewer or smaller blocks")
    return CannotListen(f"{interface}: {error.strerror}")


def open_socket(interface: str) -> socket.socket:
    """Return a packet socket that receives nothing yet. Needs CAP_NET_RAW in the namespace of the network."""
    try:
        return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except OSError as error:
        raise why(interface, error) from None


def ask(packets: socket.socket, request: int, interface: str) -> bytes:
    """Return the 24 bytes that the system has for a question about an interface (netdevice(7))."""
    import fcntl

    name = os.fsencode(interface)
    if not 0 < len(name) < NAME_SIZE or b"\0" in name:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    return fcntl.ioctl(packets, request, name.ljust(40, b"\0"))[NAME_SIZE:]


def index_of(packets: socket.socket, interface: str) -> int:
    """Return the number of an interface."""
    index: int = struct.unpack_from("=i", ask(packets, SIOCGIFINDEX, interface))[0]
    return index


def flags_of(packets: socket.socket, interface: str) -> int:
    """Return the flags of an interface: IFF_UP, IFF_RUNNING and others."""
    flags: int = struct.unpack_from("=H", ask(packets, SIOCGIFFLAGS, interface))[0]
    return flags


def link_state(packets: socket.socket, interface: str, index: int) -> str:
    """Return ``up``, ``no-carrier``, ``down``; ``gone`` where no interface has this name and number; ``unknown``."""
    try:
        flags, now = flags_of(packets, interface), index_of(packets, interface)
    except OSError as error:
        return "gone" if error.errno == errno.ENODEV else "unknown"  # the latter where it is not permitted to ask
    if now != index:
        return "gone"
    if not flags & IFF_UP:
        return "down"
    return "up" if flags & IFF_RUNNING else "no-carrier"


def link_of(packets: socket.socket, interface: str) -> int:
    """Return the LINKTYPE_ number of an interface's frames."""
    kind = struct.unpack_from("=H", ask(packets, SIOCGIFHWADDR, interface))[0]
    if kind not in LINKS:
        raise CannotListen(f"{interface}: frames of this kind of interface (ARPHRD {kind}) are not read live")
    return LINKS[kind]


def hardware_address(packets: socket.socket, interface: str) -> str:
    """Return the MAC address, as the system's files write it."""
    return ask(packets, SIOCGIFHWADDR, interface)[2:8].hex(":")


def set_up(packets: socket.socket, room: int = TAG_ROOM) -> None:
    """Choose the ring's layout, room before frames, and that what this machine sends is not heard."""
    try:
        packets.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
    except OSError as error:
        raise NoRing(f"this system has no packet rings of version 3: {error.strerror}") from None
    packets.setsockopt(SOL_PACKET, PACKET_RESERVE, room)
    packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)


def make_ring(packets: socket.socket, block_size: int, blocks: int, hold: float) -> None:
    """Make the ring. *hold*: seconds after which a block that has frames is handed over though it has room."""
    milliseconds = max(int(1000 * hold), 1)
    frame = 1 << 11  # only has to divide the block: frames lie one behind the other, however long
    request = struct.pack("=7I", block_size, blocks, frame, block_size // frame * blocks, milliseconds, 0, 0)
    packets.setsockopt(SOL_PACKET, PACKET_RX_RING, request)


def set_filter(packets: socket.socket, program: Program | None) -> None:
    """Filter by *program* from now on; ``None`` lets everything through."""
    if program is None:
        packets.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        return
    code = ctypes.create_string_buffer(program.code, len(program.code))
    packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", program.length, ctypes.addressof(code)))


def lock_filter(packets: socket.socket) -> None:
    """Let nobody change the filter, this process included."""
    packets.setsockopt(socket.SOL_SOCKET, SO_LOCK_FILTER, 1)


def promise_all(packets: socket.socket, index: int) -> None:
    """Ask the card for frames to others too, as long as the socket is open."""
    packets.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("=iHH8s", index, MEMBERSHIP_PROMISCUOUS, 0, b""))


def join_fanout(packets: socket.socket, fanout: Fanout) -> None:
    """Take a part of the frames of a group. Fragments are not put together by the system: frames stay as they were."""
    packets.setsockopt(SOL_PACKET, PACKET_FANOUT, fanout.group | FANOUT_MODES[fanout.mode] << 16)


def stamp(packets: socket.socket, interface: str, wanted: str) -> str:
    """Choose whose clock frames are stamped by; return ``hardware`` where that was wanted and the card can do it.

    The card's clock has to be set right by others (phc2sys). To turn it on needs CAP_NET_ADMIN.
    """
    if wanted == "hardware" and _card_stamps(packets, interface):
        packets.setsockopt(SOL_PACKET, PACKET_TIMESTAMP, STAMP_HARDWARE)
        return "hardware"
    packets.setsockopt(SOL_PACKET, PACKET_TIMESTAMP, STAMP_SOFTWARE)
    return "software"


def _card_stamps(packets: socket.socket, interface: str) -> bool:
    """Turn on that the card stamps every frame that comes in (hwtstamp_config), and none that goes out."""
    import fcntl

    config = ctypes.create_string_buffer(struct.pack("=iii", 0, 0, STAMP_ALL_FRAMES), 12)
    request = struct.pack("@16sP16x", os.fsencode(interface), ctypes.addressof(config))
    try:
        fcntl.ioctl(packets, SIOCSHWTSTAMP, request)
    except OSError:
        return False
    return bool(struct.unpack("=iii", config.raw)[2] == STAMP_ALL_FRAMES)


def merging(packets: socket.socket, interface: str) -> tuple[str, ...]:
    """Return what in the card or its driver puts frames together before anybody sees them: ``gro``, ``lro``.

    Read only. Frames that were put together are taken as they come: larger than any on the wire, and fewer.
    """
    found = []
    for name, command, bit in (("gro", ETHTOOL_GET_GRO, 1), ("lro", ETHTOOL_GET_FLAGS, ETHTOOL_LRO)):
        if _ethtool_value(packets, interface, command) & bit:
            found.append(name)
    return tuple(found)


def _ethtool_value(packets: socket.socket, interface: str, command: int) -> int:
    """Return a setting of a driver (struct ethtool_value); 0 where it has none."""
    import fcntl

    setting = ctypes.create_string_buffer(struct.pack("=II", command, 0), 8)
    try:
        fcntl.ioctl(packets, SIOCETHTOOL, struct.pack("@16sP16x", os.fsencode(interface), ctypes.addressof(setting)))
    except OSError:
        return 0
    value: int = struct.unpack("=II", setting.raw)[1]
    return value
