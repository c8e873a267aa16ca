"""A simulated outage in, a test protocol out; captures from before, while and after in, what happened out."""

from __future__ import annotations

from kwel.drill.blocks import block_rules
from kwel.drill.judge import judge
from kwel.drill.plan import draw_plan

__all__ = ["block_rules", "draw_plan", "judge"]
