"""It sends nothing, ever: no command opens a socket of any family."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kwel.attribution.feeds import pack, registers
from kwel.attribution.feeds.install import Made, manifest_of
from kwel.cli import app
from kwel.kernel.build import jit
from kwel.protocols.registry import DISSECTORS
from kwel.store import Store
from tests.conftest import ROOT
from tests.hostile.making import in_turn
from tests.store.windows import PLANT, tables_of, window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    RequireTool = Callable[[str], str]

WATCH = """
def refuse(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "asyncio.create_connection")):
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(refuse)
"""

COMMANDS = (
    ("report", "sample_pcaps", "-o", "{out}"),
    ("report", "sample_pcaps/mixed_plant.pcapng", "--json"),
    ("flows", "sample_pcaps"),
    ("hellos", "sample_pcaps"),
    ("names", "sample_pcaps", "--format", "parquet", "-o", "{out}"),
    ("assets", "sample_pcaps", "--format", "csv"),
    ("dependencies", "sample_pcaps", "--format", "jsonl"),
    ("lan", "sample_pcaps"),
    ("conduits", "sample_pcaps", "--format", "csv"),
    ("commands", "sample_pcaps"),
    ("interruptions", "sample_pcaps"),
    ("needs", "sample_pcaps"),
    ("outage", "sample_pcaps", "--all"),
    ("drill", "plan", "sample_pcaps/drill/before.pcap.gz", "--scenario", "azure", "-o", "{out}"),
    ("check", "sample_pcaps/mixed_plant.pcapng", "--policy", "rules/policy/no-foreign-cloud.toml"),
    ("limits", "suggest", "sample_pcaps/mixed_plant.pcapng"),
    ("suppliers", "sample_pcaps/mixed_plant.pcapng", "-o", "{out}", "--key", "{secret}"),
    ("sector", "{dossier}", "-o", "{out}"),
    ("inventory", "check", "sample_pcaps/mixed_plant.pcapng", "--inventory", "{list}"),
    ("explain", "login.microsoftonline.com", "13.69.64.110"),
    ("rules", "lint"),
    ("store", "query", "SELECT * FROM dependencies", "--store", "{store}"),
    ("store", "list", "--store", "{store}"),
    ("report", "--store", "{store}", "-o", "{out}"),
    ("diff", "sample_pcaps/mixed_plant.pcapng", "sample_pcaps/ipv6.pcap"),
    ("data", "--json"),
    ("data", "key", "{out}"),
    ("rules", "test"),
    ("site", "new", "sample_pcaps/mixed_plant.pcapng", "-o", "{out}"),
    ("update", "--bundle", "{pack}", "--trust", "{key}.pub"),
    ("warmup",),
    ("sensor", "alerts", "list", "--state", "{alerts}"),
    ("sensor", "alerts", "explain", "Aa8cf0b3fb1", "--state", "{alerts}"),
    ("sensor", "alerts", "ack", "--all", "--state", "{alerts}"),
    ("sensor", "alerts", "test", "--config", "{config}"),
    ("sensor", "alerts", "send", "--once", "--config", "{config}", "--state", "{alerts}"),
)
FINDS = {"inventory", "check", "diff"}
"""End with 1 on these captures: the list is not whole, a limit is overstepped, and two captures differ."""
SAYS = {"suppliers", "sector"}
"""Tell about the key, and that one company is too few."""
ELSEWHERE = {"verify", "sensor"}
"""Starts Wireshark's tshark, which is watched from outside; and tells of this machine. Both are below."""


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Compile first."""
    jit.load()


def filled_in(command: tuple[str, ...], folder: Path) -> list[str]:
    """Return a command with its files: a place to write to, and a signed pack of an edition with its key."""
    key, packed, known = folder / "packs.pem", folder / "pack.zip", folder / "assets.csv"
    known.write_text("name,address\nKetel 1,10.20.1.11\n")
    if "{pack}" in command:
        day = datetime.date(2026, 11, 25)
        table = registers.database(registers.Content([], [], 0), "kwel-Cloud", "none", day)
        made = Made("cloud.mmdb", table, "none", "this test", "none", day.isoformat(), 0, ())
        pack.new_key(key)
        packed.write_bytes(pack.write({"tables.toml": manifest_of([made]).encode(), "cloud.mmdb": table}, key))
    if "{dossier}" in command:
        write_dossier(folder / "dossier.json")
    if "{alerts}" in command:
        from kwel.alerts import Alerter, Settings

        alerter = Alerter(Settings(), folder / "alerts", background=False)
        alerter.blind("silence", "span0", now=1_772_442_847_120_331_000, rate="0", usual="3")
        alerter.close()
    config = folder / "sensor.toml"
    config.write_text(
        f'[[interfaces]]\nname = "span0"\n[alerts]\napart = true\n[[alerts.file]]\npath = "{folder / "alerts.jsonl"}"\n'
    )
    files = {"alerts": folder / "alerts", "config": config}
    files |= {"dossier": folder / "dossier.json", "secret": folder / "secret.key"}
    if "{store}" in command:
        write_store(folder / "store")
    files |= {"store": folder / "store"}
    return [part.format(out=folder / "out", pack=packed, key=key, list=known, **files) for part in command]


def write_store(path: Path) -> None:
    """Write a store of one window."""
    with Store(path, write=True) as store:
        store.add(replace(window(1), losses=()), tables_of(), PLANT)


def write_dossier(path: Path) -> None:
    """Write a dossier of one supplier."""
    out = path.parent / "suppliers"
    made = ["suppliers", "sample_pcaps/mixed_plant.pcapng", "-o", str(out), "--key", str(path.parent / "its.key")]
    subprocess.run([sys.executable, "-m", "kwel", *made], check=True, cwd=ROOT, capture_output=True)
    path.write_bytes((out / "hikvision" / "dossier.json").read_bytes())


def tried(
    commands: Sequence[tuple[str, ...]], folder: Path, first: str = "", before: Sequence[str] = ()
) -> list[tuple[int | str, bytes, bytes]]:
    """Return how commands went, each with a folder of its own."""
    filled = []
    for number, command in enumerate(commands):
        (folder / str(number)).mkdir(parents=True)
        filled.append(filled_in(command, folder / str(number)))
    environment = {**os.environ, "KWEL_DATA_DIR": str(folder / "data")}
    return in_turn(filled, folder / "said", first=first, before=before, cwd=ROOT, env=environment)


def test_every_command_is_watched() -> None:
    assert {command[0] for command in COMMANDS} | ELSEWHERE == set(app.COMMANDS)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int | str, bytes, bytes]]:
    """Return how each command went while the watch was on."""
    return tried(COMMANDS, tmp_path_factory.mktemp("commands") / "watched", WATCH)


def test_no_command_opens_a_socket(watched: list[tuple[int | str, bytes, bytes]]) -> None:
    for command, (status, _, err) in zip(COMMANDS, watched, strict=True):
        assert status == int(command[0] in FINDS), command
        assert not err or command[0] in SAYS, command


@pytest.fixture
def alone(require_tool: RequireTool) -> list[str]:
    """Return what runs a command in a network namespace that has no interface but a loopback that is down."""
    unshare = [require_tool("unshare"), "-rn"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine permits no namespaces")
    return unshare


@pytest.mark.slow
def test_it_works_where_there_is_no_network_at_all(
    alone: list[str], watched: list[tuple[int | str, bytes, bytes]], tmp_path: Path
) -> None:
    without = tried(COMMANDS, tmp_path / "without", before=alone)
    for command, (status, out, err), (_, known, _) in zip(COMMANDS, without, watched, strict=True):
        assert status == int(command[0] in FINDS), (command, err)
        assert _less_places(out) == _less_places(known), command


def _less_places(out: bytes) -> bytes:
    """Return what a command says without the folder that it was to write to."""
    return re.sub(rb"/\S*/(?:without|watched)/", b"/", out)


def test_looking_at_an_interface_opens_no_socket(tmp_path: Path) -> None:
    ((status, out, err),) = tried([("sensor", "check", "lo", "--during", "0")], tmp_path, WATCH)

    assert (status, err) == (1, b"")
    assert b"can answer" in out


def test_the_one_command_that_goes_online_is_stopped_by_the_watch(tmp_path: Path) -> None:
    ((status, _, err),) = tried([("update", "--only", "places")], tmp_path, WATCH)

    assert "urllib.Request" in f"{status} {err.decode()}"


def test_the_watch_would_notice(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        tried([("--help",)], tmp_path, f"{WATCH}import socket\nsocket.socket()")

    assert b"socket.__new__" in stopped.value.stderr


def test_the_samples_make_every_dissector_work(samples: Path) -> None:
    """Or the watch above would have watched nothing: scapy, for one, likes to ask for routes when it is imported."""
    probe = (
        "import sys\nfrom kwel import analyse\n"
        "print(*sorted({o.protocol for o in analyse(sys.argv[1]).traffic.observed}))"
    )
    done = subprocess.run([sys.executable, "-c", probe, str(samples)], capture_output=True, text=True, check=True)

    assert {"dhcp", "lldp"} <= set(done.stdout.split())
    assert set(done.stdout.split()) <= {dissector.name for dissector in DISSECTORS} | {"mdns", "llmnr", "tls"}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["report", "flows", "verify"])
def test_the_kernel_sees_no_network_call(command: str, require_tool: RequireTool, tmp_path: Path) -> None:
    strace, trace = require_tool("strace"), tmp_path / "trace"
    output = ("-o", str(tmp_path / "out.html")) if command == "report" else ()
    if command == "verify":
        require_tool("tshark")
    done = subprocess.run(
        [strace, "-f", "-e", "trace=%network", "-o", str(trace), sys.executable, "-m", "kwel", command,
         "sample_pcaps/mixed_plant.pcapng", *output],
        cwd=ROOT, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    families = set(re.findall(r"\bsocket\((\w+)", trace.read_text()))

    assert done.returncode == 0, done.stderr
    # tshark asks glibc who its user is, and glibc asks for a name service on this machine
    assert families <= ({"AF_UNIX"} if command == "verify" else set())
