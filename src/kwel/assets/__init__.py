"""Traffic in, devices of the plant out."""

from __future__ import annotations

from kwel.assets.commands import find_commands
from kwel.assets.hosts import EXTERNAL, NOBODY
from kwel.assets.identify import Inventory, identify
from kwel.assets.own import in_own_words
from kwel.assets.rules import plant_protocols
from kwel.assets.talks import look_closer

__all__ = [
    "EXTERNAL",
    "NOBODY",
    "Inventory",
    "find_commands",
    "identify",
    "in_own_words",
    "look_closer",
    "plant_protocols",
]
