"""Capture files in, batches of whole frames out."""
