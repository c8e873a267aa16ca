"""Rule files and data tables, shipped as package data. No code lives here."""
