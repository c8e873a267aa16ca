"""Assets and dependencies in, findings out."""

from __future__ import annotations

from kwel.findings.contacts import find

__all__ = ["find"]
