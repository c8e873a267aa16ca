"""Analyses captures from the first packet to the last conclusion; ``stages`` lists the stages in their order."""

from kwel.analysis.result import Analysis, Options
from kwel.analysis.stages import analyse, conclude, explain, read_traffic, with_ech

__all__ = ["Analysis", "Options", "analyse", "conclude", "explain", "read_traffic", "with_ech"]
