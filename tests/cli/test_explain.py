from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from kwel import rulebook
from kwel.analysis import stages
from kwel.attribution import whatif
from kwel.cli.explain import CHANGES, is_capture

if TYPE_CHECKING:
    from pathlib import Path
    from types import SimpleNamespace

    from tests.cli.conftest import Cli


HOSTILE = "evil\x1b[2J\u202e.example"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Note what the real explanation is asked for."""
    noted: list[Any] = []
    real = stages.explain

    def explain(query: str, analysis: Any, options: Any) -> dict[str, Any]:
        noted.append((query, analysis))
        return real(query, None, options)

    monkeypatch.setattr(stages, "explain", explain)
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


def test_access_and_interruption_are_lines_of_their_own_with_status_and_date(cli: Cli) -> None:
    _, out, _ = cli("explain", "13.69.64.110")

    assert "  access    US CLOUD Act [us-cloud-act], by parent and operator (in-force on 2026-04-21, grade B)\n" in out
    assert "  interrupt US Export Administration Regulations [us-ear], by parent and operator " in out
    assert "unverified, grade C)" in out
    assert "  limit     eu-csf SOV-2: cannot exceed SEAL-1, because the ultimate parent is under law " in out


def test_the_statement_names_range_parent_and_their_sources(cli: Cli) -> None:
    _, out, _ = cli("explain", "13.69.64.110")

    stated = next(line for line in out.splitlines() if line.startswith("  stated"))
    assert "address 13.69.64.110 in range 13.69.0.0/17, published by Microsoft Azure (cloud.mmdb, " in stated
    assert ", whose ultimate parent is Microsoft Corporation, US (Microsoft Corporation, annual report on " in stated
    assert stated.endswith("fiscal year 2025 (named, not opened), 2025-07-30)")
    assert "observed" not in stated, "nothing was: there is no capture"


def test_a_front_is_said_to_hide_its_origin(cli: Cli) -> None:
    _, out, _ = cli("explain", "d111111abcdef8.cloudfront.net")
    _, told, _ = cli("explain", "--json", "d111111abcdef8.cloudfront.net", "51.68.44.12")

    assert "  front     cloudfront.net is under US control, origin unknown\n" in out
    front, none = (json.loads(line)["front"] for line in told.splitlines())
    assert front == {"what": "cloudfront.net", "jurisdiction": "US", "origin": None}
    assert none is None


def test_an_offering_is_accepted_only_where_traffic_can_tell_it(cli: Cli) -> None:
    name = "s3.eusc-de-east-1.amazonaws.eu"
    _, plain, _ = cli("explain", "--json", name)
    _, accepted, _ = cli("explain", "--json", "--accept-sovereign", "aws-european-sovereign-cloud", name)
    before, after = json.loads(plain), json.loads(accepted)

    assert (before["control"], after["control"]) == ("non", "eu")
    assert after["reason"] == "offering-accepted"
    assert before["elsewhere"] == {"aws-european-sovereign-cloud": "eu"}
    assert after["elsewhere"] == {"aws-european-sovereign-cloud": "non"}
    assert after["access"] == before["access"], "what is known of law stays"
    assert after["parent_jurisdiction"] == "US"


@pytest.mark.parametrize(
    ("offering", "why"),
    [("nothing", "no sovereign offering 'nothing'"), ("t-systems-google", "cannot be told from the ordinary service")],
)
def test_an_offering_that_cannot_be_switched_is_refused(cli: Cli, offering: str, why: str) -> None:
    status, _, err = cli("explain", "--accept-sovereign", offering, "192.0.2.7")

    assert status == 2
    assert why in err
    assert "Traceback" not in err


def test_a_law_of_the_user_is_listed_beside_the_shipped_ones(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "jurisdictions").mkdir()
    (tmp_path / "jurisdictions" / "laws-own.toml").write_text(OWN_LAW, "utf-8")
    _, out, _ = cli("explain", "--json", "--rules", str(tmp_path), "13.69.64.110")

    assert {reach["law"] for reach in json.loads(out)["access"]} >= {"us-example", "us-cloud-act"}


def test_a_wrong_rule_of_the_user_is_one_line(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "jurisdictions").mkdir()
    (tmp_path / "jurisdictions" / "laws-own.toml").write_text(OWN_LAW.replace('"access"', '"both"'), "utf-8")
    for command in (("explain", "13.69.64.110"), ("report", "none.pcap")):
        status, out, err = cli(*command, "--rules", str(tmp_path))

        assert (status, out) == (3, "")
        assert "jurisdictions/laws-own.toml:6: laws[0].kind: 'both' is not in the vocabulary" in err
        assert err.count("\n") == 1


def test_a_damaged_rule_that_came_with_kwel_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: object = None) -> None:
        raise rulebook.RuleError("operators/example.toml: parent: missing")

    monkeypatch.setattr(rulebook, "load", load)
    stages._attributor.cache_clear()
    status, out, err = cli("explain", "192.0.2.7")

    assert (status, out) == (3, "")
    assert err == "kwel: operators/example.toml: parent: missing; this came with kwel: install it again\n"


OWN_LAW = """
reviewed = 2026-11-25
[[laws]]
id = "us-example"
title = "Example Act"
kind = "access"
jurisdiction = "US"
status = "in-force"
status_date = 2026-05-01
reference = "Act 12 of 2024, Article 3"
reaches = { nl = "aanbieders", en = "providers" }
through = ["parent"]
source = "Text, 2026-05-01"
checked = "text"
"""


def test_every_change_that_would_turn_a_verdict_has_its_words() -> None:
    assert set(CHANGES) == whatif.INSIDE.keys() | whatif.OUTSIDE.keys()


def test_the_answer_comes_first_with_and_without_a_capture_and_a_site_file(
    cli: Cli, samples: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    site.write_text('domains = ["plant.nl"]\nhere = "NL"\n')
    wanted = [
        "query",
        "address",
        "host",
        "operator",
        "parent",
        "parent_jurisdiction",
        "location",
        "region",
        "role",
        "service",
        "supplier",
        "function",
        "path",
        "grade",
        "verdict",
        "sources",
        "rejected",
    ]

    for more in ((), ("--site", str(site)), ("--site", str(site), str(samples / "mixed_plant.pcapng"))):
        _, out, _ = cli("explain", "--json", "3.88.101.55", *more)
        assert list(json.loads(out))[: len(wanted)] == wanted


def test_where_the_capture_was_made_is_checked_in_one_line(cli: Cli, samples: Path) -> None:
    for command in ("explain", "report", "dependencies"):
        status, _, err = cli(command, "--here", "Atlantis", str(samples / "mixed_plant.pcapng"))

        assert status == 2
        assert err.count("\n") == 1
        assert "'Atlantis' is no place: write a country such as NL, or degrees such as 52.1,5.1" in err
