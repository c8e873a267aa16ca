"""The name of a policy in, the policy out: a limits file, or one of those that kwel ships."""

from __future__ import annotations

import datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from kwel.cli.outcome import Failure
from kwel.policy.shipped import known_words, named

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.limits import Policy
    from kwel.policy.words import Vocabulary
    from kwel.rulebook.model import Rulebook


def named_policy(name: str | None, book: Rulebook | None, folder: Path | None = None) -> Policy | None:
    """Return the policy of that name, read with the words of the rules; ``None`` where none is named."""
    if name is None:
        return None
    from kwel import rulebook

    return load_policy(name, known_words(book or rulebook.load(), folder))


def load_policy(name: str, known: Vocabulary) -> Policy:
    """Return a policy; end with one line where it cannot be read or is wrong."""
    from kwel.policy.policy import LimitsError

    try:
        return named(name, known)
    except LimitsError as error:
        raise Failure(f"{error}; `kwel limits check {name}` names all that is wrong") from error


def lint_shipped(root: Path | None, known: Vocabulary) -> list[str]:
    """Return what is wrong with the policies of a folder of rules: a policy that ships proves itself."""
    from kwel.policy.lint import lint
    from kwel.policy.policy import parse

    folder = files("kwel.rules") / "policy" if root is None else root / "policy"
    found = []
    for file in sorted(folder.iterdir(), key=lambda of: of.name) if folder.is_dir() else ():
        policy, faults = parse(file.read_bytes(), f"policy/{file.name}", known)
        found += faults
        if policy is None:
            continue
        if not policy.sources or policy.reviewed is None:
            found.append(
                f"policy/{file.name}: sources: a policy that ships says where it is from and when it was reviewed"
            )
        if not {"breach", "allowed"} <= {example.expect for example in policy.examples}:
            found.append(f"policy/{file.name}: examples: show a breach, and what is allowed")
        day = datetime.date.fromisoformat(policy.reviewed or "2000-01-01")
        found += [f"policy/{file.name}: {of.key}: {of.message}" for of in lint(policy, known, day)]
    return found
