"""A capture in, its frames on an interface out, at a steady rate or as fast as the system takes them.

    python -m benchmarks.sender INTERFACE CAPTURE [--count N] [--rate PACKETS_PER_SECOND]

It hands the system up to 1,024 frames a call (sendmmsg(2)), around the queues of the interface. Only for cables between
network namespaces: kwel itself sends nothing, ever.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import socket
import sys
import time
from pathlib import Path

import numpy as np

from kwel.capture import CaptureFile

MOST = 1024
"""Messages that one call takes (UIO_MAXIOV)."""
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
VECTOR = np.dtype([("base", np.uint64), ("length", np.uint64)])
"""``struct iovec`` on 64-bit Linux."""
MESSAGE = np.dtype(
    [
        ("name", np.uint64),
        ("name_length", np.uint64),
        ("vectors", np.uint64),
        ("vector_count", np.uint64),
        ("control", np.uint64),
        ("control_length", np.uint64),
        ("flags", np.uint64),
        ("sent", np.uint64),
    ]
)
"""``struct mmsghdr``."""
SLICES = 500
"""Times a second that a steady rate is kept up with."""


class Frames:
    """The frames of a capture in the form that the system takes."""

    def __init__(self, path: Path, most: int) -> None:
        """Read *path*, at most *most* frames of it."""
        pieces, lengths, count = [], [], 0
        for batch in CaptureFile(path.name, path).batches():
            rows = batch.records[: most - count]
            starts = rows["start"].astype(np.int64)
            pieces += [batch.buffer[s : s + n].copy() for s, n in zip(starts, rows["captured"], strict=True)]
            lengths.append(rows["captured"].astype(np.int64))
            count += len(rows)
            if count >= most:
                break
        self.data = np.concatenate(pieces)
        sizes = np.concatenate(lengths)
        self.vectors, self.messages = np.zeros(count, VECTOR), np.zeros(count, MESSAGE)
        self.vectors["base"] = self.data.ctypes.data + np.cumsum(sizes) - sizes
        self.vectors["length"] = sizes
        self.messages["vectors"] = self.vectors.ctypes.data + np.arange(count) * VECTOR.itemsize
        self.messages["vector_count"] = 1

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.messages)


def send(interface: str, frames: Frames, count: int, rate: float) -> tuple[int, float]:
    """Send *count* frames, over and over again where there are fewer; return how many went, and the seconds it took.

    Args:
        interface: where to.
        frames: which.
        count: how many.
        rate: packets per second; 0 is as fast as it goes.
    """
    call = ctypes.CDLL(None, use_errno=True).sendmmsg
    call.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]
    address, step, went = frames.messages.ctypes.data, MESSAGE.itemsize, 0
    most = min(MOST, max(int(rate / SLICES), 1)) if rate else MOST
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
        out.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        out.bind((interface, 0))
        began = time.perf_counter()
        while went < count:
            at = went % len(frames)
            part = min(most, count - went, len(frames) - at)
            done = call(out.fileno(), address + at * step, part, 0)
            if done < 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            went += done
            if rate and (early := began + went / rate - time.perf_counter()) > 0:
                time.sleep(early)
        return went, time.perf_counter() - began


def main() -> None:
    """Send, and print what was sent as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("interface")
    parser.add_argument("capture", type=Path)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    asked = parser.parse_args()
    frames = Frames(asked.capture, asked.count or sys.maxsize)
    print("ready", flush=True)
    sys.stdin.readline()
    went, seconds = send(asked.interface, frames, asked.count or len(frames), asked.rate)
    print(json.dumps({"sent": went, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
