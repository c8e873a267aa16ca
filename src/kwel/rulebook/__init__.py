"""Reads the rule files (TOML) and checks them; docs/rules.md describes every key."""

from kwel.rulebook.book import Operator, Rulebook, RuleError, Service, lint, load, read, test

__all__ = ["Operator", "RuleError", "Rulebook", "Service", "lint", "load", "read", "test"]
