"""An interface behind walls in, whether a frame that was handed to it was refused out. No frame can leave for it.

How a frame is handed to a real interface and still cannot get out, in this order, each a condition of the next:

1. The same walls are put up around one end of a virtual wire in a network namespace that exists for this alone (or,
   where none may be made, in the sensor's own), and a frame is handed to it. Only if this kernel refuses it there,
   counts it, and the other end saw nothing, does it go on.
2. Both walls of the real interface, the filter and the queue that holds nothing, are listed by the kernel as standing.
3. The frame is handed over. The filter refuses it; were the filter to fail, the queue would.
4. Its destination is the interface's own address: a switch sends no frame back to the port that it came from.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from kwel.model.window import Check
from kwel.sensor.lockdown import interface, namespaces, programs, walls
from kwel.sensor.lockdown.errors import NotPermittedError, PassiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY: Final = "self-test-refused"
TEXT: Final = b"kwel self-test: this frame has to be refused and must never be seen on a wire"
NEAR, FAR = f"kwn{os.getpid()}", f"kwf{os.getpid()}"
"""Ends of the virtual wire."""
SETTLING: Final = 0.05
"""Seconds in which a frame that got through a virtual wire would have arrived."""
FROM_HERE: Final = 4
"""PACKET_OUTGOING, packet(7)."""


def run(name: str) -> Check:
    """Hand a test frame to an interface of this thread's namespace; hand over none where a wall does not stand.

    Raises:
        PassiveError: the interface is gone meanwhile.
    """
    if not _walls_stand(name):
        return Check(KEY, None, "not tried: a wall is missing")
    try:
        why = rehearse()
    except PassiveError as error:
        return Check(KEY, None, f"not tried: {error}")
    if why:
        return Check(KEY, False, f"not tried, the rehearsal failed: {why}")
    if not _walls_stand(name):
        return Check(KEY, None, "not tried: a wall is missing")
    try:
        why = _hand_over(name)
    except PermissionError:
        return Check(KEY, None, "not tried: needs CAP_NET_RAW; run it as root")
    except OSError as error:
        return Check(KEY, None, f"not tried: {error.strerror}")
    return Check(KEY, why is None, why or "refused by the filter")


def rehearse() -> str | None:
    """Return why the walls do not stop a frame on a virtual wire that ends in nothing; ``None`` where they do.

    Raises:
        PassiveError: it cannot be tried on this machine: no right, or no virtual wire.
    """
    outcome: list[str | None] = []
    failure: list[PassiveError] = []

    def tried() -> None:
        try:
            outcome.append(_try_apart())
        except PassiveError as error:
            failure.append(error)
        except OSError as error:
            failure.append(PassiveError(f"rehearsal: {error.strerror}"))

    thread = threading.Thread(target=tried, name="kwel-rehearsal")  # ends, and its namespace with it
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


def _try_apart() -> str | None:
    """Try where nobody is: in a new namespace, else in this one if it is none of the machine's.

    One without a name, as in a container, is none if it holds locked interfaces alone.
    """
    try:
        namespaces.leave_for_an_empty_one()
    except NotPermittedError:
        if namespaces.name_of_this() is None and not all(walls.standing(one).egress for one in interface.others("")):
            raise
    try:
        return _try_on_a_virtual_wire()
    finally:
        with contextlib.suppress(PassiveError):
            programs.ask("ip", "link", "delete", NEAR)


def _walls_stand(name: str) -> bool:
    stand = walls.standing(name)
    return bool(stand.egress and stand.queue)


def _try_on_a_virtual_wire() -> str | None:
    programs.ask("ip", "link", "add", NEAR, "type", "veth", "peer", "name", FAR)
    for end in (NEAR, FAR):
        programs.write_word(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6", "1")
    walls.raise_filter(NEAR)
    walls.raise_filter(FAR)  # a packet socket hears before it; and no proof takes the wire for a stranger
    walls.close_queue(NEAR)
    for end in (FAR, NEAR):
        programs.ask("ip", "link", "set", end, "up", "arp", "off")
    with _listening(FAR) as arrived:
        if why := _hand_over(NEAR):
            return why
        return "it arrived at the other end" if arrived() else None


def _hand_over(name: str) -> str | None:
    """Hand a frame to an interface and return why it was not refused, or ``None``."""
    before, sent = walls.standing(name).counts, interface.sent(name)
    found = interface.look(name)
    if found is None or before is None:
        return "the interface or its filter is gone"
    mac = bytes.fromhex(found.mac.replace(":", ""))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as one:  # protocol 0: it hears nothing
        one.bind((name, 0))
        try:
            one.send(frame(mac))
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                return f"it was refused, but not by the filter: {os.strerror(error.errno or 0)}"
        else:
            return "the kernel took it"
    after = walls.standing(name).counts
    if after is None or after.tests <= before.tests:
        return "the filter did not count it"
    return "the interface counts a frame as sent" if interface.sent(name) != sent else None


def frame(mac: bytes) -> bytes:
    """Return the test frame, from an interface to itself."""
    return mac + mac + walls.TEST_TYPE.to_bytes(2) + TEXT


@contextlib.contextmanager
def _listening(name: str) -> Iterator[Callable[[], bool]]:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as far:
        far.bind((name, 3))
        far.settimeout(SETTLING)

        def arrived() -> bool:
            until = time.monotonic() + SETTLING
            while time.monotonic() < until:
                try:
                    _, about = far.recvfrom(256)
                except TimeoutError:
                    return False
                if about[2] != FROM_HERE:
                    return True
            return False

        yield arrived
