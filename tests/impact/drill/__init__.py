"""Drills: what is planned, and what is said of what happened."""
