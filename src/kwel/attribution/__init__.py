"""Names and addresses in, operators, places and verdicts out."""
