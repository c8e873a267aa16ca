"""A capture in, the server names that Wireshark reads in it out, beside those that kwel read.

Wireshark's dissectors share no code with ours, so what both read alike is unlikely to be wrong. Compared is who
talked to whom under which name; not the frame, since Wireshark gives a name that is spread over several frames to
the last of them.
Field names: https://www.wireshark.org/docs/dfref/ (tls, dtls, quic, http).
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kwel.model.records.columns import NameSource, address_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kwel.model.traffic import Traffic

Kind = Literal["server-name", "host", "connect"]

KINDS: dict[int, Kind] = {
    NameSource.TLS_SNI: "server-name",
    NameSource.QUIC_SNI: "server-name",
    NameSource.DTLS_SNI: "server-name",
    NameSource.HTTP_HOST: "host",
    NameSource.HTTP_CONNECT: "connect",
}

FILTER = (
    "tls.handshake.extensions_server_name or dtls.handshake.extensions_server_name"
    ' or http.host or http.request.method == "CONNECT"'
)
SERVER_NAME = {
    "tls": "handshake_extensions_server_name",
    "dtls": "handshake_extensions_server_name",
    "quic": "tls_handshake_extensions_server_name",
}
"""Wireshark's protocol -> field of the server name, as pyshark spells it."""

CUT_SHORT = "cut short in the middle of a packet"
"""tshark's complaint about the end of a capture that was being written: all before it was read."""

End = tuple[str, int]


class SecondOpinionError(ValueError):
    """Wireshark could not be asked: one line that says why."""


@dataclass(frozen=True, slots=True, order=True)
class Heard:
    """A name that one of the two read, and between whom."""

    ends: tuple[End, End]
    """Address and port of both, the smaller first."""
    kind: Kind
    name: str
    frame: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What both read, and what only one of them did."""

    agreed: tuple[Heard, ...]
    only_kwel: tuple[Heard, ...]
    only_wireshark: tuple[Heard, ...]


def heard_by_kwel(traffic: Traffic, capture: int) -> set[Heard]:
    """Return the server names of one capture, by its index in *traffic*."""
    heard = set()
    for row in traffic.named[traffic.named["capture"] == capture]:
        kind = KINDS.get(int(row["source"]))
        if kind is None:
            continue
        flow = traffic.flows[int(row["flow"])]
        ends = [
            (address_text(int(flow[f"{end}_hi"]), int(flow[f"{end}_lo"])), int(flow[f"{end}_port"]))
            for end in ("initiator", "responder")
        ]
        heard.add(_heard(ends, kind, traffic.names[int(row["name"])], int(row["frame"])))
    return heard


def heard_by_wireshark(path: Path) -> set[Heard]:
    """Return the server names that Wireshark reads in a capture file.

    Raises:
        SecondOpinionError: tshark is not installed, or cannot read the file.
    """
    if shutil.which("tshark") is None:
        raise SecondOpinionError("tshark is not installed: install the package tshark, then run this again")
    import pyshark
    from pyshark.capture.capture import TSharkCrashException

    heard: set[Heard] = set()
    with _event_loop_of_its_own():
        capture = pyshark.FileCapture(str(path), display_filter=FILTER, custom_parameters=["-n"], keep_packets=False)
        try:
            for packet in capture:
                heard.update(read_packet(packet))
            capture.close()
        except TSharkCrashException as error:
            capture._running_processes.clear()  # or pyshark complains once more when the object is collected
            if CUT_SHORT not in str(error):
                raise SecondOpinionError(f"tshark stopped: {_last_line(str(error))}") from error
    return heard


@contextmanager
def _event_loop_of_its_own() -> Iterator[None]:
    """Undo what pyshark leaves behind: it binds asyncio's watcher of child processes to its event loop for good."""
    policy = asyncio.get_event_loop_policy()
    watcher, loop = policy.get_child_watcher(), asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        policy.get_child_watcher().close()
        policy.set_child_watcher(watcher)
        asyncio.set_event_loop(None)
        loop.close()


def _last_line(crash: str) -> str:
    """Return what tshark itself said last, out of pyshark's message."""
    for line in crash.splitlines():
        if line.startswith("Last error line: "):
            return line.removeprefix("Last error line: ")
    return crash.splitlines()[0]


def read_packet(packet: Any) -> Iterator[Heard]:
    """Yield the names in one packet as pyshark gives it: what stands below a name says between whom."""
    addresses: tuple[str, str] | None = None
    ports: tuple[int, int] = (0, 0)
    for layer in packet.layers:
        if layer.layer_name in ("ip", "ipv6"):
            addresses = str(layer.src), str(layer.dst)
        elif layer.layer_name in ("tcp", "udp"):
            ports = int(layer.srcport), int(layer.dstport)
        elif addresses:
            ends = list(zip(addresses, ports, strict=True))
            for kind, name in _names(layer):
                yield _heard(ends, kind, name, int(packet.number))


def compare(kwel: Iterable[Heard], wireshark: Iterable[Heard]) -> Opinion:
    """Return what both read and what only one did, in a fixed order."""
    ours, theirs = set(kwel), set(wireshark)
    return Opinion(tuple(sorted(ours & theirs)), tuple(sorted(ours - theirs)), tuple(sorted(theirs - ours)))


def _names(layer: Any) -> Iterator[tuple[Kind, str]]:
    protocol = layer.layer_name
    if protocol in SERVER_NAME:
        for name in _values(layer, SERVER_NAME[protocol]):
            yield "server-name", name
    elif protocol == "http":
        if "CONNECT" in _values(layer, "request_method"):
            for name in _values(layer, "request_uri"):
                yield "connect", _without_port(name)
        else:
            for name in _values(layer, "host"):
                yield "host", _without_port(name)


def _values(layer: Any, name: str) -> list[str]:
    found = layer.get_field(name)
    return [] if found is None else [str(one.get_default_value()) for one in found.all_fields]


def _without_port(authority: str) -> str:
    """Return the host of ``host:port``.

    >>> _without_port("plant.example:443"), _without_port("[2001:db8::7]:443"), _without_port("plant.example")
    ('plant.example', '2001:db8::7', 'plant.example')
    """
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0] if authority.count(":") == 1 else authority


def _heard(ends: list[End], kind: Kind, name: str, frame: int) -> Heard:
    first, second = sorted(ends)
    return Heard((first, second), kind, name.lower().rstrip("."), frame)
