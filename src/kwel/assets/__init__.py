"""Traffic in, devices of the plant out."""

from __future__ import annotations

from kwel.assets.hosts import EXTERNAL, NOBODY
from kwel.assets.identify import Inventory, identify

__all__ = ["EXTERNAL", "NOBODY", "Inventory", "identify"]
