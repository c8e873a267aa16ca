"""Captures made on the spot in, a table of kwel beside other programs out. See README.md in this folder."""
