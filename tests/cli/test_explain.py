from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kwel import pipeline
from kwel.cli.explain import is_capture

if TYPE_CHECKING:
    from types import SimpleNamespace

    from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def explanation(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Put a fixed explanation in the place of the real one."""
    asked: list[Any] = []

    def explain(query: str, analysis: Any) -> dict[str, Any]:
        asked.append((query, analysis))
        return {"query": query, "operator": "Example Cloud", "location": None, "sources": ["one", "two\x1b[2J"]}

    monkeypatch.setattr(pipeline, "explain", explain, raising=False)
    return asked


def test_each_subject_is_explained_without_a_capture(cli: Cli, explanation: list[Any]) -> None:
    status, out, err = cli("explain", "iot.cloud.example", "192.0.2.7")

    assert (status, err) == (0, "")
    assert explanation == [("iot.cloud.example", None), ("192.0.2.7", None)]
    assert "operator  Example Cloud" in out
    assert "location  not known" in out
    assert "          two\\x1b[2J" in out


def test_json_is_one_object_a_line(cli: Cli) -> None:
    _, out, _ = cli("explain", "a.example", "b.example", "--json")

    assert [json.loads(line)["query"] for line in out.splitlines()] == ["a.example", "b.example"]


def test_captures_are_told_from_hosts(cli: Cli, analysis: SimpleNamespace, explanation: list[Any]) -> None:
    status, _, _ = cli("explain", "iot.cloud.example", "plant.pcapng")

    assert status == 0
    assert analysis.asked[0][0] == ("plant.pcapng",)
    assert explanation == [("iot.cloud.example", analysis)]
    assert is_capture("-")
    assert not is_capture("files.example")
