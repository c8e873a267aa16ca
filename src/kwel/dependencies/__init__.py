"""Flows, assets and attributions in, dependencies out: which asset needs which host outside, and how far it came.

A flow counts when one side is an asset and the other is a unicast address outside, or when its request names a host
that a proxy inside is to reach. All flows of one asset to one host under one judgement are one dependency. Names that
an asset looked up and never contacted are dependencies too, in the state *resolved-only*.
"""

from kwel.dependencies.build import build
from kwel.dependencies.contacts import OUTSIDE
from kwel.dependencies.hearsay import told_otherwise

__all__ = ["OUTSIDE", "build", "told_otherwise"]
