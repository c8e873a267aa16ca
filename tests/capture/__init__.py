"""Tests of the first stage: capture files in, batches of frames out."""
