"""Passive analysis of plant networks: captures in, dependencies on clouds out."""
