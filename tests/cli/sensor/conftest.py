"""The wires of tests/sensor/lockdown, for commands."""

from tests.sensor.lockdown.conftest import may_lay_wires, wire

__all__ = ["may_lay_wires", "wire"]
