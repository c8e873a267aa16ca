"""An interface in, the same interface unable to send out, and what proves it."""

from kwel.model.proofs import prove
from kwel.sensor.lockdown.checks import disprove
from kwel.sensor.lockdown.errors import AbsentError, NotPermittedError, PassiveError
from kwel.sensor.lockdown.lock import Guard, LockError, Mark, lock, watch
from kwel.sensor.lockdown.namespaces import enter, inside

__all__ = [
    "AbsentError",
    "Guard",
    "LockError",
    "Mark",
    "NotPermittedError",
    "PassiveError",
    "disprove",
    "enter",
    "inside",
    "lock",
    "prove",
    "watch",
]
