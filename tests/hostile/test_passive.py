"""It sends nothing, ever: no command opens a socket of any family."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kwel import native
from kwel.dissect.registry import DISSECTORS
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    RequireTool = Callable[[str], str]

WATCHED = """
import sys
from kwel import native
native.load()
def refuse(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "asyncio.create_connection")):
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(refuse)
from kwel.cli.app import run
sys.exit(run(sys.argv[1:]))
"""

COMMANDS = (
    ("report", "sample_pcaps", "-o", "{out}"),
    ("report", "sample_pcaps/mixed_plant.pcapng", "--json"),
    ("flows", "sample_pcaps"),
    ("names", "sample_pcaps", "--format", "parquet", "-o", "{out}"),
    ("assets", "sample_pcaps", "--format", "csv"),
    ("dependencies", "sample_pcaps", "--format", "jsonl"),
    ("explain", "login.microsoftonline.com", "13.69.64.110"),
    ("rules", "lint"),
    ("data", "--json"),
    ("data", "key", "{out}"),
)


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Compile first."""
    native.load()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_opens_a_socket(command: tuple[str, ...], tmp_path: Path) -> None:
    arguments = [part.format(out=tmp_path / "out") for part in command]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments], cwd=ROOT, capture_output=True, timeout=120, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")


def test_the_watch_would_notice() -> None:
    script = WATCHED.replace("from kwel.cli", "import socket\nsocket.socket()\nfrom kwel.cli")
    done = subprocess.run([sys.executable, "-c", script, "--help"], cwd=ROOT, capture_output=True, check=False)

    assert b"socket.__new__" in done.stderr


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


@pytest.mark.slow
def test_it_works_where_there_is_no_network_at_all(require_tool: RequireTool) -> None:
    unshare = [require_tool("unshare"), "-rn"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine permits no namespaces")
    command = [*unshare, sys.executable, "-m", "kwel", "report", "sample_pcaps/mixed_plant.pcapng", "--json"]
    inside = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=True)
    outside = subprocess.run(command[2:], cwd=ROOT, capture_output=True, timeout=120, check=True)

    assert inside.stdout == outside.stdout
