"""A folder of scenarios in, the examples that do not hold out: what ``kwel rules lint`` and ``kwel rules test`` say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kwel import rulebook
from kwel.impact.outage.fits import stopped_by
from kwel.model.graph import External
from kwel.model.verdicts import Verdict
from kwel.rulebook import scenarios
from kwel.rulebook.rulefile import RuleError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from kwel.rulebook.scenarios import Example

_FIELDS: Final = (
    "service", "supplier", "supplier_jurisdiction", "operator", "operator_id", "operator_jurisdiction", "parent",
    "parent_jurisdiction", "region", "location", "function", "path", "impact",
)  # fmt: skip


def lint(root: Traversable | None = None) -> list[str]:
    """Return what is wrong with the scenarios, one line each."""
    try:
        forms = scenarios.load(root)
    except RuleError as error:
        return [str(error)]
    return [] if root is not None or scenarios.plain(forms) else ["scenarios/: file: there is none"]


def test(root: Traversable | None = None) -> list[str]:  # noqa: PT028 - a command, not a test
    """Return the examples that do not hold, one line each."""
    try:
        forms = scenarios.load(root, book := rulebook.load(root))
    except RuleError as error:
        return [str(error)]
    failed = []
    for stem, form in forms.items():
        for example in form.examples:
            wanted = stem if example.value is None else f"{stem}:{example.value}"
            stop, _ = stopped_by([external_of(example)], scenarios.choose(wanted, forms, book))
            if bool(stop) is not example.matches:
                said = "matches" if example.matches else "misses"
                has = " ".join(f"{key}={value}" for key, value in example.has)
                failed.append(f"scenarios/{stem}.toml: examples.{said}: {has!r} {'stops' if stop else 'goes on'}")
    return failed


def external_of(example: Example) -> External:
    """Return a service that is what an example says, of which nothing else is known."""
    given: dict[str, Any] = dict.fromkeys(_FIELDS) | dict(example.has)
    given["operator_id"] = given["operator"]
    role = given.pop("role", None)
    return External(
        "S-01", verdict=Verdict.UNKNOWN, front=None, hosts=(), host_count=0, dependencies=(), role=role, **given
    )
