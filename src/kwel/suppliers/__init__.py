"""A report in, its suppliers out: who they are, what is asked of them, dossiers that hold nothing internal.

``group`` finds them, ``dossiers`` writes down one each with pseudonyms in place of everything internal, ``answers``
reads what they reply, ``sector`` merges the dossiers of several companies.
"""

from kwel.suppliers.group import group

__all__ = ["group"]
