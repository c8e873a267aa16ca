"""A simulated outage in, a test protocol out; captures from before, while and after in, what happened out."""

from __future__ import annotations

from kwel.impact.drill.blocks import FILES, block_rules
from kwel.impact.drill.judge import judge
from kwel.impact.drill.plan import draw_plan
from kwel.impact.drill.told import read_told

__all__ = ["FILES", "block_rules", "draw_plan", "judge", "read_told"]
