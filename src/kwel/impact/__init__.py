"""Finds what stops when something outside stops: the graph of needs, simulated outages, drills, past interruptions."""
