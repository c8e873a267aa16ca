"""Traffic of several parts in, the traffic of the whole out: as if one analysis had heard all of it."""

from kwel.merge.condensing import condense
from kwel.merge.whole import join

__all__ = ["condense", "join"]
