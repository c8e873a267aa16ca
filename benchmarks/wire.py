"""Nothing in, two network namespaces with a cable between them out: what is sent there reaches nothing else.

They are made for one measurement or one test, under names of their own, and deleted after it. Only root can.
"""

from __future__ import annotations

import os
import socket
import subprocess
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from kwel.sensor.lockdown import inside

if TYPE_CHECKING:
    from collections.abc import Iterable

NEAR, FAR = "span0", "switch0"
"""The sensor's interface and the one at the other end."""
MTU = 65535


def run(*words: str) -> str:
    """Run a program and return what it says; what it has to say of a failure is the failure."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Wire:
    """A cable with an end in each of two namespaces."""

    def __init__(self) -> None:
        self.near, self.far = (f"kw{uuid.uuid4().hex[:8]}{side}" for side in "nf")
        self._sender: socket.socket | None = None

    def lay(self) -> None:
        """Make it, and set both ends up. Neither has an address, nor IPv6: they say nothing of themselves."""
        for namespace in (self.near, self.far):
            run("ip", "netns", "add", namespace)
            with inside(namespace):
                for scope in ("all", "default"):
                    with suppress(FileNotFoundError), open(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6", "w") as f:
                        f.write("1")
        ends = ("netns", self.near, "mtu", str(MTU), "type", "veth", "peer", "name", FAR, "netns", self.far)
        run("ip", "link", "add", NEAR, *ends, "mtu", str(MTU))
        self.set_link("up")
        run("ip", "-n", self.far, "link", "set", FAR, "up")

    def deafen(self) -> None:
        """Keep the sensor's host from its frames, as kwel.sensor.lockdown does: those that listen get them before that.

        Else the system counts tagged frames of protocols that it does not know as dropped, though they were heard.
        """
        hook = f"type filter hook ingress device {NEAR} priority 0; policy drop;"
        rules = f"table netdev wire {{\nchain heard {{\n{hook}\n}}\n}}"
        run("ip", "netns", "exec", self.near, "nft", rules)

    def set_link(self, state: str) -> None:
        """Set the sensor's end up or down."""
        run("ip", "-n", self.near, "link", "set", NEAR, state)

    def cut(self) -> None:
        """Take both ends away."""
        run("ip", "-n", self.far, "link", "delete", FAR)

    def send(self, frames: Iterable[bytes]) -> int:
        """Send frames from the far end; return how many."""
        if self._sender is None:
            with inside(self.far):
                self._sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self._sender.bind((FAR, 0))
        count = 0
        for frame in frames:
            self._sender.send(frame)
            count += 1
        return count

    def remove(self) -> None:
        """Delete all of it."""
        if self._sender is not None:
            self._sender.close()
        for namespace in (self.near, self.far):
            if os.path.exists(f"/run/netns/{namespace}"):
                run("ip", "netns", "delete", namespace)
