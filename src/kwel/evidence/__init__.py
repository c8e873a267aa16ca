"""Conclusions and the capture that they came from in, independent confirmation out."""
