"""Options in, one library call, an exit status out. One file a command."""

from kwel.cli.app import main

__all__ = ["main"]
