"""Reads a folder of rule files, and computes the digest that identifies its content."""

from __future__ import annotations

import functools
import hashlib
from fnmatch import fnmatch
from importlib import resources
from typing import TYPE_CHECKING, Final

from kwel.rulebook.rulefile import RuleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

_WHOLE: Final = ("vocabulary.toml", "regions.toml")
"""A folder with one of these is a whole rulebook; without, its files are laid over those that ship."""
_ADDED: Final = ("operators/*", "services/*", "jurisdictions/laws*", "jurisdictions/sovereign*", "crosswalk/*",
                 "jurisdictions/blocs.toml", "frameworks*", "devices/roles-*", "scenarios/*")  # fmt: skip
"""Files that may be laid over: what else there is, is not read from there."""
_DATA: Final = "data"
"""Folder of generated tables: they have their own manifest."""


def read(root: Traversable | None = None) -> dict[str, bytes]:
    """Return the files by name, in order; a folder that is no whole rulebook replaces and adds to the shipped ones.

    Raises:
        RuleError: the folder cannot be read, or holds what is no rule file: ``file:line: key: reason``.
    """
    if root is None:
        return dict(_shipped())
    try:
        own = dict(_files(root))
    except OSError as error:
        raise RuleError(f"{error.filename}: file: {error.strerror}") from error
    if not own:
        raise RuleError(f"{root}: file: no rule files there: *.toml, laid out as docs/rules.md says")
    if any(name in own for name in _WHOLE):
        return own
    for name in own:
        if not any(fnmatch(name, pattern) for pattern in _ADDED):
            raise RuleError(f"{name}: file: is read by nobody; put it in one of {', '.join(_ADDED)}")
    return dict(sorted({**_shipped(), **own}.items()))


@functools.cache
def _shipped() -> dict[str, bytes]:
    """Return the files that came with this installation: many ask for them, and there are hundreds."""
    return dict(_files(resources.files("kwel.rules")))


def _files(root: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(root.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            yield prefix + entry.name, entry.read_bytes()
        elif not prefix and "." not in entry.name and entry.name != _DATA and entry.is_dir():
            yield from _files(entry, f"{entry.name}/")


def digest(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of all files and their names."""
    found = hashlib.sha256()
    for name, text in sorted(files.items()):
        found.update(f"{name}\0{len(text)}\0".encode() + text)
    return found.hexdigest()
