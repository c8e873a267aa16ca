"""An interface in, the same interface unable to send out, and what proves it."""

from kwel.model.proofs import prove
from kwel.passive.checks import disprove
from kwel.passive.errors import AbsentError, NotPermittedError, PassiveError
from kwel.passive.lock import Guard, LockError, Mark, lock, watch
from kwel.passive.namespaces import enter, inside

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
