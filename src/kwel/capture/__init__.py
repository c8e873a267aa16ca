"""Capture files in, batches of whole frames out."""

from kwel.capture.file import Batch, CaptureFile
from kwel.capture.find import find_captures

__all__ = ["Batch", "CaptureFile", "find_captures"]
