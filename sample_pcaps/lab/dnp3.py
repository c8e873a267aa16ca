"""A folder in, ``dnp3.pcap`` and its truth out: a master of DNP3 and two outstations, in two network namespaces.

    python -m venv venv && venv/bin/pip install yadnp3 pyyaml
    sudo venv/bin/python dnp3.py FOLDER

The master and the outstation at link address 10 are opendnp3 through the bindings of yadnp3, a stack in real use. It
does not answer to group 0, the attributes of a device, so a second outstation does, in the few lines below, written
from IEEE 1815; that the master understands it and tshark finds its checksums right is the proof. It needs root,
iproute2 and tshark with dumpcap. Nothing is attached to the interfaces of the machine itself.
"""

from __future__ import annotations

import ctypes
import hashlib
import multiprocessing
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

CONTROL, FIELD = "lab-control", "lab-field"
MACS = {CONTROL: "00:1b:1b:20:00:61", FIELD: "00:30:a7:20:00:62"}
"""The field is a relay's: a prefix of Schweitzer Engineering."""
ADDRESSES = {CONTROL: "10.20.1.61", FIELD: "10.20.1.62"}
PORT, TELLING_PORT = 20000, 20001
MASTER, OUTSTATION, TELLING = 1, 10, 11
ATTRIBUTES = {252: "ACME Grid", 250: "RTU 9", 248: "0815-4711", 247: "Substation Zuid", 242: "4.2.1"}
"""Variations of group 0: manufacturer, product, serial number, name, software."""
NETWORK = 0x40000000
"""CLONE_NEWNET, setns(2)."""
QUIET = 0.15


def run(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def up() -> None:
    """Make both namespaces and the wire between them."""
    down()
    for name in MACS:
        run("ip", "netns", "add", name)
    run("ip", "link", "add", "wire0", "netns", CONTROL, "type", "veth", "peer", "name", "wire0", "netns", FIELD)
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


def checksum(data: bytes) -> bytes:
    """Return the checksum of a block (IEEE 1815 clause 9.2.4)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA6BC if crc & 1 else 0)
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def answer(request: bytes) -> bytes:
    """Return a frame that says what the device is, or nothing of other objects: link, transport, application."""
    said = bytes([0xC0 | request[11] & 0x0F, 129, 0, 0])
    if request[13] == 0:  # group 0
        for variation, value in ATTRIBUTES.items():
            said += bytes([0, variation, 0, 0, 0, 1, len(value)]) + value.encode()
    data = b"\xc0" + said
    header = bytes([5, 0x64, 5 + len(data), 0x44]) + MASTER.to_bytes(2, "little") + TELLING.to_bytes(2, "little")
    blocks = [data[i : i + 16] for i in range(0, len(data), 16)]
    return header + checksum(header) + b"".join(block + checksum(block) for block in blocks)


def tell() -> None:
    """Answer what a master reads, as often as it asks."""
    enter(FIELD)
    server = socket.create_server(("0.0.0.0", TELLING_PORT))
    master, _ = server.accept()
    while frame := master.recv(4096):
        if len(frame) > 13 and frame[12]:  # no confirmation
            master.sendall(answer(frame))
    master.close()


def serve() -> None:
    """Be an outstation that does what it is told, and says of its own accord when something changes."""
    enter(FIELD)
    import opendnp3 as dnp3

    class Obedient(dnp3.ICommandHandler):  # type: ignore[misc]
        def Select(self, *_: Any) -> Any:
            return dnp3.CommandStatus.SUCCESS

        def Operate(self, *_: Any) -> Any:
            return dnp3.CommandStatus.SUCCESS

    class Station(dnp3.IOutstationApplication):  # type: ignore[misc]
        has_time = False

        def GetApplicationIIN(self) -> Any:
            indications = dnp3.ApplicationIIN()
            indications.needTime = not self.has_time
            return indications

        def SupportsWriteAbsoluteTime(self) -> bool:
            return True

        def WriteAbsoluteTime(self, *_: Any) -> bool:
            self.has_time = True
            return True

        def ColdRestartSupport(self) -> Any:
            return dnp3.RestartMode.SUPPORTED_DELAY_COARSE

        def ColdRestart(self) -> int:
            return 3

    nothing = dnp3.LogLevels.none()
    manager = dnp3.DNP3Manager(1)
    end = dnp3.IPEndpoint("0.0.0.0", PORT)
    channel = manager.AddTCPServer("server", nothing, dnp3.ServerAcceptMode.CloseExisting, end, None)
    points = dnp3.DatabaseConfig(4)
    points.octet_string, points.time_and_interval = {}, {}
    config = dnp3.OutstationStackConfig(points)
    config.link.LocalAddr, config.link.RemoteAddr = OUTSTATION, MASTER
    config.outstation.eventBufferConfig = dnp3.EventBufferConfig.AllTypes(10)
    config.outstation.params.allowUnsolicited = True
    outstation = channel.AddOutstation("outstation", Obedient(), Station(), config)
    outstation.Enable()
    time.sleep(3)
    builder = dnp3.UpdateBuilder()
    builder.Update(dnp3.Binary(True), 3)
    builder.Update(dnp3.Analog(47.5), 2)
    outstation.Apply(builder.Build())
    time.sleep(60)


def command() -> None:
    """Read, write, operate, freeze, ask for attributes, and restart the outstation."""
    enter(CONTROL)
    import opendnp3 as dnp3

    heard: dict[int, str] = {}

    class Values(dnp3.ISOEHandler):  # type: ignore[misc]
        def BeginFragment(self, *_: Any) -> None:
            pass

        def EndFragment(self, *_: Any) -> None:
            pass

        def Process(self, *_: Any) -> None:
            pass

        def OnDeviceAttribute(self, _info: Any, _set: int, variation: int, value: Any) -> None:
            heard[variation] = value.stringValue

    nothing, done = dnp3.LogLevels.none(), threading.Semaphore(0)

    def master(port: int, address: int, manager: Any) -> Any:
        ends = [dnp3.IPEndpoint(ADDRESSES[FIELD], port)]
        channel = manager.AddTCPClient(str(port), nothing, dnp3.ChannelRetry.Default(), ends, "0.0.0.0", None)
        config = dnp3.MasterStackConfig()
        config.link.LocalAddr, config.link.RemoteAddr = MASTER, address
        config.master.timeSyncMode = dnp3.TimeSyncMode.NonLAN
        config.master.disableUnsolOnStartup = port == PORT
        return channel.AddMaster(str(port), values, dnp3.IMasterApplication(), config)

    def settle(*_: Any) -> None:
        done.release()

    def step(work: Any, *arguments: Any, waits: bool = False) -> None:
        work(*arguments)
        if waits:
            done.acquire(timeout=5)
        time.sleep(QUIET)

    values, manager = Values(), dnp3.DNP3Manager(1)
    outstation = master(PORT, OUTSTATION, manager)
    outstation.Enable()
    time.sleep(2.5)
    step(outstation.ScanClasses, dnp3.ClassField.AllClasses(), values)
    step(outstation.ScanRange, dnp3.GroupVariationID(30, 1), 0, 3, values)
    time.sleep(1)
    coil = dnp3.ControlRelayOutputBlock(dnp3.OperationType.LATCH_ON)
    step(outstation.SelectAndOperate, coil, 2, settle, waits=True)
    step(outstation.DirectOperate, dnp3.AnalogOutputFloat32(12.5), 1, settle, waits=True)
    step(outstation.Freeze, dnp3.FreezeType.ImmediateFreeze, [dnp3.Header.AllObjects(20, 0)])
    step(outstation.GetFileInfo, "settings.txt", settle, waits=True)
    step(outstation.PerformFunction, "stop", dnp3.FunctionCode.STOP_APPLICATION, [])
    step(outstation.Restart, dnp3.RestartType.COLD, settle, waits=True)
    outstation.Shutdown()
    teller = master(TELLING_PORT, TELLING, manager)
    teller.Enable()
    time.sleep(0.5)
    step(teller.ScanAllObjects, dnp3.GroupVariationID(0, 254), values)
    time.sleep(0.5)
    manager.Shutdown()
    if heard != ATTRIBUTES:
        raise SystemExit(f"the master read other attributes: {heard}")


def captured(folder: Path) -> Path:
    """Record while everything runs once; return the capture."""
    path = folder / "dnp3.pcap"
    inside = ["ip", "netns", "exec", CONTROL]
    sniffer = subprocess.Popen(
        [*inside, "dumpcap", "-q", "-P", "-i", "wire0", "-w", str(path)], stderr=subprocess.DEVNULL
    )
    time.sleep(1)
    servers = [multiprocessing.Process(target=work) for work in (serve, tell)]
    for server in servers:
        server.start()
    time.sleep(1)
    try:
        master = multiprocessing.Process(target=command)
        master.start()
        master.join(60)
        if master.exitcode:
            raise SystemExit("the master failed")
        time.sleep(1)
    finally:
        for server in servers:
            server.terminate()
        sniffer.terminate()
        sniffer.wait(10)
    return path


def shown(path: Path, only: str, field: str) -> list[str]:
    """Return a field of the frames that a filter of tshark leaves."""
    decode = f"tcp.port=={TELLING_PORT},dnp3"
    return run("tshark", "-n", "-d", decode, "-r", str(path), "-Y", only, "-T", "fields", "-e", field).split()


def counted(path: Path, port: int) -> dict[int, int]:
    """Return how often tshark reads each function of what a master asks one outstation."""
    asked = shown(path, f"dnp3.ctl.dir == 1 && tcp.dstport == {port}", "dnp3.al.func")
    return dict(sorted(Counter(int(code, 0) for codes in asked for code in codes.split(",")).items()))


def told(path: Path) -> dict[str, object]:
    """Return the truth: what was set up, and what tshark counts."""
    raw = path.read_bytes()
    odd = "dnp3.hdr.CRC.incorrect || dnp3.data_chunk.CRC.incorrect || _ws.malformed"
    if bad := shown(path, odd, "frame.number"):
        raise SystemExit(f"tshark does not believe frames {bad}")
    return {
        "file": path.name,
        "sha256": hashlib.sha256(raw).hexdigest(),
        "packets": len(shown(path, "frame", "frame.number")),
        "master": {"mac": MACS[CONTROL], "address": ADDRESSES[CONTROL], "link": MASTER},
        "outstation": {"mac": MACS[FIELD], "address": ADDRESSES[FIELD], "link": [OUTSTATION, TELLING]},
        "functions": {port: counted(path, port) for port in (PORT, TELLING_PORT)},
        "attributes": ATTRIBUTES,
    }


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
