"""Payloads in, facts out. One module a protocol; those that Python reads are listed by hand in ``registry``."""
