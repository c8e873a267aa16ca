"""Captures and payloads that are damaged on purpose, by the thousand: every reader must answer, and answer soon."""
