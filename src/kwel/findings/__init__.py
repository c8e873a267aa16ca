"""Assets and dependencies in, findings out; and the ledger of what limits all of them."""

from __future__ import annotations

from kwel.findings.contacts import find, names_hidden
from kwel.findings.coverage import measure

__all__ = ["find", "measure", "names_hidden"]
