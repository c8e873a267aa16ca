"""Hard limits: a policy of the site's own and everything that was seen in, what is not allowed out.

``policy`` reads the file, ``of_report`` and ``of_analysis`` make columns of contacts, ``judge`` holds one against the
other, ``lint`` says what is amiss with a policy, ``suggest`` drafts one.
"""

from kwel.policy.judge import Seen, judge
from kwel.policy.policy import LimitsError, load
from kwel.policy.words import vocabulary

__all__ = ["LimitsError", "Seen", "judge", "load", "vocabulary"]
