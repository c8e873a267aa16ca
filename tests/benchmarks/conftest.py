"""The cable of the tests of live capture, for its measurement."""

from tests.capture.conftest import wire

__all__ = ["wire"]
