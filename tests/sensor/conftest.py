"""Wires for a whole sensor, as tests/sensor/lockdown lays them."""

from tests.sensor.lockdown.conftest import may_lay_wires, wire

__all__ = ["may_lay_wires", "wire"]
