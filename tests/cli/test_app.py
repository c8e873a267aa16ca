from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from kwel.cli.app import COMMANDS, app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import SimpleNamespace

    from tests.cli.conftest import Cli

ROOT = Path(__file__).parents[2]
MADE = {name: app.get_command(click.Context(app), name) for name in COMMANDS}


def leaves(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield a command, or those of a group."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for inner in command.list_commands(context):
        found = command.get_command(context, inner)
        assert found is not None
        yield from leaves(f"{name} {inner}", found)


LEAVES = {leaf: found for name, command in MADE.items() if command for leaf, found in leaves(f"kwel {name}", command)}


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_explains_itself_with_an_example_and_its_exit_statuses(name: str, cli: Cli) -> None:
    status, out, err = cli(*name.split()[1:], "--help")

    assert (status, err) == (0, "")
    assert "Example:" in out
    assert f"  {name} " in out.partition("Example:")[2] or f" {name}\n" in out.partition("Example:")[2]
    assert "Exit status:" in out


@pytest.mark.parametrize("name", LEAVES)
def test_every_option_says_what_it_does(name: str) -> None:
    for parameter in LEAVES[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name}"


@pytest.mark.parametrize("name", LEAVES)
def test_the_page_of_commands_names_every_command(name: str) -> None:
    assert name in (ROOT / "docs" / "commands.md").read_text()


def test_without_a_command_the_help_is_shown_and_the_status_is_that_of_wrong_usage(cli: Cli) -> None:
    status, out, err = cli()

    assert status == 2
    assert "Commands:" in out + err


@pytest.mark.parametrize(
    "line", ["repot x", "report", "flows --format xml x", "flows --internal 10.0.0.1/8 x", "explain a.pcap"]
)
def test_wrong_usage_is_one_line_and_status_two(line: str, cli: Cli) -> None:
    status, out, err = cli(*line.split())

    assert (status, out) == (2, "")
    assert re.fullmatch(r"kwel: .+\n", err)


def test_version_is_printed(cli: Cli) -> None:
    assert cli("--version") == (0, "kwel 0.1.0\n", "")


def test_help_imports_nothing_heavy() -> None:
    probe = (
        "import sys\nfrom kwel.cli.app import run\nrun(['--help'])\n"
        "print(sorted({'numpy', 'numba', 'llvmlite', 'pandas', 'pyarrow', 'rich', 'jinja2', 'scapy', 'pyshark'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_interrupt_is_one_line_and_status_130(
    cli: Cli, analysis: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kwel.analysis.stages.read_traffic", interrupted)

    assert cli("flows", "x.pcap") == (130, "", "kwel: interrupted\n")


def test_lack_of_memory_is_one_line(cli: Cli, analysis: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("kwel.analysis.stages.read_traffic", exhausted)
    status, out, err = cli("flows", "x.pcap")

    assert (status, out) == (3, "")
    assert re.fullmatch(r"kwel: out of memory; .+\n", err)


def _spawn(*arguments: str, stdout: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "kwel", *arguments], stdout=stdout, stderr=subprocess.PIPE, cwd=ROOT)


def test_a_reader_that_stops_reading_ends_it_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    process = _spawn("--help", stdout=write)
    os.close(write)

    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_a_full_disk_behind_standard_output_is_one_line() -> None:
    with open("/dev/full", "wb") as full:
        error = _spawn("--help", stdout=full.fileno()).communicate(timeout=60)[1]

    assert error == b"kwel: standard output: No space left on device\n"


def test_a_real_interrupt_while_waiting_for_standard_input_leaves_no_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kwel", "flows", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
        # a shell that starts the tests in the background makes them, and all that they start, deaf to it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(b"\xd4\xc3")
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while any(fcntl.ioctl(process.stdin, termios.FIONREAD, bytes(4))) and time.monotonic() < deadline:
        time.sleep(0.01)  # until it has taken these two bytes and waits for more
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert out == b""
    assert err.endswith(b"kwel: interrupted\n")
    assert b"Traceback" not in err


def test_commands_stand_in_the_order_of_the_help_and_are_called_as_there() -> None:
    assert list(COMMANDS) == app.list_commands(click.Context(app))
    assert [command.name for command in MADE.values() if command] == list(COMMANDS)


def test_a_command_imports_no_other() -> None:
    probe = (
        "import sys\nfrom kwel.cli.app import COMMANDS, run\nrun(['rules', 'lint'])\n"
        "print(*[name for name in COMMANDS if f'kwel.cli.{name}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout == "rules\n"
