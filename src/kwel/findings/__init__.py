"""Assets and dependencies in, findings out."""
