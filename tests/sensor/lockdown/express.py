"""Sends one frame on mon0 through an AF_XDP socket, past the network stack. Tests run it."""

from __future__ import annotations

import ctypes
import mmap
import socket
import struct
import sys
import time

AF_XDP, SOL_XDP = 44, 283
MMAP_OFFSETS, TX_RING, UMEM_REG, UMEM_FILL, UMEM_COMPLETION = 1, 3, 4, 5, 6
"""linux/if_xdp.h."""
TX_AT, COPY = 0x80000000, 2
FRAME = b"\xff" * 6 + bytes.fromhex("0200000000aa") + b"\x88\xb6" + b"LEAK" * 12
SLOTS, CHUNK = 16, 4096


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    memory = mmap.mmap(-1, SLOTS * CHUNK)
    memory[: len(FRAME)] = FRAME
    try:
        one = socket.socket(AF_XDP, socket.SOCK_RAW, 0)
        at = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        one.setsockopt(SOL_XDP, UMEM_REG, struct.pack("QQIIII", at, SLOTS * CHUNK, CHUNK, 0, 0, 0))
        for ring in (UMEM_FILL, UMEM_COMPLETION, TX_RING):
            one.setsockopt(SOL_XDP, ring, struct.pack("I", SLOTS))
        offsets = struct.unpack("16Q", one.getsockopt(SOL_XDP, MMAP_OFFSETS, 128))
    except OSError as error:
        print("unsupported", error)
        sys.exit()
    producer, _, descriptors, _ = offsets[4:8]
    places = mmap.mmap(one.fileno(), descriptors + SLOTS * 16, offset=TX_AT)
    address = struct.pack("HHIII", AF_XDP, COPY, socket.if_nametoindex("mon0"), 0, 0)
    if libc.bind(one.fileno(), address, len(address)):
        print("unsupported", ctypes.get_errno())
        sys.exit()
    places[descriptors : descriptors + 16] = struct.pack("QII", 0, len(FRAME), 0)
    places[producer : producer + 4] = struct.pack("I", 1)
    libc.sendto(one.fileno(), None, 0, socket.MSG_DONTWAIT, None, 0)
    time.sleep(0.2)
    print("handed over")


if __name__ == "__main__":
    main()
