"""Commands run in this process, on an analysis that is made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kwel.analysis import stages
from kwel.cli.app import run
from kwel.kernel.build import jit
from tests.export import plant

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Compile before the first command does, which would say so on standard error."""
    jit.load()


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs one command line: exit status, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        status = run(list(arguments))
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def analysis(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put a hand-made analysis in the place of the real one; its fields may be replaced."""
    made = SimpleNamespace(traffic=plant.make_traffic(), report=plant.make_report(), asked=[])

    def read_traffic(paths: Any, options: Any, progress: Any = None, *, discovery: bool = True) -> Any:
        made.asked.append((paths, options))
        return made.traffic

    def analyse(paths: Any, options: Any, progress: Any = None) -> Any:
        made.asked.append((paths, options))
        return made

    monkeypatch.setattr(stages, "read_traffic", read_traffic)
    monkeypatch.setattr(stages, "analyse", analyse)
    return made
