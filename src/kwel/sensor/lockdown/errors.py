"""What is wrong with an interface or a protection in, one line for a person out."""

from __future__ import annotations


class PassiveError(Exception):
    """One line: what, why, what to do. Nothing was left open when it is raised: an interface stays down and locked."""


class NotPermittedError(PassiveError):
    """What was to be looked at or locked needs rights that this process does not have."""


class AbsentError(PassiveError):
    """There is no such interface, here or where it was said to be."""
