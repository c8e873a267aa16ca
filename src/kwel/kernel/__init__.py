"""Batches of frames in, flows and names out, compiled."""
