"""A folder in, ``no_ip.pcap`` and its truth out: PROFINET DCP and GOOSE between two network namespaces.

    python -m venv venv && venv/bin/pip install pnio_dcp pyiec61850 pyyaml
    sudo venv/bin/python no_ip.py FOLDER

The client of DCP is pnio_dcp, the publisher of GOOSE libiec61850 through its Python bindings: both real programs. The
station that answers DCP is the few lines below, written from IEC 61158-6-10, for no maintained one was found. It needs
root, iproute2 and tshark with dumpcap. Nothing is attached to the interfaces of the machine itself.
"""

from __future__ import annotations

import ctypes
import hashlib
import multiprocessing
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

STATION, ENGINEER = "lab-station", "lab-engineer"
MACS = {STATION: "00:1b:1b:20:00:16", ENGINEER: "00:1b:1b:20:00:99"}
ADDRESSES = {STATION: "10.20.1.16", ENGINEER: "10.20.1.99"}
NAME, PRODUCT = "press-7", "ET200SP"
REFERENCE, DATA_SET, GROUP = "IED7PROT/LLN0$GO$gcb01", "IED7PROT/LLN0$trip", "01:0c:cd:01:00:07"
PROFINET = 0x8892
IDENTIFY, GET = 5, 3
NETWORK = 0x40000000
"""CLONE_NEWNET, setns(2)."""


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def up() -> None:
    """Make both namespaces and the wire between them."""
    down()
    for name in MACS:
        run("ip", "netns", "add", name)
    run("ip", "link", "add", "wire0", "netns", STATION, "type", "veth", "peer", "name", "wire0", "netns", ENGINEER)
    for name, mac in MACS.items():
        inside = ("ip", "-n", name)
        run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        run(*inside, "link", "set", "wire0", "address", mac)
        run(*inside, "addr", "add", f"{ADDRESSES[name]}/24", "dev", "wire0")
        run(*inside, "link", "set", "wire0", "up")


def down() -> None:
    """Remove the namespaces, if they are there."""
    for name in MACS:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def enter(name: str) -> None:
    """Go on in a namespace."""
    with open(f"/var/run/netns/{name}") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), NETWORK):
            raise OSError(ctypes.get_errno(), name)


def block(option: int, suboption: int, value: bytes) -> bytes:
    return struct.pack(">BBH", option, suboption, len(value)) + value + b"\0" * (len(value) % 2)


def answer_dcp() -> None:
    """Answer Identify, Get and Set as a station does, until ended."""
    enter(STATION)
    own = bytes.fromhex(MACS[STATION].replace(":", ""))
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(PROFINET))
    wire.bind(("wire0", PROFINET))
    name = NAME.encode()
    while True:
        frame = wire.recv(2048)
        frame_id, service, kind = struct.unpack_from(">HBB", frame, 14)
        if frame[6:12] == own or kind != 0 or frame_id not in (0xFEFD, 0xFEFE):
            continue
        said = {
            (2, 1): b"\0\0" + PRODUCT.encode(),
            (2, 2): b"\0\0" + name,
            (2, 3): b"\0\0" + struct.pack(">HH", 0x002A, 0x0313),
            (2, 4): b"\0\0\1\0",
            (1, 2): b"\0\1" + socket.inet_aton(ADDRESSES[STATION]) + b"\xff\xff\xff\0" + bytes(4),
        }
        if service == IDENTIFY:
            blocks = b"".join(block(*option, value) for option, value in said.items())
            reply = 0xFEFF
        elif service == GET:
            option = frame[26], frame[27]
            blocks = block(*option, said[option]) if option in said else block(5, 4, bytes((*option, 1)))
            reply = 0xFEFD
        else:
            option, size = (frame[26], frame[27]), struct.unpack_from(">H", frame, 28)[0]
            name = frame[32 : 30 + size] if option == (2, 2) else name
            blocks, reply = block(5, 4, bytes((*option, 0))), 0xFEFD
        head = struct.pack(">HBB", reply, service, 1) + frame[18:22] + struct.pack(">HH", 0, len(blocks))
        wire.send((frame[6:12] + own + struct.pack(">H", PROFINET) + head + blocks).ljust(60, b"\0"))


def publish_goose() -> None:
    """Publish a state five times, then another five times."""
    enter(STATION)
    import pyiec61850 as iec

    where = iec.CommParameters()
    where.appId, where.vlanId, where.vlanPriority = 7, 0, 4
    iec.CommParameters_setDstAddress(where, *bytes.fromhex(GROUP.replace(":", "")))
    publisher = iec.GoosePublisher_createEx(where, "wire0", False)
    iec.GoosePublisher_setGoCbRef(publisher, REFERENCE)
    iec.GoosePublisher_setDataSetRef(publisher, DATA_SET)
    iec.GoosePublisher_setConfRev(publisher, 1)
    iec.GoosePublisher_setTimeAllowedToLive(publisher, 500)
    for state in (False, True):
        values = iec.LinkedList_create()
        iec.LinkedList_add(values, iec.MmsValue_newBoolean(state))
        iec.GoosePublisher_increaseStNum(publisher)
        for _ in range(5):
            iec.GoosePublisher_publish(publisher, values)
            time.sleep(0.1)


def ask_dcp() -> None:
    """Find all stations, ask one what it is, and give it another name."""
    enter(ENGINEER)
    from pnio_dcp import DCP

    dcp = DCP(ADDRESSES[ENGINEER])
    dcp.identify_all(timeout=2)
    dcp.identify(MACS[STATION])
    dcp.get_name_of_station(MACS[STATION])
    dcp.set_name_of_station(MACS[STATION], "press-8")


def captured(folder: Path) -> Path:
    """Record while everything runs once; return the capture."""
    path = folder / "no_ip.pcap"
    inside = ["ip", "netns", "exec", ENGINEER]
    sniffer = subprocess.Popen(
        [*inside, "dumpcap", "-q", "-P", "-i", "wire0", "-f", "not ip and not ip6", "-w", str(path)],
        stderr=subprocess.DEVNULL,
    )
    time.sleep(1)
    station = multiprocessing.Process(target=answer_dcp)
    station.start()
    try:
        for work in (ask_dcp, publish_goose):
            worker = multiprocessing.Process(target=work)
            worker.start()
            worker.join(60)
            if worker.exitcode:
                raise SystemExit(f"{work.__name__} failed")
        time.sleep(1)
    finally:
        station.terminate()
        sniffer.terminate()
        sniffer.wait(10)
    return path


def told(path: Path) -> dict[str, object]:
    """Return the truth: what was set up, and the counts of tshark."""
    raw = path.read_bytes()
    layers = run("tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.protocols").split()
    return {
        "file": path.name,
        "sha256": hashlib.sha256(raw).hexdigest(),
        "packets": len(layers),
        "frames": {protocol: sum(protocol in of for of in layers) for protocol in ("pn_dcp", "goose")},
        "stations": [
            {
                "mac": MACS[STATION], "address": ADDRESSES[STATION], "names": [NAME, "press-8"], "product": PRODUCT,
                "goose": REFERENCE,
            },
            {"mac": MACS[ENGINEER]},
        ],
    }  # fmt: skip


def main() -> None:
    """Make the capture and its truth in the folder that the command line names."""
    import yaml

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    up()
    try:
        path = captured(folder)
    finally:
        down()
    path.with_suffix(".yaml").write_text(yaml.safe_dump(told(path), sort_keys=False))


if __name__ == "__main__":
    main()
