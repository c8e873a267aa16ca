"""Logs of other probes in, traffic out: Zeek, Suricata, nfdump and IPFIX, as far as they tell.

A log is somebody else's word (ADR 21): its rows name the line that tells them, in place of a frame, and nothing that
rests on them alone is graded above C. What a log does not tell stays unknown.
"""

from kwel.logs.beside import beside
from kwel.logs.read import PROBES, read
from kwel.logs.recognise import LOOK, recognise

__all__ = ["LOOK", "PROBES", "beside", "read", "recognise"]
