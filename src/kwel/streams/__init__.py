"""Batches of frames in, the tables of one analysis out: kernel and hot dissectors at work together."""

from kwel.streams.listener import Heard, Listener

__all__ = ["Heard", "Listener"]
