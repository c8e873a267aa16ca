"""The graph of needs in, what stops when something stops out."""

from __future__ import annotations

from kwel.outage.simulate import simulate

__all__ = ["simulate"]
