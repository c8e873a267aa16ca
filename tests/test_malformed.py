"""Captures of other projects that are damaged or made to break readers: each has its count of reasons.

The counts are kept in ``golden/malformed/reasons.json``. Write them anew with ``make golden``, and review the
difference: a packet that moves from one reason to another was read differently than before.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from kwel.analysis.stages import read_traffic
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOLDEN = ROOT / "tests" / "golden" / "malformed" / "reasons.json"
CALLED_SO = re.compile(r"fuzz|crash|oobr|overflow|malform|invalid|trunc|bad|corrupt|segv|asan", re.IGNORECASE)
"""In the path of a capture whose authors damaged it on purpose, or kept it because it broke something."""


def is_malformed(path: Path, corpus: Path) -> bool:
    where = path.relative_to(corpus / "captures")
    if CALLED_SO.search(str(where)):
        return True
    truth = json.loads((corpus / "truth" / f"{where}.json").read_text())
    return any(note.startswith("A: ") for note in truth["notes"])  # Wireshark complained


def reasons(path: Path) -> dict[str, Any]:
    traffic = read_traffic(str(path))
    [capture], coverage = traffic.captures, traffic.coverage
    assert capture.packets == coverage.packets == coverage.used + sum(coverage.set_aside.values())
    return {
        "used": coverage.used,
        **({"set_aside": dict(sorted(coverage.set_aside.items()))} if coverage.set_aside else {}),
        **({"problem": capture.problem} if capture.problem else {}),
    }


@pytest.mark.slow
def test_every_malformed_capture_is_read_with_the_reasons_that_are_written_down(shared: Callable[[str], Path]) -> None:
    corpus = shared("corpus")
    paths = [path for path in sorted((corpus / "captures").rglob("*")) if path.is_file() and path.name != "README.md"]
    found = {str(path.relative_to(corpus / "captures")): reasons(path) for path in paths if is_malformed(path, corpus)}
    if os.environ.get("KWEL_GOLDEN") == "write":
        GOLDEN.parent.mkdir(exist_ok=True)
        lines = [f" {json.dumps(name)}: {json.dumps(told)}" for name, told in found.items()]
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")

    wanted = json.loads(GOLDEN.read_text())

    assert found
    assert {name: told for name, told in found.items() if wanted.get(name) != told} == {}
    assert set(found) == set(wanted)
