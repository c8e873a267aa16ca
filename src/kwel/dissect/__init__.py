"""Marked payloads in, facts out. One module a protocol, listed below by hand."""
