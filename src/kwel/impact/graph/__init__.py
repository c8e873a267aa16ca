"""A report and its traffic in, the graph of needs out: asset to server of the plant, asset to service outside."""

from __future__ import annotations

from kwel.impact.graph.build import build

__all__ = ["build"]
