"""Batches of frames in, the tables of one analysis out: kernel and hot dissectors at work together."""

from kwel.streams.heard import Heard
from kwel.streams.listener import Listener

__all__ = ["Heard", "Listener"]
