"""Declares kinds of findings, one record each; kwel.findings.registry lists them."""
