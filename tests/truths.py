"""The truth of a capture, a YAML file, in; what it says out: read once in each process, however many tests ask."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import yaml

if TYPE_CHECKING:
    from pathlib import Path

LOADER = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
"""The one of libyaml says the same in an eighth of the time."""


@cache
def read_truth(path: Path) -> dict[str, Any]:
    """Return what the file says, which no test may change."""
    said: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), LOADER)
    return said
