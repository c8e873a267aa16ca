"""Logs of other probes in, traffic out: Zeek, Suricata, nfdump and IPFIX, as far as they tell."""
