"""The wires of tests/passive, for commands."""

from tests.passive.conftest import may_lay_wires, wire

__all__ = ["may_lay_wires", "wire"]
