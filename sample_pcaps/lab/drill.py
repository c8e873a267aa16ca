"""A folder in, three captures and their truth out: a plant before, while and after its American clouds are cut off.

    python -m venv venv && venv/bin/pip install paho-mqtt pymodbus dnslib pyyaml
    sudo venv/bin/python drill.py FOLDER [MINUTES]

Ten minutes each by default. Seven hosts behind a switch, a router that resolves names, an internet of cloud addresses:
all in network namespaces, nothing is attached to the interfaces of the machine itself. What each host does when its
cloud is gone is written down here, in ``FATES``, before anything is captured. It needs root and, from Debian, iproute2,
nftables, mosquitto, curl, openssl and tshark with dumpcap.
"""

from __future__ import annotations

import ctypes
import hashlib
import multiprocessing
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NETWORK = 0x40000000
"""CLONE_NEWNET, setns(2)."""
SWITCH, SENSOR, ROUTER, INTERNET = "drill-sw", "drill-span", "drill-rtr", "drill-inet"
RESOLVER = "10.20.0.1"
ROUTER_MAC = "00:09:0f:aa:00:01"


class Host(NamedTuple):
    """A host of the plant."""

    address: str
    mac: str
    what: str


HOSTS = {
    "plc": Host("10.20.1.12", "00:80:f4:10:00:12", "controller, Modbus"),
    "hmi": Host("10.20.2.21", "00:1b:1b:10:00:21", "operator panel, no cloud"),
    "hist": Host("10.20.2.22", "00:50:56:10:00:22", "historian, uploads to AWS"),
    "ews": Host("10.20.2.24", "d4:be:d9:10:00:24", "engineering station, its licence is checked at Microsoft"),
    "backup": Host("10.20.2.25", "a4:bb:6d:10:00:25", "backup server, to Azure, else to a European store"),
    "cam": Host("10.20.3.31", "44:19:b6:10:00:31", "camera, to a European host"),
    "gw": Host("10.20.3.32", "00:90:e8:10:00:32", "gateway, MQTT to Azure"),
}
CLOUDS = {
    "plantgw-prod.azure-devices.net": "13.69.64.110",
    "plantstore01.blob.core.windows.net": "20.60.222.10",
    "login.microsoftonline.com": "20.190.160.20",
    "plant-historian.s3.eu-central-1.amazonaws.com": "52.219.170.10",
    "historian.hz-fsn1.example": "116.202.40.7",
    "plant-backup.s3.nl-ams.scw.cloud": "163.172.208.9",
}
IOT, BLOB, LOGIN, S3, HETZNER, SCALEWAY = CLOUDS
CUT = {IOT: "drop", BLOB: "drop", LOGIN: "no name", S3: "reject"}
"""How each cloud is taken away: packets dropped, connections reset, or its name no longer found."""
FATES = {
    "plc": {"cloud": None, "local": "kept-running"},
    "hmi": {"cloud": None, "local": "kept-running"},
    "hist": {"cloud": S3, "how": "reject", "local": "stopped", "after_s": 90, "why": "its buffer is full"},
    "ews": {"cloud": LOGIN, "how": "no name", "local": "stopped", "after_s": 0, "why": "it has no licence"},
    "backup": {"cloud": BLOB, "how": "drop", "local": "no-local", "fell_back": SCALEWAY},
    "cam": {"cloud": HETZNER, "how": None, "local": "no-local"},
    "gw": {"cloud": IOT, "how": "drop", "local": "kept-running"},
}
RULES = f"""table inet drill {{
  chain forward {{
    type filter hook forward priority 0;
    ip daddr {{ {CLOUDS[IOT]}, {CLOUDS[BLOB]} }} drop
    ip daddr {CLOUDS[S3]} meta l4proto tcp reject with tcp reset
  }}
}}
"""


def run(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def inside(name: str, *command: str) -> str:
    """Return what a command prints in a namespace."""
    return run("ip", "netns", "exec", name, *command)


def enter(name: str) -> None:
    """Go on in a namespace."""
    with open(f"/var/run/netns/{name}") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), NETWORK):
            raise OSError(ctypes.get_errno(), name)


def join(port: str, name: str, device: str, mac: str) -> None:
    """Put a namespace on the switch; what enters there is copied to the sensor once."""
    run("ip", "link", "add", port, "netns", SWITCH, "type", "veth", "peer", "name", device, "netns", name)
    inside(name, "ip", "link", "set", device, "address", mac)
    for where, what in ((name, device), (SWITCH, port)):
        inside(where, "ethtool", "-K", what, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
        inside(where, "ip", "link", "set", what, "up")
    inside(SWITCH, "ip", "link", "set", port, "master", "br0")
    inside(SWITCH, "tc", "qdisc", "add", "dev", port, "clsact")
    mirror = "protocol all prio 10 u32 match u32 0 0 action mirred egress mirror dev span0"
    inside(SWITCH, "tc", "filter", "add", "dev", port, "ingress", *mirror.split())


def up() -> None:
    """Make the plant, the router and the internet."""
    down()
    for name in (SWITCH, SENSOR, ROUTER, INTERNET, *(f"drill-{host}" for host in HOSTS)):
        run("ip", "netns", "add", name)
        inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        inside(name, "ip", "link", "set", "lo", "up")
    inside(SWITCH, "ip", "link", "add", "br0", "type", "bridge")
    inside(SWITCH, "ip", "link", "set", "br0", "up")
    run("ip", "link", "add", "span0", "netns", SWITCH, "type", "veth", "peer", "name", "mon0", "netns", SENSOR)
    inside(SWITCH, "ip", "link", "set", "span0", "up")
    inside(SENSOR, "ip", "link", "set", "mon0", "arp", "off", "promisc", "on", "up")
    join("p-rtr", ROUTER, "lan0", ROUTER_MAC)
    run("ip", "link", "add", "wan0", "netns", ROUTER, "type", "veth", "peer", "name", "eth0", "netns", INTERNET)
    for name, device, address in ((ROUTER, "lan0", f"{RESOLVER}/16"), (ROUTER, "wan0", "100.64.0.1/30")):
        inside(name, "ip", "addr", "add", address, "dev", device)
    inside(INTERNET, "ip", "addr", "add", "100.64.0.2/30", "dev", "eth0")
    inside(ROUTER, "ip", "link", "set", "wan0", "up")
    inside(INTERNET, "ip", "link", "set", "eth0", "up")
    inside(ROUTER, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    inside(ROUTER, "ip", "route", "add", "default", "via", "100.64.0.2")
    inside(INTERNET, "ip", "route", "add", "10.0.0.0/8", "via", "100.64.0.1")
    for address in CLOUDS.values():
        inside(INTERNET, "ip", "addr", "add", f"{address}/32", "dev", "lo")
    for host, (address, mac, _) in HOSTS.items():
        join(f"p-{host}", f"drill-{host}", "eth0", mac)
        inside(f"drill-{host}", "ip", "addr", "add", f"{address}/16", "dev", "eth0")
        inside(f"drill-{host}", "ip", "route", "add", "default", "via", RESOLVER)


def down() -> None:
    """Remove the namespaces, if they are there."""
    for name in (SWITCH, SENSOR, ROUTER, INTERNET, *(f"drill-{host}" for host in HOSTS)):
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def keys(folder: Path) -> None:
    """Make one certificate for all clouds."""
    names = ",".join(f"DNS:{name}" for name in CLOUDS)
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "crt.pem"))
    subject = ("-subj", "/CN=cloud.lab.example", "-addext", f"subjectAltName={names}")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", *subject, *files)
    (folder / "key.pem").chmod(0o644)


# ------------------------------------------------------------------ the internet


def serve_https(folder: Path) -> None:
    """Answer any request at any of the cloud addresses."""
    enter(INTERNET)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt.pem", folder / "key.pem")
    server = socket.create_server(("0.0.0.0", 443))

    def answer(client: socket.socket) -> None:
        try:
            with context.wrap_socket(client, server_side=True) as shielded:
                shielded.settimeout(5)
                shielded.recv(65536)
                shielded.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        except OSError:
            pass

    while True:
        threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()


def serve_mqtt(folder: Path) -> None:
    """Run a broker at the address of the IoT hub."""
    lines = (f"listener 8883 {CLOUDS[IOT]}", "allow_anonymous true", "user root")
    files = (f"certfile {folder / 'crt.pem'}", f"keyfile {folder / 'key.pem'}")
    (folder / "mosquitto.conf").write_text("\n".join((*lines, *files)))
    enter(INTERNET)
    subprocess.run(["mosquitto", "-c", str(folder / "mosquitto.conf")], check=False, capture_output=True)


def resolve(lost: Any) -> None:
    """Resolve names of the clouds; while *lost* is set, not those whose names are taken away."""
    enter(ROUTER)
    from dnslib import QTYPE, RCODE, RR, A, DNSRecord

    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((RESOLVER, 53))
    while True:
        data, client = server.recvfrom(4096)
        question = DNSRecord.parse(data)
        name = str(question.q.qname).rstrip(".")
        reply = question.reply()
        if lost.is_set() and CUT.get(name) == "no name":
            reply.header.rcode = RCODE.SERVFAIL
        elif name not in CLOUDS:
            reply.header.rcode = RCODE.NXDOMAIN
        elif question.q.qtype == QTYPE.A:
            reply.add_answer(RR(name, QTYPE.A, rdata=A(CLOUDS[name]), ttl=30))
        server.sendto(reply.pack(), client)


# ------------------------------------------------------------------ the plant


def plc() -> None:
    """Be a controller."""
    import asyncio

    from pymodbus.server import StartAsyncTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    values = SimDevice(id=0, simdata=[SimData(address=0, count=100, values=17, datatype=DataType.REGISTERS)])
    asyncio.run(StartAsyncTcpServer(values, address=("0.0.0.0", 502)))


def read_controller(go_on: threading.Event) -> None:
    """Read registers every other second while *go_on* is set."""
    from pymodbus.client import ModbusTcpClient

    client = ModbusTcpClient(HOSTS["plc"].address)
    while True:
        go_on.wait()
        client.connect()
        client.read_holding_registers(0, count=10)
        time.sleep(2)


def reading() -> threading.Event:
    """Begin to read the controller; return what stops it when cleared."""
    go_on = threading.Event()
    go_on.set()
    threading.Thread(target=read_controller, args=(go_on,), daemon=True).start()
    return go_on


def send(name: str, folder: Path) -> bool:
    """Send something to a cloud with curl; return whether it was taken."""
    say = ("curl", "-4sS", "--max-time", "10", "--cacert", str(folder / "crt.pem"), "-o", "/dev/null")
    return subprocess.run([*say, "-T", str(folder / "data"), f"https://{name}/data"], check=False).returncode == 0


def hmi(_: Path) -> None:
    """Read the controller, and nothing else."""
    reading()
    time.sleep(1e6)


def hist(folder: Path) -> None:
    """Upload what was read; without an upload for ninety seconds the buffer is full and reading stops."""
    go_on, sent = reading(), time.monotonic()
    while True:
        if send(S3, folder):
            sent = time.monotonic()
            go_on.set()
        elif time.monotonic() - sent >= 90:
            go_on.clear()
        time.sleep(15)


def ews(folder: Path) -> None:
    """Read the controller while the licence holds."""
    go_on = reading()
    while True:
        (go_on.set if send(LOGIN, folder) else go_on.clear)()
        time.sleep(20)


def backup(folder: Path) -> None:
    """Write to one store, else to the other."""
    while True:
        if not send(BLOB, folder):
            send(SCALEWAY, folder)
        time.sleep(20)


def cam(folder: Path) -> None:
    """Send pictures to a European host."""
    while True:
        send(HETZNER, folder)
        time.sleep(20)


def gw(folder: Path) -> None:
    """Read the controller and publish; without a cloud, read on and try again ever later."""
    import paho.mqtt.client as mqtt

    reading()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="line1-gw")
    client.tls_set(str(folder / "crt.pem"))
    client.reconnect_delay_set(5, 60)
    client.connect_async(IOT, 8883, keepalive=15)
    client.loop_start()
    while True:
        client.publish("line1/telemetry", '{"t": 60.5}', qos=0)
        time.sleep(5)


def be(host: str, work: Callable[..., None], *arguments: Any) -> None:
    """Be one host: its own namespace, its own resolver."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=False)
    enter(f"drill-{host}")
    if ctypes.CDLL(None, use_errno=True).unshare(0x00020000):  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(f"nameserver {RESOLVER}\noptions timeout:2 attempts:2\n")
    subprocess.run(["mount", "--bind", file.name, "/etc/resolv.conf"], check=True)
    work(*arguments)


# ------------------------------------------------------------------ the three parts


def record(path: Path, seconds: float) -> None:
    """Capture for so long."""
    command = ["dumpcap", "-q", "-P", "-i", "mon0", "-a", f"duration:{round(seconds)}", "-w", str(path)]
    subprocess.run(["ip", "netns", "exec", SENSOR, *command], check=True, capture_output=True)


def told(folder: Path, minutes: float) -> dict[str, object]:
    """Pack the captures and return the truth."""
    parts = {}
    for part in ("before", "during", "after"):
        run("gzip", "-9n", str(folder / f"{part}.pcap"))
        path = folder / f"{part}.pcap.gz"
        count = len(run("tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.number").split())
        parts[part] = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "packets": count}
    hosts = {
        host: {"ip": [of.address], "mac": of.mac, "what": of.what, **FATES[host]} for host, of in HOSTS.items()
    }
    return {"title": "American clouds cut off", "minutes": minutes, "captures": parts, "cut": CUT, "assets": hosts}


def main() -> None:
    """Make the captures and their truth in the folder that the command line names."""
    import yaml

    folder, minutes = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    folder.mkdir(parents=True, exist_ok=True)
    keep = Path(tempfile.mkdtemp())
    keep.chmod(0o755)
    (keep / "data").write_bytes(b"x" * 300)
    keys(keep)
    up()
    lost = multiprocessing.Event()
    works = [(serve_https, keep), (serve_mqtt, keep), (resolve, lost), (be, "plc", plc)]
    works += [(be, host, globals()[host], keep) for host in HOSTS if host != "plc"]
    running = [multiprocessing.Process(target=work, args=arguments) for work, *arguments in works]
    try:
        for process in running:
            process.start()
            time.sleep(1)
        time.sleep(10)
        record(folder / "before.pcap", 60 * minutes)
        lost.set()
        inside(ROUTER, "nft", RULES)
        record(folder / "during.pcap", 60 * minutes)
        lost.clear()
        inside(ROUTER, "nft", "delete table inet drill")
        record(folder / "after.pcap", 60 * minutes)
    finally:
        for process in running:
            process.kill()
        subprocess.run(["pkill", "-f", str(keep / "mosquitto.conf")], check=False)
        down()
    (folder / "drill.yaml").write_text(yaml.safe_dump(told(folder, minutes), sort_keys=False))


if __name__ == "__main__":
    main()
