"""Wires for a whole sensor, as tests/passive lays them."""

from tests.passive.conftest import may_lay_wires, wire

__all__ = ["may_lay_wires", "wire"]
