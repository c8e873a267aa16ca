"""Outages that captures hold."""
