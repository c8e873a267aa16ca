"""The commands of kwel in, its manual page out: what ``--help`` says, in the macros of man(7).

``python tools/man_page.py kwel sensor > kwel-sensor.1``: the page of one group; without ``sensor``, of all commands.
"""

from __future__ import annotations

import datetime
import os
import re
import sys
from typing import TYPE_CHECKING

import click

from kwel.cli.app import app
from kwel.model.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator


def page(words: list[str]) -> str:
    """Return the manual page of ``kwel`` or of one of its groups."""
    command: click.Command = app
    for word in words[1:]:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        if found is None:
            raise SystemExit(f"no command {' '.join(words)}")
        command = found
    day = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.UTC)
    name, (first, *_) = "-".join(words), _paragraphs(command)
    lines = [
        f'.TH {name.upper()} 1 "{day:%Y-%m-%d}" "kwel {__version__}"',
        ".SH NAME",
        f"{_escaped(name)} \\- {_escaped(first.rstrip('.'))}",
        ".SH DESCRIPTION",
        *(line for text in _paragraphs(command) for line in (_escaped(text), ".PP")),
        ".SH COMMANDS",
        *(line for leaf, one in leaves(" ".join(words), command) for line in _entry(leaf, one)),
        ".SH FILES",
        *_files(),
    ]
    return "\n".join(lines) + "\n"


def leaves(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield a command, or those of a group."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for inner in command.list_commands(context):
        if found := command.get_command(context, inner):
            yield from leaves(f"{name} {inner}", found)


def _paragraphs(command: click.Command) -> list[str]:
    return [" ".join(text.split()) for text in re.split(r"\n\s*\n", (command.help or "").strip())]


def _entry(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (".SS " + _escaped(name), f".B {_escaped(name)}", _escaped(usage), ".PP")
    for text in _paragraphs(command):
        yield from (_escaped(text), ".PP")
    for parameter in command.get_params(context):
        if record := parameter.get_help_record(context):
            yield from (".TP", f".B {_escaped(record[0])}", _escaped(" ".join(record[1].split())))
    if command.epilog:
        yield from (".PP", ".nf")
        yield from (_escaped(line) for line in command.epilog.replace("\b", "").strip("\n").splitlines())
        yield ".fi"


def _files() -> Iterator[str]:
    for path, what in (
        ("/etc/kwel/sensor.toml", "what the sensor does"),
        ("/var/lib/kwel", "what it saw"),
        ("/opt/kwel", "the program, with its libraries and its bill of materials"),
    ):
        yield from (".TP", f".I {path}", what)


def _escaped(text: str) -> str:
    """Return text that roff shows as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1:] or ["kwel"]))
