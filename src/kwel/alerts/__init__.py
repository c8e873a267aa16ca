"""Windows in, what is new or amiss in them out: to syslog, to a file, to an address that the user gave."""
