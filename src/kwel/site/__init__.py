"""Reads what the user knows of the plant from a site file, and refuses a wrong one with one line. See docs/site.md.

What it says is confidential: it reaches the report and nothing else.
"""

from kwel.site.inventory import load as load_inventory
from kwel.site.read import load
from kwel.site.table import SiteError

__all__ = ["SiteError", "load", "load_inventory"]
