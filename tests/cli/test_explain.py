from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from kwel import pipeline
from kwel.cli.explain import is_capture

if TYPE_CHECKING:
    from pathlib import Path
    from types import SimpleNamespace

    from tests.cli.conftest import Cli


HOSTILE = "evil\x1b[2J\u202e.example"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Note what the real explanation is asked for."""
    noted: list[Any] = []
    real = pipeline.explain

    def explain(query: str, analysis: Any) -> dict[str, Any]:
        noted.append((query, analysis))
        return real(query, None)

    monkeypatch.setattr(pipeline, "explain", explain)
    return noted


def test_each_subject_is_explained_without_a_capture(cli: Cli, asked: list[Any]) -> None:
    status, out, err = cli("explain", "nobody.example", "192.0.2.7")

    assert (status, err) == (0, "")
    assert asked == [("nobody.example", None), ("192.0.2.7", None)]
    assert out.startswith("nobody.example\n  verdict   unknown (grade U: ")
    assert "\n  operator  not known\n" in out
    assert "\n\n192.0.2.7\n" in out


def test_the_capture_says_by_which_name_and_who_asked(cli: Cli, samples: Path) -> None:
    status, out, _ = cli("explain", "51.68.44.12", str(samples / "mixed_plant.pcapng"))

    assert status == 0
    assert "  used by   10.20.2.22, used\n" in out
    assert "    observed   tls-sni: name telemetry.plantcloud.ovh  [mixed_plant.pcapng#551]\n" in out


def test_what_was_asked_cannot_move_the_cursor(cli: Cli) -> None:
    for more in ((), ("--json",)):
        _, out, _ = cli("explain", HOSTILE, *more)

        assert all(character.isprintable() or character == "\n" for character in out)


def test_json_is_one_object_a_line(cli: Cli) -> None:
    _, out, _ = cli("explain", "a.example", "b.example", "--json")

    assert [json.loads(line)["query"] for line in out.splitlines()] == ["a.example", "b.example"]


def test_captures_are_told_from_hosts(cli: Cli, analysis: SimpleNamespace, asked: list[Any]) -> None:
    status, _, _ = cli("explain", "iot.cloud.example", "plant.pcapng")

    assert status == 0
    assert analysis.asked[0][0] == ("plant.pcapng",)
    assert asked == [("iot.cloud.example", analysis)]
    assert is_capture("-")
    assert not is_capture("files.example")


def test_many_are_explained_from_a_file_or_standard_input(
    cli: Cli, asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts.txt"
    hosts.write_text("nobody.example\n\n  192.0.2.7  \n")

    status, out, err = cli("explain", "--json", "--from", str(hosts), "first.example")

    assert (status, err) == (0, "")
    assert [query for query, _ in asked] == ["first.example", "nobody.example", "192.0.2.7"]
    assert [json.loads(line)["query"] for line in out.splitlines()] == [query for query, _ in asked]
    monkeypatch.setattr("sys.stdin", io.StringIO("third.example\n"))
    assert cli("explain", "--from", "-")[1].startswith("third.example\n")


def test_an_explanation_says_what_would_change_it(cli: Cli) -> None:
    _, out, _ = cli("explain", "login.microsoftonline.com")

    assert "  unless    the parent were inside and the operator were inside and " in out
