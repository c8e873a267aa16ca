"""The hex samples of the dissectors, for streams that carry them."""

from __future__ import annotations

from tests.protocols.conftest import sample

__all__ = ["sample"]
