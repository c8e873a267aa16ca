"""Assets and flows in, zones and the conduits between them out: IEC 62443-3-2."""

from __future__ import annotations

from kwel.assets.zones.draw import Drawn, draw

__all__ = ["Drawn", "draw"]
