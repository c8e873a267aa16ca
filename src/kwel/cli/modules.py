"""Names of commands in, a group of them out whose modules are imported when asked for: no command waits for others."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


class Modules(click.Group):
    """A group of commands, each in a module of its name."""

    def __init__(self, *args: Any, package: str, names: Sequence[str], **kwargs: Any) -> None:
        """*names*: of the modules of *package*, in the order in which help lists them; a command is named likewise."""
        super().__init__(*args, **kwargs)
        self._package, self._names = package, tuple(names)

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(self._names)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """Return a command."""
        if name not in self._names:
            return None
        command: click.Command = getattr(importlib.import_module(f"{self._package}.{name}"), name)
        return command
