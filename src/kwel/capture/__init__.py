"""Capture files in, batches of whole frames out."""

from kwel.capture.file import Batch, CaptureFile, notes_of
from kwel.capture.find import find_captures
from kwel.capture.links import link_title

__all__ = ["Batch", "CaptureFile", "find_captures", "link_title", "notes_of"]
