"""Traffic of several parts in, the traffic of the whole out: as if one analysis had heard all of it."""

from kwel.joining.condensing import condense
from kwel.joining.whole import join

__all__ = ["condense", "join"]
